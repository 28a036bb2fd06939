"""A graph and what is known about it become one sealed file."""

import json
from pathlib import Path
from typing import Any

import onnx

from painresponse.errors import DefinitionError
from painresponse.publishing import publish_bytes
from painresponse.scoring.seal import seal, verify_seal

METADATA_KEY = "painresponse"
PROVENANCE_KEY = "data_provenance"


def write_bundle(path: Path, graph: onnx.ModelProto, metadata: dict[str, Any]) -> str:
    """Write a bundle whole or not at all; the same graph and metadata give the same bytes.

    Returns the SHA-256 the bundle is known by. Raises DefinitionError if the metadata is not plain JSON or
    does not say where the training data came from (``provenance.kind``), WorkError if the file cannot be
    written.
    """
    sealed = seal(_with_metadata(graph, metadata).SerializeToString(deterministic=True))
    publish_bytes(path, sealed)
    return verify_seal(sealed)


def _with_metadata(graph: onnx.ModelProto, metadata: dict[str, Any]) -> onnx.ModelProto:
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    # In plain sight as well, for whoever opens the file with another tool.
    properties = {METADATA_KEY: _canonical(metadata), PROVENANCE_KEY: _provenance(metadata)}
    onnx.helper.set_model_props(model, properties)
    return model


def _provenance(metadata: dict[str, Any]) -> str:
    try:
        return str(metadata["provenance"]["kind"])
    except KeyError:
        raise DefinitionError(
            "A bundle must say where its training data came from: set provenance.kind in its metadata."
        ) from None


def _canonical(metadata: dict[str, Any]) -> str:
    try:
        return json.dumps(metadata, allow_nan=False, separators=(",", ":"))
    except ValueError:
        raise DefinitionError(
            "A bundle's metadata must be plain JSON without NaN or infinity. Write null for what is unknown."
        ) from None
