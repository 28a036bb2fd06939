"""What the file of a bundle may hold, looked at before onnxruntime is given any of it.

Anyone may seal a file, so a right seal says nothing about what is inside. Allowed are the operators and
fields that bundles of this schema use and nothing else: no operators of others, no loops, no functions, no
tensors kept in other files, no trees that are none (onnxruntime follows a circle until the memory is full).
"""

import math
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.errors import unknown
from painresponse.scoring.wire import BYTES, FLOAT, NUMBER, Field, message, refuse, whole_numbers

TREES = "TreeEnsembleRegressor"
_COMMON = """
Add Cast Compress Concat Expand Gather GatherElements Identity If LessOrEqual Max Mul Neg ReduceMax ReduceSum
Reshape ScatterElements Shape Sigmoid Slice Split Sqrt Sub Unsqueeze Where
"""
OPERATORS = {"": frozenset(_COMMON.split()), "ai.onnx.ml": frozenset({TREES})}
"""The operators of a bundle by their domain: those of ONNX itself, and of its part for trees."""

MOST_NODES = 8_191
"""Of one tree: onnxruntime walks it by calling itself, and deeper ones overflow its stack."""

MOST_COLUMNS = 10_000
"""Features and results of trees: more of them only take memory."""

_ITEM_BYTES = {1: 4, 6: 4, 7: 8, 9: 1, 11: 8}
"""The kinds of constants, by ONNX's number: float32, int32, int64, bool, float64."""

_NAMED = {1: Field("name"), 2: Field("type"), 3: Field("doc")}
_OPSET = {1: Field("domain"), 2: Field("version", NUMBER)}
_PROPERTY = {1: Field("key"), 2: Field("value")}
_TENSOR = {
    1: Field("dims", NUMBER, many=True),
    2: Field("kind", NUMBER),
    8: Field("name"),
    9: Field("raw"),
}
_ATTRIBUTE = {
    1: Field("name"),
    2: Field("float", FLOAT),
    3: Field("number", NUMBER),
    4: Field("text"),
    7: Field("floats", FLOAT, many=True, column=True),
    8: Field("numbers", NUMBER, many=True, column=True),
    9: Field("words", BYTES, many=True, column=True),
    20: Field("kind", NUMBER),
}
_NODE = {
    1: Field("inputs", many=True),
    2: Field("outputs", many=True),
    3: Field("name"),
    4: Field("operator"),
    5: Field("attributes", many=True, inner=_ATTRIBUTE),
    7: Field("domain"),
}
_GRAPH = {
    1: Field("nodes", many=True, inner=_NODE),
    2: Field("name"),
    5: Field("constants", many=True, inner=_TENSOR),
    10: Field("doc"),
    11: Field("inputs", many=True, inner=_NAMED),
    12: Field("outputs", many=True, inner=_NAMED),
}
_ATTRIBUTE[6] = Field("graph", inner=_GRAPH)
_MODEL = {
    1: Field("version", NUMBER),
    2: Field("producer"),
    7: Field("graph", inner=_GRAPH),
    8: Field("opsets", many=True, inner=_OPSET),
    14: Field("properties", many=True, inner=_PROPERTY),
}


def checked_structure(data: bytes) -> dict[str, bytes]:
    """The properties of a bundle's file, once its graph is found to be one a bundle may have.

    Raises BundleError saying what is in it that bundles do not have.
    """
    model = message(data, _MODEL, (0, len(data)))
    if "graph" not in model:
        raise refuse("it has no graph")
    _check_domains(model["opsets"])
    for graph in _graphs(model["graph"]):
        for constant in graph["constants"]:
            _check_constant(constant)
        for node in graph["nodes"]:
            _check_node(node)
    return _properties(model["properties"])


def _check_domains(opsets: list[dict[str, Any]]) -> None:
    for one in opsets:
        domain = one.get("domain", b"").decode(errors="replace")
        if domain not in OPERATORS:
            raise refuse(f"it needs the operators of {domain[:60]!r}, which are not part of ONNX")


