"""Learning a response model: what is allowed and what is chosen."""

from dataclasses import replace

import numpy as np
import pytest

from painresponse.export.snapping import is_snapped
from painresponse.export.trees import trees
from painresponse.training.lessons import Lesson, lesson
from painresponse.training.response import (
    BOOSTED,
    LOGISTIC,
    PREVALENCE,
    clearly_better,
    constant,
    learn,
)
from painresponse.training.settings import TrainingSettings
from tests.training_models.patients import NAMES, Simulated, simulate


@pytest.fixture(scope="module")
def known(simulated: Simulated) -> Lesson:
    return lesson(simulated.examples, better=["column_2"], worse=["column_1"])


@pytest.fixture(scope="module")
def bent(known: Lesson) -> Lesson:
    """Response depends on whether two measurements agree: nothing a sum of points can say."""
    x = np.nan_to_num(known.x)
    chance = 1 / (1 + np.exp(-3 * np.sign(x[:, 5] * x[:, 6]) - x[:, 5] - x[:, 6]))
    return replace(known, x=x, y=(np.random.default_rng(1).random(len(known)) < chance).astype(float))


def test_every_model_is_snapped_before_anybody_sees_its_margins(
    known: Lesson, settings: TrainingSettings
) -> None:
    learnt = learn(known, settings)
    assert set(learnt.models) == {BOOSTED, LOGISTIC, PREVALENCE}
    assert all(is_snapped(trees(one.booster)) for one in learnt.models.values())


def test_the_same_lesson_gives_the_same_model(known: Lesson, settings: TrainingSettings) -> None:
    one, other = learn(known, settings), learn(known, settings)
    assert one.recipes == other.recipes
    assert one.chosen.booster.model_to_string() == other.chosen.booster.model_to_string()


def test_where_the_truth_is_a_sum_the_simpler_model_is_offered(
    known: Lesson, settings: TrainingSettings
) -> None:
    assert learn(known, settings).kind == LOGISTIC


def test_where_measurements_act_together_the_trees_are_offered(
    bent: Lesson, settings: TrainingSettings
) -> None:
    deep = replace(settings, trees_depth=(2, 3), learning_rate=0.1, trees_trust=(0.9, 1.0))
    assert learn(bent, deep).kind == BOOSTED


def test_what_the_sample_size_does_not_bear_is_not_learnt(known: Lesson, settings: TrainingSettings) -> None:
    """Fewer episodes: fewer features, then no trees, then the share of responders for everybody."""
    some = learn(known.taken(np.arange(400)), settings)
    assert some.kind == LOGISTIC
    assert BOOSTED not in some.models
    used = len(np.flatnonzero(some.chosen.booster.feature_importance()))
    assert used <= settings.points_width[1] * some.verdict.parameters
    nobody = learn(known.taken(np.arange(60)), settings)
    assert nobody.kind == PREVALENCE
    assert nobody.nearest(BOOSTED) is nobody.chosen
    assert "too few for an individual model" in nobody.verdict.sentence


def test_trees_may_be_left_out(bent: Lesson, settings: TrainingSettings) -> None:
    assert BOOSTED not in learn(bent, settings, boosted=False).models


def test_prevalence_gives_everybody_the_same_and_is_never_certain(settings: TrainingSettings) -> None:
    everyone = lesson(simulate(30, seed=2).examples)
    everyone = replace(everyone, y=np.ones(len(everyone)))
    found = constant(everyone).probability(everyone.x)
    assert np.ptp(found) == 0
    assert 0.9 < found[0] < 1


@pytest.mark.parametrize(("name", "sign"), [("column_2", 1), ("column_1", -1)])
@pytest.mark.parametrize("kind", [LOGISTIC, BOOSTED])
def test_declared_directions_hold_to_the_end(
    known: Lesson, settings: TrainingSettings, name: str, sign: int, kind: str
) -> None:
    model = learn(known, settings).models[kind]
    rows = np.repeat(known.x[:60], 50, axis=0)
    rows[:, NAMES.index(name)] = np.tile(np.linspace(-4, 4, 50, dtype=np.float32), 60)
    steps = np.diff(model.margin(rows).reshape(60, 50), axis=1)
    assert (sign * steps >= 0).all()
    assert (sign * steps > 0).any()


def test_better_by_chance_is_not_clearly_better() -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(2000) < 0.5).astype(float)
    nothing, noise = np.zeros(2000), 0.05 * rng.standard_normal(2000)
    assert not clearly_better(noise, nothing, y, 1.645)
    assert clearly_better(2 * y - 1, nothing, y, 1.645)
