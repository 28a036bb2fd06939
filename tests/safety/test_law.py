"""Laws of refusals: nothing that has nothing to do with one takes it away, or brings one about."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.safety.patients import PAIN, WELL, refusals
from tests.safety.test_contraindications import ABSOLUTE
from tests.safety.test_red_flags import RAISED

REFUSED = [
    *([*WELL, *several[0]] for several in RAISED.values()),
    *([*WELL, *raised] for _, raised, _ in ABSOLUTE.values()),
    [*WELL, (60, "ICD10CM//Z34.90")],
    [*WELL, (60, "ICD10CM//G89.3")],
    [one for one in WELL if one[1] != PAIN],
    [one for one in WELL if one[1] != "MEDS_BIRTH"],
    [one for one in WELL if not one[1].startswith("CPT")],
]
"""Patients refused by one rule or another."""


@pytest.fixture(scope="module")
def irrelevant(scorer):
    """Codes of concepts that no requirement looks at, and one that nobody knows."""
    said = " ".join(text for one in scorer.bundle.requirements for text in one.features)
    looked_at = {"birth", *re.findall(r"\w+", said)}
    others = [name for name in scorer.bundle.concepts.concepts if name not in looked_at]
    assert len(others) > 50
    return [*(f"PR//{name}" for name in others), "MINE//1"]


@settings(max_examples=150)
@given(st.data())
def test_what_is_irrelevant_changes_no_refusal(scorer, irrelevant, data):
    history = data.draw(st.sampled_from(REFUSED))
    codes = data.draw(st.lists(st.sampled_from(irrelevant), min_size=1, max_size=4))
    days = data.draw(st.lists(st.floats(0.1, 4000), min_size=len(codes), max_size=len(codes)))
    before = refusals(scorer, *history)
    after = refusals(scorer, *history, *zip(days, codes, strict=True))
    assert before
    assert {name: after.get(name) for name in before} == before


@settings(max_examples=60)
@given(st.data())
def test_an_emergency_once_on_record_is_not_taken_away_by_another(scorer, data):
    first, second = (data.draw(st.sampled_from(sorted(RAISED))) for _ in range(2))
    told = refusals(scorer, *WELL, *RAISED[first][0], *RAISED[second][0])
    assert {code for code, _ in told.values()} == {"R05_RED_FLAG"}
    assert set(told) == {card.name for card in scorer.bundle.targets}
