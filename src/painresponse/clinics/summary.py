"""What a clinic hands out of one bundle on its patients: counts, figures and definitions, nobody's own."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from math import isfinite

from painresponse.clinics.counts import COUNTS, check_counts
from painresponse.clinics.measures import MEASURES, Figure
from painresponse.errors import unknown

SCHEMA = 1
"""Grows whenever a summary changes its meaning; only this one is read."""

_LONGEST_NAME = 60
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class BundleMark:
    """Which bundle it was: its name and SHA-256, whether of simulated patients, its features' fingerprint."""

    name: str
    digest: str
    synthetic: bool
    features: str

    def __post_init__(self) -> None:
        check_name("the bundle", self.name)
        _check_sum("digest", self.digest)
        _check_sum("features", self.features)


@dataclass(frozen=True)
class Question:
    """What was asked; ``definition`` is the fingerprint of all that its words mean at the clinic."""

    intervention: str
    stage: str
    outcome: str
    horizon: str
    definition: str

    def __post_init__(self) -> None:
        for word in ("intervention", "stage", "outcome", "horizon"):
            check_name(f"its {word}", getattr(self, word))
        _check_sum("definition", self.definition)


@dataclass(frozen=True)
class TargetSummary:
    """One target at one clinic; see `counts` for what each count is of.

    ``home``: by measure what the bundle says of itself, from its own nested cross-validation. ``withheld``
    are the counts too small to be told. Without a count of responders there are no ``figures``.
    """

    target: str
    question: Question
    home: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()
    figures: dict[str, Figure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("a target", self.target)
        _check_words("measure", (*self.figures, *self.home), MEASURES)
        _check_words("count", (*self.counts, *self.withheld), COUNTS)
        if sorted((*self.counts, *self.withheld)) != sorted(COUNTS):
            raise ValueError(f"each of {', '.join(COUNTS)} must be either counted or withheld")
        if self.figures and "responded" in self.withheld:
            raise ValueError("there cannot be figures where the responders are too few to be counted")
        for name, ends in self.home.items():
            if not all(map(isfinite, ends)):
                raise ValueError(f"home.{name} must be finite")
        for name, figure in self.figures.items():
            MEASURES[name].check(figure)


@dataclass(frozen=True)
class SiteSummary:
    """One bundle on one clinic's patients; ``synthetic`` if they are simulated.

    ``least`` is the least count told, and what counts are rounded to; ``skipped``: targets not asked, and
    why.
    """

    schema: int
    painresponse: str
    site: str
    synthetic: bool
    least: int
    bundle: BundleMark
    targets: tuple[TargetSummary, ...]
    skipped: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("a site", self.site)
        check_name("the release", self.painresponse)
        if self.least < 2:
            raise ValueError("least must be 2 or more: a count of 1 is a patient")
        names = [one.target for one in self.targets]
        if len(set(names)) < len(names):
            raise ValueError("a target is told twice")
        for one in self.targets:
            check_counts(one.counts, self.least)


def check_name(of: str, name: str) -> None:
    """Raise ValueError for a name that does not fit on a line."""
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"the name of {of} must have 1 to {_LONGEST_NAME} printable characters")


def _check_sum(of: str, said: str) -> None:
    if not _SHA256.fullmatch(said):
        raise ValueError(f"{of} must be a SHA-256 of 64 hexadecimal digits")


def _check_words(kind: str, words: Iterable[str], known: Collection[str]) -> None:
    for word in words:
        if word not in known:
            raise ValueError(unknown(kind, word, known))
