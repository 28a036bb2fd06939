"""A part of the graph, and the constants it is made with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, numpy_helper


@dataclass(frozen=True)
class Part:
    """Some operators, the constants they need, what they offer, and what they read besides the features."""

    nodes: Sequence[NodeProto]
    constants: Sequence[TensorProto] = ()
    outputs: Sequence[ValueInfoProto] = ()
    inputs: Sequence[ValueInfoProto] = ()


def doubles(name: str, values: Any) -> TensorProto:
    """A constant in double precision."""
    return numpy_helper.from_array(np.array(values, np.float64), name)


def integers(name: str, values: Any) -> TensorProto:
    """A constant of whole numbers: places, widths."""
    return numpy_helper.from_array(np.array(values, np.int64), name)
