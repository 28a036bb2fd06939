"""Contributions from the graph are LightGBM's own SHAP values, and cost nothing unless asked for."""

from dataclasses import dataclass

import lightgbm
import numpy as np
import onnx
import pytest

from painresponse.errors import DefinitionError
from painresponse.export.contributions import expected_margin, tables
from painresponse.export.graph import TargetModel, build_graph
from painresponse.export.snapping import snap
from painresponse.export.trees import Tree, trees

from .adversaries import adversarial_rows
from .boosters import N_FEATURES, SHAPES, booster_of, fit, ordinary_rows
from .runtime import contributions, graph_of, raw_margin, run, session_of

A_FEW = 3
UNIT = 2.0**-24
"""A float32 is off by at most this share of itself."""

SMALLEST = 2.0**-140


def explained(shape: str) -> lightgbm.Booster:
    """Of the boosters whose trees have no bound on depth, the first few trees."""
    booster = booster_of(shape)
    bounded = booster.params.get("max_depth", -1) > 0 or booster.params.get("num_leaves", 31) <= 8
    if not bounded and booster.num_trees() > A_FEW:
        booster = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=A_FEW))
    return snap(booster)


def hostile_rows(booster: lightgbm.Booster, count: int, *, seed: int = 51) -> np.ndarray:
    hostile = adversarial_rows(trees(booster), count, n_features=N_FEATURES, seed=seed)
    return np.concatenate([ordinary_rows(count, seed=seed), hostile])


def by_lightgbm(booster: lightgbm.Booster, rows: np.ndarray) -> np.ndarray:
    """Contributions, and the base in the last column."""
    return booster.predict(rows, pred_contrib=True, num_threads=1)


@dataclass(frozen=True)
class Case:
    booster: lightgbm.Booster
    rows: np.ndarray
    expected: np.ndarray
    found: np.ndarray


@pytest.fixture(scope="module", params=SHAPES)
def case(request: pytest.FixtureRequest) -> Case:
    booster = explained(request.param)
    rows = hostile_rows(booster, 500)
    found = contributions(session_of(graph_of(booster, explained=True)), rows, asked=[True])[0]
    return Case(booster, rows, by_lightgbm(booster, rows), found)


def test_contributions_are_those_of_lightgbm_to_a_millionth(case):
    size = max(1.0, np.abs(case.expected).max())  # leaves of a million have no millionth in float32
    assert np.abs(case.found - case.expected[:, :-1]).max() <= 1e-6 * size


def test_contributions_are_off_by_no_more_than_it_takes_to_write_them_as_float32(case):
    drift = np.abs(case.found - case.expected[:, :-1]).sum(axis=1)
    assert (drift <= 2 * UNIT * np.abs(case.found).sum(axis=1) + SMALLEST).all()


def test_base_and_contributions_add_up_to_the_margin(case):
    total = expected_margin(trees(case.booster)) + case.found.sum(axis=1, dtype=np.float64)
    drift = np.abs(total - raw_margin(case.booster, case.rows))
    assert (drift <= 2 * UNIT * np.abs(case.found).sum(axis=1) + SMALLEST).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_base_is_that_of_lightgbm(shape):
    booster = snap(booster_of(shape))
    base = by_lightgbm(booster, ordinary_rows(1, seed=1))[0, -1]
    assert expected_margin(trees(booster)) == pytest.approx(base, rel=1e-12, abs=1e-12)


@pytest.fixture(scope="module")
def boosters() -> list[lightgbm.Booster]:
    return [explained(shape) for shape in ("shallow", "one leaf", "stumps", "huge leaves", "monotone")]


@pytest.fixture(scope="module")
def session(boosters):
    return session_of(graph_of(*boosters, explained=True))


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_row_gets_the_same_bits_alone_and_in_any_batch(boosters, session, size):
    rows = hostile_rows(boosters[0], 100)
    together = contributions(session, rows, asked=[True] * 5)
    parts = [
        contributions(session, rows[start : start + size], asked=[True] * 5)
        for start in range(0, len(rows), size)
    ]
    np.testing.assert_array_equal(together, np.concatenate(parts, axis=1))


def test_two_threads_give_the_same_bits_as_one(boosters, session):
    rows = hostile_rows(boosters[3], 1_000)
    two = session_of(graph_of(*boosters, explained=True), threads=2)
    for some in (rows, rows[:1]):
        alone, shared = (contributions(one, some, asked=[True] * 5) for one in (session, two))
        np.testing.assert_array_equal(alone, shared)


