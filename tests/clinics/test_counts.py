"""Nothing small leaves a clinic, and what is withheld cannot be worked out from the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.clinics.counts import COUNTS, check_counts, told_counts

LEASTS = st.sampled_from([10, 11, 20])


@st.composite
def tables(draw):
    """Exact counts that a clinic may have."""
    episodes = draw(st.integers(0, 400))
    few = st.integers(0, min(25, episodes))
    responded = draw(st.one_of(few, few.map(lambda one: episodes - one), st.integers(0, episodes)))
    subjects = draw(st.integers(min(1, episodes), episodes))
    lost, refused = draw(st.integers(0, 60)), draw(st.integers(0, 60))
    return dict(zip(COUNTS, (episodes, subjects, responded, lost, refused), strict=True))


@given(tables(), LEASTS)
def test_what_is_told_is_never_small_and_never_exact(exact, least):
    told = told_counts(exact, least)
    assert all(count >= least and count % least == 0 for count in told.values())
    assert all(abs(count - exact[name]) <= least / 2 for name, count in told.items())


@given(tables(), LEASTS)
def test_a_clinic_tells_only_what_another_believes(exact, least):
    check_counts(told_counts(exact, least), least)


@given(tables(), LEASTS, st.data())
def test_what_is_withheld_could_be_any_other_small_number(exact, least, data):
    """So no sum, difference or total of what is told can give it away."""
    told = told_counts(exact, least)
    small = data.draw(st.integers(0, least - 1))
    for name in {"lost", "refused"} - set(told):
        assert told_counts({**exact, name: small}, least) == told
    if "responded" not in told and exact["episodes"] >= least:
        for responded in (small, exact["episodes"] - small):
            assert told_counts({**exact, "responded": responded}, least) == told


@given(tables(), LEASTS, st.sampled_from(COUNTS))
def test_one_patient_more_changes_a_count_by_nothing_or_by_a_whole_step(exact, least, name):
    """Two summaries of nearly the same patients may be subtracted: no difference is one of a patient."""
    before, after = (told_counts({**exact, name: exact[name] + one}, least).get(name) for one in (0, 1))
    if before is not None and after is not None:
        assert after - before in (0, least)


@pytest.mark.parametrize(
    ("episodes", "responded", "told"), [(100, 9, None), (100, 91, None), (100, 10, 10), (100, 90, 90)]
)
def test_responders_are_told_only_where_both_sides_are_enough(episodes, responded, told):
    exact = dict(zip(COUNTS, (episodes, episodes, responded, 0, 0), strict=True))
    assert told_counts(exact, 10).get("responded") == told
