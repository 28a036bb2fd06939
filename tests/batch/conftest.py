"""A small simulated clinic in six shards, and a bundle that knows what its features looked like there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from painresponse.clinic import Catalogue
from painresponse.engine import Plan, rows
from painresponse.readers import histories, last_known
from painresponse.scoring.drift import LEVELS
from painresponse.simulate import simulate
from tests.lib import bundles

SHARDS = 6
SUBJECTS = 150


@dataclass(frozen=True)
class Clinic:
    """Histories, and a bundle over them."""

    folder: Path
    bundle: Path


@pytest.fixture(scope="session")
def clinic(catalogue, tmp_path_factory) -> Clinic:
    """Only read: a test that changes something takes `own`."""
    room = tmp_path_factory.mktemp("batch")
    simulate(room / "whole", subjects=SUBJECTS, seed=5)
    folder, bundle = room / "clinic", room / "tiny.onnx"
    divide(room / "whole", folder)
    write_bundle(bundle, reference(catalogue, folder))
    return Clinic(folder, bundle)


@pytest.fixture
def own(clinic, tmp_path) -> Clinic:
    """The same in files of the test's own."""
    copy = Clinic(tmp_path / "clinic", tmp_path / "tiny.onnx")
    divide(clinic.folder, copy.folder)
    copy.bundle.write_bytes(clinic.bundle.read_bytes())
    return copy


def divide(source: Path, folder: Path, *, shards: int = SHARDS) -> None:
    """The events of a folder in so many shards, each with its own subjects."""
    (folder / "data").mkdir(parents=True)
    table = pq.read_table(source / "data")
    shard = pc.floor(pc.divide(pc.multiply(pc.subtract(table["subject_id"], 1), shards), SUBJECTS))
    for number in range(shards):
        pq.write_table(table.filter(pc.equal(shard, number)), folder / "data" / f"{number}.parquet")


def reference(catalogue: Catalogue, folder: Path) -> dict[str, list[float | None]]:
    """What training on such patients would have put into a bundle."""
    plan = Plan(catalogue.features, catalogue.concepts)
    found = [rows(plan, one, last_known(one)) for one, _ in histories(folder, catalogue.concepts)]
    matrix = np.concatenate(found).astype(np.float64)
    return {name: _looks(column) for name, column in zip(catalogue.features.names, matrix.T, strict=True)}


def _looks(column) -> list[float | None]:
    known = column[~np.isnan(column)]
    marks = np.quantile(known, LEVELS).round(6).tolist() if len(known) else [None] * len(LEVELS)
    return [*marks, round(len(known) / len(column), 6)]


def write_bundle(path: Path, looks: dict[str, list[float | None]], **said) -> str:
    """The tiny bundle with a reference; returns its SHA-256."""

    def with_reference(*words, **named):
        return make(*words, **{**named, "reference": looks})

    make = bundles.make_bundle
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundles, "make_bundle", with_reference)
        return bundles.write_tiny_bundle(path, **said)


def bits(table) -> dict[str, list]:
    """The columns of scores, numbers as their bits: what is not known equals what is not known."""
    return {
        name: np.asarray(column).view(np.int64).tolist() if column.type == "double" else column.to_pylist()
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
