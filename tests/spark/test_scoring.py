"""Scores of a cluster are those of one process, to the bit."""

import json

import pyarrow.parquet as pq
import pytest

from painresponse.batch import score_folder
from painresponse.errors import BundleError
from tests.batch.conftest import Clinic, bits, divide, reference, write_bundle
from tests.sizes.clinic import command
from tests.spark.conftest import MASTER

pytestmark = pytest.mark.slow
SHARDS = 12


@pytest.fixture(scope="module")
def patients(catalogue, tmp_path_factory):
    """Simulated patients, and a bundle over them."""
    from painresponse.simulate import simulate

    room = tmp_path_factory.mktemp("scoring")
    simulate(room / "whole", subjects=144, seed=5)
    clinic = Clinic(room / "clinic", room / "tiny.onnx")
    divide(room / "whole", clinic.folder, shards=SHARDS)
    write_bundle(clinic.bundle, reference(catalogue, clinic.folder))
    return clinic


@pytest.fixture(scope="module")
def local(patients, tmp_path_factory):
    """What a single process makes of them."""
    out = tmp_path_factory.mktemp("local") / "scores.parquet"
    done = score_folder(patients.bundle, patients.folder, out, allow_synthetic=True)
    return done, pq.read_table(out)


@pytest.fixture
def spark(session):
    """The engine, on the session that is open."""
    from painresponse.spark import on_spark

    return on_spark()


def test_the_scores_and_the_summary_are_the_same_to_the_bit(patients, local, spark, tmp_path):
    out = tmp_path / "scores.parquet"
    done = score_folder(patients.bundle, patients.folder, out, allow_synthetic=True, engine=spark)
    assert bits(pq.read_table(out)) == bits(local[1])
    assert pq.read_schema(out).metadata == local[1].schema.metadata
    assert done.to_plain() == local[0].to_plain()
    assert [one.name for one in tmp_path.iterdir()] == ["scores.parquet"]


def test_a_worker_that_finds_another_bundle_complains(patients, spark, tmp_path):
    bundle = tmp_path / "tiny.onnx"
    bundle.write_bytes(patients.bundle.read_bytes())

    def replacing(recipe, jobs):
        write_bundle(bundle, {})
        return spark(recipe, jobs)

    said = {"allow_synthetic": True, "reasons": 1}  # a worker that has such a recipe ready needs no file
    with pytest.raises(BundleError, match="no longer the file it was when scoring began"):
        score_folder(bundle, patients.folder, tmp_path / "s.parquet", engine=replacing, **said)
    assert [one.name for one in tmp_path.iterdir()] == ["tiny.onnx"]


def test_the_command_starts_a_session_of_its_own(patients, local, tmp_path):
    out = tmp_path / "scores.parquet"
    said = ("--allow-synthetic", "--engine", "spark", "--master", MASTER, "--json")
    done = command("score", patients.bundle, patients.folder, "--out", out, *said)
    assert done.code == 0, done.err
    assert json.loads(done.out)["scores"] == local[0].scores
    assert bits(pq.read_table(out)) == bits(local[1])


def test_how_many_work_is_for_the_cluster_to_say(patients, tmp_path):
    said = ("--allow-synthetic", "--engine", "spark", "--master", MASTER, "--jobs", 2)
    done = command("score", patients.bundle, patients.folder, "--out", tmp_path / "s.parquet", *said)
    assert done.code == 2 and "leave out --jobs" in done.err
