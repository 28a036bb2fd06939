"""The project's own source as syntax trees, for the tests of the house rules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "src" / "painresponse", ROOT / "serve" / "painresponse_serve")


@cache
def modules() -> dict[str, ast.Module]:
    """Every module by its dotted name (packages without ``.__init__``)."""
    found = {}
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            name = ".".join(part for part in parts if part != "__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def layer_of(name: str) -> str:
    """``painresponse.engine.plan`` is of the layer ``engine``; the server is one layer."""
    parts = name.split(".")
    return parts[1] if parts[0] == "painresponse" and len(parts) > 1 else parts[0]


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names imported anywhere in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a tree."""
    yield from (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def ours(names: Iterator[str]) -> set[str]:
    """Those of the names that are the project's own."""
    return {one for one in names if one.split(".")[0] in ("painresponse", "painresponse_serve")}
