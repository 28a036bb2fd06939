"""The account of a fitted target: everything a report says of it, as plain values of groups of patients."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.evaluation.band import Band
from painresponse.evaluation.follow_up import FollowUp, FollowUpSettings, follow_up
from painresponse.evaluation.judged import Account, judged
from painresponse.evaluation.measures import LEAST_OF_EACH
from painresponse.evaluation.predictions import Numbers, Predictions
from painresponse.evaluation.rounding import rounded
from painresponse.scoring.phrases import phrases
from painresponse.training.durability import Durations, survival
from painresponse.training.examples import Examples
from painresponse.training.explanation import explanation
from painresponse.training.fitting import COMPARATORS, Fitted, predictions_of
from painresponse.training.lessons import Lesson, lesson
from painresponse.training.response import BOOSTED, RECIPE_KEYS, learn
from painresponse.training.settings import TrainingSettings
from painresponse.training.splits import Rows
from painresponse.validation.ablation import Procedure, block_gains, without_social
from painresponse.validation.blocks import SOCIAL, feature_blocks
from painresponse.validation.sites import leave_one_site_out
from painresponse.validation.time import days_until_known, forward_in_time

_EXPLAINED = 2000
"""Episodes that contributions are averaged over: more say nothing new."""


@dataclass(frozen=True)
class Evidence:
    """What an account is made of, beside the catalogue."""

    fitted: Fitted
    examples: Examples
    flow: Mapping[str, int]
    band: Band
    durations: Durations | None = None


def predictions(fitted: Fitted, examples: Examples) -> Predictions:
    """Out of fold, with the comparators, beside what happened; trees not tried are no comparator."""
    table = fitted.out_of_fold
    tried = [name for name in COMPARATORS if name != BOOSTED or BOOSTED in fitted.learnt.models]
    known = examples.taken(table.row)
    return Predictions(
        table.subject,
        table.y,
        table.probability,
        known.site,
        {name: getattr(table, name) for name in tried},
        known.groups,
    )


def account(evidence: Evidence, catalogue: Catalogue) -> Account:
    """Every section but support, in the words of `report.record`; None where it could not be examined."""
    fitted, settings = evidence.fitted, evidence.fitted.settings
    asked = catalogue.targets[fitted.target]
    known = predictions(fitted, evidence.examples)
    learnt_from = lesson(evidence.examples, better=asked.better, worse=asked.worse)
    enough = fitted.rarer >= LEAST_OF_EACH
    effort = {"resamples": settings.resamples, "seed": settings.seed}
    return {
        "target": fitted.target,
        "label": catalogue.label(fitted.target),
        "intervention": catalogue.interventions[asked.intervention].label,
        "stage": catalogue.interventions[asked.intervention].stages[asked.stage].label,
        "outcome": catalogue.outcomes[asked.outcome].label,
        "horizon": catalogue.horizons[asked.horizon].label,
        "flow": dict(evidence.flow),
        "sample_size": asdict(fitted.learnt.verdict),
        "model": _model(fitted),
        **(judged(known, **effort) if enough else {}),
        "missing": asdict(_missing(evidence, known)) if enough else None,
        **_transfer(evidence, learnt_from, catalogue),
        "blocks": _blocks(evidence, learnt_from, catalogue) if settings.ablate and enough else None,
        "durability": _durability(evidence, catalogue),
        "importance": _importance(evidence, catalogue),
        "interval": _interval(evidence.band, known),
        "notes": list(fitted.notes),
    }


def _model(fitted: Fitted) -> Account:
    """The same parameters for every kind, None where it has none, so that runs can be compared."""
    parameters = dict.fromkeys(RECIPE_KEYS) | fitted.learnt.recipes
    return {"kind": fitted.learnt.kind, "sentence": fitted.why, "parameters": parameters}


def _missing(evidence: Evidence, known: Predictions) -> FollowUp:
    """The lost need predictions too: those of the final model, which never saw their outcome."""
    examples, fitted = evidence.examples, evidence.fitted
    settings = FollowUpSettings(resamples=fitted.settings.resamples, seed=fitted.settings.seed)
    lost = np.flatnonzero(np.isnan(examples.y))
    said = predictions_of(fitted.learnt, examples.x[lost])
    eligible = _whole(examples, known, lost, said["probability"])
    died = evidence.flow["baseline known"] - evidence.flow["alive at the horizon"]
    return follow_up(eligible, examples.x.astype(np.float64), died=died, settings=settings)


def _whole(examples: Examples, known: Predictions, lost: Rows, said: Numbers) -> Predictions:
    probability = np.empty(len(examples))
    probability[lost] = said
    probability[np.flatnonzero(~np.isnan(examples.y))] = known.probability
    return Predictions(examples.subject, examples.y, probability, examples.site)


def _transfer(evidence: Evidence, known: Lesson, catalogue: Catalogue) -> Account:
    """To a clinic not seen, and to later years. Without lending: a lender has seen the clinic left out."""
    fitted, settings = evidence.fitted, evidence.fitted.settings
    learner = partial(learn, settings=_quick(settings), boosted=fitted.learnt.kind == BOOSTED)
    left_out = leave_one_site_out(evidence.examples, known, learner=learner)
    later = forward_in_time(
        evidence.examples,
        known,
        learner=learner,
        known_after=days_until_known(catalogue, fitted.target),
        resamples=settings.resamples,
        seed=settings.seed,
    )
    return {"sites": asdict(left_out.account), "time": asdict(later)}


def _blocks(evidence: Evidence, known: Lesson, catalogue: Catalogue) -> list[Account]:
    """By the regression alone: what a block adds does not wait for trees."""
    settings = evidence.fitted.settings
    learner = partial(learn, settings=_quick(settings), boosted=False)
    procedure = Procedure(known, learner, settings.folds, settings.resamples, settings.seed)
    blocks = feature_blocks(catalogue)
    social = without_social(procedure, blocks.pop(SOCIAL, ()))
    return [asdict(one) for one in (*block_gains(procedure, blocks), *([social] if social else []))]


def _quick(settings: TrainingSettings) -> TrainingSettings:
    return replace(settings, points_trials=settings.quick_trials, trees_trials=settings.quick_trials)


def _durability(evidence: Evidence, catalogue: Catalogue) -> Account | None:
    if evidence.durations is None or not len(evidence.durations):
        return None
    marks = {name: one.nominal for name, one in catalogue.horizons.items() if one.nominal >= 30}
    return survival(evidence.durations, marks=marks)


def _importance(evidence: Evidence, catalogue: Catalogue) -> Account:
    fitted = evidence.fitted
    rows = np.random.default_rng(fitted.settings.seed).permutation(fitted.out_of_fold.row)[:_EXPLAINED]
    some = evidence.examples.taken(np.sort(rows))
    free = np.zeros(len(some.names), np.int64)
    explained = Lesson(some.names, some.x, some.y, some.subject, free)
    words = {name: one.words for name, one in phrases(catalogue.features, catalogue.concepts).items()}
    folds = [one.chosen for one in fitted.folds]
    return explanation(folds, fitted.learnt.chosen, explained, words=words).section()


def _interval(band: Band, known: Predictions) -> Account:
    low, high = band.ends(known.probability)
    return {
        "sentence": band.sentence,
        "level": band.level,
        "mean width": rounded(float((high - low).mean())),
        "standard deviation between clinics (log-odds)": rounded(band.tau),
        "clinics compared": band.sites,
    }
