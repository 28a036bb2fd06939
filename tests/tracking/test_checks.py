"""What each check looks at, by evidence written down here."""

from dataclasses import replace

import pytest

from painresponse.tracking.checks import (
    Evidence,
    TargetEvidence,
    calibration,
    leak_audit,
    no_regression,
    parity,
    real_patients,
    subgroups,
)
from tests.tracking.targets import account

FIGURES = {
    "calibration_slope": 1.0,
    "calibration_in_the_large": 0.0,
    "auc": 0.70,
    "auc_low": 0.68,
    "auc_high": 0.72,
    "brier": 0.20,
    "brier_low": 0.18,
    "brier_high": 0.22,
}


def evidence(*, said: dict | None = None, version: str = "2", **changed) -> Evidence:
    """Of a sound model of one target, with other figures or another account where given."""
    target = TargetEvidence({**FIGURES, **changed}, account() if said is None else said)
    return Evidence(version, "clinic", "data", "passed", "abc", "abc", "", ("rfa",), {"rfa": target})


@pytest.mark.parametrize(
    ("slope", "off", "passes"),
    [
        (0.80, 0.05, True),
        (1.20, -0.05, True),
        (0.79, 0.00, False),
        (1.21, 0.00, False),
        (1.00, 0.051, False),
        (1.00, -0.051, False),
        (float("nan"), 0.00, False),
    ],
)
def test_calibration_allows_a_slope_of_08_to_12_and_a_mean_within_5_percent(slope, off, passes):
    found = calibration(evidence(calibration_slope=slope, calibration_in_the_large=off))
    assert found.passed is passes
    assert f"slope {slope:.2f}" in found.figures[0]


def test_a_model_of_the_prevalence_alone_has_no_slope_to_judge_but_must_be_right_on_average():
    only = account(kind="prevalence")
    assert calibration(evidence(said=only, calibration_slope=0.0)).passed
    assert not calibration(evidence(said=only, calibration_slope=0.0, calibration_in_the_large=0.1)).passed


def test_a_target_without_figures_is_not_calibrated():
    found = calibration(replace(evidence(), predicts=("rfa", "cbt")))
    assert not found.passed
    assert "cbt: no figures in the store" in found.figures


def test_a_subgroup_that_blocks_is_named():
    found = subgroups(evidence(said=account(blocks=True)))
    assert not found.passed
    assert found.figures == ("rfa: sex female, 240 responders, calibration slope 1.50 blocks the release",)


def test_subgroups_nobody_looked_at_are_no_pass():
    assert subgroups(evidence()).passed
    assert not subgroups(evidence(said={"model": {"kind": "boosted"}})).passed
    assert subgroups(evidence(said={"model": {"kind": "prevalence"}})).passed


def test_the_file_must_be_sound_and_the_one_that_was_registered():
    assert parity(evidence()).passed
    assert not parity(replace(evidence(), promised="def")).passed
    assert not parity(replace(evidence(), promised="")).passed
    damaged = parity(replace(evidence(), found="", promised="", fault="This bundle is damaged."))
    assert (damaged.passed, damaged.figures) == (False, ("This bundle is damaged.",))


@pytest.mark.parametrize(("said", "passes"), [("passed", True), ("failed", False), ("", False)])
def test_a_leak_audit_that_was_not_done_is_not_passed(said, passes):
    assert leak_audit(replace(evidence(), leak_audit=said)).passed is passes


@pytest.mark.parametrize(
    ("auc", "brier", "passes"),
    [(0.70, 0.20, True), (0.68, 0.22, True), (0.679, 0.20, False), (0.70, 0.221, False)],
)
def test_a_champion_yields_unless_it_is_better_beyond_its_interval(auc, brier, passes):
    found = no_regression(evidence(auc=auc, brier=brier), evidence(version="1"))
    assert found.passed is passes


def test_whether_two_models_can_be_compared_is_said():
    ours, theirs = evidence(), evidence(version="1")
    assert "same data, directly comparable" in no_regression(ours, theirs).figures[0]
    other = replace(theirs, data_fingerprint="other")
    assert "each on its own data" in no_regression(ours, other).figures[0]


def test_a_target_the_champion_had_alone_is_named_and_none_in_common_is_no_comparison():
    theirs = replace(evidence(version="1"), targets={**evidence().targets, "cbt": evidence().targets["rfa"]})
    found = no_regression(evidence(), theirs)
    assert found.passed
    assert "no longer predicted: cbt" in found.figures[0]
    stranger = replace(theirs, targets={"cbt": theirs.targets["cbt"]})
    assert not no_regression(evidence(), stranger).passed


def test_without_a_champion_and_against_itself_there_is_nothing_to_lose():
    assert no_regression(evidence(), None).passed
    assert no_regression(evidence(auc=0.1), evidence()).passed


@pytest.mark.parametrize("kind", ["synthetic", ""])
def test_only_a_model_of_a_clinics_patients_is_real_and_the_exception_is_said(kind):
    simulated = replace(evidence(), kind=kind)
    assert real_patients(evidence(), allow_synthetic=False).passed
    assert not real_patients(simulated, allow_synthetic=False).passed
    allowed = real_patients(simulated, allow_synthetic=True)
    assert allowed.passed
    assert "SYNTHETIC" in allowed.figures[0]
    assert "allowed by --allow-synthetic" in allowed.figures[0]


@pytest.mark.parametrize(
    "finding",
    [
        calibration(evidence(calibration_slope=2.0)),
        subgroups(evidence(said=account(blocks=True))),
        parity(replace(evidence(), promised="")),
        leak_audit(replace(evidence(), leak_audit="")),
        no_regression(evidence(auc=0.1), evidence(version="1")),
        real_patients(replace(evidence(), kind="synthetic"), allow_synthetic=False),
    ],
    ids=lambda one: one.check,
)
def test_every_failed_check_says_what_to_do(finding):
    assert not finding.passed
    assert finding.cure.endswith(".")
