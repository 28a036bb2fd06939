"""The MLflow store: reaching it, its experiment, and its troubles in our words."""

import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from painresponse.errors import WorkError

SQLITE = "sqlite:///"
SOURCE = {"mlflow.source.name": "painresponse", "mlflow.source.type": "LOCAL"}
"""Who wrote a run, without the name of a person or a machine."""

_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""So that its page opens on models, not on chats."""


@dataclass(frozen=True)
class Place:
    """Where runs are written."""

    store: str
    client: MlflowClient
    experiment: str

    def start(self, name: str, tags: Mapping[str, str]) -> str:
        """The id of a new run."""
        run = self.client.create_run(self.experiment, run_name=name, tags={**SOURCE, **tags})
        return str(run.info.run_id)


def client_of(store: str) -> MlflowClient:
    """Speaks to this store alone."""
    return MlflowClient(tracking_uri=store, registry_uri=store)


def place_of(store: str, experiment: str) -> Place:
    """The store and the experiment of this name, made if need be; SQLite keeps its artifacts beside it."""
    beside = None
    if store.startswith(SQLITE):
        folder = Path(store.removeprefix(SQLITE)).absolute().parent
        folder.mkdir(parents=True, exist_ok=True)
        beside = (folder / "mlartifacts").as_uri()
    client = client_of(store)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        made = client.create_experiment(experiment, artifact_location=beside, tags=_KIND)
        return Place(store, client, made)
    return Place(store, client, str(found.experiment_id))


@contextmanager
def at_work(store: str) -> Iterator[None]:
    """Quietly, with the store's troubles as WorkError; a password in its address is not repeated."""
    try:
        with _quiet():
            yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise WorkError(_veiled(f"The MLflow store {store} does not do its work: {error}")) from None


def _veiled(text: str) -> str:
    return re.sub(r"(://[^:/@\s]*):[^@/\s]*@", r"\1:***@", text)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what MLflow and its database layer say about themselves; our own warnings still show."""
    noisy = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in noisy]
    with warnings.catch_warnings():
        for module in ("mlflow", "sqlalchemy", "alembic"):
            warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
        for logger in noisy:
            logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            for logger, level in zip(noisy, levels, strict=True):
                logger.setLevel(level)
