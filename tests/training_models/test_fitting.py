from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from painresponse.errors import CohortError, DefinitionError
from painresponse.evaluation.bootstrap import subject_weights
from painresponse.evaluation.measures import auc
from painresponse.training.fitting import Fitted, fit
from painresponse.training.settings import TrainingSettings
from tests.training_models.patients import Simulated, simulate


def test_the_model_comes_near_the_truth_and_not_beyond_it(fitted: Fitted, simulated: Simulated) -> None:
    """Beyond the truth would be leakage. The truth itself knows what was not measured."""
    table = fitted.out_of_fold
    weights = subject_weights(table.subject, 300, seed=1)
    truth = auc(table.y, simulated.truth[table.row], weights)
    found = auc(table.y, table.probability, weights)
    assert found[0] - 0.5 > 0.4 * (truth[0] - 0.5)
    assert np.quantile((found - truth)[1:], 0.005) < 0.01
    assert fitted.metrics["auc"].low > 0.55


def test_out_of_fold_probabilities_are_calibrated(fitted: Fitted) -> None:
    assert 0.8 < fitted.metrics["calibration_slope"].value < 1.2
    assert abs(fitted.metrics["calibration_in_the_large"].value) < 0.02


def test_only_labelled_examples_are_used(fitted: Fitted, simulated: Simulated) -> None:
    y = simulated.examples.y
    assert list(fitted.out_of_fold.row) == list(np.flatnonzero(~np.isnan(y)))
    assert list(fitted.out_of_fold.y) == list(y[~np.isnan(y)])
    assert (fitted.episodes, fitted.events) == ((~np.isnan(y)).sum(), np.nansum(y))


def test_metrics_come_with_their_interval_and_with_every_comparator(fitted: Fitted) -> None:
    assert {"auc", "twin_auc", "baseline_auc", "prevalence_brier", "auc_over_twin"} <= set(fitted.metrics)
    for one in fitted.metrics.values():
        assert np.isfinite(one).all()
        assert one.low <= one.value <= one.high or one.low == pytest.approx(one.value, abs=0.05)


def test_the_auc_is_that_of_the_table(fitted: Fitted) -> None:
    table = fitted.out_of_fold
    assert fitted.metrics["auc"].value == pytest.approx(roc_auc_score(table.y, table.probability))
    assert fitted.metrics["twin_auc"].value == pytest.approx(roc_auc_score(table.y, table.twin))


def test_the_final_booster_is_calibrated_with_the_slope_given(fitted: Fitted, simulated: Simulated) -> None:
    """Fitted on all, it ranks its own examples at least as well as the fold models rank unseen ones."""
    known = simulated.examples.labelled()
    p = expit(fitted.slope * fitted.booster.predict(known.x, raw_score=True) + fitted.intercept)
    assert roc_auc_score(known.y, p) > fitted.metrics["auc"].value
    assert fitted.booster.num_trees() == fitted.trees


def test_importance_is_by_contribution_and_finds_what_matters(fitted: Fitted) -> None:
    sizes = list(fitted.importance.values())
    assert sizes == sorted(sizes, reverse=True)
    assert {"pain_mean_30d", "column_1"} <= set(list(fitted.importance)[:5])


def test_the_same_examples_and_settings_give_the_same_model(settings: TrainingSettings) -> None:
    examples = simulate(150, seed=3).examples
    first, second = fit(examples, settings), fit(examples, settings)
    assert first.booster.model_to_string() == second.booster.model_to_string()
    assert (first.slope, first.intercept, first.metrics) == (second.slope, second.intercept, second.metrics)


def test_shuffled_labels_cannot_be_predicted(settings: TrainingSettings) -> None:
    """The mean over shuffles: a single one scatters by chance."""
    examples = simulate(250, seed=4).examples.labelled()
    found = []
    for seed in range(4):
        y = np.random.default_rng(seed).permutation(examples.y)
        found.append(fit(replace(examples, y=y), settings).metrics)
    assert 0.42 < np.mean([one["auc"].value for one in found]) < 0.55
    assert 0.42 < np.mean([one["twin_auc"].value for one in found]) < 0.55


def test_columns_nobody_was_measured_on_do_no_harm(settings: TrainingSettings) -> None:
    examples = simulate(150, seed=5).examples
    examples.x[:, 30:60] = np.nan
    fitted = fit(examples, settings)
    assert not {f"column_{place}" for place in range(30, 60)} & set(fitted.importance)


def test_too_few_responses_are_refused_with_the_numbers(settings: TrainingSettings) -> None:
    examples = simulate(150, seed=6).examples.labelled()
    scarce = examples.taken(
        np.concatenate([np.flatnonzero(examples.y == 1)[:4], np.flatnonzero(examples.y == 0)])
    )
    with pytest.raises(CohortError, match=r"simulated_target .* 4 responses .* at least 5 of each"):
        fit(scarce, settings)


def test_too_few_subjects_are_refused(settings: TrainingSettings) -> None:
    examples = simulate(150, seed=7).examples
    with pytest.raises(CohortError, match="3 subjects"):
        fit(replace(examples, subject=examples.subject % 3), settings)


def test_a_baseline_that_is_not_a_feature_is_refused(settings: TrainingSettings) -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'pain_mean_30d'"):
        fit(simulate(150, seed=8).examples, replace(settings, baseline="pain_mean_30"))


def test_notes_say_when_figures_are_imprecise_or_no_better_than_a_comparator(
    settings: TrainingSettings,
) -> None:
    notes = " ".join(fit(simulate(120, seed=9, signal=0.0).examples, settings).notes)
    assert "imprecise" in notes
    assert "Not clearly ahead of baseline pain alone." in notes
