"""The part of the graph that gives contributions, of the targets asked for and only if any is."""

from collections.abc import Sequence

from onnx import GraphProto, TensorProto, ValueInfoProto, helper

from painresponse.export.by_leaves import by_leaves
from painresponse.export.by_tables import by_tables
from painresponse.export.contributions import check_explainable, tables
from painresponse.export.parts import Part, integers
from painresponse.export.trees import Tree


def explaining(forests: dict[str, Sequence[Tree]], *, width: int) -> Part:
    """From ``explain`` (bool [targets]) to ``contributions`` (float32 [asked, rows, width]), of the trees of
    targets by their names.

    All stands behind a single condition, since each costs time when nothing is asked, and a condition within
    another costs memory. Behind it, only what belongs to the targets asked for is looked at.

    Raises DefinitionError for trees that cannot be explained.
    """
    inside, shape = _inside(forests, width), ["asked", "N", width]
    branches = {
        "then_branch": helper.make_graph(inside.nodes, "asked", [], [_floats("explained", shape)]),
        "else_branch": _not_asked(_floats("unexplained", shape)),
    }
    nodes = [
        helper.make_node("Where", ["explain", "asked_once", "first"], ["layers_asked"]),
        helper.make_node("ReduceMax", ["layers_asked"], ["any_asked"], keepdims=0),
        helper.make_node("Cast", ["any_asked"], ["explaining"], to=TensorProto.BOOL),
        helper.make_node("If", ["explaining"], ["contributions"], **branches),
    ]
    output = _floats("contributions", shape)
    output.doc_string = "one layer a target asked for, of: " + ", ".join(forests)
    explain = helper.make_tensor_value_info("explain", TensorProto.BOOL, [len(forests)])
    constants = [
        integers("first", [0]),
        integers("asked_once", [1]),
        integers("width", [width]),
        *inside.constants,
    ]
    return Part(nodes, constants, [output], [explain])


def _inside(forests: dict[str, Sequence[Tree]], width: int) -> Part:
    named = {f"the booster of {name}": forest for name, forest in forests.items()}
    if all(len(set(tree.features)) <= 1 for forest in forests.values() for tree in forest):
        for what, forest in named.items():
            check_explainable(what, forest)
        return by_leaves(list(forests.values()), width=width)
    return by_tables([tables(what, forest) for what, forest in named.items()], width=width)


def _not_asked(output: ValueInfoProto) -> GraphProto:
    nodes = [
        helper.make_node("Unsqueeze", ["features", "first"], ["one_layer"]),
        helper.make_node("Slice", ["one_layer", "first", "first"], [output.name]),
    ]
    return helper.make_graph(nodes, "not_asked", [], [output])


def _floats(name: str, shape: Sequence[int | str]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
