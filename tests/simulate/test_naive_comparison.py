"""A naive comparison across interventions, on a handful of patients counted by hand and on the clinic."""

import json

import numpy as np
import pandas as pd
import pytest

from painresponse.errors import CohortError, RecordError
from painresponse.simulate.comparison import (
    GIVEN,
    NOT_GIVEN,
    SUPPORTED,
    UNSUPPORTED,
    Comparison,
    naive_comparison,
)
from tests.simulate.conftest import Clinic

# patient, target, score, supported, true chance, given
BY_HAND = [
    (1, "rfa", 0.8, False, 0.3, False),
    (1, "cbt", 0.4, True, 0.5, True),
    (1, "mpp", 0.3, True, 0.2, False),
    (2, "rfa", 0.6, True, 0.7, True),
    (2, "cbt", 0.2, True, 0.1, False),
    (2, "mpp", 0.1, True, 0.2, False),
    (3, "rfa", 0.9, False, 0.4, False),
    (3, "cbt", 0.3, False, 0.2, False),
    (3, "mpp", 0.2, True, 0.6, True),
    (4, "rfa", 0.5, False, 0.6, False),
    (4, "cbt", 0.4, True, 0.2, True),
    (4, "mpp", 0.3, True, 0.4, False),
]
COLUMNS = ["subject_id", "target", "probability", "supported", "chance", "given"]


