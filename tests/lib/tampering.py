"""Bundles edited and sealed anew: what a careless or hostile hand could make of one."""

import json
import math
from collections.abc import Callable
from random import Random
from typing import Any

import onnx

from painresponse.scoring.bundle import METADATA
from painresponse.scoring.seal import KEY, seal


def edited(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """A bundle with changed metadata (edited in place, or what the change returns), sealed again."""
    model = onnx.load_from_string(data)
    properties = {one.key: one.value for one in model.metadata_props if one.key != KEY}
    metadata = json.loads(properties[METADATA])
    changed = change(metadata)
    properties[METADATA] = json.dumps(metadata if changed is None else changed)
    onnx.helper.set_model_props(model, properties)
    return seal(model.SerializeToString(deterministic=True))


def resealed(data: bytes, change: Callable[[onnx.ModelProto], Any]) -> bytes:
    """A bundle with a changed model (edited in place), sealed again."""
    model = onnx.load_from_string(data)
    kept = {one.key: one.value for one in model.metadata_props if one.key != KEY}
    onnx.helper.set_model_props(model, kept)
    change(model)
    return seal(model.SerializeToString(deterministic=True))


def mutated(data: bytes, rng: Random, *, within: int) -> bytes:
    """Other bytes among the first so many: bits flipped, bytes set, blocks cut out, put in or exchanged."""
    spoilt = bytearray(data)
    way = rng.randrange(5)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        place, length = rng.randrange(within), rng.randrange(1, 40)
        if way == 0:
            spoilt[place] ^= 1 << rng.randrange(8)
        elif way == 1:
            spoilt[place] ^= rng.randrange(1, 256)
        elif way == 2:
            del spoilt[place : place + length]
        elif way == 3:
            spoilt[place:place] = rng.randbytes(length)
        else:
            other = rng.randrange(within)
            spoilt[place : place + length] = data[other : other + length] + b"\0"
    return bytes(spoilt)


WRONG = (-(2**62), -(2**31), -1, 0, 1, 7, 100, 99_999, 2**31 - 1, 2**31, 2**32, 2**62)


def trees_of(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The tree operators of a bundle, those behind its condition too."""
    behind = [node for one in model.graph.node for part in one.attribute for node in part.g.node]
    return [node for node in (*model.graph.node, *behind) if node.op_type == "TreeEnsembleRegressor"]


def trees_mutated(model: onnx.ModelProto, rng: Random) -> None:
    """A few wrong values in one column of one tree operator, in a file that is otherwise well formed."""
    column = rng.choice(rng.choice(trees_of(model)).attribute)
    for _ in range(rng.choice((1, 1, 3, 50))):
        if column.ints:
            column.ints[rng.randrange(len(column.ints))] = rng.choice(WRONG)
        elif column.floats:
            column.floats[rng.randrange(len(column.floats))] = rng.choice((0.0, -1.0, math.nan, math.inf))
        elif column.strings:
            column.strings[rng.randrange(len(column.strings))] = rng.choice((b"LEAF", b"BRANCH_GT", b"?"))
        else:
            column.i = rng.choice(WRONG)
