"""Rules of the house that no linter knows."""

import ast
import re

import pytest

from tests.lib.source import PACKAGES, ROOT, functions, modules

CLOCKS = {"now", "today", "utcnow"}
COMPLAINTS = {"DefinitionError", "RecordError", "CohortError", "BundleError", "WorkError"}


@pytest.mark.parametrize("name", modules())
def test_no_module_asks_what_time_it_is(name):
    """The index is always an argument: a score must be the same tomorrow."""
    asked = [
        node.lineno
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    ]
    assert asked == []


@pytest.mark.parametrize("name", modules())
def test_everything_public_says_what_it_is(name):
    tree = modules()[name]
    silent = [one for one in _public(tree) if not ast.get_docstring(one)]
    assert [getattr(one, "name", name) for one in silent] == []


def _public(tree: ast.Module) -> list[ast.AST]:
    found: list[ast.AST] = [tree] if tree.body else []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += [node, *(one for one in node.body if _is_public_function(one))]
        elif _is_public_function(node):
            found.append(node)
    return found


def _is_public_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")


@pytest.mark.parametrize("name", modules())
def test_no_error_is_swallowed(name):
    swallowed = [
        node.lineno
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.ExceptHandler) and all(_says_nothing(one) for one in node.body)
    ]
    assert swallowed == []


def _says_nothing(node: ast.stmt) -> bool:
    ellipsis = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass) or ellipsis


@pytest.mark.parametrize("name", modules())
def test_every_complaint_is_a_sentence(name):
    """What can be seen of it in the source: it ends as one, or in a worded list of what is known."""
    bad = [
        text
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.Raise) and (text := _wording(node.exc)) and not _is_sentence(text)
    ]
    assert bad == []


def _wording(raised: ast.expr | None) -> str | None:
    """The text of a complaint raised in place; what is filled in is shown as {}."""
    if not (isinstance(raised, ast.Call) and getattr(raised.func, "id", "") in COMPLAINTS and raised.args):
        return None
    said = raised.args[0]
    if isinstance(said, ast.Constant):
        return str(said.value)
    if isinstance(said, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in said.values)
    return None


def _is_sentence(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z{].*([.?]|\{\}|\.\))", text, re.DOTALL))


@pytest.mark.parametrize("name", modules())
def test_modules_and_functions_stay_short(name):
    """At most 300 lines a module and 40 lines a function body, its docstring not counted."""
    tree = modules()[name]
    assert max((node.end_lineno for node in tree.body), default=0) <= 300
    assert [one.name for one in functions(tree) if _length(one) > 40] == []


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


FOLDERS = ("src", "serve", "configs", "tests", "benchmarks", "notebooks", "docs")
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" * 3 + r"\b")))
HOMES = ("/wo" + "rk/", "/fa" + "rm/", "/ho" + "me/", "/ro" + "ot/")
FOREIGN = re.compile("|".join((*HOMES, r"index-url[ =]+\S+:/" + "/")))
PICTURE = re.compile(r'\s*"image/png": "')
"""A line of a notebook whose letters mean nothing."""
TEXT = {".py", ".toml", ".md", ".txt", ".lock", ".yml", ".yaml", ".ipynb", ".html", ".sh", ""}


def project_texts():
    """Every text file of the project."""
    loose = [
        path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXT and path.name != ".coverage"
    ]
    deep = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in TEXT - {""}]
    return [path for path in (*loose, *deep) if "__pycache__" not in path.parts]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in project_texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line) and not PICTURE.match(line)
    ]


def test_nothing_is_left_for_later():
    assert lines_with(UNFINISHED) == []


def test_no_file_knows_the_machine_it_was_made_on():
    assert lines_with(FOREIGN) == []


def test_every_package_was_looked_at():
    """So that a moved folder cannot make these tests pass by finding nothing."""
    assert all(package.is_dir() for package in PACKAGES)
    assert {"painresponse.engine.matrix", "painresponse_serve.app"} <= set(modules())
    names = [path.name for path in project_texts()]
    assert {"pyproject.toml", "concepts.toml", "Makefile"} <= set(names)
