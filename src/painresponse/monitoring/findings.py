"""What watching found: plain tables, the sentences they come to, and the alarms."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from painresponse.markup import items, panel, table
from painresponse.monitoring.asked import Asked, Span
from painresponse.monitoring.effects import TOTAL
from painresponse.monitoring.expected import CAUTION
from painresponse.monitoring.movement import Movement
from painresponse.monitoring.outcomes import ALL
from painresponse.monitoring.overview import overview
from painresponse.monitoring.settings import MonitoringSettings
from painresponse.scoring.scorer import Scorer

TABLES = ("features", "effects", "scores", "refusals", "expected", "calibration", "wealth", "course")
_BEYOND_DOUBT = 1_000_000

NOTHING = "Nothing to report."
NAMED = 5
"""Features named in a sentence; the table has them all."""


@dataclass(frozen=True)
class About:
    """Which bundle is watched, up to the end of which day, and which of its targets were not and why."""

    bundle: str
    sha256: str
    synthetic: bool
    until: str
    skipped: dict[str, str]
    notices: tuple[str, ...]

    @classmethod
    def of(cls, scorer: Scorer, span: Span, skipped: dict[str, str]) -> "About":
        """Of a scorer's bundle."""
        bundle, until = scorer.bundle, str(np.datetime64(span.until, "us").astype("datetime64[D]"))
        return cls(bundle.name, bundle.digest, bundle.synthetic, until, skipped, scorer.notices)


@dataclass(frozen=True)
class Sources:
    """Whom was asked about, where past scores are from, and what became of the episodes.

    ``closed``: their time is over; ``known``: with an outcome; ``joined``: and with a score. ``left_out``:
    files of scores or requests that hold none of this bundle.
    """

    asks: str
    asked: int
    scores: str
    left_out: int
    closed: int
    known: int
    joined: int

    @classmethod
    def of(
        cls, asked: Asked, scores: str, *, left_out: int, closed: pd.DataFrame, found: pd.DataFrame
    ) -> "Sources":
        """Counted."""
        known = int(closed["y"].notna().sum())
        return cls(asked.source, len(asked.subject), scores, left_out, len(closed), known, len(found))


