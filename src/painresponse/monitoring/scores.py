"""How the answers themselves are spread: how many are refused and why; probabilities against training's."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from painresponse.monitoring.asked import Asked
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.drift import Index, indices

_LEAST_SHARE = 0.05
"""Twentieths of the range with less of training than this are counted with their neighbours."""

_COLUMNS = [
    "target",
    "asks",
    "refused",
    "mean",
    "lower_quartile",
    "median",
    "upper_quartile",
    "psi",
    "chance",
]


def spread(bundle: Bundle, asked: Asked) -> pd.DataFrame:
    """A line for each target: asks, the share refused, its probabilities and their index against training."""
    return pd.DataFrame([_line(bundle, asked, target) for target in asked.targets], columns=_COLUMNS)


def refusals(asked: Asked) -> pd.DataFrame:
    """How often each target refused for what, the commonest first. Asks of no episode of it do not count."""
    lines = [
        (target, *asked.refusals[place], count)
        for column, target in enumerate(asked.targets)
        for place, count in Counter(_refused(asked, target, column)).most_common()
    ]
    return pd.DataFrame(lines, columns=["target", "code", "words", "asks"])


def _refused(asked: Asked, target: str, column: int) -> Iterator[int]:
    rows = asked.of[target] if asked.episodic else slice(None)
    return (int(one) for one in asked.refused[rows, column] if one >= 0)


def _line(bundle: Bundle, asked: Asked, target: str) -> tuple[Any, ...]:
    _, told = asked.spoken(target)
    asks = len(asked.of[target]) if asked.episodic else len(asked.subject)
    quartiles = np.quantile(told, [0.25, 0.5, 0.75]) if len(told) else [np.nan] * 3
    mean = told.mean() if len(told) else np.nan
    index = _index(told, bundle.metadata["accounts"].get(target) or {})
    refused = 1 - len(told) / asks if asks else np.nan
    return target, asks, refused, mean, *quartiles, index.value, index.chance


def _index(told: NDArray[np.float64], account: dict[str, Any]) -> Index:
    """Against the histogram of training's predictions, of patients the models had not seen."""
    counts = (account.get("calibration") or {}).get("histogram")
    if not counts or not len(told):
        return Index(np.nan, np.nan)
    before = np.array(counts["responders"]) + np.array(counts["others"])
    now, _ = np.histogram(told, counts["edges"])
    starts = _starts(before / before.sum())
    then_bins, now_bins = (np.add.reduceat(one, starts)[None, :] for one in (before, now))
    (found,) = indices(
        now_bins / len(told),
        then_bins / before.sum(),
        n=len(told),
        m=int(before.sum()),
        edges=len(starts) - 1,
    )
    return found


def _starts(share: NDArray[np.float64]) -> list[int]:
    """Where bins begin that each hold enough of training; what is left over goes to the last."""
    starts, held = [0], 0.0
    for place, one in enumerate(share[:-1]):
        held += one
        if held >= _LEAST_SHARE and share[place + 1 :].sum() >= _LEAST_SHARE:
            starts.append(place + 1)
            held = 0.0
    return starts
