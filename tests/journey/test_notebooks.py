"""The notebooks run from top to bottom, and both halves of each say the same."""

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("half", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(half):
    book = jupytext.read(half)
    client = NotebookClient(
        book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    assert not [cell for cell in book.cells if cell.cell_type == "code" and cell.execution_count is None]


@pytest.mark.parametrize("half", NOTEBOOKS, ids=lambda path: path.stem)
def test_both_halves_of_a_notebook_say_the_same(half):
    committed = nbformat.read(half.with_suffix(".ipynb"), as_version=4)
    said = [(cell.cell_type, cell.source) for cell in jupytext.read(half).cells]
    assert said == [(cell.cell_type, cell.source) for cell in committed.cells]
    assert any(cell.get("outputs") for cell in committed.cells), "committed with its outputs"
