"""Scoring a patient never loads the training stack, and the public words cost nothing until used."""

import os
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pytest

import painresponse

HEAVY = {
    "cryptography",
    "fastapi",
    "lightgbm",
    "matplotlib",
    "mlflow",
    "onnx",
    "pandas",
    "pyarrow",
    "pyspark",
    "rich",
    "scipy",
    "sklearn",
    "typer",
}

SCORE_ONE = """
import sys
import painresponse, painresponse.language, painresponse.records, painresponse.engine
import painresponse.clinic, painresponse.scoring, painresponse.publishing
from painresponse.records.rows import ask, history
from painresponse.scoring.scorer import Scorer

painresponse.clinic.load_catalogue()
scorer = Scorer.load(sys.argv[1], allow_synthetic=True)
codes = ["MEDS_BIRTH", "PR//pain", "PR//scs_lead", "PR//block_diagnostic"]
given = history(["1970-05-01", *["2026-02-20"] * 3], codes, [None, 7, None, None])
records, _ = scorer.read(given)
scores = scorer.score(records, ask("2026-03-01"))
assert (scores.probability > 0).all(), scores
print(*sys.modules)
"""


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The top-level modules a fresh interpreter has loaded after running some code that prints them."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in run.stdout.split()}


def test_loading_a_bundle_and_scoring_a_history_loads_nothing_heavy(tiny_bundle):
    loaded = loaded_by(SCORE_ONE, str(tiny_bundle))
    assert {"numpy", "onnxruntime"} <= loaded
    assert loaded & HEAVY == set()


def test_the_makers_of_onnxruntime_are_told_nothing(tiny_bundle: Path, tmp_path: Path):
    """Where it tells them of its sessions, it first leaves an identity of the machine in the home folder."""
    bare = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    run = [sys.executable, "-c", SCORE_ONE, str(tiny_bundle)]
    subprocess.run(run, check=True, capture_output=True, env={**bare, "HOME": str(tmp_path)})
    assert list(tmp_path.rglob("*")) == []


def test_importing_painresponse_loads_not_even_numpy():
    assert loaded_by("import painresponse, sys; print(*sys.modules)") & (HEAVY | {"numpy"}) == set()


def test_no_public_word_is_also_the_name_of_a_module_unless_it_means_the_module():
    """Once the module is imported, by anyone, the word would mean the module."""
    modules = {one.name for one in iter_modules(painresponse.__path__)}
    assert modules.intersection(painresponse.__all__) == {"plots"}


@pytest.mark.parametrize("word", painresponse.__all__)
def test_every_public_word_can_be_had(word):
    assert callable(getattr(painresponse, word)) != (word == "plots")
    assert word in dir(painresponse)


def test_a_word_that_is_not_public_is_refused_with_those_that_are():
    with pytest.raises(AttributeError, match=r"painresponse has no 'predict'\. It has: .*Scorer"):
        painresponse.predict  # noqa: B018
