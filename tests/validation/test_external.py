import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from painresponse.clinic import load_catalogue
from painresponse.errors import BundleError, CohortError, DefinitionError
from painresponse.readers import histories
from painresponse.records import Asks
from painresponse.scoring.opening import open_bundle
from painresponse.scoring.scorer import Scorer
from painresponse.simulate import simulate
from painresponse.training.cohorts import gather
from painresponse.validation.elsewhere import Answers, account_elsewhere
from painresponse.validation.external import external, same_questions
from tests.lib.bundles import TARGETS, write_tiny_bundle
from tests.validation.clinics import clinics

REFUSED = (("R01_AGE", "Too young."), ("R04_NO_BASELINE", "No baseline."))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "tiny.onnx"
    write_tiny_bundle(path)
    return path


@pytest.fixture(scope="module")
def clinic(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere") / "clinic"
    simulate(folder, subjects=1_500, seed=5, preset="registry")
    return folder


@pytest.fixture(scope="module")
def judged(bundle, clinic) -> dict[str, Any]:
    return external(bundle, clinic, allow_synthetic=True, resamples=100)


def answered(n: int, *, shift: float = 0.0, slope: float = 1.0, seed: int = 1) -> tuple[Any, Answers]:
    """Episodes elsewhere, and a model whose log-odds need ``shift`` and ``slope`` to be right there."""
    rng = np.random.default_rng(seed)
    examples = clinics(n, seed=seed, columns=1)
    margin = rng.normal(size=len(examples))
    y = (rng.random(len(examples)) < expit(slope * margin + shift)).astype(float)
    never = np.full(len(examples), -1)
    return replace(examples, y=y), Answers(expit(margin), never, REFUSED)


def account(examples: Any, answers: Answers) -> dict[str, Any]:
    return account_elsewhere(examples, answers, learnt_share=0.4, flow={}, resamples=100, seed=1)


def test_every_target_of_the_bundle_is_judged_on_the_other_clinic(judged):
    assert set(judged["targets"]) == set(TARGETS)
    assert judged["skipped"] == {}
    assert (judged["bundle"], judged["synthetic"], judged["data"]) == ("tiny", True, "clinic")
    for one in judged["targets"].values():
        assert {
            "notes", "flow", "refused", "performance", "calibration", "decisions", "subgroups", "sites",
            "recalibration", "missing",
        } <= set(one)  # fmt: skip
        low, high = one["performance"]["model"]["auc"][1:]
        assert low < high


def test_the_figures_are_of_the_bundles_own_scores_for_the_clinics_episodes(bundle, clinic, judged):
    """Scored one by one, as a server would, and judged by hand."""
    catalogue, scorer = load_catalogue(), Scorer.load(bundle, allow_synthetic=True)
    examples = gather(histories(clinic, catalogue.concepts), catalogue).examples["rfa"].labelled()
    read = [records for records, _ in histories(clinic, scorer.measures)]
    probability = []
    for subject, index in zip(examples.subject, examples.index, strict=True):
        (records,) = (one for one in read if subject in one.subjects())
        ask = Asks(np.array([subject]), np.array([index]))
        probability.append(scorer.score(records, ask, targets=("rfa",)).probability[0, 0])
    said = judged["targets"]["rfa"]["performance"]["model"]
    assert said["auc"][0] == pytest.approx(roc_auc_score(examples.y, probability), abs=1e-4)
    assert said["brier"][0] == pytest.approx(np.mean((examples.y - probability) ** 2), abs=1e-4)


def test_a_model_that_is_too_hopeful_elsewhere_is_told_what_to_take_off():
    found = account(*answered(1_500, shift=-1.0))
    update = next(one for one in found["recalibration"]["updates"] if one["kind"] == "intercept")
    assert found["recalibration"]["chosen"] == "intercept"
    assert update["intercept"] == pytest.approx(-1.0, abs=0.15)
    assert "the intercept should be changed: log-odds times 1, then -" in found["notes"][-1]


def test_the_figures_after_an_update_are_better_and_those_before_are_shown_beside():
    updates = account(*answered(1_500, slope=0.4, shift=0.5))["recalibration"]["updates"]
    before, after = (
        next(one["figures"] for one in updates if one["kind"] == kind)
        for kind in ("none", "intercept and slope")
    )
    assert before["calibration_slope"][0] < 0.6
    assert after["calibration_slope"][0] == pytest.approx(1.0, abs=0.1)
    assert after["logloss"][0] < before["logloss"][0]


def test_a_model_that_is_right_elsewhere_is_left_alone():
    found = account(*answered(1_500))
    assert found["recalibration"]["chosen"] == "none"
    assert "may be used here as they are" in found["notes"][-1]


def test_refusals_are_counted_by_code_and_stay_out_of_the_figures():
    examples, answers = answered(500)
    refused = answers.refused.copy()
    refused[:30], refused[30:40] = 1, 0
    probability = np.where(refused >= 0, np.nan, answers.probability)
    found = account(examples, Answers(probability, refused, REFUSED))
    assert [(one["code"], one["episodes"]) for one in found["refused"]] == [
        ("R04_NO_BASELINE", 30),
        ("R01_AGE", 10),
    ]
    assert found["refused"][0]["share"] == pytest.approx(30 / len(examples), abs=1e-3)
    assert f"40 of {len(examples):,} episodes" in found["notes"][0]
    assert found["missing"]["eligible"] == len(examples) - 40


def test_the_lost_are_counted_and_not_judged():
    examples, answers = answered(500)
    lost = np.arange(len(examples)) % 4 == 0
    found = account(replace(examples, y=np.where(lost, np.nan, examples.y)), answers)
    assert found["missing"]["lost"] == lost.sum()
    assert found["calibration"]["tenths"][0]["episodes"] < len(examples) / 4


def test_too_few_outcomes_are_counted_without_figures():
    examples, answers = answered(12)
    found = account(examples, answers)
    assert "performance" not in found
    assert "too few of either to judge" in found["notes"][-1]


def test_a_target_the_clinic_does_not_predict_is_left_out_with_the_reason(bundle, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text('predict = ["rfa"]')
    catalogue, skipped = same_questions(open_bundle(bundle), load_catalogue(site))
    assert set(catalogue.targets) == {"rfa"}
    assert set(skipped) == {"scs_permanent", "cbt"}


def test_targets_a_clinic_only_also_asks_are_found(bundle):
    """A bundle of a site that predicts more than the packaged choice."""
    opened = open_bundle(bundle)
    name = "rfa.pain_30.12_mo"
    card = replace(opened.targets[1], name=name, outcome="pain_30", horizon="12 mo")
    catalogue, skipped = same_questions(replace(opened, targets=(card,)), load_catalogue())
    assert set(catalogue.targets) == {name}
    assert skipped == {}


def test_a_target_of_the_same_name_that_asks_something_else_is_refused(bundle, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text('[targets.rfa]\nhorizon = "3 mo"')
    with pytest.raises(DefinitionError, match="'rfa' is another question here: its horizon is '3 mo'"):
        same_questions(open_bundle(bundle), load_catalogue(site))


def test_a_clinic_that_predicts_nothing_of_the_bundle_is_told_so(bundle, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text('predict = ["mpp"]')
    with pytest.raises(CohortError, match="predicts none of the targets of bundle 'tiny'"):
        same_questions(open_bundle(bundle), load_catalogue(site))


def test_a_synthetic_bundle_is_refused_unless_allowed(bundle, clinic):
    with pytest.raises(BundleError, match="R08_MODEL_SYNTHETIC"):
        external(bundle, clinic)


def test_it_is_plain_json_and_names_nobody(judged):
    text = json.dumps(judged, allow_nan=False)
    assert "subject" not in set(_words(json.loads(text)))
    for one in judged["targets"].values():
        for name, section in one.items():
            assert len(json.dumps(section)) < 15_000, name


def _words(plain: Any) -> list[str]:
    """Every key."""
    if isinstance(plain, dict):
        return [*plain, *(word for value in plain.values() for word in _words(value))]
    return [word for value in plain for word in _words(value)] if isinstance(plain, list) else []
