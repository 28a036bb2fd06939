"""The people of the clinic against the published or specified margins; who is chosen, lost and relieved."""

from collections.abc import Callable

import numpy as np
import pytest

from painresponse.errors import DefinitionError
from painresponse.settings import build
from painresponse.simulate.charts import index_days, reasons
from painresponse.simulate.choices import SiteEffects, choice_probabilities, choose, draw_sites, send_to_sites
from painresponse.simulate.histories import draw_trials
from painresponse.simulate.laboratory import serum_cortisol
from painresponse.simulate.pathways import chance_lost
from painresponse.simulate.people import People, draw_people, linear
from painresponse.simulate.plan import Plan, read_plan
from painresponse.simulate.response import course, found_population, potential

COUNT = 40_000


def _no_sites(plan: Plan) -> SiteEffects:
    """Sites that are all alike."""
    number = plan.sites.count
    return SiteEffects(np.zeros((number, len(plan.arms))), np.zeros(number), np.zeros(number))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan()


@pytest.fixture(scope="module")
def people(plan: Plan) -> People:
    rng = np.random.default_rng(3)
    people, sites = draw_people(COUNT, rng, plan=plan), _no_sites(plan)
    people |= send_to_sites(people, rng, sites=sites)
    people |= choose(people, rng, plan=plan, sites=sites)
    people |= index_days(people, rng)
    return people | reasons(people, plan)


@pytest.mark.parametrize(
    ("name", "mean", "spread"),
    [
        ("age", 55.7, 13.4),
        ("nrs", 7.14, 1.21),
        ("bmi", 29.9, 6.0),
        ("mme", 35, 55),
        ("dn4", 4.1, 2.0),
        ("csi", 43.4, 14.2),
        ("phq9", 10.5, 5.4),
        ("gad7", 8.6, 4.6),
        ("pcs", 25.4, 11.6),
        ("pseq", 24.1, 10.5),
        ("tsk17", 41.0, 7.4),
        ("isi", 14.2, 5.8),
        ("odi", 48.6, 13.4),
        ("pain_sites", 2.9, 1.6),
    ],
)
def test_measured_traits_have_the_specified_mean_and_spread(
    people: People, name: str, mean: float, spread: float
) -> None:
    assert people[name].mean() == pytest.approx(mean, abs=0.06 * spread)
    assert people[name].std() == pytest.approx(spread, rel=0.07)


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("smoker", 0.235),
        ("employed", 0.35),
        ("education_post_secondary", 0.39),
        ("litigation", 0.12),
        ("substance_use_history", 0.09),
        ("opioid", 0.585),
        ("allodynia", 0.29),
        ("treatment_expectation", 0.53),
        ("active_lifestyle", 0.36),
        ("failed_device", 0.03),
        ("hpa_blunted", 0.34),
        ("hpa_hyper", 0.13),
        ("dx_psps_t2", 0.30),
        ("dx_fibromyalgia", 0.07),
    ],
)
def test_circumstances_have_the_specified_share(people: People, name: str, share: float) -> None:
    assert people[name].mean() == pytest.approx(share, abs=0.012)


def test_pain_has_lasted_a_median_of_six_years(people: People) -> None:
    low, middle, high = np.quantile(people["duration"], [0.05, 0.5, 0.95])
    assert (low, middle, high) == (
        pytest.approx(1.5, abs=0.1),
        pytest.approx(6.0, abs=0.15),
        pytest.approx(24, abs=1.2),
    )


def test_inflammation_markers_have_the_specified_medians(people: People) -> None:
    assert np.exp(np.median(people["log_il6"])) == pytest.approx(2.1, rel=0.03)
    assert np.exp(np.median(people["log_crp"])) == pytest.approx(2.4, rel=0.04)


@pytest.mark.parametrize(
    ("arm", "share"),
    [
        ("scs", 0.182),
        ("idd", 0.037),
        ("nerve_block", 0.222),
        ("rfa", 0.102),
        ("mpp", 0.120),
        ("pt_specialised", 0.238),
        ("cbt", 0.100),
    ],
)
def test_each_intervention_is_chosen_as_often_as_specified(people: People, arm: str, share: float) -> None:
    assert people[f"arm_{arm}"].mean() == pytest.approx(share, abs=0.008)


def test_everybody_gets_exactly_one_intervention(people: People, plan: Plan) -> None:
    assert (sum(people[f"arm_{name}"].astype(int) for name in plan.arms) == 1).all()


def test_hidden_severity_steers_the_choice(people: People, plan: Plan) -> None:
    """Patients who get SCS or physical therapy would fare better than their records tell."""
    hidden = people["hidden"]
    assert hidden[people["arm_scs"]].mean() > hidden.mean() + 0.03
    assert hidden[people["arm_mpp"]].mean() < hidden.mean() + 0.01
    chances = choice_probabilities(people, hidden[:, None], plan=plan, sites=_no_sites(plan))
    assert np.allclose(sum(chances.values()), 1)


def test_about_four_classes_have_failed_before_the_index(people: People, plan: Plan) -> None:
    trials = draw_trials(people, np.random.default_rng(5), plan=plan)
    failed = trials.failed(people["day"]).sum(axis=1)
    assert trials.tried.sum(axis=1).mean() == pytest.approx(5.9, abs=0.15)
    assert failed.mean() == pytest.approx(3.8, abs=0.25)
    assert (failed >= 3).mean() == pytest.approx(0.75, abs=0.05)
    assert (failed >= 4).mean() == pytest.approx(0.53, abs=0.06)


