"""The index intervention and what follows: trials, implants, follow-ups, device events, loss, death."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.special import expit

from painresponse.schema import DEATH, MICROSECONDS_PER_DAY
from painresponse.simulate.charts import PAIN, pain_score, questionnaire_score, vitals
from painresponse.simulate.events import Piece, at, some, visit
from painresponse.simulate.people import People, linear
from painresponse.simulate.plan import Arm, Device, Plan, Terms
from painresponse.simulate.response import Potential, course, relief, trial_relief

_DAYS_A_MONTH = 365 / 12
_NEVER = np.iinfo(np.int64).max
QUESTIONNAIRE_MONTHS = (3.0, 6.0, 12.0)


@dataclass(frozen=True, slots=True)
class Visit:
    """A follow-up: months after the beginning, who came, when (microseconds), how much is relieved (%)."""

    month: float
    here: np.ndarray
    when: np.ndarray
    relieved: np.ndarray


@dataclass(frozen=True, slots=True)
class Given:
    """Who got a stage of an intervention, and when it began (microseconds)."""

    marks: np.ndarray
    start: np.ndarray


def pathway(
    people: People, name: str, arm: Arm, rng: Generator, *, plan: Plan, potential: Potential
) -> tuple[list[Piece], dict[str, Given], list[Visit]]:
    """The events of one arm for those who got it, which of its targets they were given, the follow-ups."""
    chosen = Given(people[f"arm_{name}"], people["start"])
    if potential.trial is not None:
        pieces, implant = _trial(people, arm, rng, chosen=chosen, potential=potential)
        given = {arm.trial_target: chosen, arm.target: implant}
    else:
        pieces, implant, given = [], chosen, {arm.target: chosen}
    pieces += _procedures(people, name, arm, rng, given=implant, plan=plan)
    lost_benefit, device = _device_events(arm.device, rng, given=implant, responds=potential.final.responds)
    scores = course(people, arm, rng, plan=plan, would=potential)
    reliefs = {
        month: np.where(_follow_up_day(implant, month) < lost_benefit, relief(score, arm), 0.0)
        for month, score in scores.items()
    }
    followed, visits = _follow_ups(people, rng, given=implant, reliefs=reliefs, plan=plan)
    return [*pieces, *device, *followed], given, visits


def _trial(
    people: People, arm: Arm, rng: Generator, *, chosen: Given, potential: Potential
) -> tuple[list[Piece], Given]:
    """The trial, its result some days later, and for most the implant after two weeks to two months."""
    count = len(chosen.marks)
    low, high = arm.trial_days
    lasted = rng.integers(low, high + 1, count)
    implant_day = people["day"] + lasted + rng.integers(14, 61, count)
    implant = Given(chosen.marks & potential.implanted, visit(implant_day, rng))
    baseline = visit(implant_day - rng.integers(2, 13, count), rng)
    scored = implant.marks & (rng.random(count) < 0.97)
    result = np.round(trial_relief(potential.trial.score), 1)
    return [
        some(chosen.marks, arm.trial_begins, chosen.start),
        some(
            chosen.marks,
            arm.trial_result,
            chosen.start + lasted * MICROSECONDS_PER_DAY,
            value=result,
            unit="%",
        ),
        some(scored, PAIN, baseline, value=people["nrs"], unit="{score}"),
    ], implant


def _procedures(
    people: People, name: str, arm: Arm, rng: Generator, *, given: Given, plan: Plan
) -> list[Piece]:
    """What is done on the first day, the sessions after it, and the diagnostic blocks before."""
    groups = list(plan.diagnoses.values())
    if name == "rfa":
        codes = np.array([each.lesion for each in groups])[people["group"]]
        return [
            some(given.marks, codes, given.start),
            *_diagnostic_blocks(people, rng, plan, before=given.marks),
        ]
    if name == "nerve_block":
        codes = np.array([each.block for each in groups])[people["group"]]
        tested = given.marks & (rng.random(len(given.marks)) < 0.35)
        first = some(given.marks, codes, given.start)
        return [first, *_diagnostic_blocks(people, rng, plan, before=tested, only_positive=False)]
    weeks = [given.start + 7 * session * MICROSECONDS_PER_DAY for session in range(arm.sessions)]
    return [some(given.marks, code, when) for when in weeks for code in arm.begins]


def _diagnostic_blocks(
    people: People, rng: Generator, plan: Plan, *, before: np.ndarray, only_positive: bool = True
) -> list[Piece]:
    """One block 14 to 90 days before, after a first one in those who had two; relief the same day."""
    count = len(before)
    codes = np.array([each.diagnostic for each in plan.diagnoses.values()])[people["group"]]
    day = people["day"] - rng.integers(14, 70, count)
    first_day = day - rng.integers(7, 21, count)
    any_relief = np.clip(55 + 28 * rng.standard_normal(count), 0, 100)
    relief = np.round(people["block_relief"] if only_positive else any_relief)
    earlier = np.clip(np.round(relief + 6 * rng.standard_normal(count)), 50 if only_positive else 0, 100)
    pieces = []
    for marks, on, value in ((before, day, relief), (before & people["dual_block"], first_day, earlier)):
        pieces.append(some(marks, codes, at(on, np.full(count, 9.0))))
        pieces.append(some(marks, "PR//block_relief", at(on, np.full(count, 11.0)), value=value, unit="%"))
    return pieces


def _device_events(
    device: Device | None, rng: Generator, *, given: Given, responds: np.ndarray
) -> tuple[np.ndarray, list[Piece]]:
    """When the benefit ends (microseconds; never for most), and explants and revisions within two years."""
    count = len(responds)
    if device is None:
        return np.full(count, _NEVER), []
    years = rng.exponential(1, count) / (device.lost_effect * np.exp(-0.8 * responds))
    infected = rng.random(count) < device.infection * device.infection_explant
    days = np.where(infected, rng.integers(5, 91, count), 30 + years * 365)
    explanted = given.marks & (days < 760)
    out = given.start + np.floor(np.minimum(days, 5000)).astype(np.int64) * MICROSECONDS_PER_DAY
    revision = np.floor(30 + 365 * rng.exponential(1 / device.revised, count)).astype(np.int64)
    revised = given.marks & (revision < np.minimum(days, 760))
    revised_at = given.start + revision * MICROSECONDS_PER_DAY
    pieces = [some(explanted, device.explant, out), some(revised, device.revision, revised_at)]
    return np.where(explanted, out, _NEVER), pieces


def _follow_up_day(given: Given, month: float) -> np.ndarray:
    return given.start + round(month * _DAYS_A_MONTH) * MICROSECONDS_PER_DAY


def _follow_ups(
    people: People, rng: Generator, *, given: Given, reliefs: dict[float, np.ndarray], plan: Plan
) -> tuple[list[Piece], list[Visit]]:
    """Pain at every horizon for those not lost by then, and at some also questionnaires and vital signs."""
    count, pieces, visits = len(given.marks), [], []
    staying = rng.random(count)
    for month, relieved in reliefs.items():
        nominal = month * _DAYS_A_MONTH
        day = given.start // MICROSECONDS_PER_DAY + np.round(
            nominal + min(12, 0.15 * nominal) * rng.standard_normal(count)
        )
        here = given.marks & (staying >= chance_lost(people, month, relieved >= 50, plan=plan))
        when = visit(day, rng)
        visits.append(Visit(month, here, when, relieved))
        pain = pain_score(people["nrs"] * (1 - relieved / 100) + 0.45 * rng.standard_normal(count))
        pieces.append(some(here, PAIN, when, value=pain, unit="{score}"))
        taken = here & (rng.random(count) < 0.9)
        pieces += vitals(people, when[:, None], rng, taken=taken[:, None])
        if month in QUESTIONNAIRE_MONTHS:
            pieces += questionnaires_again(people, rng, at=visits[-1], plan=plan, shares=plan.followed())
    return pieces, visits


def chance_lost(people: People, month: float, responds: np.ndarray, *, plan: Plan) -> np.ndarray:
    """P(lost before a follow-up): later, without response, younger, distressed, out of work more often."""
    reasons = {"log_months": np.full(len(responds), np.log(month)), "no_response": ~responds}
    return expit(linear(plan.lost, {**people, **reasons}))


def questionnaires_again(
    people: People, rng: Generator, *, at: Visit, plan: Plan, shares: Terms
) -> list[Piece]:
    """Questionnaires asked before are asked again of seven in ten, better by a part of the relief."""
    pieces = []
    for name, share in shares.items():
        measure = plan.questionnaires[name]
        again = at.here & people[f"asked_{name}"] & (rng.random(len(at.here)) < 0.7)
        usual = people[name] * (1 - share * at.relieved / 100)
        level = usual + measure.wobble * rng.standard_normal(len(at.here))
        value = questionnaire_score(level, name)
        pieces.append(some(again, measure.code, at.when, value=value, unit="{score}"))
    return pieces


def deaths(people: People, rng: Generator) -> tuple[np.ndarray, list[Piece]]:
    """The last moment of every record (microseconds), and the few deaths within two years of the index."""
    yearly = 0.004 * np.exp(0.08 * (people["age"] - 60))
    days = np.floor(1 + 365 * rng.exponential(1, len(yearly)) / yearly)
    died = days < 800
    end = people["start"] + np.minimum(days, 10_000).astype(np.int64) * MICROSECONDS_PER_DAY
    return np.where(died, end, _NEVER), [some(died, DEATH, end)]
