"""Millions of rows over every shape of booster: not one bit of one margin may differ from LightGBM's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
import onnx
import pytest

from painresponse.export.contributions import expected_margin
from painresponse.export.snapping import snap
from painresponse.export.trees import Tree, trees

from .adversaries import adversarial_rows, branches_of, edge_rows
from .boosters import N_FEATURES
from .runtime import assert_same_bits, contributions, graph_of, raw_margin, run_in_batches, session_of
from .shapes import ALL, grown

pytestmark = pytest.mark.slow

RANDOM, HOSTILE, EDGES = 50_000, 5_000, 12_000
"""Rows for each shape; two million random and 700,000 adversarial ones in all."""

SLOPE, INTERCEPT = 0.83, -0.4


@dataclass(frozen=True)
class Case:
    trained: lightgbm.Booster
    snapped: lightgbm.Booster
    graph: onnx.ModelProto
    rows: np.ndarray
    margins: np.ndarray


def trouble(name: str, *, hostile: int, edges: int) -> np.ndarray:
    """Aimed at the thresholds as trained, which are not those the graph holds."""
    shape, forest = ALL[name], trees(grown(name))
    rows = adversarial_rows(forest, hostile, n_features=shape.width, seed=61)
    return np.concatenate([rows, edge_rows(forest, shape.rows(edges, seed=62), seed=63)])


@pytest.fixture(scope="module", params=ALL)
def case(request: pytest.FixtureRequest) -> Case:
    trained = grown(request.param)
    snapped = snap(trained)
    random = ALL[request.param].rows(RANDOM, seed=60)
    rows = np.concatenate([random, trouble(request.param, hostile=HOSTILE, edges=EDGES)])
    graph = graph_of(snapped, slope=SLOPE, intercept=INTERCEPT)
    return Case(trained, snapped, graph, rows, raw_margin(snapped, rows))


@pytest.mark.parametrize("threads", [1, 2])
def test_margins_are_those_of_lightgbm_to_the_bit(case, threads):
    session = session_of(case.graph, threads=threads)
    assert_same_bits(run_in_batches(session, "margin", case.rows, size=1_000)[:, 0], case.margins)


@pytest.mark.parametrize(("size", "count"), [(1, 1_000), (7, 7_000)])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_row_alone_and_one_of_seven_have_the_same_bits(case, threads, size, count):
    some = np.random.default_rng(size).permutation(len(case.rows))[:count]
    session = session_of(case.graph, threads=threads)
    margins = run_in_batches(session, "margin", case.rows[some], size=size)
    assert_same_bits(margins[:, 0], case.margins[some])


def test_adversarial_rows_fall_into_the_leaves_of_the_booster_as_trained(case):
    rows = case.rows[RANDOM:]
    before, after = (one.predict(rows, pred_leaf=True, num_threads=1) for one in (case.trained, case.snapped))
    np.testing.assert_array_equal(before, after)


def test_probabilities_are_those_of_double_precision(case):
    found = run_in_batches(session_of(case.graph), "probability", case.rows, size=1_000)[:, 0]
    expected = 0.5 * (1 + np.tanh((SLOPE * case.margins + INTERCEPT) / 2))
    assert np.abs(found - expected).max() <= 1e-12


def test_contributions_are_those_of_lightgbm_and_add_up_to_the_margin(case):
    few = shallow_or_few(case.snapped)
    rows = np.random.default_rng(64).permutation(case.rows)[:2_000]
    expected = few.predict(rows, pred_contrib=True, num_threads=1)
    found = contributions(session_of(graph_of(few, explained=True)), rows, asked=[True])[0]
    bearable = 1e-6 * max(1, np.abs(expected).max())
    assert np.abs(found - expected[:, :-1]).max() <= bearable
    total = expected_margin(trees(few)) + found.sum(axis=1, dtype=np.float64)
    assert np.abs(total - raw_margin(few, rows)).max() <= bearable


def shallow_or_few(booster: lightgbm.Booster) -> lightgbm.Booster:
    """Deeper trees than training grows need so much room for their contributions that a few must do."""
    kept = booster.num_trees() if max(depths(trees(booster))) <= 6 else 2
    return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=max(kept, 1)))


@pytest.mark.parametrize("threads", [1, 2])
def test_margins_keep_their_bits_where_all_shapes_share_one_graph(threads):
    alike = [name for name, shape in ALL.items() if shape.width == N_FEATURES]
    boosters = [snap(grown(name)) for name in alike]
    rows = np.concatenate([trouble(name, hostile=200, edges=400) for name in alike])
    session = session_of(graph_of(*boosters), threads=threads)
    margins = run_in_batches(session, "margin", rows, size=1_000)
    for target, booster in enumerate(boosters):
        assert_same_bits(margins[:, target], raw_margin(booster, rows))


def test_the_shapes_are_as_different_as_they_should_be():
    forests = [trees(grown(name)) for name in ALL]
    deepest = [max(depths(forest)) for forest in forests]
    assert set(range(9)) <= set(deepest)
    assert {1, 2, 4, 8, 16, 32, 63} <= {max(len(tree.leaves) for tree in forest) for forest in forests}
    assert {1, 300} <= set(map(len, forests))
    assert len(forests) * RANDOM >= 1_000_000
    assert len(forests) * (HOSTILE + EDGES) >= 200_000


def depths(forest: Sequence[Tree]) -> Iterator[int]:
    """Of each tree, the most branches that a row passes."""
    return (max((len(turns) + 1 for turns, *_ in branches_of(tree)), default=0) for tree in forest)
