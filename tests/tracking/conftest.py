import shutil
from pathlib import Path

import pytest

from painresponse.tracking import RunFacts, training_run
from tests.lib.bundles import TARGETS, write_tiny_bundle
from tests.tracking.targets import account, facts, told


@pytest.fixture(scope="session")
def clinic_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that says a clinic's patients trained it."""
    path = tmp_path_factory.mktemp("bundle") / "clinic.onnx"
    write_tiny_bundle(path, kind="clinic")
    return path


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite store; making its tables takes a second, copying it nothing."""
    folder = tmp_path_factory.mktemp("empty")
    with training_run(f"sqlite:///{folder}/mlflow.db", RunFacts("other", facts().provenance)):
        return folder / "mlflow.db"


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> str:
    shutil.copy(migrated, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture
def train(store: str, clinic_bundle: Path, tiny_bundle: Path):
    """Train into the store: figures and accounts by target, the usual ones where none are given."""

    def trained(*, kind="clinic", data="a", leak_audit="passed", figures=None, accounts=None, key="") -> str:
        bundle = clinic_bundle if kind == "clinic" else tiny_bundle
        with training_run(store, facts(kind=kind, data=data), key=key) as run:
            for name in TARGETS:
                one = told(name, **(figures or {}).get(name, {}))
                run.target(one, (accounts or {}).get(name, account()))
            if leak_audit:
                run.note(leak_audit=leak_audit)
            return run.finish(bundle, card="# A card").version

    return trained
