"""From the bytes of a file to a proven bundle; nothing is trusted before its hash.

What is promised: a painresponse reads the bundles of its own schema version, whichever release wrote them,
and gives their golden answers: margins to the bit, probabilities within 1e-12, contributions within 1e-6. A
bundle of any other version is refused with both versions named, never guessed at. The version grows whenever
the graph or the metadata change their meaning. The file stays ordinary ONNX (``ai.onnx`` and ``ai.onnx.ml``),
so other runtimes can run any version without this package.
"""

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from painresponse.concepts import Concepts
from painresponse.errors import BundleError, PainResponseError
from painresponse.language import FeatureSet
from painresponse.scoring.bundle import METADATA, SCHEMA, Bundle, TargetCard
from painresponse.scoring.flags import Flag
from painresponse.scoring.golden import prove
from painresponse.scoring.requirements import Requirement
from painresponse.scoring.seal import verify_seal
from painresponse.scoring.signature import demand_signature, parted
from painresponse.scoring.structure import checked_structure
from painresponse.scoring.wire import refuse

MOST_BYTES = 256 * 2**20
"""Of a file: the largest bundles have some 30 MB, and a wrong path must not fill the memory."""


def open_bundle(path: Path, *, trusted_key: Path | None = None) -> Bundle:
    """Read, check and prove a bundle; with ``trusted_key``, a public key (PEM), only if that key signed it.

    Raises BundleError saying what is wrong and what to do, DefinitionError if the key is none.
    """
    data = read_bundle(path)
    try:
        return bundle_from_bytes(data, trusted_key=trusted_key)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from None


def open_to_score(path: Path, *, allow_synthetic: bool = False, trusted_key: Path | None = None) -> Bundle:
    """Likewise, for use on patients: a bundle of simulated ones is refused, unless that is allowed."""
    bundle = open_bundle(path, trusted_key=trusted_key)
    if bundle.synthetic and not allow_synthetic:
        raise BundleError(
            f"R08_MODEL_SYNTHETIC: {path} was trained on simulated patients and must not score real "
            "ones. For tests and teaching say so explicitly: allow_synthetic=True, or --allow-synthetic."
        )
    return bundle


def read_bundle(path: Path) -> bytes:
    """The bytes of an ordinary file of a size that bundles have. Raises BundleError."""
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe or a device may wait for ever
            raise BundleError(f"Cannot read the bundle {path}: it is not a file. Give a single .onnx file.")
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1) if status.st_size <= MOST_BYTES else None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BundleError(f"Cannot read the bundle {path}: {reason}.") from None
    if data is None or len(data) > MOST_BYTES:
        raise BundleError(
            f"Cannot read the bundle {path}: it has more than {MOST_BYTES // 2**20} MB, which no bundle has."
        )
    return data


def bundle_from_bytes(data: bytes, *, trusted_key: Path | None = None) -> Bundle:
    """Hash first, then the signature if one is required, then the structure; then load from the very bytes
    that were hashed, and replay the golden patients.
    """
    sealed, signature = parted(data)
    digest = verify_seal(sealed)
    if trusted_key is not None:
        demand_signature(signature, digest, trusted_key)
    with readable():
        metadata = metadata_of(sealed)
        # There is no other provider to fall back on; that it tries, onnxruntime says on standard output.
        session = ort.InferenceSession(data, _options(), providers=_PROVIDERS, enable_fallback=0)
        session._model_bytes = None  # the whole file, kept for the same
        bundle = _described(metadata, digest, session)
        _check_doors(bundle)
        prove(bundle)
    return bundle


@contextmanager
def readable() -> Iterator[None]:
    """Whatever fails meanwhile, as a BundleError."""
    try:
        yield
    except BundleError:
        raise
    except PainResponseError as error:
        raise refuse(_first_line(error).removesuffix(".")) from None
    except Exception as error:  # the errors of onnxruntime share no base class
        raise refuse(_first_line(error)) from None


def metadata_of(sealed: bytes) -> dict[str, Any]:
    """What a bundle says of itself, once its structure was checked. Raises BundleError."""
    found: dict[str, Any] = json.loads(checked_structure(sealed)[METADATA], parse_constant=_no_number)
    if not isinstance(found, dict):
        raise refuse("its metadata is no table")
    if found.get("schema") != SCHEMA:
        raise BundleError(
            f"This bundle has schema version {found.get('schema')}; this painresponse reads version "
            f"{SCHEMA}. Export it again, or install the painresponse that wrote it."
        )
    return found


def _no_number(word: str) -> None:
    raise refuse(f"its metadata says {word}, which is no number of JSON")


_PROVIDERS = ["CPUExecutionProvider"]


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # idle threads that spin take the core from the neighbour session
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what is wrong is said in our own words
    return options


def _described(metadata: dict[str, Any], digest: str, session: ort.InferenceSession) -> Bundle:
    features = features_of(metadata)
    cards = tuple(TargetCard.from_plain(card) for card in metadata["targets"])
    if not {name for card in cards for name in card.leans_on} <= set(features.names):
        raise refuse("a model leans on features that it does not see")
    return Bundle(
        metadata["name"],
        digest,
        metadata["provenance"]["kind"] != "clinic",  # whatever is not said to be real is not
        cards,
        features,
        Concepts.from_plain(metadata),
        tuple(Requirement.from_plain(plain) for plain in metadata["requirements"]),
        tuple(Flag.from_plain(plain) for plain in metadata["flags"]),
        _day(metadata["review_by"]),
        metadata,
        session,
    )


def _day(written: str | None) -> np.datetime64 | None:
    return None if written is None else np.datetime64(date.fromisoformat(written), "D")


def features_of(metadata: dict[str, Any]) -> FeatureSet:
    """The features of a bundle. Raises BundleError if they are not those its models were trained on."""
    features = FeatureSet.from_plain(metadata["features"])
    if features.fingerprint() != metadata["fingerprint"]:
        raise BundleError(
            "The features in this bundle are not those its models were trained on. Export it again."
        )
    return features


def _check_doors(bundle: Bundle) -> None:
    """The graph takes what is given and gives what is asked, of the kinds and widths expected."""
    width, targets = len(bundle.features), len(bundle.targets)
    answer = {"tensor(float)": {"margin"}, "tensor(double)": {"probability", "low", "high", "support"}}
    doors = {
        "features": ("tensor(float)", [width]),
        "explain": ("tensor(bool)", [targets]),
        "contributions": ("tensor(float)", [width]),
        **{name: (kind, [targets]) for kind, names in answer.items() for name in names},
    }
    found = [*bundle.session.get_inputs(), *bundle.session.get_outputs()]
    if {one.name: (one.type, one.shape[-1:]) for one in found} != doors:
        raise refuse("its graph does not take and give what a bundle's does")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
