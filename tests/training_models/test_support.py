"""Support: who was never given it is below the threshold, who was is above, and how sure that is is said."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from painresponse.clinic.declarations import Target
from painresponse.errors import CohortError, DefinitionError
from painresponse.export.snapping import is_snapped
from painresponse.export.trees import trees
from painresponse.scoring.scorer import UNSUPPORTED
from painresponse.training.examples import Examples
from painresponse.training.settings import training_settings
from painresponse.training.support import MOST_BELOW, Support, support_models

SETTINGS = training_settings()
NAMES = ("severity", "fibromyalgia", "trial_relief", "noise")
TARGETS = {
    "device_trial": Target("device", "trial", "success", "end_of_trial"),
    "device_permanent": Target("device", "permanent", "pain_50", "6 mo"),
    "device_permanent.pain_30.6_mo": Target("device", "permanent", "pain_30", "6 mo"),
    "lesion": Target("lesion", "therapeutic", "pain_50", "6 mo"),
    "course": Target("course", "course", "pain_50", "6 mo"),
}


def rows(count: int, rng: np.random.Generator, *, severity: float = 0.0, ill: float = 0.3) -> np.ndarray:
    """Histories: some lack the severity, nobody has had a trial, and a share ``ill`` has fibromyalgia."""
    known = rng.normal(severity, 1, count)
    known[rng.random(count) < 0.1] = np.nan
    sick = (rng.random(count) < ill).astype(float)
    return np.column_stack([known, sick, np.full(count, np.nan), rng.normal(size=count)]).astype(np.float32)


def asked(target: str, x: np.ndarray, subject: np.ndarray) -> Examples:
    n = len(x)
    y = np.random.default_rng(0).integers(0, 2, n).astype(float)
    return Examples(target, NAMES, x, y, subject, np.arange(n), np.zeros(n, np.int64))


def clinic(*, devices: int = 600, seed: int = 1) -> dict[str, Examples]:
    """Devices for the severe, half of them kept; lesions never with fibromyalgia; courses for all."""
    rng = np.random.default_rng(seed)
    device, lesion, course = (
        rows(devices, rng, severity=1.5),
        rows(900, rng, ill=0.0),
        rows(1500, rng),
    )
    kept = devices // 2
    implanted = device[:kept].copy()
    implanted[:, 2] = rng.uniform(40, 100, kept)
    return {
        "device_trial": asked("device_trial", device, np.arange(devices)),
        "device_permanent": asked("device_permanent", implanted, np.arange(kept)),
        "device_permanent.pain_30.6_mo": asked("device_permanent.pain_30.6_mo", implanted, np.arange(kept)),
        "lesion": asked("lesion", lesion, 10_000 + np.arange(900)),
        "course": asked("course", course, 20_000 + np.arange(1500)),
    }


@pytest.fixture(scope="module")
def examples() -> dict[str, Examples]:
    return clinic()


@pytest.fixture(scope="module")
def made(examples: Mapping[str, Examples]) -> dict[str, Support]:
    return support_models(examples, TARGETS, SETTINGS)


@pytest.mark.parametrize("target", TARGETS)
def test_of_those_given_it_hardly_anybody_is_below(
    made: dict[str, Support], examples: dict[str, Examples], target: str
) -> None:
    share, low, high = made[target].figures.below_given
    assert low <= share <= MOST_BELOW <= high
    newly_seen = clinic(seed=2)[target].x
    assert made[target].supported(newly_seen).mean() > 0.94


def test_a_diagnosis_that_was_never_given_it_is_below(made: dict[str, Support]) -> None:
    never = rows(500, np.random.default_rng(3), ill=1.0)
    assert made["lesion"].supported(never).mean() < 0.01
    assert made["course"].supported(never).mean() > 0.9


def test_a_permanent_stage_is_for_those_who_had_its_trial(made: dict[str, Support]) -> None:
    """Its own first stage is no other intervention: it counts neither for nor against."""
    untried = rows(500, np.random.default_rng(4), severity=1.5)
    tried = untried.copy()
    tried[:, 2] = 70
    assert made["device_permanent"].supported(untried).mean() < 0.01
    assert made["device_permanent"].supported(tried).mean() > 0.94
    figures = made["device_permanent"].figures
    assert (figures.given, figures.others) == (300, 900 + 1500)
    assert [one.intervention for one in figures.overlaps] == ["lesion", "course"]


def test_among_many_features_that_tell_nothing_the_one_whose_being_known_tells_all_is_found() -> None:
    wide = {name: _widened(one, place) for place, (name, one) in enumerate(clinic().items())}
    found = support_models(wide, TARGETS, SETTINGS)["device_permanent"]
    assert found.supported(wide["course"].x).mean() < 0.01


def _widened(examples: Examples, seed: int) -> Examples:
    noise = np.random.default_rng(seed).normal(size=(len(examples), 100)).astype(np.float32)
    names = (*(f"noise_{place}" for place in range(100)), *NAMES)
    return replace(examples, names=names, x=np.hstack([noise, examples.x]))


def test_a_propensity_of_so_much_means_that_so_many_were_given_it(made: dict[str, Support]) -> None:
    newly = clinic(seed=5)
    x = np.concatenate([newly[name].x for name in ("device_trial", "lesion", "course")])
    was = np.arange(len(x)) < 600
    propensity = made["device_trial"].probability(x)
    for low, high in ((0, 0.15), (0.15, 0.4), (0.4, 1)):
        such = (propensity >= low) & (propensity < high)
        assert propensity[such].mean() == pytest.approx(was[such].mean(), abs=0.06)


def test_overlap_is_told_by_intervention(made: dict[str, Support]) -> None:
    overlaps = {one.intervention: one for one in made["lesion"].figures.overlaps}
    assert overlaps["course"].patients == 1500
    assert overlaps["course"].below == pytest.approx(0.3, abs=0.06)
    assert overlaps["device"].below > 0.3
    everyone, few = made["course"].figures.effective, made["device_permanent"].figures.effective
    assert few < 0.2 < everyone <= 1
    assert made["device_permanent"].figures.auc[0] > made["device_trial"].figures.auc[0] > 0.75


def test_targets_of_one_stage_share_their_support(made: dict[str, Support]) -> None:
    assert made["device_permanent.pain_30.6_mo"] is made["device_permanent"]
    assert made["device_trial"] is not made["device_permanent"]


def test_a_patient_asked_twice_counts_once(examples: dict[str, Examples]) -> None:
    again = dict(examples)
    once = examples["course"]
    later = replace(once, x=once.x + 5, index=once.index + 10_000)
    again["course"] = replace(
        once, **{name: np.concatenate([getattr(later, name), getattr(once, name)]) for name in COLUMNS}
    )
    twice = support_models(again, TARGETS, SETTINGS)["course"]
    assert twice.figures.given == 1500
    assert _text(twice) == _text(support_models(examples, TARGETS, SETTINGS)["course"])


COLUMNS = ("x", "y", "subject", "index", "site")


def test_what_came_of_it_plays_no_part(made: dict[str, Support], examples: dict[str, Examples]) -> None:
    lost = {name: replace(one, y=np.full(len(one), np.nan)) for name, one in examples.items()}
    again = support_models(lost, TARGETS, SETTINGS)
    assert all(_text(again[name]) == _text(one) for name, one in made.items())
    assert all(again[name].least == one.least for name, one in made.items())


def _text(support: Support) -> str:
    return support.booster.model_to_string()


def test_float32_margins_decide_as_ours_do(made: dict[str, Support]) -> None:
    x = rows(2000, np.random.default_rng(6), severity=0.5)
    for one in made.values():
        assert is_snapped(trees(one.booster))
        assert np.float32(one.least) == one.least
        decided = one.margin(x).astype(np.float32) >= np.float32(one.least)
        assert (decided == one.supported(x)).all()
        assert (one.supported(x) == (one.probability(x) >= one.threshold)).all()


def test_of_few_patients_it_is_said_how_unsure_the_threshold_is() -> None:
    few = support_models(clinic(devices=12), TARGETS, SETTINGS)["device_trial"]
    assert few.figures.below_given[0] == 0
    assert few.figures.below_given[2] > 0.2
    assert "Fewer than 40 patients were given it" in few.summary()["sentence"]
    assert few.supported(rows(300, np.random.default_rng(7), severity=2.0)).mean() > 0.5


def test_of_a_handful_given_something_else_no_share_is_told() -> None:
    overlaps = support_models(clinic(devices=8), TARGETS, SETTINGS)["lesion"].figures.overlaps
    assert {one.intervention: (one.patients, one.below is None) for one in overlaps} == {
        "device": (8, True),
        "course": (1500, False),
    }


def test_where_only_one_intervention_is_known_nothing_can_be_told_apart(
    examples: dict[str, Examples],
) -> None:
    alone = support_models(examples, {"course": TARGETS["course"]}, SETTINGS)["course"]
    assert alone.supported(examples["lesion"].x).all()
    assert alone.figures.others == 0
    assert "No other intervention" in alone.summary()["sentence"]
    json.dumps(alone.summary(), allow_nan=False)


def test_histories_that_tell_nothing_support_everybody() -> None:
    same = {
        name: asked(name, np.zeros((200, 4), np.float32), 1000 * place + np.arange(200))
        for place, name in enumerate(("lesion", "course"))
    }
    found = support_models(same, {name: TARGETS[name] for name in same}, SETTINGS)["lesion"]
    assert found.supported(same["course"].x).all()


def test_the_section_is_small_plain_json(made: dict[str, Support]) -> None:
    for one in made.values():
        section = one.summary()
        assert len(json.dumps(section, allow_nan=False)) < 2000
        assert UNSUPPORTED[1] in section["sentence"]
        assert 0 < section["threshold"] < 1


def test_a_target_without_examples_is_refused(examples: dict[str, Examples]) -> None:
    some = {name: one for name, one in examples.items() if name != "lesion"}
    with pytest.raises(DefinitionError, match="target with examples 'lesion'"):
        support_models(some, TARGETS, SETTINGS)


def test_a_target_given_to_nobody_is_refused(examples: dict[str, Examples]) -> None:
    empty = examples | {"lesion": examples["lesion"].taken(np.zeros(0, np.int64))}
    with pytest.raises(CohortError, match="lesion was given to nobody"):
        support_models(empty, TARGETS, SETTINGS)
