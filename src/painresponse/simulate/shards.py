"""Some patients of the synthetic clinic: their records, and the truth about every intervention."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from painresponse.simulate.charts import charts, index_days, reasons
from painresponse.simulate.choices import choose, send_to_sites
from painresponse.simulate.events import Events, Piece, join, merged
from painresponse.simulate.expectation import expect, expect_after_trial, hidden_weights
from painresponse.simulate.flaws import set_traps, spoil
from painresponse.simulate.histories import Trials, draw_trials, history
from painresponse.simulate.laboratory import laboratory
from painresponse.simulate.pathways import Given, Visit, deaths, pathway
from painresponse.simulate.people import People, draw_people
from painresponse.simulate.plan import Arm, Plan
from painresponse.simulate.response import Population, Potential, Stage, potential, relief, trial_relief
from painresponse.simulate.sequels import sequels


@dataclass(frozen=True, slots=True)
class Shard:
    """Records, and a row of truth per patient and target; patients are numbered from 0."""

    events: Events
    truth: pd.DataFrame


def draw_patients(count: int, rng: Generator, *, plan: Plan, population: Population) -> People:
    """Patients with a site, an index day and the one intervention each of them gets."""
    people = draw_people(count, rng, plan=plan)
    people |= send_to_sites(people, rng, sites=population.sites)
    people |= choose(people, rng, plan=plan, sites=population.sites)
    people |= index_days(people, rng)
    return people | reasons(people, plan)


def make_shard(
    count: int, rng: Generator, later: Generator, *, plan: Plan, population: Population, flaws: bool
) -> Shard:
    """Draw so many patients and everything that happens to them; ``later`` draws what `sequels` adds."""
    people = draw_patients(count, rng, plan=plan, population=population)
    traps: list[Piece] = []
    if flaws:
        births, traps = set_traps(people, rng)
        people |= births
    trials = draw_trials(people, rng, plan=plan)
    pieces = charts(people, rng, plan=plan) + history(people, trials, rng, plan=plan) + traps
    pieces += laboratory(people, rng, plan=plan, steroid_day=_steroid_day(trials, plan))
    followed, visits, truth = _interventions(people, rng, plan, population)
    end, dying = deaths(people, rng)
    events = _within_life(join([*pieces, *followed, *dying]), people["birth"], end)
    further = sequels(people, visits, later, plan=plan)
    added = _within_life(join([*further]), people["birth"], end)
    return Shard(merged(spoil(events, rng) if flaws else events, added), truth)


def _steroid_day(trials: Trials, plan: Plan) -> np.ndarray:
    injections = trials.of_class(list(plan.classes).index("steroid_injection"))
    return np.where(injections.tried, injections.day, np.nan)


def _within_life(events: Events, birth: np.ndarray, end: np.ndarray) -> Events:
    timeless = events.when == np.iinfo(np.int64).min
    return events.take(timeless | ((events.when >= birth[events.who]) & (events.when <= end[events.who])))


def _interventions(
    people: People, rng: Generator, plan: Plan, population: Population
) -> tuple[list[Piece], list[list[Visit]], pd.DataFrame]:
    """Every arm's potential outcome for everybody, and its events and follow-ups for those who got it."""
    hidden, weights = hidden_weights(people, plan=plan, population=population)
    pieces, visits, truths = [], [], []
    for name, arm in plan.arms.items():
        would = potential(people, arm, rng, plan=plan, population=population)
        happened, given, followed = pathway(people, name, arm, rng, plan=plan, potential=would)
        pieces += happened
        visits.append(followed)
        truths += _truths(arm, would, given, hidden=hidden, weights=weights[name], plan=plan)
    truth = pd.concat(truths, ignore_index=True)
    return pieces, visits, truth.sort_values("subject_id", kind="stable", ignore_index=True)


def _truths(
    arm: Arm,
    would: Potential,
    given: dict[str, Given],
    *,
    hidden: np.ndarray,
    weights: np.ndarray,
    plan: Plan,
) -> list[pd.DataFrame]:
    if would.trial is None:
        oracle = expect(would.final.seen, hidden, weights=weights)
        return [_rows(arm.target, would.final, given, oracle, relief(would.final.score, arm))]
    before = expect(would.trial.seen, plan.trial.share * hidden, weights=weights)
    after = expect_after_trial(would, hidden, weights=weights, plan=plan)
    return [
        _rows(arm.trial_target, would.trial, given, before, trial_relief(would.trial.score)),
        _rows(arm.target, would.final, given, after, relief(would.final.score, arm)),
    ]


def _rows(
    target: str, stage: Stage, given: dict[str, Given], oracle: np.ndarray, percent: np.ndarray
) -> pd.DataFrame:
    got = given[target]
    start = got.start.view("datetime64[us]")
    return pd.DataFrame(
        {
            "subject_id": np.arange(len(oracle)),
            "target": target,
            "given": got.marks,
            "time": np.where(got.marks, start, np.datetime64("NaT", "us")),
            "probability": stage.probability,
            "oracle": oracle,
            "outcome": stage.responds,
            "relief": percent,
        }
    )
