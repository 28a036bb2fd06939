"""What is counted while the server runs, for Prometheus: never anything of a patient."""

from collections.abc import Sequence

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from painresponse_serve.answering import Told

_SECONDS = (0.001, 0.002, 0.004, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "painresponse_request_seconds",
            "Time from a request's head to the end of its answer",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._scores = Counter(
            "painresponse_scores",
            "Answers of models to patients: ok, or the code of the refusal",
            ["model", "target", "outcome"],
            registry=self.registry,
        )

    def requested(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._seconds.labels(method, route, status).observe(seconds)

    def answered(self, told: Sequence[Told]) -> None:
        """So many patients were answered."""
        for one in told:
            for target, outcome in one.answer.outcomes.items():
                self._scores.labels(one.answer.model.name, target, outcome).inc()

    def text(self) -> bytes:
        """Everything counted, as Prometheus reads it."""
        return generate_latest(self.registry)


def metrics_routes(metrics: Metrics) -> APIRouter:
    """What Prometheus collects."""
    router = APIRouter(tags=["health"])

    @router.get("/metrics", summary="Counters for Prometheus")
    async def collected() -> Response:
        return Response(metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST})

    return router
