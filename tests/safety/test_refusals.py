"""Every refusal of a scorer: a history that raises it, the same without, and which targets it touches."""

from math import ceil

import numpy as np
import pytest

from painresponse.errors import BundleError
from painresponse.scoring.opening import bundle_from_bytes
from painresponse.scoring.refusals import INSUFFICIENT, STALE, UNSUPPORTED
from painresponse.scoring.scorer import Scorer
from tests.lib.tampering import edited
from tests.safety.patients import (
    ADULT,
    CRPS,
    FACET,
    IN_PAIN,
    INDEX,
    PAIN,
    STEPS,
    WELL,
    YEAR,
    refusals,
    scored,
)

PREGNANT = [(60, "ICD10CM//Z34.90")]
STEROID_OR_DEVICE = {
    "scs_trial",
    "scs_permanent",
    "idd_trial",
    "idd_permanent",
    "nerve_block_therapeutic",
    "rfa",
}


def codes(scorer, *events, **asked):
    return {name: code for name, (code, _) in refusals(scorer, *events, **asked).items()}


@pytest.fixture(scope="module")
def every(catalogue):
    return set(catalogue.targets)


@pytest.mark.parametrize(
    ("code", "raised", "without"),
    [
        ("R01_AGE", [*STEPS, *IN_PAIN, FACET], WELL),
        (
            "R01_AGE",
            [(17.99 * YEAR, "MEDS_BIRTH"), *STEPS, *IN_PAIN],
            [(18.01 * YEAR, "MEDS_BIRTH"), *WELL[1:]],
        ),
        ("R02_CANCER_PAIN", [*WELL, (300, "ICD10CM//G89.3")], [*WELL, (366, "ICD10CM//G89.3")]),
        ("R02_CANCER_PAIN", [*WELL, (300, "ICD10CM//Z51.5")], [*WELL, (366, "ICD10CM//Z51.5")]),
        ("R04_NO_BASELINE", [*ADULT, FACET], WELL),
        ("R04_NO_BASELINE", [*ADULT, FACET, (5, PAIN, 3.9)], [*ADULT, FACET, (5, PAIN, 4)]),
    ],
)
def test_what_refuses_everything(scorer, every, code, raised, without):
    assert codes(scorer, *raised) == dict.fromkeys(every, code)
    assert codes(scorer, *without) == {}


@pytest.mark.parametrize("said", ["ICD10CM//Z34.90", "ICD10CM//O26.891", "SNOMED//77386006"])
def test_pregnancy_refuses_devices_lesions_and_steroids_and_warns_of_the_rest(scorer, said):
    assert codes(scorer, *WELL, (60, said)) == dict.fromkeys(STEROID_OR_DEVICE, "R03_PREGNANT")
    assert codes(scorer, *WELL, (366, said)) == {}


@pytest.mark.parametrize(
    ("step", "target"),
    [
        ("CPT//63650", "scs_permanent"),
        ("CPT//62323//INTRATHECAL_TRIAL", "idd_permanent"),
        ("CPT//64493//DIAGNOSTIC", "rfa"),
    ],
)
def test_a_stage_without_the_one_before_is_out_of_domain(scorer, step, target):
    without = [one for one in WELL if one[1] != step]
    assert codes(scorer, *without) == {target: "R06_OUT_OF_DOMAIN"}


def test_a_diagnosis_group_unseen_in_training_is_out_of_domain_for_that_model(scorer):
    other = [one for one in WELL if one != FACET]
    assert refusals(scorer, *other, CRPS) == {
        "rfa": (
            "R06_OUT_OF_DOMAIN",
            "This model has learnt from too few patients of this diagnosis group.",
        )
    }


def test_whoever_belongs_to_no_diagnosis_group_is_not_refused_for_it(scorer):
    assert codes(scorer, *(one for one in WELL if one != FACET)) == {}


def test_the_most_specific_group_counts(scorer):
    assert codes(scorer, *WELL, CRPS) == {"rfa": "R06_OUT_OF_DOMAIN"}


