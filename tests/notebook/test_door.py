"""The public words: few, sorted, documented, each with an example that runs."""

import doctest
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import painresponse as pr

ROOT = Path(__file__).parents[2]
SLOW = {"monitor", "train"}


def documented() -> dict[str, object]:
    """Every word of the door and every picture behind it."""
    words = {name: getattr(pr, name) for name in pr.__all__}
    return words | {f"plots.{name}": getattr(pr.plots, name) for name in pr.plots.__all__}


WORDS = documented()
EXAMPLES = [
    pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
    for name, word in WORDS.items()
    if not isinstance(word, ModuleType)
]


def test_the_words_are_few_and_sorted():
    assert pr.__all__ == sorted(pr.__all__)
    assert len(pr.__all__) <= 18


@pytest.mark.parametrize("name", WORDS)
def test_every_word_says_what_it_is(name):
    first = inspect.getdoc(WORDS[name]).split("\n\n")[0]
    assert first.endswith((".", ")"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_word_has_an_example_that_runs(name, tmp_path, monkeypatch):
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    found = doctest.DocTestFinder(recurse=False).find(WORDS[name], name, module=False, globs={})
    runner = doctest.DocTestRunner(verbose=False)
    told = []
    for one in found:
        runner.run(one, out=told.append)
    assert runner.failures == 0, "".join(told)
    assert runner.tries > 1
