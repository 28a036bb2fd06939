"""Conventional treatment before the index: which classes were tried, in which order, how each trial ended.

Every array is (people, classes), the classes in the order of the plan.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.random import Generator

from painresponse.schema import LOCAL_PREFIX
from painresponse.simulate.charts import PAIN, pain_score, quiet
from painresponse.simulate.events import Piece, some, visit
from painresponse.simulate.people import People
from painresponse.simulate.plan import Plan, treatment

_REASONS = np.array(["//INEFFICACY", "//ADVERSE_EFFECT", "//OTHER"])
_RECORDED = 0.30
_OPIOIDS = ("opioid_weak", "opioid_strong")
_COURSES = ("physical_rehabilitation", "psychological")
_WEAK_UP_TO = 60
_SUCCESS_DAYS = 425
_EARLY = 5.0  # spine surgery comes as early as the first drugs: its patients come because it failed


@dataclass(frozen=True, slots=True)
class Trials:
    """One trial of each class tried: first day, length in days, and how it went."""

    tried: np.ndarray
    day: np.ndarray
    length: np.ndarray
    adequate: np.ndarray
    intolerant: np.ndarray
    success: np.ndarray
    low_dose: np.ndarray
    current: np.ndarray

    def of_class(self, number: int) -> "Trials":
        """The trials of one class: the same columns, one value a person."""
        return replace(self, **{each.name: getattr(self, each.name)[:, number] for each in fields(self)})

    def failed(self, index_day: np.ndarray) -> np.ndarray:
        """Trials that count as failed by the index day: adequate or not borne, and no lasting relief."""
        over = self.day + self.length < index_day[:, None]
        counts = self.adequate | self.intolerant
        return self.tried & np.where(self.success, self.adequate & over, counts)


def draw_trials(people: People, rng: Generator, *, plan: Plan) -> Trials:
    """Draw everybody's treatment history, from the onset of the pain to the index day."""
    current = _current_opioid(people, rng, plan)
    tried, place = _order(people, rng, plan, current)
    shape = tried.shape
    before = _days_before(people, tried, place, rng)
    intolerance = np.array([each.intolerance for each in plan.classes.values()])
    intolerant = (rng.random(shape) < intolerance) & ~current
    success = (rng.random(shape) < np.where(place < 3, 0.30, 0.20)) & ~intolerant
    adequate = rng.random(shape) < 0.62
    low_dose = ~adequate & (rng.random(shape) < 0.5)
    length = _lengths(plan, rng, adequate=adequate | low_dose, intolerant=intolerant, success=success)
    day = people["day"][:, None] - before
    return Trials(tried, day, length, adequate, intolerant, success, low_dose, current)


def _current_opioid(people: People, rng: Generator, plan: Plan) -> np.ndarray:
    """Who takes an opioid of which class on the index day."""
    weak = (people["mme"] <= _WEAK_UP_TO) & (rng.random(len(people["mme"])) < 0.5)
    names = list(plan.classes)
    current = np.zeros((len(weak), len(names)), bool)
    current[:, names.index("opioid_weak")] = people["opioid"] & weak
    current[:, names.index("opioid_strong")] = people["opioid"] & ~weak
    return current


