"""Outcomes that came, beside what was predicted; only where the intervention was given and the time is over.

An episode counts from the day its follow-up window closes, whatever was seen of it and when: an explant is
known within days, a lasting response after months, and who counted each as it came would see failures first.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from painresponse.clinic import Catalogue
from painresponse.evaluation.bootstrap import Estimate, estimated, share, subject_weights
from painresponse.evaluation.calibration import log_odds
from painresponse.evaluation.logistic import logistic_intercepts
from painresponse.evaluation.measures import LEAST_OF_EACH, calibration_slope
from painresponse.monitoring.asked import Span
from painresponse.monitoring.settings import MonitoringSettings
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.schema import SUBJECT
from painresponse.training.cohorts import Cohort
from painresponse.validation.time import days_until_known

ALL = "all"

_UNKNOWN = Estimate(np.nan, np.nan, np.nan)
_FIGURES = ("ratio", "intercept", "slope")


def closed_episodes(cohort: Cohort, catalogue: Catalogue, span: Span) -> pd.DataFrame:
    """Every episode of a stretch of time whose follow-up window closed in it; ``y`` is NaN where lost.

    Instants are microseconds: ``index``, ``begun`` and ``closed``.
    """
    parts = []
    for target, one in cohort.examples.items():
        asked = catalogue.targets[target]
        lead = catalogue.interventions[asked.intervention].stages[asked.stage].lead_days
        closed = one.index + round((days_until_known(catalogue, target) + 1) * DAY)
        columns = {SUBJECT: one.subject, "index": one.index, "begun": one.index + round(lead * DAY)}
        found = pd.DataFrame({"target": target, **columns, "closed": closed, "y": one.y})
        parts.append(found[(one.index >= span.since) & (closed <= span.until)])
    return pd.concat(parts, ignore_index=True)


def joined(episodes: pd.DataFrame, past: pd.DataFrame, *, days: int) -> pd.DataFrame:
    """Episodes with the newest score of their target in so many days before the intervention began.

    Those with a known outcome and a probability; in the order in which their windows closed.
    """
    known = episodes[episodes["y"].notna()].sort_values("begun", kind="stable")
    told = past[past["probability"].notna()].sort_values("asked", kind="stable")
    found = pd.merge_asof(
        known, told, left_on="begun", right_on="asked", by=[SUBJECT, "target"], tolerance=days * DAY
    )
    there = found[found["probability"].notna()]
    return there.sort_values(["closed", SUBJECT], kind="stable", ignore_index=True)


def calibration(found: pd.DataFrame, targets: Iterable[str], settings: MonitoringSettings) -> pd.DataFrame:
    """A line for each target and quarter of the index, and for all of either, intervals by subject.

    ``ratio`` is observed over expected responders, ``intercept`` what is to be added to the log-odds.
    Figures need ten responders and ten others, else they are NaN and only counts are told.
    """
    lines = [
        (target, label, *_counts(part), *(end for one in _figures(part, settings) for end in one))
        for target in (ALL, *targets)
        for label, part in _quarters(found if target == ALL else found[found["target"] == target])
    ]
    named = [name + end for name in _FIGURES for end in ("", "_low", "_high")]
    counted = ["target", "quarter", "episodes", "responders", "observed", "predicted"]
    return pd.DataFrame(lines, columns=[*counted, *named])


def _quarters(own: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    if own.empty:
        return
    yield ALL, own
    quarter = own["index"].to_numpy().astype("datetime64[us]").astype("datetime64[M]").astype(int) // 3
    for one, part in own.groupby(quarter):
        yield f"{1970 + one // 4} Q{one % 4 + 1}", part


def _counts(part: pd.DataFrame) -> tuple[int, int, float, float]:
    y = part["y"]
    return len(part), int(y.sum()), float(y.mean()), float(part["probability"].mean())


def _figures(part: pd.DataFrame, settings: MonitoringSettings) -> tuple[Estimate, ...]:
    y, p = part["y"].to_numpy(), part["probability"].to_numpy()
    if min(y.sum(), len(y) - y.sum()) < LEAST_OF_EACH:
        return (_UNKNOWN,) * len(_FIGURES)
    weights = subject_weights(part[SUBJECT].to_numpy(), settings.resamples, seed=settings.seed)
    drawn = (
        share(weights @ y, weights @ p),
        logistic_intercepts(log_odds(p), y, weights),
        calibration_slope(y, p, weights),
    )
    return tuple(map(estimated, drawn))
