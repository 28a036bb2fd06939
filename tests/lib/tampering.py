"""Bundles edited and sealed anew: what a careless or hostile hand could make of one."""

import json
from collections.abc import Callable
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