def _order(people: People, rng: Generator, plan: Plan, current: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which classes are tried and in which place (Plackett-Luce, drawn as weights with Gumbel noise)."""
    classes, count = plan.classes, len(people["age"])
    forced, surgery = current.copy(), list(classes).index("surgery")
    forced[:, surgery] |= people["any_spine_surgery"]
    never = np.zeros(count, bool)
    doubled = [people[each.doubled_if] if each.doubled_if else never for each in classes.values()]
    weights = np.array([each.weight for each in classes.values()]) * np.where(np.transpose(doubled), 2, 1)
    weights[people["any_spine_surgery"], surgery] = _EARLY
    keys = np.log(weights) + rng.gumbel(size=weights.shape)
    number = 2 + rng.poisson(
        3.2 + 0.25 * np.sqrt(people["duration"]) + 0.4 * np.maximum(people["sensitisation"], -2)
    )
    tried = _rank(keys + 100 * forced) < np.minimum(number, len(classes))[:, None]
    return tried, _rank(np.where(tried, keys, -np.inf))


def _rank(keys: np.ndarray) -> np.ndarray:
    """0 for the largest of each row."""
    return np.argsort(np.argsort(-keys, axis=1, kind="stable"), axis=1, kind="stable")


def _days_before(people: People, tried: np.ndarray, place: np.ndarray, rng: Generator) -> np.ndarray:
    """Days from each start to the index: gaps of 150 days on average, shrunk to fit the age of the pain."""
    gaps = 20 + rng.exponential(130, tried.shape)
    gaps[:, 0] += 40
    reach = np.cumsum(gaps, axis=1)
    last = tried.sum(axis=1, keepdims=True) - 1
    longest = np.take_along_axis(reach, last, axis=1)
    fit = np.minimum(1, (people["day"] - people["onset_day"])[:, None] * 0.98 / longest)
    return np.maximum(9, np.floor(np.take_along_axis(reach, np.maximum(last - place, 0), axis=1) * fit))


def _lengths(
    plan: Plan, rng: Generator, *, adequate: np.ndarray, intolerant: np.ndarray, success: np.ndarray
) -> np.ndarray:
    """Days: enough to judge and then some; too few; one to three weeks; or as long as it helps."""
    enough = 7.0 * np.array([treatment(name).min_weeks for name in plan.classes])
    full = enough + rng.uniform(3, 60, adequate.shape)
    short = enough * rng.uniform(0.3, 0.8, adequate.shape)
    helped = np.maximum(full, rng.exponential(_SUCCESS_DAYS, adequate.shape))
    weeks = rng.uniform(7, 21, adequate.shape)
    return np.floor(np.select([intolerant, success & adequate, adequate], [weeks, helped, full], short))


def history(people: People, trials: Trials, rng: Generator, *, plan: Plan) -> list[Piece]:
    """The trials as events: starts with doses, stops and their reasons, operations, pain scores around."""
    pieces = []
    for number, name in enumerate(plan.classes):
        one = trials.of_class(number)
        draw = _drug if treatment(name).ingredients else _procedure
        pieces += draw(name, people, one, rng)
        pieces += _scores(people, one, rng)
    return [*pieces, *_operations(people, trials, rng, plan)]


def _drug(name: str, people: People, trial: Trials, rng: Generator) -> list[Piece]:
    """One ingredient a trial; an opioid still taken on the index day gives exactly the patient's MME."""
    known = treatment(name).ingredients
    count = len(trial.tried)
    fits = [place for place, each in enumerate(known) if each.adequate or name == "nmda_other"]
    pick = rng.choice(fits, count)
    codes = np.array([each.code for each in known])[pick]
    units = np.array([each.unit for each in known])[pick]
    adequate = np.array([each.adequate or np.nan for each in known])[pick]
    dose = adequate * np.where(trial.low_dose, 0.4, rng.choice([1.0, 1.25, 1.5], count))
    if name in _OPIOIDS:
        factor = np.array([each.mme or np.nan for each in known])[pick]
        dose = np.where(trial.current, people["mme"] / factor, dose)
    written = trial.tried & (~trial.current | (rng.random(count) < 0.93))
    if name in _OPIOIDS:
        _remember(people, trial.current & written, code=codes, unit=units, dose=dose)
    start = visit(trial.day, rng)
    ends = written & ~trial.current & (_last_day(name, people, trial) < people["day"] - 1)
    stops = np.char.add(np.char.add(codes, "//STOP"), _reason(trial, rng))
    return [
        some(written, codes, start, value=np.round(dose, 3), unit=units),
        some(ends, stops, visit(_last_day(name, people, trial), rng)),
    ]


def _remember(people: People, taken: np.ndarray, **opioid: np.ndarray) -> None:
    """The opioid taken on the index day and written down: what follow-ups may find changed."""
    nobody = {"code": "", "unit": "", "dose": 0.0}
    for word, value in opioid.items():
        known = people.get(f"opioid_{word}", np.full(len(taken), nobody[word]))
        people[f"opioid_{word}"] = np.where(taken, value, known)
    people["opioid_written"] = taken | people.get("opioid_written", np.zeros(len(taken), bool))


def _last_day(name: str, people: People, trial: Trials) -> np.ndarray:
    """Opioids other than the current one are over by the index day: MME is then what the record says."""
    end = trial.day + trial.length
    return np.minimum(end, people["day"] - 5) if name in _OPIOIDS else end


def _reason(trial: Trials, rng: Generator) -> np.ndarray:
    """Why it was stopped, written down three times in ten."""
    count = len(trial.tried)
    reason = np.where(trial.intolerant, _REASONS[1], rng.choice(_REASONS, count, p=[0.68, 0.20, 0.12]))
    return np.where(rng.random(count) < _RECORDED, reason, "")


def _procedure(name: str, people: People, trial: Trials, rng: Generator) -> list[Piece]:
    """Treatment without a dose: over by itself, with a stop where it was broken off."""
    code = LOCAL_PREFIX + name
    start, stop = visit(trial.day, rng), trial.day + trial.length
    broken_off = trial.intolerant | ~(trial.adequate | trial.low_dose)
    told = (name in _COURSES) & (rng.random(len(stop)) < 0.5)
    ends = trial.tried & (broken_off | told) & (stop < people["day"] - 1) & (name != "surgery")
    pieces = [some(trial.tried, code, start)]
    if name == "steroid_injection":
        pieces.append(some(trial.tried, "RxNorm//10759", start))
    codes = np.char.add(f"{code}//STOP", _reason(trial, rng))
    return [*pieces, some(ends, codes, visit(stop, rng))]


def _scores(people: People, trial: Trials, rng: Generator) -> list[Piece]:
    """For half of the trials a pain score at the start and one on treatment: 30 % lower if it helps."""
    count = len(trial.tried)
    pre = pain_score(people["nrs"] + 0.6 * rng.standard_normal(count))
    on = pre * np.where(trial.success, rng.uniform(0.35, 0.68, count), rng.uniform(0.75, 1.1, count))
    later = trial.day + np.clip(rng.integers(35, 91, count), 28, np.maximum(28, trial.length))
    first, second = visit(trial.day - rng.integers(0, 11, count), rng), visit(later, rng)
    both = trial.tried & ~trial.intolerant & (rng.random(count) < 0.5) & (second < quiet(people))
    return [
        some(both, PAIN, first, value=pre, unit="{score}"),
        some(both, PAIN, second, value=pain_score(on), unit="{score}"),
    ]


def _operations(people: People, trials: Trials, rng: Generator, plan: Plan) -> list[Piece]:
    """Spine operations: the latest is the trial of surgery, any others came before it."""
    latest = trials.day[:, list(plan.classes).index("surgery")]
    number, pieces = people["prior_spine_surgery"], []
    for earlier in range(int(number.max(initial=0))):
        apart = rng.uniform(0.05, 0.15, len(latest)) * (latest - people["onset_day"])
        when = visit(latest - np.floor(earlier * apart), rng)
        pieces.append(some(number > earlier, "CPT//63047", when))
        if earlier:
            pieces.append(some(number > earlier, f"{LOCAL_PREFIX}surgery", when))
    return pieces
