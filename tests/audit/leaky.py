"""Makers of rows with one believable fault each, and the trial that is meant for it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from painresponse.audit import Maker
from painresponse.audit.copies import ordered
from painresponse.concepts import Concepts
from painresponse.engine import Plan, compute, rows
from painresponse.language import FeatureSet
from painresponse.records import Asks, Records
from painresponse.schema import MICROSECONDS_PER_DAY as DAY

SENTENCES = {
    "age": "age",
    "female": "measured of female ever",
    "pain": "mean of pain in 90 d",
    "pain_last": "last of pain ever",
    "pain_days": "days since last of pain ever",
    "crp": "max of crp in 1 y",
    "phq9": "last of phq9 ever",
    "gabapentinoid_failed": "count of gabapentinoid.failed ever",
}

Answer = Callable[[Plan, Records, Asks], np.ndarray]


def maker(answer: Answer, concepts: Concepts) -> Maker:
    """A maker of the sentences above by this function, in both precisions."""
    plan = Plan(FeatureSet.from_plain(SENTENCES), concepts)

    def make(records: Records, asks: Asks) -> tuple[np.ndarray, ...]:
        wide = answer(plan, records, asks)
        return wide, wide.astype(np.float32)

    return Maker("feature", SENTENCES, make)


def honest(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    return compute(plan, records, asks)


def reads_a_day_too_far(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    """In a clinic that writes nothing on that day, only what the audit puts there gives it away."""
    return compute(plan, records, Asks(asks.subject, asks.index + DAY))


def reads_the_follow_up(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    return compute(plan, records, Asks(asks.subject, asks.index + 200 * DAY))


def reads_the_index_itself(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    return compute(plan, records, Asks(asks.subject, asks.index + 1))


def believes_in_appointments(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    """What was known before the index counts, whether or not it had happened."""
    happened = np.minimum(records.time, records.available)
    return compute(plan, ordered(replace(records, time=happened)), asks)


def weighs_by_later_values(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    """Scaled by the highest value of the whole history."""
    highest = [np.nanmax(np.append(records.of(int(one)).value, 0)) for one in asks.subject]
    return compute(plan, records, asks) * np.array(highest, np.float64)[:, None]


def forgets_when_it_was_known(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    return compute(plan, replace(records, available=records.time), asks)


def dates_by_when_it_was_known(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    return compute(plan, ordered(replace(records, time=records.available)), asks)


def adds_the_mean_of_the_cohort(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    return compute(plan, records, asks) + np.nanmean(records.value.astype(np.float64))


def centres_on_the_others_asked(plan: Plan, records: Records, asks: Asks) -> np.ndarray:
    found = compute(plan, records, asks)
    return found - np.nan_to_num(found).mean(axis=0)


FAULTS: dict[Answer, str] = {
    reads_the_follow_up: "future deleted",
    reads_a_day_too_far: "future crowded",
    weighs_by_later_values: "future perturbed",
    reads_the_index_itself: "future crowded",
    believes_in_appointments: "future crowded",
    forgets_when_it_was_known: "known late",
    dates_by_when_it_was_known: "known otherwise",
    adds_the_mean_of_the_cohort: "alone",
    centres_on_the_others_asked: "alone",
}


def leaks_in_float32_only(plan: Plan, concepts: Concepts) -> Maker:
    """Honest in float64; the rows that models see are not."""
    return Maker(
        "feature",
        SENTENCES,
        lambda records, asks: (
            compute(plan, records, asks),
            rows(plan, records, Asks(asks.subject, asks.index + DAY)),
        ),
    )
