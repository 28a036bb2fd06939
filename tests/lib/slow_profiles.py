"""The slow twin of profiles: the curves of one patient and what they give, said plainly.

Samples are moments (microseconds) with the largest value known then, None where there is none or it cannot be
trusted.
"""

from fractions import Fraction
from math import log

from painresponse.concepts import Concepts, Profile

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Samples = dict[int, float | None]


def once_a_moment(pairs: list[tuple[int, float | None]]) -> Samples:
    """Samples from times and values."""
    found: Samples = {}
    for time, value in pairs:
        others = [one for one in (found.get(time), value) if one is not None]
        found[time] = max(others, default=None)
    return found


def profile_values(
    name: str, word: str, concepts: Concepts, *, samples: Samples, awakenings: list[int]
) -> list[tuple[int, float]]:
    """When each curve of a profile was over, and what it gives."""
    profile = concepts.profiles[name]
    if profile.kind == "day":
        return list(_days(profile, concepts, samples, awakenings))
    curves = [{time: samples[time] for time in curve} for curve in _curves(profile, samples)]
    return [(max(one), _measure(word, profile, one)) for one in curves if None not in one.values()]


def _measure(word: str, profile: Profile, curve: dict[int, float]) -> float:
    times = sorted(curve)
    minutes = [Fraction(time - times[0], MINUTE) for time in times]
    values = [Fraction(curve[time]) for time in times]
    ground = sum(
        (minutes[n + 1] - minutes[n]) * (values[n + 1] + values[n]) / 2 for n in range(len(times) - 1)
    )
    if word.startswith("slope"):
        last = [*sorted(profile.minutes)].index(float(word[6:])) if word[6:] else -1
        return float((values[last] - values[0]) / minutes[last])
    return float(
        {
            "auc_ground": ground,
            "auc_increase": ground - values[0] * minutes[-1],
            "rise": max(values[1:]) - values[0],
            "peak": max(values),
        }[word]
    )


def _curves(profile: Profile, samples: Samples) -> list[list[int]]:
    """The times of each curve; of those that overlap the earliest."""
    whole = [curve for start in sorted(samples) if (curve := _curve(start, profile, samples))]
    befores: list[list[int] | None] = [None, *whole]
    return [
        curve
        for before, curve in zip(befores, whole, strict=False)
        if before is None or curve[0] > before[-1]
    ]


def _curve(start: int, profile: Profile, samples: Samples) -> list[int] | None:
    curve = [start]
    for minute in sorted(profile.minutes)[1:]:
        wanted = start + round(minute * MINUTE)
        nearest = min(samples, key=lambda time, wanted=wanted: (abs(time - wanted), time))
        if abs(nearest - wanted) > profile.tolerance * MINUTE or nearest <= curve[-1]:
            return None
        curve.append(nearest)
    return curve


def _days(profile: Profile, concepts: Concepts, samples: Samples, awakenings: list[int]):
    rises = [one for one in concepts.profiles.values() if (one.of, one.kind) == (profile.of, "awakening")]
    in_rise = [(curve[0], curve[-1]) for one in rises for curve in _curves(one, samples)]
    for day in sorted({time // DAY for time in samples}):
        woken = [time for time in awakenings if time // DAY == day]
        skipped = [(time, time + profile.skip_minutes * MINUTE - 1) for time in woken] if woken else in_rise
        times = [
            time
            for time, value in sorted(samples.items())
            if time // DAY == day
            and value is not None
            and value > 0
            and not any(first <= time <= last for first, last in skipped)
        ]
        if times and len(times) >= profile.least and times[-1] - times[0] >= profile.hours * HOUR:
            yield times[-1], _log_slope(times, [samples[time] for time in times])


def _log_slope(times: list[int], values: list[float]) -> float:
    hours = [(time - times[0]) / HOUR for time in times]
    logs = [log(value) for value in values]
    centre, level = sum(hours) / len(hours), sum(logs) / len(logs)
    together = sum((h - centre) * (v - level) for h, v in zip(hours, logs, strict=True))
    return together / sum((h - centre) ** 2 for h in hours)
