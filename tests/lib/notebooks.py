"""The notebooks, run from their .py halves: ``python -m tests.lib.notebooks``, or only those numbered 03, 07.

What is written holds nothing that differs from run to run: no times, no chance names of cells.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
HALVES = sorted(FOLDER.glob("*.py"))

_SECONDS = 300
_QUIET = {"PYTHONWARNINGS": "ignore:IProgress not found"}
"""Optuna misses a progress widget, which nothing here shows."""
_LANGUAGE = ("file_extension", "mimetype", "name")
"""What does not depend on the Python that ran it."""


def executed(half: Path) -> NotebookNode:
    """A notebook run from top to bottom in a kernel of its own; what it leaves on disk is removed."""
    book = jupytext.read(half)
    for number, cell in enumerate(book.cells):
        cell.id = f"cell-{number}"
    place = {"metadata": {"path": str(FOLDER)}}
    client = NotebookClient(
        book, timeout=_SECONDS, record_timing=False, coalesce_streams=True, resources=place
    )
    with TemporaryDirectory() as room:
        client.execute(env=os.environ | _QUIET | {"TMPDIR": room})
    del book.metadata.jupytext["text_representation"]
    told = book.metadata.language_info
    book.metadata.language_info = {name: told[name] for name in _LANGUAGE}
    return book


def committed(half: Path) -> NotebookNode:
    """The half with the outputs."""
    return nbformat.read(half.with_suffix(".ipynb"), as_version=4)


def outputs(book: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Every output, and the number of its cell."""
    for number, cell in enumerate(book.cells):
        yield from ((number, output) for output in cell.get("outputs", ()))


def words(book: NotebookNode) -> list[tuple[int, str, str]]:
    """All that a notebook says beside its pictures, and where: the cell, the kind, the text."""
    said = []
    for number, output in outputs(book):
        if output.output_type == "stream":
            said.append((number, output.name, output.text))
        told = sorted(output.get("data", {}).items())
        said += [(number, kind, text) for kind, text in told if kind.startswith("text/")]
    return said


def main(numbers: list[str]) -> None:
    """Write the .ipynb halves anew."""
    for half in HALVES:
        if half.name.startswith(tuple(numbers) or ""):
            nbformat.write(executed(half), half.with_suffix(".ipynb"))
            print(half.stem)


if __name__ == "__main__":
    main(sys.argv[1:])
