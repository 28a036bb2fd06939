"""The margin from onnxruntime is the margin from the snapped booster, bit for bit."""

import re

import lightgbm
import numpy as np
import pytest

from painresponse.export.snapping import snap
from painresponse.export.trees import trees

from .adversaries import adversarial_rows, edge_rows
from .boosters import N_FEATURES, SHAPES, booster_of, fit, ordinary_rows
from .runtime import assert_same_bits, graph_of, raw_margin, run, run_in_batches, session_of

RANDOM, ADVERSARIAL = 100_000, 20_000


@pytest.fixture(scope="module")
def random_rows() -> np.ndarray:
    return ordinary_rows(RANDOM, seed=100)


def hostile_rows(shape: str, *, count: int = ADVERSARIAL, seed: int = 7) -> np.ndarray:
    """Aimed at the thresholds as trained, which are not those the graph holds."""
    return adversarial_rows(trees(booster_of(shape)), count, n_features=N_FEATURES, seed=seed)


@pytest.mark.parametrize("shape", SHAPES)
def test_ordinary_rows_get_the_same_bits_with_one_thread_and_with_two(shape, random_rows):
    snapped = snap(booster_of(shape))
    expected = raw_margin(snapped, random_rows)
    for threads in (1, 2):
        session = session_of(graph_of(snapped), threads=threads)
        assert_same_bits(run(session, "margin", random_rows)[:, 0], expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_adversarial_rows_get_the_same_bits_with_one_thread_and_with_two(shape):
    snapped = snap(booster_of(shape))
    rows = hostile_rows(shape)
    expected = raw_margin(snapped, rows)
    for threads in (1, 2):
        session = session_of(graph_of(snapped), threads=threads)
        assert_same_bits(run(session, "margin", rows)[:, 0], expected)


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", ["shallow", "deep", "stumps", "huge leaves", "one leaf"])
def test_a_row_gets_the_same_bits_alone_and_in_a_small_batch(shape, threads, size):
    snapped = snap(booster_of(shape))
    rows = hostile_rows(shape, count=700)
    session = session_of(graph_of(snapped), threads=threads)
    margins = run_in_batches(session, "margin", rows, size=size)
    assert_same_bits(margins[:, 0], raw_margin(snapped, rows))


@pytest.mark.parametrize("threads", [1, 2])
def test_every_target_keeps_its_bits_when_all_share_one_graph(threads):
    snapped = [snap(booster_of(shape)) for shape in SHAPES]
    rows = np.concatenate([hostile_rows(shape, count=200) for shape in SHAPES])
    session = session_of(graph_of(*snapped), threads=threads)
    together = run(session, "margin", rows)
    alone = run_in_batches(session, "margin", rows[:200], size=1)
    np.testing.assert_array_equal(together[:200].view(np.int32), alone.view(np.int32))
    for target, booster in enumerate(snapped):
        assert_same_bits(together[:, target], raw_margin(booster, rows))


def test_no_rows_give_no_margins():
    session = session_of(graph_of(snap(booster_of("one tree"))))
    assert run(session, "margin", np.empty((0, N_FEATURES), np.float32)).shape == (0, 1)


def test_the_adversaries_do_cross_thresholds():
    """An unsnapped threshold, rounded to the nearest float32, must be caught by these very rows."""
    forest = trees(booster_of("deep"))
    rounded_up = [
        (feature, np.float32(threshold))
        for tree in forest
        for feature, threshold in zip(tree.features, tree.thresholds, strict=True)
        if float(np.float32(threshold)) > threshold
    ]
    rows = hostile_rows("deep")
    assert len(rounded_up) > 100
    assert all((rows[:, feature] == value).any() for feature, value in rounded_up)


def test_rows_on_the_edge_notice_a_threshold_that_moved_by_one_float32():
    """Whichever it is, however deep, in either direction."""
    booster = snap(fit(ordinary_rows(3_000, seed=15, missing=0.0)[:, :5], rounds=4, max_depth=6))
    forest = trees(booster)
    rows = edge_rows(forest, ordinary_rows(1_000, seed=16)[:, :5], seed=17)
    margins = raw_margin(booster, rows)
    places = [(number, branch) for number, tree in enumerate(forest) for branch in range(len(tree.features))]
    assert len(places) > 80
    for number, branch in places:
        for end in (-np.inf, np.inf):
            assert (raw_margin(with_moved_threshold(booster, number, branch, end), rows) != margins).any()


def with_moved_threshold(
    booster: lightgbm.Booster, number: int, branch: int, towards: float
) -> lightgbm.Booster:
    text = re.sub(r"^tree_sizes=.*\n", "", booster.model_to_string(), flags=re.MULTILINE)
    head, *lines = re.split(r"^(threshold=.*)$", text, flags=re.MULTILINE)
    thresholds = np.array(lines[2 * number].removeprefix("threshold=").split(), np.float32)
    thresholds[branch] = np.nextafter(thresholds[branch], np.float32(towards))
    lines[2 * number] = "threshold=" + " ".join(repr(float(one)) for one in thresholds)
    return lightgbm.Booster(model_str="".join([head, *lines]))