def test_a_target_alone_gets_the_numbers_it_gets_among_all(boosters, session):
    rows = hostile_rows(boosters[0], 50)
    everything = contributions(session, rows, asked=[True] * 5)
    assert everything.shape == (5, 100, N_FEATURES)
    for asked in (*np.eye(5, dtype=bool), [False, True, False, True, True]):
        np.testing.assert_array_equal(contributions(session, rows, asked=asked), everything[np.array(asked)])


@pytest.mark.parametrize("count", [0, 1, 40])
def test_whoever_asks_for_none_gets_none(boosters, session, count):
    rows = ordinary_rows(count, seed=52)
    assert contributions(session, rows, asked=[False] * 5).shape == (0, count, N_FEATURES)
    assert contributions(session, rows, asked=[True] * 5).shape == (5, count, N_FEATURES)


def test_asking_changes_no_other_answer(boosters, session):
    rows = hostile_rows(boosters[0], 200)
    names = ["margin", "probability", "low", "high", "support"]
    found = [session.run(names, {"features": rows, "explain": np.full(5, asked)}) for asked in (False, True)]
    for quiet, asked in zip(*found, strict=True):
        np.testing.assert_array_equal(quiet, asked)
    plain = session_of(graph_of(*boosters))
    np.testing.assert_array_equal(run(plain, "margin", rows), found[0][0])


def test_an_implication_lifts_a_probability_and_leaves_its_contributions(boosters):
    models = [TargetModel(name, boosters[place], 1.0, 0.0) for name, place in (("half", 0), ("third", 2))]
    rows = ordinary_rows(500, seed=53)
    free, bound = (
        session_of(build_graph(models, N_FEATURES, implications=pairs)) for pairs in ((), [("half", "third")])
    )
    asked = np.ones(2, bool)
    before, after = (
        one.run(["probability", "contributions"], {"features": rows, "explain": asked})
        for one in (free, bound)
    )
    assert (before[0] != after[0]).any()
    np.testing.assert_array_equal(before[1], after[1])


@pytest.mark.parametrize("shape", ["one leaf", "everyone responds", "no tree at all"])
def test_a_prevalence_has_no_reasons(shape):
    graph = graph_of(snap(booster_of(shape)), explained=True)
    rows = hostile_rows(booster_of("shallow"), 20)
    assert not contributions(session_of(graph), rows, asked=[True]).any()


def _operators(graph: onnx.GraphProto) -> list[str]:
    return [node.op_type for node in graph.node]


def test_all_that_explains_stands_behind_a_single_condition(boosters):
    graph = graph_of(*boosters, explained=True).graph
    assert _operators(graph).count("If") == 1
    assert _operators(graph).count("TreeEnsembleRegressor") == 1
    (condition,) = (node for node in graph.node if node.op_type == "If")
    asked, not_asked = (
        _operators(next(one.g for one in condition.attribute if one.name == name))
        for name in ("then_branch", "else_branch")
    )
    assert not {"If", "TreeEnsembleRegressor"} & set(asked)
    assert len(not_asked) == 2


def test_a_target_of_150_trees_with_15_leaves_explains_itself_in_one_megabyte():
    shallow = fit(ordinary_rows(3_000, seed=1), rounds=150, num_leaves=15, max_depth=5, learning_rate=0.05)
    assert graph_of(snap(shallow), explained=True).ByteSize() < 1.2e6


@pytest.mark.parametrize("shape", ["deep", "thresholds around zero"])
def test_trees_too_deep_to_explain_are_refused_in_words(shape):
    with pytest.raises(
        DefinitionError, match=r"The booster of .* may need \d+ cells .* max_depth of at most 6"
    ):
        graph_of(snap(booster_of(shape)), explained=True)


def test_the_deepest_trees_that_training_is_told_to_grow_are_explained():
    """The refusal above names them as possible."""
    rows = ordinary_rows(3_000, seed=54)
    booster = snap(fit(rows, rounds=2, num_leaves=31, max_depth=6, min_data_in_leaf=2))
    found = contributions(session_of(graph_of(booster, explained=True)), rows[:200], asked=[True])[0]
    assert np.abs(found - by_lightgbm(booster, rows[:200])[:, :-1]).max() <= 1e-6


def test_a_branch_that_no_patient_went_down_is_refused():
    stump = Tree((0,), (0.5,), (True,), (-1,), (-2,), (0.1, 0.2), (40,), (40, 0))
    with pytest.raises(DefinitionError, match="The stump has a branch that no patient went down"):
        tables("the stump", [stump])
