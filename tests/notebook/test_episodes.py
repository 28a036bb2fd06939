"""Episodes as a frame: the same as training learns from, with the flow of the cohort."""

import numpy as np
import pytest

import painresponse as pr
from painresponse.errors import DefinitionError
from tests.notebook.conftest import TARGET


@pytest.fixture(scope="module")
def found(clinic):
    return pr.episodes(clinic, TARGET)


def test_a_row_is_an_episode_that_training_would_gather(found, cohort):
    examples = cohort.examples[TARGET]
    assert found["subject_id"].tolist() == examples.subject.tolist()
    assert (found["prediction_time"].to_numpy() == examples.index.astype("datetime64[us]")).all()
    np.testing.assert_array_equal(found["outcome"], examples.y)
    assert found["site"].fillna(-1).tolist() == examples.site.tolist()
    assert found["sex"].tolist() == examples.groups["sex"].tolist()


def test_their_features_are_what_training_learns_from(clinic, found, cohort):
    matrix = pr.features(clinic, found)
    np.testing.assert_array_equal(matrix.iloc[:, 2:], cohort.examples[TARGET].x)


def test_the_flow_and_the_words_go_with_them(found, cohort, catalogue):
    assert found.attrs["flow"] == cohort.attrition[TARGET].steps
    assert found.attrs["levels"] == cohort.attrition[TARGET].levels
    assert found.attrs["target"] == TARGET
    assert found.attrs["label"] == catalogue.label(TARGET)
    assert found.attrs["flow"]["alive at the horizon"] == len(found)


def test_a_target_that_is_only_asked_beside_another_can_be_gathered_too(clinic):
    assert "at least 30 %" in pr.episodes(clinic, "rfa.pain_30.6_mo").attrs["label"]


def test_a_target_that_is_not_there_is_refused_with_the_nearest(clinic):
    with pytest.raises(DefinitionError, match="Did you mean 'pt_specialised'"):
        pr.episodes(clinic, "pt_specialized")
