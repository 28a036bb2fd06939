"""The reference of the feature language, written from its specification tests: ``python -m tests.lib.pages``.

A word is documented by what is tested of it, so the page cannot say anything else.
"""

import ast
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "language.md"
SPEC = ROOT / "tests" / "spec"
INTRODUCTION = """# The feature language

Written from the specification tests in `tests/spec` by `make docs`; every example is run by `make test`.
A table is a small history (`days before` counts back from the index, below zero lies after it, `always` is a
fact without a time, `known` says when the clinic learned of it); `answer` gives what a feature says of each
patient, None where it is unknown.
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(_section(path) for path in sorted(SPEC.glob("test_*.py")))


def _section(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    title, _, more = (ast.get_docstring(tree) or "").partition("\n")
    tables = "".join(_code(text, one) for one in tree.body if _is_table(one))
    examples = "".join(_examples(tree, text))
    return f"\n## {title.rstrip('.')}\n{more}\n{tables}{examples}"


def _is_table(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.JoinedStr)


def _examples(tree: ast.Module, text: str) -> Iterator[str]:
    for one in tree.body:
        if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"):
            yield f"\n### {_sentence(one.name)}\n"
            yield "".join(f"\n{line.strip()}" for line in (ast.get_docstring(one) or "").splitlines()) + "\n"
            yield _code(text, one)


def _sentence(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ")
    return words[0].upper() + words[1:]


def _code(text: str, node: ast.stmt) -> str:
    """A table as it stands; a test without its name and docstring."""
    first = node.lineno
    if isinstance(node, ast.FunctionDef):
        skipped = 1 if ast.get_docstring(node) else 0
        if len(node.body) == skipped:
            return ""
        first = node.body[skipped].lineno
        decorated = "".join(_lines(text, one.lineno, one.end_lineno) for one in node.decorator_list)
        return f"\n```python\n{decorated}{_lines(text, first, node.end_lineno)}```\n"
    return f"\n```python\n{_lines(text, first, node.end_lineno)}```\n"


def _lines(text: str, first: int, last: int | None) -> str:
    return textwrap.dedent("\n".join(text.splitlines()[first - 1 : last])).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
