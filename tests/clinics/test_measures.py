"""The figures a clinic hands out, with the errors they are pooled with."""

import numpy as np
import pytest
from scipy.special import logit

from painresponse.clinics.measures import MEASURES, Figure, figures_of
from painresponse.evaluation.bootstrap import subject_weights
from painresponse.evaluation.measures import MEASURES as BY_WEIGHTS
from painresponse.evaluation.predictions import Predictions
from tests.clinics.patients import patients


@pytest.fixture(scope="module")
def known() -> Predictions:
    """Every episode three times over, of one subject: taken as independent, errors would be too small."""
    examples, answers = patients(300, lost=0, refused=0)
    columns = (examples.subject, examples.y, answers.probability, examples.site)
    return Predictions(*(np.repeat(one, 3) for one in columns))


@pytest.mark.parametrize("name", MEASURES)
def test_every_figure_is_the_measure_itself(known, name):
    once = np.ones((1, len(known)))
    told = figures_of(known)[name].value
    assert told == pytest.approx(BY_WEIGHTS[name](known.y, known.probability, once)[0], rel=1e-3)


@pytest.mark.parametrize("name", MEASURES)
def test_every_error_is_the_spread_of_resampled_subjects(known, name):
    weights = subject_weights(known.subject, 400, seed=1)[1:]
    drawn = BY_WEIGHTS[name](known.y, known.probability, weights)
    spread = np.std(logit(drawn) if name == "auc" else drawn)
    assert figures_of(known)[name].error == pytest.approx(spread, rel=0.15)


def test_a_perfect_ranking_has_no_error_and_is_not_told():
    y = np.repeat([0.0, 1.0], 20)
    perfect = Predictions(np.arange(40), y, np.linspace(0.1, 0.9, 40), np.zeros(40, int))
    assert "auc" not in figures_of(perfect)
    assert "brier" in figures_of(perfect)


def test_what_all_is_one_subjects_has_no_error():
    one = Predictions(np.zeros(40, int), np.repeat([0.0, 1.0], 20), np.full(40, 0.4), np.zeros(40, int))
    assert figures_of(one) == {}


@pytest.mark.parametrize(("value", "error"), [(0.51, 0.02), (0.9999, 1.2), (0.61234, 0.09), (0.0001, 0.4)])
@pytest.mark.parametrize("name", MEASURES)
def test_what_is_told_passes_its_own_check(name, value, error):
    """Rounded to four digits, the interval still is the one of value and error."""
    measure = MEASURES[name]
    measure.check(measure.told((float(logit(value)) if name == "auc" else value, error)))


def test_a_changed_end_is_noticed():
    with pytest.raises(ValueError, match="not the one that the value and its standard error give"):
        MEASURES["brier"].check(Figure(0.2, 0.19, 0.26, 0.01))
