"""A bundle back out of the store."""

from pathlib import Path

import mlflow.artifacts
from mlflow.exceptions import MlflowException

from painresponse.errors import DefinitionError
from painresponse.tracking.registry import FILE
from painresponse.tracking.store import SQLITE, at_work, client_of


def bundle_of_run(store: str, run: str, folder: Path) -> Path:
    """The bundle that a training run (or the run of one of its targets) logged, laid into a folder.

    Raises DefinitionError for a store or a run that is not there, or a run that logged no bundle.
    """
    if store.startswith(SQLITE) and not Path(store.removeprefix(SQLITE)).is_file():
        raise DefinitionError(
            f"There is no MLflow store {store}. Give the one you trained into, with --store."
        )
    with at_work(store):
        model = _model(store, run)
        place = client_of(store).get_logged_model(model).artifact_location
        held = mlflow.artifacts.download_artifacts(place, dst_path=str(folder), tracking_uri=store)
    return Path(held) / FILE


def _model(store: str, run: str) -> str:
    try:
        tags = client_of(store).get_run(run).data.tags
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        raise DefinitionError(
            f"{run!r} is neither a bundle's file nor a run in the store {store}. Give a path that ends in "
            ".onnx, or a run's id as painresponse train says it."
        ) from None
    if "model_id" not in tags:
        raise DefinitionError(f"The run {run} logged no bundle: its training was not finished. Train again.")
    return str(tags["model_id"])
