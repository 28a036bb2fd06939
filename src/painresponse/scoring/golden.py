"""Golden patients: made-up histories whose rows and answers travel with a bundle, to be found again."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.engine import Plan, rows
from painresponse.errors import BundleError
from painresponse.records import Asks, RawEvents, collect
from painresponse.records.rows import history
from painresponse.scoring.bundle import Bundle, Outputs


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
    outputs = bundle.run(matrix, explain=range(len(bundle.targets)))
    for name, got in golden_answers(outputs).items():
        stored = _numbers(golden[name], np.float32 if name == "margin" else np.float64)
        _same(bundle, Outputs.words()[name], got, stored, _ALLOWED.get(name, 1e-12))


_ALLOWED = {"margin": 0.0, "contributions": 1e-6}


def golden_answers(outputs: Outputs) -> dict[str, NDArray[Any]]:
    """What is kept of the golden patients' outputs: all of them, and their contributions added up (targets x
    features), which are as hard to get by chance and a fraction of the size.
    """
    total = outputs.contributions.sum(axis=1, dtype=np.float64)
    return outputs._replace(contributions=total.round(9))._asdict()


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
