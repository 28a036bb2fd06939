"""What is counted while the server runs, for Prometheus: never anything of a patient.

Every label is a name of ours: a route as declared, a code, a bundle, a target, a feature.
"""

from collections.abc import Iterator, Sequence
from functools import cache

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse, Response

from painresponse.scoring.drift import MOVED, MOVED_MUCH, STABLE, UNCLEAR, Drift
from painresponse_serve.answering import Told
from painresponse_serve.answers import Model
from painresponse_serve.drift import Rows, Watches
from painresponse_serve.intake import Desk
from painresponse_serve.shelf import Served, Shelf

NAMED = 20
"""Most features of a bundle that are named as drifting: each is a series of its own."""

FEW = 100
"""In fewer rows no feature is named: it could tell of a single patient."""

_SECONDS = (0.001, 0.002, 0.004, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began is what Prometheus sees itself, and would double the series


class Metrics:
    """The counters of one server."""

    def __init__(self, shelf: Shelf, desk: Desk) -> None:
        self.registry = CollectorRegistry()
        self._watches = Watches(shelf)
        self._seconds = Histogram(
            "painresponse_request_seconds",
            "Time from a request's head to the end of its answer",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._complaints = self._counter(
            "complaints", "Requests not answered, by code; busy: no room", "code"
        )
        self._scores = self._counter(
            "scores",
            "Answers of models to patients: ok, or the code of the refusal",
            *("model", "target", "outcome"),
        )
        self._inferred = self._counter(
            "inferred_rows", "Ready-made rows answered by the Open Inference Protocol", "model"
        )
        self._feedback = self._counter(
            "hook_feedback",
            "What became of CDS Hooks cards; card: known here, or unknown since the server started anew",
            *("outcome", "card"),
        )
        self._given = self._counter("events_given", "Events in the histories sent")
        self._rejected = self._counter("events_rejected", "Events left out, by reason", "reason")
        # looking up a series by its labels takes longer than counting in it; there are few
        self._seconds_of = cache(self._seconds.labels)
        self._scores_of = cache(self._scores.labels)
        self._inferred_of = cache(self._inferred.labels)
        Gauge(
            "painresponse_requests_at_work",
            "Requests whose bodies are received or answered now",
            registry=self.registry,
        ).set_function(lambda: desk.at_work)
        self.registry.register(_Shown(shelf, self._watches))

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"painresponse_{name}", words, labels, registry=self.registry)

    def requested(self, *, method: str, route: str, status: int, seconds: float, error: str = "") -> None:
        """A request was answered; ``error``: the code of the complaint, where that was the answer."""
        self._seconds_of(method if method in _METHODS else "other", route, status).observe(seconds)
        if error:
            self._complaints.labels(error).inc()

    def answered(self, told: Sequence[Told]) -> None:
        """So many patients were answered."""
        for one in told:
            for target, outcome in one.answer.outcomes.items():
                self._scores_of(one.answer.model.name, target, outcome).inc()
            self._given.inc(one.answer.intake.given)
            for rejection in one.answer.intake.rejected:
                self._rejected.labels(rejection.reason).inc(rejection.count)
            if one.row is not None:
                self._watches.see(one.served, one.row)

    def inferred(self, served: Served, rows: Rows) -> None:
        """So many ready-made rows were answered."""
        self._inferred_of(served.name).inc(len(rows))
        self._watches.see(served, rows)

    def heard(self, outcome: str, *, known: bool) -> None:
        """Somebody accepted a card or put it aside."""
        self._feedback.labels(outcome, "known" if known else "unknown").inc()

    def text(self) -> bytes:
        """Everything counted, as Prometheus reads it."""
        return generate_latest(self.registry)


class _Shown(Collector):
    """What is looked up when it is asked for: which bundles are in service, and how far features moved."""

    def __init__(self, shelf: Shelf, watches: Watches):
        self._shelf, self._watches = shelf, watches

    def collect(self) -> Iterator[Metric]:
        """The series of now."""
        yield _identities(self._shelf)
        yield from _drifts(self._watches.found())


def _identities(shelf: Shelf) -> Metric:
    labels = Model.__struct_fields__
    found = GaugeMetricFamily(
        "painresponse_model_info", "The bundles in service", labels=("model", *labels[1:])
    )
    for one in shelf:
        model = Model.of(one.bundle)
        found.add_metric([_label(getattr(model, label)) for label in labels], 1)
    return found


def _label(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _drifts(found: dict[str, tuple[int, tuple[Drift, ...]]]) -> Iterator[Metric]:
    rows = _gauge("rows", "Rows lately asked about, to which the other series of drift refer", "model")
    counts = _gauge("features", "Features by how far they moved from training", "model", "reading")
    largest = _gauge("psi_largest", "Largest population stability index of a feature", "model")
    each = _gauge("psi", "Population stability index of features that moved", "model", "feature")
    for model, (many, drifts) in found.items():
        rows.add_metric([model], many)
        readings = [one.reading for one in drifts]
        for reading in (STABLE, UNCLEAR, MOVED, MOVED_MUCH):
            counts.add_metric([model, reading], readings.count(reading))
        if many and drifts:
            largest.add_metric([model], drifts[0].worst.value)
        for one in _named(drifts) if many >= FEW else ():
            each.add_metric([model, one.name], one.worst.value)
    yield from (rows, counts, largest, each)


def _named(drifts: Sequence[Drift]) -> list[Drift]:
    return [one for one in drifts if one.reading in (MOVED, MOVED_MUCH)][:NAMED]


def _gauge(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"painresponse_drift_{name}", words, labels=labels)


def metrics_routes(metrics: Metrics) -> APIRouter:
    """What Prometheus collects."""
    router = APIRouter(tags=["health"])

    @router.get("/metrics", summary="Counters for Prometheus", response_class=PlainTextResponse)
    async def collected() -> Response:
        return Response(metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST})

    return router