def _graphs(graph: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A graph and those behind its conditions."""
    yield graph
    for attribute in chain.from_iterable(node["attributes"] for node in graph["nodes"]):
        if "graph" in attribute:
            yield from _graphs(attribute["graph"])


def _properties(entries: list[dict[str, Any]]) -> dict[str, bytes]:
    found = {one.get("key", b"").decode(errors="replace"): one.get("value", b"") for one in entries}
    if len(found) < len(entries):
        raise refuse("one of its properties is there twice")
    return found


def _check_constant(constant: dict[str, Any]) -> None:
    size = _ITEM_BYTES.get(constant.get("kind", 0), 0)
    if not size or math.prod(constant["dims"]) * size != len(constant.get("raw", b"")):
        raise refuse("one of its constants is not whole, or kept in another file")


def _check_node(node: dict[str, Any]) -> None:
    domain, operator = (node.get(key, b"").decode(errors="replace")[:60] for key in ("domain", "operator"))
    allowed = OPERATORS.get(domain, frozenset())
    if operator not in allowed:
        everything = frozenset().union(*OPERATORS.values())
        raise refuse(unknown("operator", f"{domain}:{operator}" if domain else operator, everything)[:-1])
    if operator == TREES:
        _check_trees({one.get("name", b"").decode(errors="replace"): one for one in node["attributes"]})


_COLUMNS = ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids")
_LEAVES = ("treeids", "nodeids", "ids")
_KNOWN = {
    *(f"nodes_{name}" for name in (*_COLUMNS, "modes", "values", "missing_value_tracks_true")),
    *(f"target_{name}" for name in (*_LEAVES, "weights")),
    "n_targets",
}
_MODES = {b"\x4a\x0aBRANCH_LEQ": b"\1", b"\x4a\x04LEAF": b"\0"}


def _check_trees(attributes: dict[str, dict[str, Any]]) -> None:
    """Every tree is one: numbered from its root on, each node but the root the child of one before it."""
    columns = [_numbers(attributes, f"nodes_{name}") for name in _COLUMNS]
    branch = _branches(attributes)
    count = len(branch)
    if not set(attributes) <= _KNOWN:
        raise refuse(
            unknown("attribute of a tree operator", sorted(set(attributes) - _KNOWN)[0], _KNOWN)[:-1]
        )
    if count == 0 or {len(one) for one in columns} != {count}:
        raise refuse("the columns of its trees differ in length")
    tree, node, feature, left, right = columns
    root = np.flatnonzero(node == 0)
    sizes = np.diff(np.append(root, count))
    if root[:1].tolist() != [0] or sizes.max() > MOST_NODES or not _numbered(tree, node, sizes):
        raise refuse("the nodes of its trees are not in order")
    if feature.max() >= MOST_COLUMNS:
        raise refuse("its trees ask for a feature that is not there")
    start, size = np.repeat(root, sizes), np.repeat(sizes, sizes)
    children = np.concatenate([left[branch], right[branch]])
    parents, room = np.tile(node[branch], 2), np.tile(size[branch], 2)
    if not ((parents < children) & (children < room)).all():
        raise refuse("a branch of its trees leads nowhere, or in a circle")
    met = np.bincount(children + np.tile(start[branch], 2), minlength=count)
    if not np.array_equal(met, (node > 0).astype(met.dtype)):
        raise refuse("a node of its trees is not the child of exactly one other")
    _check_leaves(attributes, root, branch)


def _numbered(tree: NDArray[np.int64], node: NDArray[np.int64], sizes: NDArray[np.int64]) -> bool:
    places = np.concatenate([np.arange(size) for size in sizes.tolist()])
    return np.array_equal(tree, np.repeat(np.arange(len(sizes)), sizes)) and np.array_equal(node, places)


def _check_leaves(
    attributes: dict[str, dict[str, Any]], root: NDArray[np.int64], branch: NDArray[np.bool_]
) -> None:
    tree, node, column = (_numbers(attributes, f"target_{name}") for name in _LEAVES)
    width = attributes.get("n_targets", {}).get("number", 0)
    fits = (
        width <= MOST_COLUMNS
        and len(tree) == len(node) == len(column)
        and (tree < len(root)).all()
        and (column < width).all()
    )
    if not fits:
        raise refuse("the leaves of its trees do not fit their columns")
    place = root[tree] + node
    if not (place < len(branch)).all() or branch[place].any():
        raise refuse("a value of its trees does not belong to a leaf")


def _numbers(attributes: dict[str, dict[str, Any]], name: str) -> NDArray[np.int64]:
    found = attributes.get(name, {}).get("numbers")
    if not found or len(found) > 1:
        raise refuse(f"its trees have no whole column {name}")
    return whole_numbers(found[0])


def _branches(attributes: dict[str, dict[str, Any]]) -> NDArray[np.bool_]:
    """Which nodes are branches."""
    run = b"".join(attributes.get("nodes_modes", {}).get("words", ()))
    for mode, mark in _MODES.items():
        run = run.replace(mode, mark)
    return np.frombuffer(run, np.uint8).astype(bool)
