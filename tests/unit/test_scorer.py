"""Histories in, scores out; a model that may not speak refuses, and the others still answer."""

import numpy as np
import pytest

from painresponse.engine import Plan, rows
from painresponse.errors import BundleError
from painresponse.language import FeatureSet, parse
from painresponse.records import Asks
from painresponse.records.rows import ask, history
from painresponse.scoring.golden import stacked
from painresponse.scoring.opening import bundle_from_bytes
from painresponse.scoring.scorer import MEANING, NOTICE, SYNTHETIC_NOTICE, Scorer
from tests.lib.bundles import TARGETS
from tests.lib.tampering import edited

INDEX = "2026-03-01T09:00"
STEPS = [("2026-02-01", "PR//scs_lead", None), ("2026-02-01", "PR//block_diagnostic", None)]
ADULT = [("1970-05-01", "MEDS_BIRTH", None), *STEPS]
IN_PAIN = [("2026-02-20", "PR//pain", 7)]
CANCER = [("2026-01-10", "ICD10CM//G89.3", None)]
CHILD = [("2015-05-01", "MEDS_BIRTH", None)]


@pytest.fixture(scope="module")
def scorer(tiny_bundle):
    return Scorer.load(tiny_bundle, allow_synthetic=True)


def score(scorer, *people, targets=None):
    """Scores of people given as lists of (time, code, value)."""
    parts = [history(*zip(*one, strict=True), subject=number) for number, one in enumerate(people)]
    records, _ = scorer.read(stacked(parts))
    index = np.repeat(ask(INDEX).index, len(people))
    return scorer.score(records, Asks(np.arange(len(people)), index), targets=targets)


def codes(scores):
    """The refusal codes, by person and target."""
    return [[scores.refusals[one][0] if one >= 0 else None for one in line] for line in scores.refused]


def test_a_synthetic_bundle_is_refused_unless_asked_for(tiny_bundle):
    with pytest.raises(BundleError, match=r"R08_MODEL_SYNTHETIC: .* say so explicitly: allow_synthetic=True"):
        Scorer.load(tiny_bundle)


def test_a_bundle_from_a_clinic_needs_no_flag(tiny_bundle, tmp_path):
    path = tmp_path / "clinic.onnx"
    path.write_bytes(edited(tiny_bundle.read_bytes(), lambda m: m["provenance"].update(kind="clinic")))
    assert Scorer.load(path).notices == (NOTICE, MEANING)


def test_every_answer_of_a_synthetic_model_says_so_first(scorer):
    assert scorer.notices == (SYNTHETIC_NOTICE, NOTICE, MEANING)


def test_a_patient_who_meets_the_requirements_is_scored_for_every_target(scorer):
    scores = score(scorer, ADULT + IN_PAIN)
    assert scores.targets == TARGETS
    assert ((scores.probability > 0) & (scores.probability < 1)).all()
    assert codes(scores) == [[None] * 3]


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (IN_PAIN, "R01_AGE"),
        (CHILD + IN_PAIN, "R01_AGE"),
        (ADULT + IN_PAIN + CANCER, "R02_CANCER_PAIN"),
        (ADULT, "R04_NO_BASELINE"),
        ([*ADULT, ("2026-02-20", "PR//pain", 3)], "R04_NO_BASELINE"),
        ([*ADULT, ("2025-11-01", "PR//pain", 8)], "R04_NO_BASELINE"),
        (CHILD + CANCER, "R01_AGE"),
        ([*CHILD, ("2026-02-20", "ICD10CM//G83.4", None)], "R05_RED_FLAG"),
    ],
)
def test_a_patient_who_does_not_is_refused_with_the_first_reason(scorer, person, code):
    scores = score(scorer, person)
    assert codes(scores) == [[code] * 3]
    assert np.isnan(scores.probability).all()


def test_a_refusal_of_one_patient_does_not_touch_the_next(scorer):
    both = score(scorer, CHILD + IN_PAIN, ADULT + IN_PAIN)
    assert codes(both) == [["R01_AGE"] * 3, [None] * 3]
    assert both.probability[1].tolist() == score(scorer, ADULT + IN_PAIN).probability[0].tolist()


def test_a_refusal_for_one_target_leaves_the_others_their_answer(tiny_bundle):
    """Here the model of the programme must know a disability index; the other two need not."""
    needs = {"code": "R04", "words": "w", "features": ["last of odi in 90 d"], "targets": ["cbt"]}
    bundle = bundle_from_bytes(edited(tiny_bundle.read_bytes(), lambda m: m["requirements"].append(needs)))
    scores = score(Scorer(bundle), ADULT + IN_PAIN)
    assert codes(scores) == [[None, None, "R04"]]
    assert np.isnan(scores.probability).tolist() == [[False, False, True]]


def test_targets_can_be_chosen_and_come_in_the_bundles_order(scorer):
    everything = score(scorer, ADULT + IN_PAIN)
    some = score(scorer, ADULT + IN_PAIN, targets=("cbt", "scs_permanent"))
    assert some.targets == ("scs_permanent", "cbt")
    assert some.probability.tolist() == everything.probability[:, [0, 2]].tolist()
    assert some.margin.tolist() == everything.margin[:, [0, 2]].tolist()


def test_an_unknown_target_is_refused(scorer):
    with pytest.raises(BundleError, match=r"Unknown target 'scs'.*Known: cbt, rfa, scs_permanent"):
        score(scorer, ADULT + IN_PAIN, targets=("scs",))


def test_no_question_gets_no_answer(scorer):
    records, _ = scorer.read(history([], [], []))
    scores = scorer.score(records, Asks(np.zeros(0, np.int64), np.zeros(0, np.int64)))
    assert scores.probability.shape == (0, 3)
    assert scores.table()["target"] == []


def test_the_rows_the_models_see_are_those_of_the_one_engine(scorer):
    records, _ = scorer.read(history(*zip(*(ADULT + IN_PAIN), strict=True)))
    plan = Plan(scorer.bundle.features, scorer.bundle.concepts)
    seen = scorer.rows(records, ask(INDEX))
    assert seen.dtype == np.float32
    assert seen.tobytes() == rows(plan, records, ask(INDEX)).tobytes()


def test_a_value_beyond_float32_is_infinite_and_no_warning(scorer):
    """A concept without limits may hold anything; training and scoring cast it in the same place."""
    records, _ = scorer.read(history(["2026-01-01"], ["PR//site"], [3e38]))
    twice = parse("total of (sum of site ever) and (sum of site ever)")
    plan = Plan(FeatureSet.of(twice=twice), scorer.bundle.concepts)
    assert np.isposinf(rows(plan, records, ask(INDEX))).all()


def test_how_much_was_known_of_a_patient_is_told(scorer):
    scores = score(scorer, ADULT + IN_PAIN, ADULT + IN_PAIN + [("2026-02-20", "PR//crp", 3)])
    assert 0 < scores.known[0] < scores.known[1] < 1


def test_the_table_has_a_line_for_each_patient_and_target_refusals_with_their_reason(scorer):
    table = score(scorer, ADULT + IN_PAIN, CHILD + IN_PAIN).table()
    assert table["subject_id"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["target"] == list(TARGETS) * 2
    assert table["prediction_time"].dtype == "datetime64[us]"
    assert set(table["prediction_time"].astype(str)) == {"2026-03-01T09:00:00.000000"}
    assert np.isnan(table["probability"]).tolist() == [False] * 3 + [True] * 3
    assert table["refusal"] == [None] * 3 + ["R01_AGE"] * 3
    assert table["reason"][3].startswith("The patient is younger than 18 years")
    assert {len(column) for column in table.values()} == {6}
