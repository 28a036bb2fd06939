"""From the bytes of a file to a proven bundle; nothing is trusted before its hash."""

import json
from pathlib import Path
from typing import Any

import onnxruntime as ort

from painresponse.concepts import Concepts
from painresponse.errors import BundleError
from painresponse.language import FeatureSet
from painresponse.scoring.bundle import METADATA, SCHEMA, Bundle, TargetCard
from painresponse.scoring.golden import prove
from painresponse.scoring.requirements import Requirement
from painresponse.scoring.seal import verify_seal


def open_bundle(path: Path) -> Bundle:
    """Read, check and prove a bundle. Raises BundleError saying what is wrong and what to do."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise BundleError(f"Cannot read the bundle {path}: {error.strerror}.") from None
    try:
        bundle = bundle_from_bytes(data)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from None
    return bundle


def bundle_from_bytes(data: bytes) -> Bundle:
    """Hash first, then load from the very bytes that were hashed, then replay the golden patients."""
    digest = verify_seal(data)
    try:
        session = ort.InferenceSession(data, _options(), providers=["CPUExecutionProvider"])
        metadata = json.loads(session.get_modelmeta().custom_metadata_map[METADATA])
        bundle = _described(metadata, digest, session)
        prove(bundle)
    except BundleError:
        raise
    except Exception as error:  # the errors of onnxruntime share no base class
        raise BundleError(
            f"This is a sealed file, but not a bundle that can be read: {_first_line(error)}"
        ) from None
    return bundle


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # idle threads that spin take the core from the neighbour session
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _described(metadata: dict[str, Any], digest: str, session: ort.InferenceSession) -> Bundle:
    if metadata.get("schema") != SCHEMA:
        raise BundleError(
            f"This bundle has schema version {metadata.get('schema')}; this painresponse reads version "
            f"{SCHEMA}. Export it again, or install the painresponse that wrote it."
        )
    features = FeatureSet.from_plain(metadata["features"])
    if features.fingerprint() != metadata["fingerprint"]:
        raise BundleError(
            "The features in this bundle are not those its models were trained on. Export it again."
        )
    return Bundle(
        metadata["name"],
        digest,
        metadata["provenance"]["kind"] != "clinic",  # whatever is not said to be real is not
        tuple(TargetCard(**card) for card in metadata["targets"]),
        features,
        Concepts.from_plain(metadata),
        tuple(Requirement.from_plain(plain) for plain in metadata["requirements"]),
        metadata,
        session,
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
