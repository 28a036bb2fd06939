"""Whether a cohort still looks like those the models learnt from, and when it is too small to tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from painresponse.scoring.drift import (
    LEVELS,
    MOVED,
    MOVED_MUCH,
    STABLE,
    UNCLEAR,
    Index,
    Reference,
)
from painresponse.scoring.opening import open_bundle

ROWS = 8000
unknown = float("nan")


def column(*values: float) -> np.ndarray:
    """A matrix of one feature."""
    return np.array(values, np.float32)[:, None]


def learnt_from(values: np.ndarray, *, known: float = 1.0, rows: int = ROWS) -> Reference:
    """What a bundle says of a feature that looked like this in training."""
    return Reference.from_plain(["it"], {"it": [*np.quantile(values, LEVELS).round(6), known]}, rows)


def drift_of(reference: Reference, matrix: np.ndarray):
    (found,) = reference.drift(reference.seen(matrix), len(matrix))
    return found


def test_the_same_people_have_not_moved():
    values = np.linspace(0, 10, ROWS)
    found = drift_of(learnt_from(values), column(*values))
    assert found.values.value == pytest.approx(0, abs=1e-6)
    assert found.presence.value == 0
    assert found.reading == STABLE


def test_the_index_is_the_sum_over_the_bins_of_eight_shares():
    """Everybody once lay evenly between 0 and 1; now they lie as the squares of such numbers do."""
    now = column(*(np.arange(20_000) / 20_000) ** 2)
    shares = np.diff([0, *np.sqrt(LEVELS), 1])
    expected = np.diff([0, *LEVELS, 1])
    by_hand = ((shares - expected) * np.log(shares / expected)).sum()
    reference = learnt_from(np.linspace(0, 1, ROWS), rows=10**9)
    assert drift_of(reference, now).values.value == pytest.approx(by_hand, rel=0.01)


@pytest.mark.parametrize(
    ("value", "chance", "reading"),
    [
        (0.05, 0.01, STABLE),
        (0.15, 0.01, MOVED),
        (0.25, 0.01, MOVED_MUCH),
        (0.15, 0.07, UNCLEAR),
        (3.0, 0.7, MOVED_MUCH),
        (unknown, unknown, STABLE),
    ],
)
def test_an_index_is_read_as_usual_unless_chance_alone_may_make_it(value, chance, reading):
    assert Index(value, chance).reading == reading


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_samples_of_the_same_people_have_about_the_index_that_chance_gives(n, draw):
    rng = np.random.default_rng(n)
    found = [
        drift_of(learnt_from(getattr(rng, draw)(size=ROWS)), column(*getattr(rng, draw)(size=n)))
        for _ in range(200)
    ]
    chance = found[0].values.chance
    assert chance == pytest.approx(7 * (1 / n + 1 / ROWS))
    assert np.mean([one.values.value for one in found]) == pytest.approx(chance, rel=0.25)
    assert np.mean([one.values.reading in (MOVED, MOVED_MUCH) for one in found]) < 0.02


def test_a_small_cohort_is_said_to_be_too_small_and_a_large_move_is_seen_in_it():
    reference = learnt_from(np.linspace(0, 1, ROWS))
    assert reference.chance(30) > 0.1 > reference.chance(300)
    assert drift_of(reference, column(*np.full(30, 5.0))).reading == MOVED_MUCH


def test_a_yes_or_no_that_kept_within_what_its_quantiles_allow_has_not_moved():
    """Quantiles tell that between 50 and 75 of 100 were yes; not how many."""
    reference = learnt_from(np.repeat([0.0, 1.0], [4, 6]))
    for yes in (50, 60, 75):
        found = drift_of(reference, column(*np.repeat([0.0, 1.0], [100 - yes, yes])))
        assert found.values.value == pytest.approx(0, abs=1e-9)
    assert found.values.chance == pytest.approx(2 * (1 / 100 + 1 / ROWS)), "it has two edges and not seven"


def test_a_yes_or_no_that_is_always_no_now_has_moved_much():
    assert drift_of(learnt_from(np.repeat([0.0, 1.0], [4, 6])), column(*np.zeros(200))).reading == MOVED_MUCH


def test_what_is_hardly_ever_known_now_has_moved_whatever_its_values_are():
    values = np.linspace(0, 10, 500)
    found = drift_of(learnt_from(np.linspace(0, 10, ROWS)), column(*values, *[unknown] * 500))
    assert found.values.reading == STABLE and found.reading == MOVED_MUCH
    assert (found.known, found.before) == (0.5, 1.0)


def test_what_nobody_knows_now_has_no_index_of_values_but_has_moved():
    found = drift_of(learnt_from(np.linspace(0, 10, ROWS), known=0.4), column(*[unknown] * 300))
    assert np.isnan(found.values.value)
    assert found.reading == MOVED_MUCH
    assert found.to_plain()["psi"] is None


def test_what_nobody_knew_in_training_is_compared_by_that_alone():
    reference = Reference.from_plain(["it"], {"it": [None] * len(LEVELS) + [0.0]}, ROWS)
    assert drift_of(reference, column(*[unknown] * 300)).reading == STABLE
    assert drift_of(reference, column(*np.ones(300))).reading == MOVED_MUCH


def test_what_the_bundle_says_nothing_of_is_not_compared():
    reference = Reference.from_plain(["strange", "it"], {"it": [*LEVELS, 1.0]}, ROWS)
    found = reference.drift(reference.seen(np.ones((5, 2), np.float32)), 5)
    assert [one.name for one in found] == ["it"]


def test_what_moved_farthest_comes_first():
    names = ["near", "far", "still"]
    reference = Reference.from_plain(names, dict.fromkeys(names, (*LEVELS, 1.0)), ROWS)
    even = np.linspace(0, 1, 1000)
    matrix = np.stack([even**1.5, even**3, even], axis=1).astype(np.float32)
    found = reference.drift(reference.seen(matrix), 1000)
    assert [one.name for one in found] == ["far", "near", "still"]


def test_a_value_stored_to_six_decimals_is_taken_for_the_quantile_it_is():
    """A third is 0.333333 in the bundle and 0.33333334 in a row."""
    third = np.float32(1 / 3)
    assert drift_of(learnt_from(np.full(9, third)), column(*np.full(400, third))).values.value == 0


numbers = st.floats(-100, 100, width=32) | st.just(unknown)


@given(st.lists(numbers, max_size=30), st.lists(numbers, max_size=30))
def test_counts_of_two_parts_add_up_to_those_of_both(some, more):
    reference = learnt_from(np.linspace(-50, 50, 101))
    apart = reference.seen(column(*some)) + reference.seen(column(*more))
    assert_array_equal(apart, reference.seen(column(*some, *more)))


@given(st.lists(numbers, min_size=1, max_size=30), st.floats(0, 1))
def test_an_index_is_never_below_zero_and_never_infinite(values, known):
    found = drift_of(learnt_from(np.linspace(-50, 50, 101), known=known), column(*values))
    for one in (found.values, found.presence):
        assert np.isnan(one.value) or 0 <= one.value + 1e-12 < np.inf


def test_nobody_at_all_is_no_drift():
    reference = learnt_from(np.linspace(0, 1, 101))
    (found,) = reference.drift(reference.seen(np.zeros((0, 1), np.float32)), 0)
    assert found.reading == STABLE
    assert reference.chance(0) == float("inf")


def test_a_bundle_says_what_training_saw(tiny_bundle):
    bundle = open_bundle(tiny_bundle)
    reference = Reference.of(bundle)
    assert reference.names == bundle.features.names
    assert reference.rows == sum(card.episodes for card in bundle.targets)
    assert reference.marks.shape == (len(bundle.features), len(LEVELS))
