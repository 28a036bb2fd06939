import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from painresponse.clinic import load_catalogue
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.training.examples import Examples
from painresponse.training.lessons import Lesson, lesson
from painresponse.training.response import Learnt
from painresponse.validation.time import ForwardInTime, days_until_known, forward_in_time
from painresponse.validation.unseen import Learner
from tests.validation.clinics import YEARS, clinics, points


def forward(examples: Examples, learner: Learner, **more: Any) -> ForwardInTime:
    return forward_in_time(examples, lesson(examples), learner=learner, **more)


@pytest.fixture(scope="module")
def steady() -> ForwardInTime:
    return forward(clinics(900, seed=1), points(), known_after=120)


def test_where_nothing_moves_the_later_patients_are_foretold_as_well_as_the_earlier(steady):
    assert [cut.share for cut in steady.cuts] == [0.5, 0.65, 0.8]
    for cut in steady.cuts:
        value = cut.figures["calibration_in_the_large"][0]
        assert abs(value) < 0.06
        assert 0.6 < cut.figures["auc"][0] < 0.85
    assert "what was foretold, within noise" in steady.sentence


def test_the_figures_shown_are_those_of_the_last_cut(steady):
    assert steady.figures == steady.cuts[-1].figures
    assert f"judged on {steady.cuts[-1].judged:,}" in steady.sentence


def test_a_share_of_responders_that_falls_over_the_years_is_seen():
    found = forward(clinics(900, seed=2, drift=-3.0), points(), known_after=120)
    value, _, high = found.figures["calibration_in_the_large"]
    assert high < 0
    assert f"{100 * -value:.0f} in 100 fewer responded than foretold" in found.sentence


def test_only_what_was_known_at_the_cut_is_learnt_from_and_nobody_is_on_both_sides():
    examples = clinics(400, seed=3)
    seen = []

    def watching(known: Lesson) -> Learnt:
        seen.append(known)
        return points()(known)

    found = forward(examples, watching, known_after=365, cuts=[0.6])
    moment = np.sort(examples.index)[int(np.ceil(0.6 * (len(examples) - 1)))]
    later = set(examples.subject[examples.index >= moment].tolist())
    assert later.isdisjoint(seen[0].subject.tolist())
    known = (examples.index + 365 * DAY < moment) & ~np.isin(examples.subject, list(later))
    assert sorted(seen[0].subject) == sorted(examples.subject[known])
    (cut,) = found.cuts
    assert cut.learnt + cut.waiting + cut.judged == len(examples)


def test_a_longer_wait_for_outcomes_leaves_less_to_learn_from():
    examples = clinics(400, seed=4)
    learnt = [
        forward(examples, points(), known_after=days, cuts=[0.8]).cuts[0].learnt for days in (0, 30, 365)
    ]
    assert learnt == sorted(learnt, reverse=True)
    assert learnt[0] > learnt[2]


def test_what_comes_after_the_cut_never_changes_what_is_learnt():
    examples = clinics(400, seed=5)
    late = examples.index >= np.quantile(examples.index, 0.5, method="higher")
    scrambled = replace(
        examples,
        x=np.where(late[:, None], np.float32(9.0), examples.x),
        y=np.where(late, 1 - examples.y, examples.y),
    )
    lessons = []

    def watching(known: Lesson) -> Learnt:
        lessons.append(known)
        return points()(known)

    for one in (examples, scrambled):
        forward(one, watching, known_after=90, cuts=[0.5])
    assert np.array_equal(lessons[0].x, lessons[1].x, equal_nan=True)
    assert np.array_equal(lessons[0].y, lessons[1].y)


def test_too_few_on_either_side_is_said_and_counted():
    found = forward(clinics(300, seed=6), points(), known_after=(YEARS + 1) * 365)
    assert "not examined" in found.sentence
    assert found.figures == {}
    assert all(cut.learnt == 0 and cut.judged > 0 and cut.figures == {} for cut in found.cuts)


def test_the_wait_of_a_target_is_its_lead_and_the_end_of_its_window():
    catalogue = load_catalogue()
    target = catalogue.targets["rfa"]
    stage = catalogue.interventions["rfa"].stages[target.stage]
    days = catalogue.horizons[target.horizon].days
    assert days_until_known(catalogue, "rfa") == stage.lead_days + days[1]
    assert days_until_known(catalogue, "rfa") > days[0]


def test_it_is_plain_json(steady):
    plain = json.loads(json.dumps(asdict(steady), allow_nan=False))
    assert set(plain) == {"sentence", "figures", "cuts"}
    assert len(json.dumps(plain)) < 15_000
