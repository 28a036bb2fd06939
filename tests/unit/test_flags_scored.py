"""Flags stand beside scores and move none of them."""

import numpy as np
import pytest

from painresponse.scoring.flags import words_of
from painresponse.scoring.opening import bundle_from_bytes
from painresponse.scoring.scorer import Scorer
from tests.lib.tampering import edited
from tests.unit.test_scorer import ADULT, CHILD, IN_PAIN, score

MORPHINE = [("2025-12-20", "RxNorm//7052", 120)]


@pytest.fixture(scope="module")
def scorer(tiny_bundle):
    return Scorer.load(tiny_bundle, allow_synthetic=True)


def without_flags(tiny_bundle):
    return Scorer(bundle_from_bytes(edited(tiny_bundle.read_bytes(), lambda m: m["flags"].clear())))


def test_no_number_changes_for_the_flags_beside_it(scorer, tiny_bundle):
    people = [ADULT + IN_PAIN, ADULT + IN_PAIN + MORPHINE, CHILD]
    flagged, bare = score(scorer, *people), score(without_flags(tiny_bundle), *people)
    for column in ("probability", "low", "high", "margin", "support", "refused", "known"):
        np.testing.assert_array_equal(getattr(flagged, column), getattr(bare, column))
    assert bare.flags == (((),) * 3,) * 3


def test_a_patient_is_flagged_for_what_the_record_says_and_every_model_for_what_it_is(scorer):
    plain, on_morphine = score(scorer, ADULT + IN_PAIN, ADULT + IN_PAIN + MORPHINE).flags
    # and taken in vain, as far as anybody can tell: it still runs, and so does the pain
    assert set(on_morphine[0]) - set(plain[0]) == {"F_MME_HIGH", "F_PROXY_FAILURES"}
    assert all("F_CALIBRATION" in codes for codes in plain), "these models were never judged elsewhere"


def test_flags_stand_beside_a_refusal_too(scorer):
    refused = score(scorer, CHILD + MORPHINE)
    assert np.isnan(refused.probability).all()
    assert all("F_MME_HIGH" in codes for codes in refused.flags[0])


def test_the_flags_of_chosen_targets_are_those_they_have_among_all(scorer):
    person = ADULT + IN_PAIN
    everything, some = score(scorer, person), score(scorer, person, targets=("cbt", "scs_permanent"))
    assert some.flags == tuple((line[0], line[2]) for line in everything.flags)


def test_flags_are_a_column_of_codes_each_of_which_has_words(scorer):
    scores = score(scorer, ADULT + IN_PAIN)
    column = scores.table()["flags"]
    assert column == [list(codes) for codes in scores.flags[0]]
    assert {code for codes in column for code in codes} <= set(words_of(scorer.bundle.flags))


def test_a_deployed_model_keeps_the_flags_it_was_made_with(tiny_bundle):
    """What travels is a sentence, not a name to be looked up: here one that no catalogue has."""
    own = {"code": "F_OWN", "words": "In pain.", "feature": "whether (last of pain in 90 d) is above 6"}
    bundle = bundle_from_bytes(edited(tiny_bundle.read_bytes(), lambda m: m["flags"].append(own)))
    assert score(Scorer(bundle), ADULT + IN_PAIN).flags[0][0][-1] == "F_OWN"