def test_too_little_known_of_what_a_model_leans_on_most_refuses_it(scorer):
    """Cognitive behavioural therapy leans on five: age, a count and recent pain are three of them."""
    long_ago = [one for one in WELL if one[1] != PAIN] + [(60, PAIN, 7)]
    assert refusals(scorer, *long_ago) == {"cbt": INSUFFICIENT}
    assert refusals(scorer, *long_ago, (100, "LOINC//44261-6", 5)) == {}


def test_of_twenty_features_twelve_are_enough(catalogue):
    """The share of safety.toml, for every number of features a model may lean on."""
    assert [ceil(catalogue.safety.known_share * n) for n in (0, 1, 5, 11, 15, 20)] == [0, 1, 3, 7, 9, 12]


def test_a_model_of_prevalence_leans_on_nothing(scorer):
    (card,) = [one for one in scorer.bundle.targets if one.name == "pt_specialised"]
    assert (card.kind, card.leans_on, card.least_known) == ("prevalence", (), 0)


def test_after_its_last_day_a_model_speaks_of_nobody(scorer, every):
    """The day itself is the last."""
    later = [*WELL, (-118, PAIN, 7)]  # pain in June
    assert codes(scorer, *later, index=np.datetime64("2026-06-30T23:59")).get("cbt") is None
    told = refusals(scorer, *later, index=np.datetime64("2026-07-01T00:00"))
    assert {told[name] for name in every - {"scs_permanent"}} == {STALE}


def test_a_bundle_without_a_last_day_never_goes_stale(path):
    forever = Scorer(bundle_from_bytes(edited(path.read_bytes(), lambda m: m.update(review_by=None))))
    assert "R11_STALE" not in codes(forever, *WELL, (-2000, PAIN, 7), index=INDEX + np.timedelta64(2001, "D"))


@pytest.mark.parametrize("last", ["soon", 20260630, "2026-13-01"])
def test_a_last_day_that_is_no_day_is_refused_when_the_bundle_is_opened(path, last):
    data = edited(path.read_bytes(), lambda m: m.update(review_by=last))
    with pytest.raises(BundleError):
        bundle_from_bytes(data)


def test_a_model_that_leans_on_what_it_does_not_see_is_refused_when_the_bundle_is_opened(path):
    data = edited(path.read_bytes(), lambda m: m["targets"][0].update(leans_on=["nothing_of_the_kind"]))
    with pytest.raises(BundleError, match="leans on features that it does not see"):
        bundle_from_bytes(data)


def test_a_bundle_of_simulated_patients_is_opened_only_when_that_is_said(path):
    with pytest.raises(BundleError, match="R08_MODEL_SYNTHETIC"):
        Scorer.load(path)


LAYERS = [
    ("R05_RED_FLAG", [(3, "ICD10CM//G83.4")], []),
    ("R01_AGE", [(12 * YEAR, "MEDS_BIRTH")], [(50 * YEAR, "MEDS_BIRTH")]),
    ("R02_CANCER_PAIN", [(3, "ICD10CM//G89.3")], []),
    ("R03_PREGNANT", [(3, "ICD10CM//Z34.90")], []),
    ("C_ABS_ANAESTHETIC_ALLERGY", [(3, "ICD10CM//Z88.4")], []),
    ("R04_NO_BASELINE", [(5, PAIN, 3)], [(5, PAIN, 7)]),
    ("R06_OUT_OF_DOMAIN", [], [(60, "CPT//64493//DIAGNOSTIC")]),
    ("R06_OUT_OF_DOMAIN", [CRPS], [FACET]),
]
"""What stands against an ablation, in the order it is told, and how it is without."""


def test_what_matters_most_is_told_first(scorer):
    told = []
    for cured in range(len(LAYERS) + 1):
        events = [good for _, _, good in LAYERS[:cured]] + [bad for _, bad, _ in LAYERS[cured:]]
        told.append(codes(scorer, *(one for several in events for one in several)).get("rfa"))
    assert told == [*(code for code, _, _ in LAYERS), None]


def test_what_stands_against_the_model_is_told_last(scorer):
    assert scored(scorer, *WELL).refusals[-3:] == (STALE, INSUFFICIENT, UNSUPPORTED)
