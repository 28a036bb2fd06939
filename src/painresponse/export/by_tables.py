"""Contributions of trees that share features: all targets asked for at once, by tables, without a walk."""

from collections.abc import Sequence

from onnx import NodeProto, TensorProto, helper, numpy_helper

from painresponse.export.contributions import Table
from painresponse.export.lookup import CHUNK, Lookup, lookup
from painresponse.export.parts import Part, doubles, integers


def by_tables(grown: Sequence[Sequence[Table]], *, width: int) -> Part:
    """What the condition holds, and its constants: from answers to cells to contributions, all of them
    [asked, rows, ...].

    Contributions are float32 in the file and added in double: their order leaves no trace in float32.
    """
    found = lookup(grown, width=width)
    nodes = [
        *_sizes(),
        *(
            helper.make_node("Compress", [f"{name}_of_all", "explain"], [name], axis=0)
            for name in found.by_target
        ),
        helper.make_node("Expand", ["both_ways", "each_layer"], ["both_ways_by_layer"]),
        *_chosen("both_ways_by_layer", "columns", "values"),
        helper.make_node("LessOrEqual", ["values", "limits"], ["passed"]),
        helper.make_node("Cast", ["passed"], ["passes"], to=TensorProto.INT32),
        helper.make_node("Mul", ["passes", "weights"], ["weighed"]),
        helper.make_node("Expand", ["starts", "each_row"], ["first_cells"]),
        *_added("weighed", "by_table", "owners", to="first_cells", gives="cells"),
        helper.make_node("Gather", ["cell_contributions", "cells"], ["found"], axis=0),
        helper.make_node("Reshape", ["found", "in_a_row"], ["found_in_a_row"]),
        *_chosen("found_in_a_row", "parts", "contributed"),
        helper.make_node("Cast", ["contributed"], ["contributed_double"], to=TensorProto.DOUBLE),
        helper.make_node("Expand", ["nothing", "shape"], ["nothing_yet"]),
        *_added("contributed_double", "by_feature", "places", to="nothing_yet", gives="sums"),
        helper.make_node("Cast", ["sums"], ["explained"], to=TensorProto.FLOAT),
    ]
    return Part(nodes, _constants(found))


def _constants(found: Lookup) -> list[TensorProto]:
    by_target = [numpy_helper.from_array(one, f"{name}_of_all") for name, one in found.by_target.items()]
    return [
        *by_target,
        numpy_helper.from_array(found.contributions, "cell_contributions"),
        integers("one", [1]),
        integers("by_table", [0, 0, CHUNK, found.count("owners")]),
        integers("by_feature", [0, 0, CHUNK, found.count("places")]),
        integers("in_a_row", [0, 0, found.count("starts") * found.contributions.shape[1]]),
        integers("within_chunk", [2]),
        doubles("nothing", 0.0),
    ]


def _sizes() -> list[NodeProto]:
    return [
        helper.make_node("Shape", ["features"], ["rows"], start=0, end=1),
        helper.make_node("ReduceSum", ["layers_asked"], ["layers"], keepdims=1),
        helper.make_node("Concat", ["one", "rows", "one"], ["each_row"], axis=0),
        helper.make_node("Concat", ["layers", "one", "one"], ["each_layer"], axis=0),
        helper.make_node("Concat", ["layers", "rows", "width"], ["shape"], axis=0),
    ]


def _chosen(reads: str, places: str, gives: str) -> list[NodeProto]:
    """What stands at places that are the same for every row."""
    return [
        helper.make_node("Expand", [places, "each_row"], [f"{places}_by_row"]),
        helper.make_node("GatherElements", [reads, f"{places}_by_row"], [gives], axis=2),
    ]


def _added(reads: str, chunked: str, places: str, *, to: str, gives: str) -> list[NodeProto]:
    """Chunk by chunk added up, then each sum to what stands at its place."""
    return [
        helper.make_node("Reshape", [reads, chunked], [f"{reads}_{chunked}"]),
        helper.make_node("ReduceSum", [f"{reads}_{chunked}", "within_chunk"], [f"{reads}_sums"], keepdims=0),
        helper.make_node("Expand", [places, "each_row"], [f"{places}_by_row"]),
        helper.make_node(
            "ScatterElements", [to, f"{places}_by_row", f"{reads}_sums"], [gives], axis=2, reduction="add"
        ),
    ]