@pytest.fixture
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and truth."""
    both = pd.DataFrame(BY_HAND, columns=COLUMNS)
    truth = both.drop(columns=["probability", "supported"]).rename(columns={"chance": "probability"})
    return both.drop(columns=["chance", "given"]), truth


@pytest.fixture
def found(tables: tuple[pd.DataFrame, pd.DataFrame]) -> Comparison:
    return naive_comparison(*tables)


def test_the_naive_pick_takes_the_highest_score_and_is_often_wrong(found: Comparison) -> None:
    """Picked: rfa for all four; best: cbt, rfa, mpp, rfa."""
    assert (found.patients, found.every.patients, found.every.scores) == (4, 4, 3)
    assert found.every.wrong == 2 / 4
    assert found.every.picked == pytest.approx((0.3 + 0.7 + 0.4 + 0.6) / 4)
    assert found.every.best == pytest.approx((0.5 + 0.7 + 0.6 + 0.6) / 4)
    assert found.every.promised == pytest.approx((0.8 + 0.6 + 0.9 + 0.5) / 4)
    assert found.every.lost == pytest.approx(0.1)
    assert found.every.optimism == pytest.approx(0.2)


def test_pairs_in_the_wrong_order_are_counted_within_a_patient(found: Comparison) -> None:
    """1: rfa before cbt. 2: cbt before mpp. 3: rfa and cbt before mpp. 4: cbt before mpp."""
    assert found.every.pairs_wrong == 5 / 12


def test_the_gate_withholds_picks_without_support_and_compares_what_is_left(found: Comparison) -> None:
    """3 has a single supported score; 1, 2 and 4 pick cbt, rfa and cbt of what is left."""
    assert (found.withheld, found.withheld_wrong, found.alone) == (3 / 4, 1, 1 / 4)
    assert found.best_withheld == 1 / 4
    assert (found.supported.patients, found.supported.scores) == (3, pytest.approx(7 / 3))
    assert found.supported.wrong == pytest.approx(1 / 3)
    assert found.supported.picked == pytest.approx((0.5 + 0.7 + 0.2) / 3)
    assert found.supported.best == pytest.approx((0.5 + 0.7 + 0.4) / 3)
    assert found.supported.pairs_wrong == pytest.approx(2 / 5)


def test_bias_is_told_for_whom_it_was_given_and_whom_not(found: Comparison) -> None:
    biases = {(one.target, one.group): one for one in found.biases}
    assert biases["rfa", GIVEN].bias == pytest.approx(-0.1)
    assert biases["rfa", NOT_GIVEN].bias == pytest.approx((0.5 + 0.5 - 0.1) / 3)
    assert biases["rfa", NOT_GIVEN].error == pytest.approx((0.5 + 0.5 + 0.1) / 3)
    assert biases["rfa", SUPPORTED].patients == 0
    assert np.isnan(biases["rfa", SUPPORTED].bias)
    assert biases["cbt", SUPPORTED].bias == pytest.approx(0.1)
    assert biases["cbt", UNSUPPORTED].bias == pytest.approx(0.1)
    assert found.mean_bias(SUPPORTED) == pytest.approx((1 * 0.1 + 3 * 0.1 / 3) / 4)


def test_the_sentences_say_it_in_words_and_end_with_a_warning(found: Comparison) -> None:
    first, gate, left, bias, warning = found.sentences
    assert first.startswith("4 simulated patients were scored for 3 interventions each. The highest score")
    assert "is not the highest true chance for 50%" in first
    assert "promises 70.0% and its true chance is 50.0%; the best would be 60.0%" in first
    assert gate.startswith("Without support are 75% of these picks, and 100% of the wrong ones.")
    assert left.startswith("Of the 3 others, with 2.3 such scores each: ")
    assert "5.0 where there is support" in bias
    assert "makes no scores of different interventions comparable" in warning


def test_a_patient_not_scored_for_everything_is_left_out(
    tables: tuple[pd.DataFrame, pd.DataFrame], found: Comparison
) -> None:
    scores, truth = tables
    fewer = naive_comparison(scores.iloc[1:], truth)
    assert (fewer.patients, found.patients) == (3, 4)


def test_whoever_knows_the_truth_picks_right_and_is_off_by_nothing(clinic: Clinic) -> None:
    scores = clinic.truth[["subject_id", "target", "probability"]].assign(supported=True)
    known = naive_comparison(scores, clinic.truth)
    assert (known.every.wrong, known.every.pairs_wrong, known.every.lost) == (0, 0, 0)
    assert known.every == known.supported
    assert {one.bias for one in known.biases if one.patients} == {0}
    assert (known.withheld, known.alone) == (0, 0)


def test_one_overrated_intervention_is_picked_too_often_until_the_gate_withholds_it(clinic: Clinic) -> None:
    """Overrated only where it is never given: that is where support is missing."""
    target = ["rfa", "cbt", "mpp"]
    truth = clinic.truth[clinic.truth["target"].isin(target)]
    overrated = (truth["target"] == "cbt") & ~truth["given"]
    scores = truth[["subject_id", "target"]].assign(
        probability=truth["probability"] + 0.5 * overrated, supported=~overrated
    )
    fooled = naive_comparison(scores, truth)
    assert fooled.every.wrong > 0.5
    assert fooled.every.optimism > 0.3
    assert fooled.withheld_wrong == 1
    assert fooled.supported.wrong == 0
    assert fooled.mean_bias(UNSUPPORTED) == pytest.approx(0.5)
    assert np.isnan(next(one.bias for one in fooled.biases if (one.target, one.group) == ("cbt", SUPPORTED)))


def test_the_figures_are_plain_values_and_a_table(found: Comparison) -> None:
    assert json.loads(json.dumps(found.to_plain()))["targets"] == ["rfa", "cbt", "mpp"]
    assert len(found.table()) == 3 * 4


def test_scores_without_a_needed_column_are_refused(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    with pytest.raises(RecordError, match="lack supported"):
        naive_comparison(tables[0].drop(columns="supported"), tables[1])


def test_scores_with_gaps_are_refused(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    with pytest.raises(RecordError, match="complete"):
        naive_comparison(tables[0].assign(probability=np.nan), tables[1])


def test_two_scores_for_one_patient_and_target_are_refused(
    tables: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    with pytest.raises(RecordError, match="two scores for the same target"):
        naive_comparison(pd.concat([tables[0], tables[0].head(1)]), tables[1])


@pytest.mark.parametrize("spoil", [lambda one: one.assign(subject_id=9), lambda one: one])
def test_nothing_to_compare_is_refused(tables: tuple[pd.DataFrame, pd.DataFrame], spoil) -> None:
    alone = tables[0][(tables[0]["subject_id"] == 1) & (tables[0]["target"] == "rfa")]
    with pytest.raises(CohortError, match="Nothing to compare"):
        naive_comparison(spoil(alone), tables[1])