@dataclass(frozen=True, repr=False)
class Monitoring:
    """How a bundle has aged; each table a frame, with a line as its module says.

    ``features`` and ``effects``: what moved, and by how much that moved predictions; ``scores`` and
    ``refusals``: the answers; ``expected``: what they promise; ``calibration`` and ``wealth``: what came of
    them; ``course``: wealth by day. ``words``: features in the clinic's words.
    """

    about: About
    sources: Sources
    settings: MonitoringSettings
    movement: Movement
    effects: pd.DataFrame
    scores: pd.DataFrame
    refusals: pd.DataFrame
    expected: pd.DataFrame
    calibration: pd.DataFrame
    wealth: pd.DataFrame
    course: pd.DataFrame
    words: Mapping[str, str]

    @property
    def features(self) -> pd.DataFrame:
        """How far each feature moved; those that moved beyond chance and by enough come first."""
        return self.movement.table

    @property
    def overview(self) -> pd.DataFrame:
        """One line for all targets together and one for each: see `overview.overview`."""
        return overview(
            scores=self.scores,
            effects=self.effects,
            expected=self.expected,
            calibration=self.calibration,
            wealth=self.wealth,
        )

    @property
    def alarms(self) -> list[str]:
        """What should make somebody look, a sentence each; empty where there is nothing to report."""
        return [*_features(self.movement), *_outcomes(self.wealth)]

    @property
    def sentences(self) -> list[str]:
        """What was compared, whether it matters, and how sure that is."""
        return [*_compared(self), *_mattering(self.effects), *_followed(self), *_rates(self)]

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values; what is not known is None."""
        tables = {name: _plain(getattr(self, name)) for name in TABLES}
        return {
            **asdict(self.about),
            "sources": asdict(self.sources),
            "settings": asdict(self.settings),
            "people": self.movement.people,
            "people_in_training": self.movement.people_in_training,
            "alarms": self.alarms,
            "sentences": self.sentences,
            **tables,
        }

    def __repr__(self) -> str:
        return f"{self._heading}: {' '.join(self.alarms) or NOTHING}"

    def _repr_html_(self) -> str:
        head = ("target", "outcomes", "owned at most", "an alarm from")
        lines = [
            (spelled(one.target), f"{one.episodes:,}", amount(one.most), f"{one.needed:,.0f}")
            for one in self.wealth.itertuples()
        ]
        said = (items(self.alarms or [NOTHING]), items(self.sentences), table(head, lines))
        return panel(self._heading, *said, notes=self.about.notices)

    @property
    def _heading(self) -> str:
        return f"{self.about.bundle}, until {self.about.until}"


def _features(found: Movement) -> Iterator[str]:
    moved = found.moved
    if moved:
        more = f" and {len(moved) - NAMED:,} more" if len(moved) > NAMED else ""
        yield (
            f"{len(moved):,} feature{'s look' if len(moved) > 1 else ' looks'} otherwise than in training: "
            f"{', '.join(moved[:NAMED])}{more}."
        )


def _outcomes(wealth: pd.DataFrame) -> Iterator[str]:
    for one in wealth[wealth["alarm"]].itertuples():
        yield (
            f"{spelled(one.target)}: {one.says}, since {one.since}. Who bet on it owned {amount(one.most)} "
            f"times the stake; {one.needed:,.0f} is an alarm."
        )


def amount(owned: float) -> str:
    """What is owned, for people."""
    if owned >= _BEYOND_DOUBT:
        return f"over {_BEYOND_DOUBT:,}"
    return f"{owned:,.0f}" if owned >= 10 else f"{owned:.2g}"


def spelled(target: str) -> str:
    """A target for people."""
    return "All targets together" if target == ALL else target


def _compared(found: Monitoring) -> Iterator[str]:
    compared = found.features["feature"].nunique()
    yield (
        f"{compared:,} features of {found.sources.asked:,} asks ({found.sources.asks}, worth "
        f"{found.movement.people:,} people) were compared with training, worth "
        f"{found.movement.people_in_training:,}."
    )


def _mattering(effects: pd.DataFrame) -> Iterator[str]:
    totals = effects[effects["feature"] == TOTAL]
    beyond = totals[(totals["low"] > 0) | (totals["high"] < 0)]
    said = [
        f"{one.target} {one.points:+.1f} ({one.low:+.1f} to {one.high:+.1f})" for one in beyond.itertuples()
    ]
    if said:
        yield (
            "Mean predictions moved beyond their 95 % interval (by chance one in twenty does), in percentage "
            f"points: {'; '.join(said)}."
        )
    elif len(totals):
        yield "No mean prediction moved beyond its 95 % interval."


def _followed(found: Monitoring) -> Iterator[str]:
    one = found.sources
    yield (
        f"Of {one.closed:,} episodes whose time is over the outcome of {one.known:,} is known, and "
        f"{one.joined:,} have a score ({one.scores})."
    )
    if one.known and not one.joined:
        yield (
            f"No score was asked for in the {found.settings.joined_days} days before one of these "
            "interventions began, so nothing can be said of the outcomes."
        )
    if len(found.calibration):
        whole = found.calibration.iloc[0]
        predicted = whole["predicted"] * whole["episodes"]
        yield f"{whole['responders']:,} responded where {predicted:,.1f} were predicted."


def _rates(found: Monitoring) -> Iterator[str]:
    rate, tolerance = found.settings.false_alarms, found.settings.tolerance
    yield (
        f"If nothing changed, features raise an alarm at a look in at most {rate:.0%} of cases, and outcomes "
        f"ever in at most {rate:.0%}, however often one looks. Log-odds off by {tolerance:g} are tolerated."
    )
    yield CAUTION


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _value(value) for name, value in line.items()} for line in table.to_dict(orient="records")
    ]


def _value(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
