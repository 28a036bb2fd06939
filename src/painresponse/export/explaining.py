"""The part of the graph that gives contributions, of the targets asked for and only if any is."""

from collections.abc import Sequence

from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, helper

from painresponse.export.contributions import CellTree
from painresponse.export.ensembles import Weights, tree_ensemble
from painresponse.export.parts import Part, integers
from painresponse.export.trees import Tree

_NOTHING: tuple[Tree, Weights] = (Tree((), (), (), (), (), (0.0,)), [[(0, 0.0)]])
"""What a model without branches adds."""


def explaining(names: Sequence[str], grown: Sequence[Sequence[CellTree]], *, width: int) -> Part:
    """From ``explain`` (bool [targets]) to ``contributions`` (float32 [asked, rows, width]).

    All stands behind a single condition, since each costs time when nothing is asked, and a condition within
    another costs memory. Behind it, a target that is not asked for gets no rows.
    """
    shape = ["asked", "N", width]
    branches = {
        "then_branch": _asked(grown, _floats("explained", shape)),
        "else_branch": _not_asked(_floats("unexplained", shape)),
    }
    nodes = [
        helper.make_node("Cast", ["explain"], ["layers_asked"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["layers_asked"], ["any_asked"], keepdims=0),
        helper.make_node("Cast", ["any_asked"], ["explaining"], to=TensorProto.BOOL),
        helper.make_node("If", ["explaining"], ["contributions"], **branches),
    ]
    output = _floats("contributions", shape)
    output.doc_string = "one layer a target asked for, of: " + ", ".join(names)
    explain = helper.make_tensor_value_info("explain", TensorProto.BOOL, [len(names)])
    return Part(nodes, [integers("first", [0]), integers("width", [width])], [output], [explain])


def _asked(grown: Sequence[Sequence[CellTree]], output: ValueInfoProto) -> GraphProto:
    places = range(len(grown))
    counts = [f"rows_{place}" for place in places]
    nodes = [
        helper.make_node("Cast", ["features"], ["features_double"], to=TensorProto.DOUBLE),
        helper.make_node("Shape", ["features"], ["rows"], start=0, end=1),
        helper.make_node("Mul", ["layers_asked", "rows"], ["rows_asked"]),
        helper.make_node("Split", ["rows_asked"], counts, num_outputs=len(grown)),
        *(node for place in places for node in _target(place, grown[place], output)),
        helper.make_node("Concat", [f"contributions_{place}" for place in places], ["stacked"], axis=0),
        helper.make_node("ReduceSum", ["layers_asked"], ["layers"], keepdims=1),
        helper.make_node("Concat", ["layers", "rows", "width"], ["shape"], axis=0),
        helper.make_node("Reshape", ["stacked", "shape"], [output.name], allowzero=1),
    ]
    return helper.make_graph(nodes, "asked", [], [output])


def _target(place: int, grown: Sequence[CellTree], output: ValueInfoProto) -> list[NodeProto]:
    """Contributions are float32 in the file and added in double: their order leaves no trace in float32."""
    planted = [(one.tree, _weights(one)) for one in grown] or [_NOTHING]
    width = output.type.tensor_type.shape.dim[2].dim_value
    given, found = f"features_{place}", f"contributions_{place}"
    return [
        helper.make_node("Slice", ["features_double", "first", f"rows_{place}"], [given]),
        tree_ensemble(planted, width, reads=given, gives=found, name=f"cells_{place}"),
    ]


def _weights(grown: CellTree) -> Weights:
    return [list(zip(grown.features, cell, strict=True)) for cell in grown.contributions.tolist()]


def _not_asked(output: ValueInfoProto) -> GraphProto:
    nodes = [
        helper.make_node("Unsqueeze", ["features", "first"], ["one_layer"]),
        helper.make_node("Slice", ["one_layer", "first", "first"], [output.name]),
    ]
    return helper.make_graph(nodes, "not_asked", [], [output])


def _floats(name: str, shape: Sequence[int | str]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
