"""Predicted responses as columns: by ask and target a probability, or which refusal stands in its place."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse import markup
from painresponse.scoring.flags import Flagged
from painresponse.scoring.reasons import Reason

Reasons = tuple[tuple[tuple[Reason, ...], ...], ...]
"""By ask and target, the largest first."""


@dataclass(frozen=True)
class Scores:
    """Predicted response by ask (row) and target (column).

    ``probability``, the ends of its interval ``low`` and ``high``, and ``margin`` are NaN where the model
    refuses; ``refused`` then points into ``refusals`` (else it is -1), each a code and words. ``support`` is
    how likely such a patient was given the intervention, among all who were given one (NaN where unknown).
    ``features`` are the rows the models saw, ``known`` the share of each that was known. ``reasons``, where
    they were asked for, are by ask and target what moves the model's own answer most, the largest first;
    none where it refuses. ``notices`` are what must be said with them.
    """

    subject: NDArray[np.int64]
    index: NDArray[np.int64]
    targets: tuple[str, ...]
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    support: NDArray[np.float64]
    margin: NDArray[np.float32]
    refused: NDArray[np.int64]
    refusals: tuple[tuple[str, str], ...]
    known: NDArray[np.float64]
    flags: Flagged
    features: NDArray[np.float32]
    reasons: Reasons | None = None
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        refused = int((self.refused >= 0).sum())
        mark = f", {markup.SYNTHETIC}" if any(markup.SYNTHETIC in one for one in self.notices) else ""
        return f"<Scores: {len(self.subject)} asks of {len(self.targets)} targets, {refused} refused{mark}>"

    def _repr_html_(self) -> str:
        head = ("subject", "as of", "target", "predicted response", "flags, or why not")
        return markup.panel(repr(self)[1:-1], markup.table(head, self._lines()), notes=self.notices)

    def _lines(self) -> list[tuple[str, ...]]:
        """Of a notebook's table, one for each ask and target."""
        told = self.table()
        ends = zip(told["probability"], told["low"], told["high"], strict=True)
        said = [
            "" if p != p else f"{100 * p:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)"
            for p, low, high in ends
        ]
        times = (str(one.astype("datetime64[m]")).replace("T", " ") for one in told["prediction_time"])
        notes = (code or ", ".join(flags) for code, flags in zip(told["refusal"], told["flags"], strict=True))
        return list(zip(map(str, told["subject_id"]), times, told["target"], said, notes, strict=True))

    def table(self) -> dict[str, NDArray[Any] | list[Any]]:
        """As long columns: one line for each ask and target, refusals kept with their reason."""
        n, width = self.probability.shape
        place = self.refused.ravel()
        words = [self.refusals[one] if one >= 0 else (None, None) for one in place]
        columns: dict[str, NDArray[Any] | list[Any]] = {
            "subject_id": np.repeat(self.subject, width),
            "prediction_time": np.repeat(self.index, width).astype("datetime64[us]"),
            "target": list(self.targets) * n,
            "probability": self.probability.ravel(),
            "low": self.low.ravel(),
            "high": self.high.ravel(),
            "support": self.support.ravel(),
            "refusal": [code for code, _ in words],
            "reason": [reason for _, reason in words],
            "known_features": np.repeat(self.known, width),
            "flags": [list(codes) for line in self.flags for codes in line],
        }
        if self.reasons is not None:
            columns["reasons"] = [[_told(one) for one in cell] for line in self.reasons for cell in line]
        return columns


def _told(reason: Reason) -> dict[str, str | float]:
    return {
        "feature": reason.name,
        "words": reason.words,
        "value": reason.value,
        "points": reason.points,
        "text": reason.text,
    }
