"""Targets made one by one, in processes of their own, and kept as they come."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import lightgbm
from threadpoolctl import threadpool_limits

from painresponse.batch.workers import each
from painresponse.clinic import Catalogue
from painresponse.errors import CohortError
from painresponse.evaluation.band import Band, band
from painresponse.evaluation.judged import Account
from painresponse.pipeline.accounts import Evidence, account, predictions
from painresponse.pipeline.unfinished import Unfinished
from painresponse.training.borrowing import lender_for
from painresponse.training.cohorts import Cohort
from painresponse.training.fitting import Fitted, fit
from painresponse.training.lessons import lesson
from painresponse.training.settings import TrainingSettings


@dataclass(frozen=True)
class Made:
    """A target with its account and the interval of its predictions; or why there is none."""

    fitted: Fitted | None = None
    account: Account | None = None
    band: Band | None = None
    why_not: str = ""


@dataclass(frozen=True)
class _Task:
    """All that making any target takes."""

    cohort: Cohort
    catalogue: Catalogue
    settings: TrainingSettings
    lenders: dict[str, lightgbm.Booster | None]


def each_made(
    cohort: Cohort, catalogue: Catalogue, settings: TrainingSettings, kept: Unfinished
) -> Iterator[tuple[str, Made]]:
    """Every target as it is finished, those finished before a kill first."""
    before = kept.names()
    for name in before:
        yield name, kept.get(name)
    left = [name for name in catalogue.targets if name not in before]
    if not left:
        return
    task = _Task(cohort, catalogue, settings, _lenders(left, cohort, catalogue, settings))
    for name, made in each(partial(_maker, task), left, min(settings.processes, len(left))):
        if made.fitted:
            kept.put(name, made)
        yield name, made


def _lenders(
    names: list[str], cohort: Cohort, catalogue: Catalogue, settings: TrainingSettings
) -> dict[str, lightgbm.Booster | None]:
    lessons = {
        name: lesson(one, better=catalogue.targets[name].better, worse=catalogue.targets[name].worse)
        for name, one in cohort.examples.items()
    }
    return {name: lender_for(name, lessons, settings) for name in names}


def _maker(task: _Task) -> Callable[[str], Made]:
    """Makes a target of the task; called once in each process, which keeps to one core."""
    threadpool_limits(1)
    return partial(_make, task)


def _make(task: _Task, name: str) -> Made:
    asked, examples = task.catalogue.targets[name], task.cohort.examples[name]
    try:
        fitted = fit(
            examples, task.settings, better=asked.better, worse=asked.worse, lender=task.lenders[name]
        )
    except CohortError as error:
        return Made(why_not=str(error))
    reach = band(predictions(fitted, examples))
    flow, lasting = task.cohort.attrition[name].steps, task.cohort.durations.get(name)
    evidence = Evidence(fitted, examples, flow, reach, durations=lasting)
    return Made(fitted, account(evidence, task.catalogue), reach)
