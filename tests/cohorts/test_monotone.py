"""What one outcome implies of another holds for every label, whatever happened to the patients."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from painresponse.clinic import load_catalogue
from painresponse.training.episodes import find_episodes
from painresponse.training.labels import Labeller
from painresponse.training.outcomes import judges
from tests.cohorts.clinic import EXPLANT, GENERATOR, LEAD, LEAD_OUT, PAIN, PUMP, records_of

MORPHINE = "RxNorm//7052"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Everything asked of the implanted, moderate relief too."""
    path = tmp_path_factory.mktemp("site") / "site.toml"
    path.write_text("""
        predict = ["scs_permanent", "scs_permanent.pain*.6_mo", "scs_permanent.opioid*.6_mo",
                   "scs_permanent.pain*.12_mo"]
        [targets.scs_permanent.also]
        pain_moderate = ["6 mo", "12 mo"]
        pain_mcid = ["6 mo", "12 mo"]
    """)
    return load_catalogue(path)


@pytest.fixture(scope="module")
def labellers(site):
    known = judges(site, (one.outcome for one in site.targets.values()))
    return {name: Labeller(site, one, known[one.outcome]) for name, one in site.targets.items()}


days = st.integers(-100, 500)
events = st.lists(
    st.one_of(
        st.tuples(days, st.just(PAIN), st.integers(0, 20).map(lambda half: half / 2)),
        st.tuples(days, st.just(MORPHINE), st.sampled_from([5.0, 20.0, 39.0, 40.0, 80.0])),
        st.tuples(days, st.sampled_from([f"{MORPHINE}//STOP", EXPLANT, LEAD_OUT, PUMP, "MEDS_DEATH"])),
    ),
    max_size=25,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(events, min_size=1, max_size=4))
def test_whoever_meets_the_narrower_outcome_meets_the_broader_one(site, labellers, patients):
    implanted = [[(-30, LEAD), (0, GENERATOR), (0, LEAD), *one] for one in patients]
    records = records_of(site, *implanted)
    stage = site.interventions["scs"].stages["permanent"]
    episodes, _ = find_episodes(records, site.concepts, stage)
    labels = {name: one.judge(records, episodes).y for name, one in labellers.items()}
    pairs = site.implications()
    assert len(pairs) == 9
    for narrower, broader in pairs:
        assert (labels[broader][labels[narrower] == 1] == 1).all(), (narrower, broader)
        assert (labels[narrower][labels[broader] == 0] == 0).all(), (narrower, broader)


def test_response_may_come_back_so_horizons_imply_nothing(site, labellers):
    records = records_of(
        site,
        [(-30, LEAD), (-10, PAIN, 8.0), (0, GENERATOR), (0, LEAD), (183, PAIN, 8.0), (365, PAIN, 2.0)],
    )
    stage = site.interventions["scs"].stages["permanent"]
    episodes, _ = find_episodes(records, site.concepts, stage)
    half = {
        horizon: labellers[name].judge(records, episodes).y[0]
        for horizon, name in (("6 mo", "scs_permanent"), ("12 mo", "scs_permanent.pain_50.12_mo"))
    }
    assert half == {"6 mo": 0.0, "12 mo": 1.0}
    assert all(site.targets[one].horizon == site.targets[other].horizon for one, other in site.implications())
