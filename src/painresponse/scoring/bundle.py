"""One ONNX file that says what it predicts, from what, and proves that it still does."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from painresponse.concepts import Concepts
from painresponse.engine import Plan, rows
from painresponse.errors import BundleError, unknown
from painresponse.language import FeatureSet
from painresponse.language.lineage import Lineage, lineage
from painresponse.records import Asks, RawEvents, collect
from painresponse.records.rows import history
from painresponse.scoring.requirements import Requirement
from painresponse.scoring.seal import verify_seal

SCHEMA = 2
"""Bundles of this schema version are read; others are refused with their version named."""

METADATA = "painresponse"


@dataclass(frozen=True, slots=True)
class TargetCard:
    """What one model of the bundle predicts and how well it did.

    ``kind``: boosted, logistic or prevalence, and ``why`` in a sentence; below ``least_support`` it refuses.
    """

    name: str
    intervention: str
    stage: str
    outcome: str
    horizon: str
    label: str
    episodes: int
    responders: int
    kind: str
    why: str
    least_support: float | None
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Bundle:
    """A bundle whose seal, contents and golden patients have been checked."""

    name: str
    digest: str
    synthetic: bool
    targets: tuple[TargetCard, ...]
    features: FeatureSet
    concepts: Concepts
    requirements: tuple[Requirement, ...]
    metadata: dict[str, Any]
    session: ort.InferenceSession

    def places(self, names: tuple[str, ...] | None) -> list[int]:
        """Where the named targets stand; all of them without names. Raises BundleError on a strange name."""
        known = [card.name for card in self.targets]
        for name in names or ():
            if name not in known:
                raise BundleError(unknown("target", name, known))
        return [place for place, name in enumerate(known) if names is None or name in names]

    def lineage(self, name: str) -> Lineage:
        """Where a feature of this bundle comes from, by the definitions sealed into it."""
        return lineage(name, self.features, self.concepts)

    def run(self, matrix: NDArray[np.float32]) -> "Outputs":
        """What the models say of feature rows."""
        return Outputs(*self.session.run(Outputs._fields, {"features": matrix}))


class Outputs(NamedTuple):
    """Of the graph, each rows x targets: raw margins, calibrated probabilities, the ends of their intervals,
    and how likely such patients are given the intervention (NaN where a target has no such model).
    """

    margin: NDArray[np.float32]
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    support: NDArray[np.float64]

    @classmethod
    def words(cls) -> dict[str, str]:
        """The outputs for people."""
        names = ("margins", "probabilities", "lower ends", "upper ends", "support")
        return dict(zip(cls._fields, names, strict=True))


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


def golden_histories(golden: dict[str, Any]) -> tuple[RawEvents, Asks]:
    """The golden patients of a bundle: their events as given, and the index of each."""
    parts = [
        history(one["time"], one["code"], one["value"], units=one["unit"], subject=number)
        for number, one in enumerate(golden["patients"])
    ]
    index = np.array([one["index"] for one in golden["patients"]], "datetime64[us]").astype(np.int64)
    return stacked(parts), Asks(np.arange(len(parts)), index)


def stacked(parts: list[RawEvents]) -> RawEvents:
    """Several subjects' raw events as one."""
    codes = tuple(sorted({code for part in parts for code in part.codes}))
    units = tuple(sorted({unit for part in parts for unit in part.units}))
    return RawEvents(
        np.concatenate([part.subject for part in parts]),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.available for part in parts]),
        np.concatenate([_renumbered(part.code, part.codes, codes) for part in parts]),
        codes,
        np.concatenate([part.value for part in parts]),
        np.concatenate([_renumbered(part.unit, part.units, units) for part in parts]),
        units,
    )


def _renumbered(
    place: NDArray[np.int32], names: tuple[str, ...], all_names: tuple[str, ...]
) -> NDArray[np.int32]:
    to = np.array([*(all_names.index(name) for name in names), -1], np.int32)
    return to[place]


def prove(bundle: Bundle) -> None:
    """Replay the golden patients; refuse if a row or an answer is not what it was at export."""
    golden = bundle.metadata["golden"]
    raw, asks = golden_histories(golden)
    records, _ = collect(raw, bundle.concepts)
    matrix = rows(Plan(bundle.features, bundle.concepts), records, asks)
    _same(bundle, "feature rows", matrix, _numbers(golden["rows"], np.float32), 0.0)
    for name, got in bundle.run(matrix)._asdict().items():
        exact = name == "margin"
        stored = _numbers(golden[name], np.float32 if exact else np.float64)
        _same(bundle, Outputs.words()[name], got, stored, 0.0 if exact else 1e-12)


def _same(bundle: Bundle, what: str, got: NDArray[Any], stored: NDArray[Any], allowed: float) -> None:
    fits = got.shape == stored.shape and bool(np.array_equal(np.isnan(got), np.isnan(stored)))
    drift = float(np.nanmax(np.abs(got - stored), initial=0.0)) if fits else float("inf")
    if not drift <= allowed:
        raise BundleError(
            f"Bundle {bundle.name!r} no longer gives the {what} of its golden patients (off by {drift:.2g}). "
            "Export it again with this version of painresponse."
        )


def _numbers(table: list[list[float | None]], kind: type[np.floating[Any]]) -> NDArray[Any]:
    return np.array([[np.nan if one is None else one for one in line] for line in table], kind)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