def test_trials_lie_between_the_onset_of_the_pain_and_the_index(people: People, plan: Plan) -> None:
    trials = draw_trials(people, np.random.default_rng(5), plan=plan)
    before = people["day"][:, None] - trials.day
    assert (before[trials.tried] >= 9).all()
    young = np.broadcast_to((people["day"] - people["onset_day"])[:, None], before.shape)
    assert (before[trials.tried] <= young[trials.tried] + 1).all()


@pytest.mark.parametrize(("month", "share"), [(1, 0.065), (3, 0.12), (6, 0.17), (12, 0.24), (24, 0.32)])
def test_patients_are_lost_as_often_as_specified(
    people: People, plan: Plan, month: float, share: float
) -> None:
    responds = np.random.default_rng(1).random(COUNT) < 0.40
    assert chance_lost(people, month, responds, plan=plan).mean() == pytest.approx(share, abs=0.015)


def _serum(people: People, hours: tuple[float, float]) -> np.ndarray:
    rng = np.random.default_rng(9)
    elsewhere = {**people, "site": np.ones(COUNT, int)}  # a site without mass spectrometry
    own = 0.22 * rng.standard_normal(COUNT)
    never = np.full(COUNT, np.nan)
    return np.exp(
        serum_cortisol(elsewhere, rng.uniform(*hours, COUNT), rng, own=own, days_since_steroid=never)
    )


def test_morning_cortisol_has_the_specified_level_and_is_suppressed_by_opioids(people: People) -> None:
    level, mme = _serum(people, (7, 9)), people["mme"]
    assert (level.mean(), level.std()) == (pytest.approx(342, rel=0.03), pytest.approx(147, rel=0.06))
    assert (level[mme > 0] < 100).mean() == pytest.approx(0.027, abs=0.008)
    assert (level[(mme > 60) & (mme <= 200)] < 100).mean() == pytest.approx(0.07, abs=0.02)
    assert (level[mme == 0] < 100).mean() < 0.003


def test_cortisol_falls_over_the_day_and_less_where_the_stress_axis_is_blunted(people: People) -> None:
    morning, evening = _serum(people, (7, 8)), _serum(people, (21, 22))
    blunted, hyper = people["hpa_blunted"], people["hpa_hyper"]
    ratio = np.log(morning / evening)
    assert ratio[~blunted & ~hyper].mean() > ratio[blunted].mean() > 0.3


_COURSES = {
    "scs": {1: 0.65, 3: 0.61, 6: 0.56, 12: 0.53, 24: 0.49},
    "rfa": {1: 0.65, 3: 0.57, 6: 0.48, 12: 0.32, 24: 0.16},
    "nerve_block": {0.25: 0.61, 1: 0.45, 3: 0.24, 6: 0.12},
    "mpp": {12: 0.22},
    "pt_specialised": {3: 0.25, 12: 0.21},
    "cbt": {3: 0.19, 6: 0.18},
}


@pytest.mark.parametrize("arm", _COURSES)
def test_the_benefit_moves_over_time_as_specified(people: People, plan: Plan, arm: str) -> None:
    rng = np.random.default_rng(4)
    population = found_population(plan, plan.preset("rct_like"), signal=1.0, sites=_no_sites(plan))
    would = potential(people, plan.arms[arm], rng, plan=plan, population=population)
    scores = course(people, plan.arms[arm], rng, plan=plan, would=would)
    got = people[f"arm_{arm}"] & would.implanted
    for month, share in _COURSES[arm].items():
        assert (scores[month][got] > 0).mean() == pytest.approx(share, abs=0.025)
    primary = plan.arms[arm].primary
    assert np.allclose(scores[primary], would.final.score)


def test_sites_differ_but_the_clinic_as_a_whole_has_no_effect(plan: Plan) -> None:
    sites = draw_sites(np.random.default_rng(0), plan=plan)
    assert sites.response.mean() == pytest.approx(0, abs=1e-12)
    assert sites.response.std() > 0.05


def test_a_linear_score_adds_products_and_a_constant() -> None:
    people = {"age": np.array([1.0, 2.0]), "odi": np.array([3.0, 4.0])}
    assert linear({"1": 10, "age": 1, "age*odi": 0.5}, people).tolist() == [12.5, 16.0]


def test_a_score_of_something_unknown_names_the_nearest_word(people: People) -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'z_phq9'"):
        linear({"z_phq": 1.0}, people)


def _without_a_rate(raw: dict) -> None:
    del raw["rates"]["trials"]["cbt"]


def _with_unknown_rates(raw: dict) -> None:
    raw["presets"]["rct_like"]["rates"] = "trails"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(_without_a_rate, "must name exactly"), (_with_unknown_rates, "Did you mean 'trials'")],
)
def test_a_plan_that_contradicts_itself_is_refused(
    raw_plan: dict, spoil: Callable[[dict], None], words: str
) -> None:
    spoil(raw_plan)
    with pytest.raises(DefinitionError, match=words):
        build(Plan, raw_plan, "simulation.toml")
