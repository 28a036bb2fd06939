"""What can be said for a bundle, check by check, and what each check proves and does not."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from painresponse.concepts import Concepts
from painresponse.engine import Plan, rows
from painresponse.errors import BundleError, PainResponseError
from painresponse.records import collect
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.golden import golden_answers, golden_histories
from painresponse.scoring.opening import bundle_from_bytes, features_of, metadata_of, read_bundle, readable
from painresponse.scoring.seal import verify_seal
from painresponse.scoring.signature import parted, public_key
from painresponse.scoring.structure import checked_structure


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of a bundle: whether it passed (None: nothing to hold against it, and nothing proven), what
    was found, and what that proves.
    """

    check: str
    passed: bool | None
    found: str
    proves: str


_Answer = tuple[bool | None, str]


def verdict(path: Path, *, trusted_key: Path | None = None) -> list[Finding]:
    """Every check of a bundle, in order; what comes after a broken seal is not looked at.

    Raises BundleError if the file cannot be read, DefinitionError if the key is none.
    """
    public = public_key(trusted_key) if trusted_key else None
    data = read_bundle(path)
    checks: dict[str, Callable[[], _Answer]] = {
        "seal": lambda: _seal(data),
        "schema": lambda: _schema(data),
        "features": lambda: _features(data),
        "units": lambda: _units(data),
        "structure": lambda: _structure(data),
        "golden patients": lambda: _golden(data),
        "provenance": lambda: _provenance(data),
        "signature": lambda: _signature(data, public),
    }
    findings = [_finding("seal", checks.pop("seal"))]
    if findings[0].passed:
        findings += [_finding(name, check) for name, check in checks.items()]
    return findings


def _finding(name: str, check: Callable[[], _Answer]) -> Finding:
    try:
        with readable():
            passed, found = check()
    except BundleError as error:
        passed, found = False, str(error)
    return Finding(name, passed, found, _PROVES[name])


_PROVES = {
    "seal": "Whole, as it was when it was sealed. Not by whom: anyone may seal a file.",
    "schema": "This painresponse knows what everything in it means.",
    "features": "The definitions are those the models were trained on.",
    "units": "Codes and units are read as in training, whatever is configured here.",
    "structure": "Known operators and sound trees only; nothing in other files, no code of others.",
    "golden patients": "It still gives the answers it was made with. Not that those answers are right.",
    "provenance": "What its maker says of the training data. As true as the maker.",
    "signature": "The holder of that key vouches for this file. Only of worth if you trust the key.",
}


def _seal(data: bytes) -> _Answer:
    return True, f"SHA-256 {verify_seal(parted(data)[0])}"


def _schema(data: bytes) -> _Answer:
    return True, f"version {metadata_of(data)['schema']}"


def _features(data: bytes) -> _Answer:
    features = features_of(metadata_of(data))
    return True, f"{len(features)} features, fingerprint {features.fingerprint()}"


def _units(data: bytes) -> _Answer:
    concepts = Concepts.from_plain(metadata_of(data)).concepts.values()
    units = {unit for one in concepts for unit in (one.unit, *one.units) if unit}
    return True, f"{len(concepts)} concepts, {len(units)} units"


def _structure(data: bytes) -> _Answer:
    checked_structure(data)
    return True, "ordinary ONNX: ai.onnx and ai.onnx.ml"


def _golden(data: bytes) -> _Answer:
    bundle = bundle_from_bytes(data)
    return True, f"{len(bundle.metadata['golden']['patients'])} replayed, largest drift {_drift(bundle):.2g}"


def _drift(bundle: Bundle) -> float:
    """How far the answers to the golden patients are from those stored, at most."""
    golden = bundle.metadata["golden"]
    raw, asks = golden_histories(golden)
    matrix = rows(Plan(bundle.features, bundle.concepts), collect(raw, bundle.concepts)[0], asks)
    answers = golden_answers(bundle.run(matrix, explain=range(len(bundle.targets))))
    return max(_apart(got, golden[name]) for name, got in answers.items())


def _apart(got: Any, stored: Any) -> float:
    return float(np.nanmax(np.abs(got - np.array(stored, np.float64)), initial=0.0))


def _provenance(data: bytes) -> _Answer:
    kind = metadata_of(data)["provenance"]["kind"]
    return True, "clinic" if kind == "clinic" else "SYNTHETIC: must not score real patients"


def _signature(data: bytes, public: bytes | None) -> _Answer:
    sealed, signature = parted(data)
    if signature is None:
        return (None, "none") if public is None else (False, "none, and one by this key is asked for")
    by = f"by the key {signature.fingerprint}"
    try:
        valid = signature.valid(verify_seal(sealed))
    except PainResponseError as error:
        return None, f"{by}, not checked: {error}"
    if not valid:
        return False, f"INVALID: not made {by}, though it says so"
    if public is None:
        return None, f"valid {by}; name the key you trust to hold it against"
    return (True, f"valid {by}") if public == signature.public else (False, f"{by}, which is not this key")
