"""Treatments: the classes and drugs of a vocabulary, numbered, and what each code says of which drug.

All codes of an ingredient are one drug. What a class is given under codes of its own is one more.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError
from painresponse.language.words import Summary
from painresponse.records.coding import Matcher, codes_of, treatment_codes
from painresponse.records.tables import Floats, Ints, Values
from painresponse.schema import LOCAL_PREFIX, MICROSECONDS_PER_DAY

TRIAL_WORDS = ("trial", "failed", "intolerance", "proxy", "line", "drug_failed")
"""What the trials of a treatment class can give: ``nsaid.trial``, ``nsaid.failed``, … (see `trials`)."""

EXPOSURE_WORDS = ("days",)
"""What the exposures to a class can give: ``nsaid.days`` (see `exposures`)."""

OPIOIDS = ("opioids.days", "opioids.mme")
"""What the exposures to all opioids that convert give together."""

EXPOSURE_SUMMARIES = ("sum", "measured", "days_since_last")
"""What can be asked of stretches of time."""

FOREVER = 2**62
"""How long lasts what ends only when somebody says so, in microseconds."""


@dataclass(frozen=True, slots=True)
class TreatmentEvent:
    """What a code says (flags of `coding`) of a drug; drug -1: it is about none."""

    drug: int
    says: int


@dataclass(frozen=True, slots=True)
class _Drug:
    place: int
    codes: tuple[str, ...]
    lasts: int
    adequate: float = 0.0
    mme: float | None = None


class Treatments:
    """Classes and drugs as arrays to look up in.

    By class: ``least``, the microseconds an adequate trial lasts. By drug: ``place``, its class; ``lasts``,
    microseconds; ``adequate``, the daily dose that counts; ``mme``, morphine milligram equivalents per unit
    of dose, NaN where it is never converted.
    """

    def __init__(self, concepts: Concepts):
        self.names = tuple(concepts.treatments)
        drugs = tuple(_drugs(concepts))
        self.drugs = len(drugs)
        weeks = [one.min_weeks for one in concepts.treatments.values()]
        self.least = np.array([round(7 * one * MICROSECONDS_PER_DAY) for one in weeks], np.int64)
        self.place: Ints = np.array([one.place for one in drugs], np.int64)
        self.lasts: Ints = np.array([one.lasts for one in drugs], np.int64)
        # as a dose is held, or 13.4 mg would be less than 13.4 mg
        self.adequate: Values = np.array([one.adequate for one in drugs], np.float32)
        self.mme: Floats = np.array([one.mme for one in drugs], np.float64)
        self.events = Matcher(
            (code, TreatmentEvent(number, says))
            for number, drug in enumerate(drugs)
            for begin in drug.codes
            for code, says in treatment_codes(begin).items()
        )


def _drugs(concepts: Concepts) -> Iterable[_Drug]:
    for place, (name, treatment) in enumerate(concepts.treatments.items()):
        lasts = _microseconds(treatment.lasts_days)
        for one in treatment.ingredients:
            yield _Drug(place, codes_of(one), lasts, one.adequate or 0.0, one.mme)
        local = (LOCAL_PREFIX + name,)
        if treatment.session_days is None:
            yield _Drug(place, (*treatment.codes, *local), lasts)
        else:
            yield _Drug(place, treatment.codes, _microseconds(treatment.session_days))
            yield _Drug(place, local, lasts)


def _microseconds(days: float | None) -> int:
    return FOREVER if days is None else round(days * MICROSECONDS_PER_DAY)


def check_exposures(summary: Summary) -> None:
    """Refuse what depends on how stretches of time are cut. Raises DefinitionError."""
    window = summary.window
    named = {window.events.concept} | ({window.anchor.concept} if window.anchor else set())
    stretches = sorted(one for one in named if one.endswith(".days") or one in OPIOIDS)
    if stretches and (window.anchor or summary.word not in EXPOSURE_SUMMARIES):
        raise DefinitionError(
            f"{stretches[0]} has no single events: its stretches are cut where the windows of a plan begin. "
            "Say sum, measured or days since last of it, in a window before the index."
        )


@dataclass(frozen=True)
class Asked:
    """The sources that features ask of treatments, -1 where none does.

    ``trials`` by class and trial word (``words``: which are asked of any class), ``days`` by class.
    """

    trials: Ints
    days: Ints
    opioid_days: int
    opioid_mme: int
    words: tuple[bool, ...]
    any_trial: bool
    any_exposure: bool

    @classmethod
    def of(cls, names: tuple[str, ...], number: Callable[[str], int]) -> "Asked":
        """What is asked of the named classes, ``number`` giving the source of a name."""
        trials = np.array([[number(f"{one}.{word}") for word in TRIAL_WORDS] for one in names], np.int64)
        trials = trials.reshape(len(names), len(TRIAL_WORDS))
        days = np.array([number(f"{one}.days") for one in names], np.int64)
        opioids = [number(one) for one in OPIOIDS]
        words = tuple(bool((column >= 0).any()) for column in trials.T)
        exposure = bool((days >= 0).any()) or max(opioids) >= 0
        return cls(trials, days, opioids[0], opioids[1], words, any(words), exposure)
