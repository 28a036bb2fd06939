"""A training in the store, written target by target, and taken up again where it was interrupted."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from mlflow.entities import Metric, Param, Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from painresponse.tracking.datasets import examples_of, histories_of, used
from painresponse.tracking.facts import Judged, RunFacts, figures_of, parameters_of
from painresponse.tracking.registry import Registered, judge_model, register
from painresponse.tracking.store import Place, at_work, place_of

KEY = "training_key"
ACCOUNT = "account.json"


@dataclass(frozen=True)
class TrainingRun:
    """An open training: ``id`` is its run; ``written`` the run of every target that is already whole."""

    place: Place
    id: str
    facts: RunFacts
    written: dict[str, str] = field(default_factory=dict)

    def target(
        self, one: Judged, account: Mapping[str, Any], *, figures: Mapping[str, Figure] | None = None
    ) -> str:
        """Write a target whole, as a child run, and give the run's id; one that is there stays as it is."""
        if one.target not in self.written:
            with at_work(self.place.store):
                self.written[one.target] = _write(self, one, account, figures or {})
        return self.written[one.target]

    def note(self, **tags: str) -> None:
        """Say something more of the training as a whole, such as ``leak_audit="passed"``."""
        with at_work(self.place.store):
            for name, value in tags.items():
                self.place.client.set_tag(self.id, name, value)

    def keep(self, path: Path) -> None:
        """A file that belongs to the training, such as its report."""
        with at_work(self.place.store):
            self.place.client.log_artifact(self.id, str(path))

    def finish(self, bundle: Path, *, card: str = "") -> Registered:
        """Log the bundle with every target's figures and register it as the candidate.

        ``card`` is the model card, as Markdown. Raises BundleError if the file is no sound bundle.
        """
        with at_work(self.place.store):
            made = register(self.place, self.id, self.facts, path=bundle, card=card)
            judge_model(self.place, self.id, made.model_id, targets=self.written)
        return made


@contextmanager
def training_run(store: str, facts: RunFacts, *, key: str = "") -> Iterator[TrainingRun]:
    """A training in the MLflow store at this URI, to be told of its targets one by one.

    If an unfinished one has the same ``key`` (by default that of the facts), it is taken up again: its
    whole targets stay, what was half written is put away. Two processes must not train under one key at the
    same time. Raises WorkError if the store cannot be read or written.
    """
    with at_work(store):
        run = _opened(place_of(store, facts.experiment), facts, key or facts.key)
    try:
        yield run
    except BaseException as error:
        _end(run, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    _end(run, "FINISHED")


def track(
    store: str,
    facts: RunFacts,
    fitted: Sequence[Judged],
    *,
    accounts: Mapping[str, Mapping[str, Any]] | None = None,
    figures: Mapping[str, Mapping[str, Figure]] | None = None,
    bundle: Path | None = None,
) -> str:
    """Write a finished training at once and give the id of its run; accounts and figures are by target."""
    with training_run(store, facts) as run:
        for one in fitted:
            run.target(one, (accounts or {}).get(one.target, {}), figures=(figures or {}).get(one.target))
        if bundle:
            run.finish(bundle)
    return run.id


def children_of(place: Place, parent: str) -> list[Run]:
    """The runs of a training's targets."""
    found = place.client.search_runs(
        [place.experiment], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{parent}'", max_results=1000
    )
    return list(found)


def _opened(place: Place, facts: RunFacts, key: str) -> TrainingRun:
    """The newest unfinished training of this key, or a new one."""
    found = place.client.search_runs(
        [place.experiment], f"tags.{KEY} = '{key}' and attributes.status != 'FINISHED'", max_results=1
    )
    if found:
        parent = found[0].info.run_id
        place.client.update_run(parent, status="RUNNING")
    else:
        parent = place.start(str(facts.provenance["data"]), {**facts.tags(), KEY: key})
    place.client.log_inputs(parent, used([histories_of(facts)]))
    place.client.log_dict(parent, dict(facts.attrition), "attrition.json")
    place.client.log_batch(parent, params=_parameters(facts.parameters()))
    return TrainingRun(place, parent, facts, _whole(place, parent))


def _whole(place: Place, parent: str) -> dict[str, str]:
    """The finished runs of a training by target; the others are put away."""
    written = {}
    for child in children_of(place, parent):
        if child.info.status == "FINISHED":
            written[child.data.tags["target"]] = child.info.run_id
        else:
            place.client.delete_run(child.info.run_id)
    return written


def _write(run: TrainingRun, one: Judged, account: Mapping[str, Any], figures: Mapping[str, Figure]) -> str:
    """Finished last of all: a child run that is not finished is not whole."""
    own = {MLFLOW_PARENT_RUN_ID: run.id, "target": one.target, "mlflow.note.content": "\n\n".join(one.notes)}
    client, data = run.place.client, examples_of(run.facts, one)
    child = run.place.start(one.target, {**run.facts.tags(), **own})
    client.log_inputs(child, used([data]))
    now = int(time.time() * 1000)
    metrics = [
        Metric(name, value, now, 0, dataset_name=data.name, dataset_digest=data.digest, run_id=child)
        for name, value in figures_of(one).items()
    ]
    client.log_batch(child, metrics, _parameters(parameters_of(one, account)))
    client.log_dict(child, dict(account), ACCOUNT)
    client.log_dict(child, dict(one.importance), "importance.json")
    for name, figure in figures.items():
        client.log_figure(child, figure, f"figures/{name}.png")
    client.set_terminated(child)
    return child


def _parameters(values: Mapping[str, object]) -> list[Param]:
    return [Param(name, str(value)) for name, value in values.items()]


def _end(run: TrainingRun, status: str) -> None:
    with at_work(run.place.store):
        run.place.client.set_terminated(run.id, status)
