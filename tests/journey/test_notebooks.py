"""The notebooks run from top to bottom, say again what was committed, and both halves of each agree."""

import os
import re
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import jupytext
import pytest

from tests.lib.notebooks import FOLDER, HALVES, committed, executed, outputs, words

LOCK = (FOLDER.parent / "requirements.lock").read_text(encoding="utf-8")
PINNED = dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", LOCK, re.MULTILINE))
"""Other versions may say the same otherwise."""
SAYING = ("numpy", "pandas", "scipy", "scikit-learn", "lightgbm", "onnxruntime", "matplotlib", "ipython")
MOST_BYTES = 400_000

every = pytest.mark.parametrize("half", HALVES, ids=lambda path: path.stem)


def test_they_are_numbered_without_a_gap():
    assert [half.name[:3] for half in HALVES] == [f"{number:02}-" for number in range(1, len(HALVES) + 1)]


@every
def test_both_halves_of_a_notebook_say_the_same(half):
    said = [(cell.cell_type, cell.source) for cell in jupytext.read(half).cells]
    assert said == [(cell.cell_type, cell.source) for cell in committed(half).cells]


@every
def test_it_says_first_that_everything_is_simulated(half):
    first = committed(half).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert "**SYNTHETIC" in first.source
    assert "Not for clinical use.**" in first.source


@every
def test_it_is_committed_with_its_outputs_in_order_and_without_an_error(half):
    book = committed(half)
    run = [cell.execution_count for cell in book.cells if cell.cell_type == "code"]
    assert run == list(range(1, len(run) + 1))
    assert {output.output_type for _, output in outputs(book)} <= {"stream", "display_data", "execute_result"}
    assert {kind for _, kind, _ in words(book)} <= {"stdout", "text/plain", "text/html"}, "nothing on stderr"
    assert words(book)


@every
def test_it_is_small_and_holds_no_path_of_a_machine_and_no_time_of_a_run(half):
    text = half.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert len(text) < MOST_BYTES
    for place in (str(FOLDER.parent), str(Path.home()) + "/", "/tmp/", "iopub"):
        assert place not in text


@pytest.mark.slow
@every
def test_it_runs_from_top_to_bottom_and_says_again_what_was_committed(half):
    if "spark" in half.stem:
        _refuse_without_spark()
    now, before = executed(half), committed(half)
    assert [_picture(one) for one in outputs(now)] == [_picture(one) for one in outputs(before)]
    if _as_locked():
        assert words(now) == words(before)


def _picture(one):
    number, output = one
    return number, output.output_type, "image/png" in output.get("data", {})


def _as_locked():
    return all(PINNED[name] == version(name) for name in SAYING)


def _refuse_without_spark():
    missing = find_spec("pyspark") is None or (shutil.which("java") is None and "JAVA_HOME" not in os.environ)
    if missing and os.environ.get("CI"):
        pytest.fail("There is no Java or no PySpark, and a CI run must not skip Spark.")
    if missing:
        pytest.skip("there is no Java or no PySpark")
