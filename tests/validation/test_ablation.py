import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from painresponse.training.lessons import Lesson, lesson
from painresponse.training.response import Learnt
from painresponse.validation.ablation import BlockGain, Procedure, block_gains, left_out, without_social
from tests.validation.clinics import INFORMATIVE_NAMES, clinics, points

pytestmark = pytest.mark.slow  # every block is learnt without, several times over

EXAMPLES = clinics(700, seed=1)
KNOWN = lesson(EXAMPLES, better=["pain_mean_30d"], worse=["column_1"])
NOISE = EXAMPLES.names[20:26]
MUCH_NOISE = EXAMPLES.names[20:]
LEADING = INFORMATIVE_NAMES[:6]


@pytest.fixture(scope="module")
def gains() -> dict[str, BlockGain]:
    procedure = Procedure(KNOWN, points(), folds=4)
    found = block_gains(procedure, {"noise": NOISE, "much noise": MUCH_NOISE, "leading": LEADING})
    return {one.block: one for one in found}


def test_a_block_of_noise_adds_nothing(gains):
    value, low, high = gains["noise"].difference
    assert low <= 0 <= high
    assert abs(value) < 0.02
    assert gains["noise"].sentence.startswith("adds nothing beyond noise (AUC ")
    assert f"95 % {low:.3f} to {high:.3f}" in gains["noise"].sentence


def test_a_block_of_so_much_noise_that_it_is_in_the_way_is_not_said_to_add(gains):
    """There is only so much a model may choose from: what is noise takes the place of what is not."""
    assert gains["much noise"].difference[2] < 0
    assert gains["much noise"].sentence.startswith("adds nothing, and")


def test_a_block_nobody_was_measured_on_says_so_and_costs_no_learning():
    empty = replace(KNOWN, x=KNOWN.x.copy())
    empty.x[:, 20:26] = np.nan
    learnt = []

    def counting(known: Lesson) -> Learnt:
        learnt.append(known)
        return points()(known)

    (found,) = block_gains(Procedure(empty, counting, folds=3), {"noise": NOISE})
    assert "never measured" in found.sentence
    assert found.difference == (0, 0, 0)
    assert len(learnt) == 3


def test_a_block_that_matters_adds_by_every_measure(gains):
    leading = gains["leading"]
    for name in ("difference", "logloss", "brier"):
        assert getattr(leading, name)[1] > 0, name
    assert leading.difference[0] > 0.05
    assert leading.sentence.startswith("adds to the AUC: +0.")


def test_a_block_says_how_many_features_it_has(gains):
    assert [one.features for one in gains.values()] == [6, 20, 6]


def test_intervals_are_of_the_difference_not_of_two_aucs(gains):
    """Judged on the same patients, a difference is far surer than either AUC."""
    _, low, high = gains["noise"].difference
    assert high - low < 0.04


def test_leaving_features_out_leaves_their_directions_out_too():
    known = lesson(EXAMPLES, better=["pain_mean_30d"], worse=["column_1", "column_3"])
    less = left_out(known, ["pain_mean_30d", "column_3"])
    assert less.names == tuple(name for name in known.names if name not in ("pain_mean_30d", "column_3"))
    assert dict(zip(less.names, less.ways, strict=True))["column_1"] == -1
    assert np.abs(less.ways).sum() == 1
    assert less.x.shape == (len(known), len(less.names))
    assert np.array_equal(less.x[:, 0], known.x[:, 1], equal_nan=True)


def test_a_build_without_social_features_reports_its_loss():
    procedure = Procedure(KNOWN, points(), folds=3)
    lost = without_social(procedure, LEADING)
    assert lost.sentence.startswith("Without social features the AUC changes by -0.")
    nothing = without_social(procedure, NOISE[:3])
    assert "no more than noise" in nothing.sentence
    assert without_social(procedure, ()) is None


def test_the_same_procedure_gives_the_same_gains():
    procedure = Procedure(lesson(clinics(200, seed=2)), points(), folds=3, resamples=100)
    assert block_gains(procedure, {"noise": NOISE}) == block_gains(procedure, {"noise": NOISE})


def test_what_other_interventions_lend_is_left_aside():
    procedure = Procedure(replace(KNOWN, lent=np.full(len(KNOWN), 3.0)), points(), folds=3)
    (lent,) = block_gains(procedure, {"leading": LEADING})
    (own,) = block_gains(replace(procedure, known=KNOWN), {"leading": LEADING})
    assert lent == own


def test_it_is_plain_json(gains):
    plain = json.loads(json.dumps([asdict(one) for one in gains.values()], allow_nan=False))
    assert set(plain[0]) == {"block", "features", "difference", "logloss", "brier", "sentence"}
