import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from painresponse.evaluation.subgroups import blocked, subgroups
from tests.evaluation.samples import reversed_sample, sample


def found_in(predictions, **effort):
    found = subgroups(predictions, **{"resamples": 60, "seed": 1, **effort})
    return {(one.grouping, one.label): one for one in found.groups}, found


def test_every_group_and_site_is_looked_at_and_the_unknown_come_last():
    _, found = found_in(sample(3_000, sites=11))
    names = [(one.grouping, one.label) for one in found.groups]
    sites = [("site", str(site)) for site in range(11)]
    assert names == [("sex", "female"), ("sex", "male"), ("sex", "unknown"), *sites, ("site", "unknown")]


def test_figures_are_those_of_the_group_alone():
    predictions = sample(3_000)
    groups, found = found_in(predictions)
    male = predictions.groups["sex"] == "male"
    y, p = predictions.y[male], predictions.probability[male]
    figures = groups["sex", "male"].figures
    assert figures["auc"][0] == pytest.approx(roc_auc_score(y, p), abs=1e-4)
    assert figures["brier"][0] == pytest.approx(brier_score_loss(y, p), abs=1e-4)
    assert figures["calibration_in_the_large"][0] == pytest.approx((y - p).mean(), abs=1e-4)
    odds = found.threshold / (1 - found.threshold)
    flagged = p >= predictions.y.mean()
    expected = (flagged * y).mean() - (flagged * (1 - y)).mean() * odds
    assert figures["net_benefit"][0] == pytest.approx(expected, abs=1e-3)
    assert all(low <= value <= high for value, low, high in figures.values())


def test_groups_with_fewer_than_ten_responders_or_others_have_counts_only():
    predictions = sample(400)
    rare = np.full(400, "common")
    rare[np.flatnonzero(predictions.y == 1)[:9]] = "rare"
    rare[np.flatnonzero(predictions.y == 0)[:40]] = "rare"
    groups, _ = found_in(replace(predictions, groups={"kind": rare}))
    assert groups["kind", "rare"].too_small
    assert (groups["kind", "rare"].episodes, groups["kind", "rare"].events) == (49, 9)
    assert groups["kind", "rare"].figures == {}
    assert not groups["kind", "common"].too_small


def test_subjects_are_counted_once():
    predictions = sample(600, episodes_each=2)
    groups, _ = found_in(replace(predictions, groups={"all": np.full(600, "all")}))
    assert (groups["all", "all"].episodes, groups["all", "all"].subjects) == (600, 300)


def misled(n: int, slope: float):
    """Half the patients well predicted, the others with log-odds that should be ``slope`` times as large."""
    right, wrong = sample(n, seed=1), sample(n, seed=2, slope=slope)
    label = np.repeat(["right", "wrong"], n)
    both = {
        name: np.concatenate([getattr(right, name), getattr(wrong, name)])
        for name in ("y", "probability", "site")
    }
    return replace(right, subject=np.arange(2 * n), groups={"half": label}, comparators={}, **both)


@pytest.mark.parametrize("slope", [0.4, 1.8])
def test_a_large_group_with_a_wrong_slope_blocks_release(slope):
    groups, found = found_in(misled(2_000, slope))
    assert groups["half", "wrong"].blocks
    assert not groups["half", "right"].blocks
    named = [line for line in blocked(found) if "half wrong" in line]
    assert len(named) == 1
    assert "outside 0.7 to 1.3" in named[0]


def test_a_group_with_fewer_than_200_responders_does_not_block():
    groups, _ = found_in(misled(360, 0.3))
    assert groups["half", "wrong"].events < 200
    assert not groups["half", "wrong"].blocks


def test_a_well_calibrated_model_is_not_blocked():
    assert blocked(found_in(sample(5_000))[1]) == []


def test_how_many_groups_were_looked_at_is_said():
    _, found = found_in(sample(3_000))
    judged = sum(not one.too_small for one in found.groups)
    assert found.looked_at == judged
    assert found.note.startswith(f"{judged} groups")


def test_the_order_of_episodes_does_not_matter():
    predictions = sample(1_500)
    ours, _ = found_in(predictions)
    theirs, _ = found_in(reversed_sample(predictions))
    for name, one in ours.items():
        for measure, values in one.figures.items():
            assert values == pytest.approx(theirs[name].figures[measure], rel=2e-3, abs=2e-4)


@pytest.mark.filterwarnings("error")
def test_a_group_of_one_subject_gives_an_interval_from_the_resamples_that_drew_it():
    predictions = sample(200)
    lone = np.where(np.arange(200) < 60, "one", "others")
    subject = np.where(lone == "one", 0, np.arange(200))
    groups, _ = found_in(replace(predictions, groups={"who": lone}, subject=subject))
    assert groups["who", "one"].subjects == 1
    assert groups["who", "one"].figures["brier"][1] is not None


def test_it_is_plain_json():
    _, found = found_in(sample(1_000))
    assert json.loads(json.dumps(asdict(found), allow_nan=False))["looked_at"] == found.looked_at
