"""Predictions compared with the oracle: the same patients, the same outcomes, honest intervals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit

from painresponse.errors import CohortError, RecordError
from painresponse.simulate.oracle import auc, calibration_slope, compare
from tests.simulate.conftest import Clinic

scores = arrays(np.float64, 30, elements=st.floats(-5, 5, width=16))
outcomes = arrays(np.bool_, 30).filter(lambda y: 0 < y.sum() < len(y))


def _predictions(clinic: Clinic, column: str, targets: tuple[str, ...] = ("rfa", "cbt")) -> pd.DataFrame:
    """Predictions of whoever knows that column of the truth."""
    rows = clinic.truth[clinic.truth["given"] & clinic.truth["target"].isin(targets)]
    return pd.DataFrame(
        {
            "subject_id": rows["subject_id"],
            "target": rows["target"],
            "probability": rows[column].to_numpy(float),
            "outcome": rows["outcome"].astype(int),
        }
    )


def test_the_oracle_compared_with_itself_differs_by_nothing(clinic: Clinic) -> None:
    found = compare(_predictions(clinic, "oracle"), clinic.truth)
    assert list(found.index) == ["cbt", "rfa"]
    assert (found[["difference", "difference_low", "difference_high"]] == 0).all(axis=None)
    assert (found["brier"] == found["oracle_brier"]).all()
    assert found["n"].to_dict() == {"cbt": len(clinic.given("cbt")), "rfa": len(clinic.given("rfa"))}


def test_who_has_seen_the_future_is_found_out(clinic: Clinic) -> None:
    """A leak beats the oracle beyond its paired interval; an honest guess does not."""
    peeking = _predictions(clinic, "relief", ("rfa",))
    peeking["probability"] = expit((peeking["probability"] - 50) / 30)
    assert compare(peeking, clinic.truth).loc["rfa", "difference_low"] > 0.01
    guess = peeking.assign(probability=np.random.default_rng(0).uniform(0.3, 0.6, len(peeking)))
    assert compare(guess, clinic.truth).loc["rfa", "difference_high"] < 0


def test_overconfidence_shows_in_the_slope_and_optimism_in_the_large(clinic: Clinic) -> None:
    honest = _predictions(clinic, "oracle", ("nerve_block_therapeutic",))
    bold = honest.assign(probability=expit(2 * logit(honest["probability"])))
    glad = honest.assign(probability=expit(logit(honest["probability"]) + 0.5))
    slope = compare(honest, clinic.truth)["slope"].iloc[0]
    assert compare(bold, clinic.truth)["slope"].iloc[0] == pytest.approx(slope / 2, rel=1e-3)
    assert compare(glad, clinic.truth)["in_the_large"].iloc[0] < -0.05


def test_the_comparison_is_the_same_every_time(clinic: Clinic) -> None:
    rows = _predictions(clinic, "probability")
    pd.testing.assert_frame_equal(compare(rows, clinic.truth), compare(rows, clinic.truth))


def test_predictions_without_a_needed_column_are_refused(clinic: Clinic) -> None:
    with pytest.raises(RecordError, match="lack outcome"):
        compare(_predictions(clinic, "oracle").drop(columns="outcome"), clinic.truth)


def test_predictions_with_gaps_are_refused(clinic: Clinic) -> None:
    rows = _predictions(clinic, "oracle")
    with pytest.raises(RecordError, match="complete"):
        compare(rows.assign(probability=np.nan), clinic.truth)


def test_predictions_about_other_patients_are_refused(clinic: Clinic) -> None:
    rows = _predictions(clinic, "oracle")
    with pytest.raises(CohortError, match="None of the predictions"):
        compare(rows.assign(subject_id=rows["subject_id"] + 10**9), clinic.truth)


@given(outcomes, scores)
def test_auc_is_the_share_of_pairs_in_the_right_order(outcome: np.ndarray, score: np.ndarray) -> None:
    pairs = [(a > b) + (a == b) / 2 for a in score[outcome] for b in score[~outcome]]
    assert auc(outcome, score) == pytest.approx(np.mean(pairs))


@given(outcomes, scores)
def test_auc_turns_round_with_the_score(outcome: np.ndarray, score: np.ndarray) -> None:
    assert auc(outcome, score) + auc(outcome, -score) == pytest.approx(1)


def test_auc_and_slope_are_unknown_without_both_outcomes() -> None:
    assert np.isnan(auc(np.ones(3), np.arange(3.0)))
    assert np.isnan(calibration_slope(np.ones(3), np.array([0.2, 0.5, 0.7])))
