"""Curves: what a series of samples says in one number, and which curves a plan asks for.

Every formula takes minutes and values (... x samples), the earliest first. The two areas are those of
Pruessner 2003 (Psychoneuroendocrinology 28:916): with respect to ground, and to the first sample.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from painresponse.concepts import Concepts, Profile
from painresponse.records.tables import Floats, Ints
from painresponse.schema import MICROSECONDS_PER_DAY

AWAKENING = "awakening"
"""Also the concept that says when a patient woke up, where a clinic records it."""


def auc_ground(minutes: Floats, values: Floats) -> Floats:
    """Area under the curve by the trapezoid rule, in minutes times the unit of the value."""
    pieces = np.diff(minutes) * (values[..., 1:] + values[..., :-1]) / 2
    area: Floats = np.cumsum(pieces, axis=-1)[
        ..., -1
    ]  # one by one: the sum must not depend on the neighbours
    return area


def auc_increase(minutes: Floats, values: Floats) -> Floats:
    """Area above the first value; what lies below it counts against."""
    return auc_ground(minutes, values) - values[..., 0] * (minutes[..., -1] - minutes[..., 0])


def rise(minutes: Floats, values: Floats) -> Floats:
    """Largest later value less the first; below zero where the curve only falls."""
    highest: Floats = values[..., 1:].max(axis=-1) - values[..., 0]
    return highest


def peak(minutes: Floats, values: Floats) -> Floats:
    """Largest value."""
    highest: Floats = values.max(axis=-1)
    return highest


def slope(minutes: Floats, values: Floats) -> Floats:
    """Change from the first to the last value, per minute."""
    change: Floats = (values[..., -1] - values[..., 0]) / (minutes[..., -1] - minutes[..., 0])
    return change


def log_slopes(hours: Floats, values: Floats, first: Ints) -> Floats:
    """Least-squares change of ln(value) per hour of each curve.

    The curves stand one behind the other, each from its ``first`` place. Values must be above zero. A curve
    whose hours are all equal gives NaN.
    """
    count = np.diff(np.append(first, len(hours)))
    curve = np.repeat(np.arange(len(first)), count)

    def added(numbers: Floats) -> Floats:
        total: Floats = np.add.reduceat(numbers, first)
        return total

    across = hours - (added(hours) / count)[curve]
    up = np.log(values)
    up -= (added(up) / count)[curve]
    with np.errstate(invalid="ignore"):
        return added(across * up) / added(across * across)


MEASURES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "auc_ground": auc_ground,
    "auc_increase": auc_increase,
    "rise": rise,
    "peak": peak,
    "slope": slope,
}

PROFILE_WORDS = tuple(MEASURES)
"""What a curve can give: ``cortisol_awakening.rise``, … (see `profiles`)."""


def nominal(profile: Profile) -> tuple[float, ...]:
    """The nominal sampling minutes after the first sample."""
    return tuple(sorted(set(profile.minutes)))[1:]


def profile_words(profile: Profile) -> tuple[str, ...]:
    """What a profile can give. ``slope_30`` is the slope from the first sample to the one at 30 minutes."""
    if profile.kind == AWAKENING:
        return (*PROFILE_WORDS, *(f"slope_{minute:g}" for minute in nominal(profile)))
    return ("slope",)


def measure(word: str, profile: Profile, minutes: Floats, values: Floats) -> Floats:
    """What a word says of curves of a profile (curves x samples)."""
    if word in MEASURES:
        return MEASURES[word](minutes, values)
    upto = 2 + profile_words(profile).index(word) - len(PROFILE_WORDS)
    return slope(minutes[:, :upto], values[:, :upto])


@dataclass(frozen=True, slots=True)
class AskedProfile:
    """A profile that features ask for: what it gives and what it is made of, as numbers of sources.

    ``gives`` holds word and source; ``disturbers`` source and microseconds; ``awakening`` is -1 where no such
    concept is declared; ``rises`` are the awakening profiles of the same concept.
    """

    profile: Profile
    gives: tuple[tuple[str, int], ...]
    samples: int
    disturbers: tuple[tuple[int, int], ...]
    awakening: int
    rises: tuple[Profile, ...]

    @property
    def least(self) -> int:
        """How many samples make a curve."""
        return self.profile.least if self.profile.kind == "day" else len(nominal(self.profile)) + 1

    @property
    def others(self) -> tuple[int, ...]:
        """The sources it is made of besides the samples."""
        waking = (self.awakening,) if self.awakening >= 0 else ()
        return (*(source for source, _ in self.disturbers), *waking)


def needed(profile: Profile, concepts: Concepts) -> tuple[str, ...]:
    """The concepts whose events a profile is made of."""
    disturbed = concepts.concepts[profile.of].disturbed_by if profile.of in concepts.concepts else ()
    waking = (AWAKENING,) if profile.kind == "day" and AWAKENING in concepts.concepts else ()
    return (profile.of, *(one.concept for one in disturbed), *waking)


def asked_profiles(concepts: Concepts, number: Callable[[str], int]) -> tuple[AskedProfile, ...]:
    """The profiles that features ask for; ``number`` gives a source's number, -1 where nobody asks for it."""
    return tuple(one for one in _profiles(concepts, number) if one.gives)


def _profiles(concepts: Concepts, number: Callable[[str], int]) -> Iterable[AskedProfile]:
    for name, profile in concepts.profiles.items():
        words = [(word, number(f"{name}.{word}")) for word in profile_words(profile)]
        yield AskedProfile(
            profile,
            tuple((word, source) for word, source in words if source >= 0),
            number(profile.of),
            tuple(_disturbers(profile, concepts, number)),
            number(AWAKENING) if AWAKENING in needed(profile, concepts) else -1,
            tuple(one for one in concepts.profiles.values() if (one.of, one.kind) == (profile.of, AWAKENING)),
        )


def _disturbers(
    profile: Profile, concepts: Concepts, number: Callable[[str], int]
) -> Iterable[tuple[int, int]]:
    for one in concepts.concepts[profile.of].disturbed_by if profile.of in concepts.concepts else ():
        yield number(one.concept), round(one.days * MICROSECONDS_PER_DAY)
