"""Moving an alias of a registered model to a version, if its evidence allows it."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException

from painresponse.errors import BundleError, DefinitionError, WorkError, unknown
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.opening import bundle_from_bytes
from painresponse.tracking.checks import Evidence, Finding, TargetEvidence, findings
from painresponse.tracking.registry import CANDIDATE, CHAMPION, FILE, PREVIOUS, SHA256
from painresponse.tracking.runs import ACCOUNT, children_of
from painresponse.tracking.store import SQLITE, Place, at_work, client_of

ALIASES = (CHAMPION, CANDIDATE)


@dataclass(frozen=True)
class Promotion:
    """What was asked, what the checks found, and the version that had the alias before (empty: none)."""

    model: str
    version: str
    alias: str
    findings: tuple[Finding, ...]
    before: str

    @property
    def moved(self) -> bool:
        """Whether the alias points at the version now."""
        return all(one.passed for one in self.findings)


def promote(
    store: str, model: str, *, to: str, version: str = "", allow_synthetic: bool = False
) -> Promotion:
    """Move ``@champion`` or ``@candidate`` to a version if every check passes; else nothing is changed.

    Without a version: the candidate becomes champion, the newest version candidate. The champion before
    becomes ``@previous``. Raises DefinitionError for a model, version or alias that is not there, WorkError
    for a store that does not answer or a champion that changed meanwhile.
    """
    if to not in ALIASES:
        raise DefinitionError(unknown("alias", to, ALIASES))
    with at_work(store):
        client = _reached(store)
        registered = _model(client, model)
        chosen = _version(client, registered, version or _usual(client, registered, to))
        now = str(registered.aliases.get(CHAMPION, ""))
        champion = _evidence(store, client, _version(client, registered, now)) if now else None
        found = findings(
            _evidence(store, client, chosen),
            champion,
            to_champion=to == CHAMPION,
            allow_synthetic=allow_synthetic,
        )
        made = Promotion(model, str(chosen.version), to, found, str(registered.aliases.get(to, "")))
        if made.moved:
            _move(client, made, now)
    return made


def _move(client: MlflowClient, made: Promotion, compared: str) -> None:
    """``@previous`` first: broken off in between, both names mean the old champion and nothing is lost."""
    now = str(client.get_registered_model(made.model).aliases.get(CHAMPION, ""))
    if now != compared:
        raise WorkError(
            f"The champion of {made.model} changed while version {made.version} was compared with it. "
            "Nothing was moved; run promote again."
        )
    if made.alias == CHAMPION and now and now != made.version:
        client.set_registered_model_alias(made.model, PREVIOUS, now)
    client.set_registered_model_alias(made.model, made.alias, made.version)


def _reached(store: str) -> MlflowClient:
    """A client of a store that exists: asking must not make an empty one."""
    if store.startswith(SQLITE) and not Path(store.removeprefix(SQLITE)).is_file():
        raise DefinitionError(f"There is no MLflow store {store}. Give --store the one used for training.")
    return client_of(store)


def _model(client: MlflowClient, name: str) -> RegisteredModel:
    known = [one.name for one in client.search_registered_models(max_results=1000)]
    if not known:
        raise DefinitionError("No model is registered in this store. Run painresponse train with it first.")
    if name not in known:
        raise DefinitionError(unknown("registered model", name, known))
    return client.get_registered_model(name)


def _usual(client: MlflowClient, registered: RegisteredModel, to: str) -> str:
    if to == CHAMPION and CANDIDATE not in registered.aliases:
        raise DefinitionError(f"{registered.name} has no @{CANDIDATE}. Give the version to promote.")
    if to == CHAMPION:
        return str(registered.aliases[CANDIDATE])
    return max(_versions(client, registered), key=int, default="")


def _version(client: MlflowClient, registered: RegisteredModel, version: str) -> ModelVersion:
    known = _versions(client, registered)
    if version not in known:
        raise DefinitionError(unknown(f"version of {registered.name}", version, known))
    return client.get_model_version(registered.name, version)


def _versions(client: MlflowClient, registered: RegisteredModel) -> list[str]:
    found = client.search_model_versions(f"name = '{registered.name}'", max_results=1000)
    return [str(one.version) for one in found]


def _evidence(store: str, client: MlflowClient, version: ModelVersion) -> Evidence:
    run = _training(client, version)
    with tempfile.TemporaryDirectory() as folder:
        bundle, fault = _bundle(store, client, version, folder=Path(folder))
        targets = _targets(store, client, run, folder=Path(folder)) if run else {}
    return Evidence(
        version=str(version.version),
        # Anyone may edit a tag; what is sealed into the bundle goes before it.
        kind=bundle.metadata["provenance"]["kind"] if bundle else version.tags.get("provenance", ""),
        data_fingerprint=version.tags.get("data_fingerprint", ""),
        leak_audit=run.data.tags.get("leak_audit", "") if run else "",
        promised=version.tags.get(SHA256, ""),
        found=bundle.digest if bundle else "",
        fault=fault,
        predicts=tuple(card.name for card in bundle.targets) if bundle else tuple(targets),
        targets=targets,
    )


def _training(client: MlflowClient, version: ModelVersion) -> Run | None:
    try:
        return client.get_run(version.run_id) if version.run_id else None
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def _bundle(
    store: str, client: MlflowClient, version: ModelVersion, *, folder: Path
) -> tuple[Bundle | None, str]:
    """The bundle in the store, proven, or what is wrong with it."""
    place = client.get_model_version_download_uri(version.name, version.version)
    held = mlflow.artifacts.download_artifacts(place, dst_path=str(folder / "model"), tracking_uri=store)
    try:
        return bundle_from_bytes((Path(held) / FILE).read_bytes()), ""
    except BundleError as error:
        return None, str(error)


def _targets(store: str, client: MlflowClient, run: Run, *, folder: Path) -> dict[str, TargetEvidence]:
    """Figures and account of every target that was written whole."""
    found = {}
    for child in children_of(Place(store, client, run.info.experiment_id), run.info.run_id):
        if child.info.status == "FINISHED":
            place = folder / child.info.run_id
            place.mkdir()
            account = Path(client.download_artifacts(child.info.run_id, ACCOUNT, str(place)))
            figures = dict(child.data.metrics)
            found[child.data.tags["target"]] = TargetEvidence(figures, json.loads(account.read_text()))
    return found
