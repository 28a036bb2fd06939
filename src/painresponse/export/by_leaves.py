"""Contributions of trees on one feature each, such as points: a leaf has its own, and a walk finds it sooner
than a table would.
"""

from collections.abc import Sequence

from onnx import NodeProto, TensorProto, helper

from painresponse.export.contributions import expected_margin
from painresponse.export.ensembles import Weights, tree_ensemble
from painresponse.export.parts import Part
from painresponse.export.trees import Tree


def by_leaves(forests: Sequence[Sequence[Tree]], *, width: int) -> Part:
    """What the condition holds. A target that is not asked for gets no rows."""
    places = range(len(forests))
    counts = [f"rows_{place}" for place in places]
    nodes = [
        helper.make_node("Cast", ["both_ways"], ["both_ways_double"], to=TensorProto.DOUBLE),
        helper.make_node("Shape", ["features"], ["rows"], start=0, end=1),
        helper.make_node("Mul", ["layers_asked", "rows"], ["rows_asked"]),
        helper.make_node("Split", ["rows_asked"], counts, num_outputs=len(forests)),
        *(node for place in places for node in _target(place, forests[place], width)),
        helper.make_node("Concat", [f"contributions_{place}" for place in places], ["stacked"], axis=0),
        helper.make_node("ReduceSum", ["layers_asked"], ["layers"], keepdims=1),
        helper.make_node("Concat", ["layers", "rows", "width"], ["shape"], axis=0),
        helper.make_node("Reshape", ["stacked", "shape"], ["explained"], allowzero=1),
    ]
    return Part(nodes)


def _target(place: int, forest: Sequence[Tree], width: int) -> list[NodeProto]:
    """Contributions are float32 in the file and added in double: their order leaves no trace in float32."""
    given, found = f"features_{place}", f"contributions_{place}"
    planted = [(tree, _weights(tree)) for tree in forest]
    return [
        helper.make_node("Slice", ["both_ways_double", "first", f"rows_{place}"], [given]),
        tree_ensemble(planted, width, width=width, reads=given, gives=found, name=f"leaves_{place}"),
    ]


def _weights(tree: Tree) -> Weights:
    """A leaf's value, less the mean of the tree; nothing where there is no branch."""
    if not tree.features:
        return [[(0, 0.0)]]
    mean = expected_margin([tree])
    return [[(tree.features[0], value - mean)] for value in tree.leaves]
