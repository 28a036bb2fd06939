"""Which features look otherwise than in training, beyond chance and by enough to matter.

A stability index is about (1/n + 1/m) times a chi-squared number with as many degrees as its bins have edges
(Yurdakul 2018). n and m are people and not rows: who has several episodes is in training's table, and in the
new one, several times, so both are cut down to what they are worth (Kish 1965). Of training only the count of
episodes by target is known: it is assumed that whoever had the rarer stage of an intervention had the
commoner one too, and nobody two interventions.

Values and the share known are tested for every feature, and Holm's (1979) step-down keeps the chance of even
one false feature in one look below the stated rate, whatever goes together with what.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2
from statsmodels.stats.multitest import multipletests

from painresponse.monitoring.asked import Asked
from painresponse.monitoring.settings import MonitoringSettings
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.drift import Index, Reference

VALUES, KNOWN = "values", "share known"


@dataclass(frozen=True)
class Movement:
    """A line for each feature and what was compared (values, share known): those that moved, then the others,
    each from the least likely by chance on.

    ``p`` is that of the index by chance, ``adjusted`` after Holm; ``people`` and ``people_in_training`` are
    what the rows are worth.
    """

    table: pd.DataFrame
    people: int
    people_in_training: int

    @property
    def moved(self) -> list[str]:
        """The features that moved."""
        return list(dict.fromkeys(self.table.loc[self.table["moved"], "feature"]))


def movement(bundle: Bundle, asked: Asked, settings: MonitoringSettings) -> Movement:
    """Every feature of the bundle that its reference tells of, against those asked about."""
    reference = Reference.of(bundle)
    rows = _rows(asked)
    seen = sum(reference.seen(asked.features[places]) for places in rows)
    count = sum(map(len, rows))
    people, before = _worth(asked.subject[np.concatenate(rows)]), _worth_of_training(bundle)
    # counted as if every person were one row
    found = replace(reference, rows=before).drift(seen * (people / count), people)
    lines = [
        {
            "feature": one.name,
            "compared": what,
            "psi": index.value,
            "chance": index.chance,
            "known": one.known,
            "known_in_training": one.before,
            "p": _p(index),
        }
        for one in found
        for what, index in ((VALUES, one.values), (KNOWN, one.presence))
        if np.isfinite(index.value)
    ]
    return Movement(_judged(pd.DataFrame(lines), settings), people, before)


def _judged(table: pd.DataFrame, settings: MonitoringSettings) -> pd.DataFrame:
    if table.empty:
        return table.reindex(columns=[*_COLUMNS])
    _, adjusted, *_ = multipletests(table["p"], method="holm")
    moved = (adjusted <= settings.false_alarms) & (table["psi"] >= settings.least_index)
    judged = table.assign(adjusted=adjusted, moved=moved)[_COLUMNS]
    return judged.sort_values(["moved", "p"], ascending=[False, True], kind="stable", ignore_index=True)


_COLUMNS = ["feature", "compared", "psi", "chance", "p", "adjusted", "known", "known_in_training", "moved"]


def _rows(asked: Asked) -> list[NDArray[np.int64]]:
    """The places compared: each target's episodes, as training's table holds them, else every ask once."""
    return list(asked.of.values()) if asked.episodic else [np.arange(len(asked.subject))]


def _worth(subject: NDArray[np.int64]) -> int:
    """How many rows of different people say as much as these."""
    _, times = np.unique(subject, return_counts=True)
    return max(1, round(len(subject) ** 2 / float((times**2).sum())))


def _worth_of_training(bundle: Bundle) -> int:
    """Likewise of training's: the k-th commonest target of an intervention adds its people a k-th time."""
    episodes: dict[str, list[int]] = defaultdict(list)
    for card in bundle.targets:
        episodes[card.intervention].append(card.episodes)
    squares = sum(
        (2 * k + 1) * count
        for counts in episodes.values()
        for k, count in enumerate(sorted(counts, reverse=True))
    )
    return max(1, round(sum(map(sum, episodes.values())) ** 2 / squares))


def _p(index: Index) -> float:
    return float(chi2.sf(index.value / index.chance * index.edges, index.edges))
