"""What one clinic says of one target: of everybody, and of nobody."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from painresponse.clinics.definitions import definition_of
from painresponse.clinics.evaluating import evaluate, summed_up
from painresponse.errors import DefinitionError
from painresponse.evaluation.predictions import Predictions
from painresponse.evaluation.sites import site_estimates
from tests.clinics.patients import patients, some

EXAMPLES, ANSWERS = patients(300, sites=1)


def told(card, catalogue, examples=EXAMPLES, answers=ANSWERS, least=10):
    return summed_up(examples, answers, card=card, catalogue=catalogue, least=least)


def test_counts_are_of_the_scored_the_lost_and_the_refused(card, catalogue):
    scored, lost = ~np.isnan(ANSWERS.probability), np.isnan(EXAMPLES.y)
    exact = {
        "episodes": (scored & ~lost).sum(),
        "lost": (scored & lost).sum(),
        "refused": (~scored).sum(),
        "responded": (EXAMPLES.y[scored] == 1).sum(),
    }
    counts = told(card, catalogue).counts
    assert {name: abs(counts[name] - one) <= 5 for name, one in exact.items()} == dict.fromkeys(exact, True)


def test_figures_are_of_those_scored_whose_outcome_is_known(card, catalogue):
    rows = np.flatnonzero(~np.isnan(ANSWERS.probability) & ~np.isnan(EXAMPLES.y))
    known = Predictions(
        EXAMPLES.subject[rows], EXAMPLES.y[rows], ANSWERS.probability[rows], EXAMPLES.site[rows]
    )
    (exact,) = site_estimates(known)
    slope = told(card, catalogue).figures["calibration_slope"]
    assert np.allclose((slope.value, slope.error), exact.slope, rtol=1e-3)


def test_where_the_bundle_comes_from_it_says_itself_what_it_is_worth(card, catalogue):
    assert told(card, catalogue).home == {"auc": tuple(card.metrics["auc"])}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 10**12))
def test_order_and_numbers_of_the_patients_change_nothing(card, catalogue, seed, step):
    rows = np.random.default_rng(seed).permutation(len(EXAMPLES))
    examples, answers = some(EXAMPLES, ANSWERS, rows)
    renumbered = replace(examples, subject=examples.subject * -step, index=examples.index + step)
    assert told(card, catalogue, renumbered, answers) == told(card, catalogue)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.integers(0, 60), st.sampled_from([10, 11, 20]))
def test_too_few_of_either_outcome_have_no_figures(card, catalogue, responded, others, least):
    rows = np.flatnonzero(~np.isnan(ANSWERS.probability) & ~np.isnan(EXAMPLES.y))
    y = EXAMPLES.y[rows]
    kept = np.concatenate([rows[y == 1][:responded], rows[y == 0][:others]])
    found = told(card, catalogue, *some(EXAMPLES, ANSWERS, kept), least=least)
    assert bool(found.figures) == (min(responded, others) >= least)
    assert ("responded" in found.withheld) == (min(responded, others) < least)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"site": " "}, "1 to 60 printable characters"),
        ({"site": "north", "least": 3}, "A least count of 3 would tell too much"),
    ],
)
def test_a_name_or_a_least_count_without_meaning_is_refused_before_all_else(tiny_bundle, asked, words):
    with pytest.raises(DefinitionError, match=words):
        evaluate(tiny_bundle, Path("nowhere"), **asked)


def test_labels_and_codes_do_not_change_what_a_target_means(catalogue):
    renamed = {name: replace(one, label="otra cosa") for name, one in catalogue.outcomes.items()}
    assert definition_of(replace(catalogue, outcomes=renamed), "rfa") == definition_of(catalogue, "rfa")


def test_every_other_part_of_a_definition_does(catalogue):
    outcome = catalogue.targets["rfa"].outcome
    pain = catalogue.outcomes[outcome]
    horizon = catalogue.horizons[catalogue.targets["rfa"].horizon]
    stage = catalogue.interventions["rfa"].stages[catalogue.targets["rfa"].stage]
    rfa = replace(
        catalogue.interventions["rfa"], stages={catalogue.targets["rfa"].stage: replace(stage, lead_days=2)}
    )
    changed = (
        replace(catalogue, outcomes={**catalogue.outcomes, outcome: replace(pain, at_least=pain.least / 2)}),
        replace(
            catalogue,
            horizons={**catalogue.horizons, catalogue.targets["rfa"].horizon: replace(horizon, days=(1, 2))},
        ),
        replace(catalogue, interventions={**catalogue.interventions, "rfa": rfa}),
        replace(catalogue, cohort=replace(catalogue.cohort, exclude=())),
    )
    marks = {definition_of(one, "rfa") for one in (catalogue, *changed)}
    assert len(marks) == 1 + len(changed)
