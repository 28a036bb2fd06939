"""What deserves to be said beside a score: one history that raises each flag, and one a hair away."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.clinic import load_catalogue
from painresponse.clinic.flags import flags, patient_flags
from painresponse.clinic.requirements import requirements
from painresponse.engine import Plan, compute
from painresponse.errors import DefinitionError
from painresponse.export.golden import golden_patients
from painresponse.language import Feature, FeatureSet, parse, summaries_in
from painresponse.records import collect
from painresponse.scoring.flags import Flag, flags_of, words_of
from painresponse.scoring.golden import golden_histories
from painresponse.scoring.requirements import Requirement
from tests.cohorts.clinic import DIAGNOSTIC, GENERATOR, LEAD, PAIN, PUMP, RFA, ask, records_of

MORPHINE, OXYCODONE, NSAID, GABAPENTIN = "RxNorm//7052", "RxNorm//7804", "RxNorm//5640", "RxNorm//25480"
PREDNISONE, METHYLPREDNISOLONE, ODI, PHQ9 = "RxNorm//8640", "RxNorm//6902", "PR//odi", "LOINC//44261-6"
SERUM, HAIR, BIRTH, BMI = "PR//cortisol_serum", "LOINC//78988-3", "MEDS_BIRTH", "LOINC//39156-5"
EPIDURAL, TRIAL_DRUG = "CPT//62323//THERAPEUTIC", "CPT//62323//INTRATHECAL_TRIAL"
SINCE_8_H, SINCE_NOON = -2 / 24, 2 / 24  # the index is at 10 h
YEARS = -365.25

TWO_FAILURES = [
    (-200, NSAID, 1200.0),
    (-150, f"{NSAID}//STOP"),
    (-145, GABAPENTIN, 1800.0),
    (-155, PAIN, 7.0),
    (-10, PAIN, 7.0),
]
"""One drug given up for another amid pain, and that one still in vain: nobody said or measured either."""


@pytest.fixture
def site(tmp_path):
    """Write a site file and load the catalogue with it."""

    def write(text: str):
        path = tmp_path / "site.toml"
        path.write_text(text, encoding="utf-8")
        return load_catalogue(path)

    return write


def raised(catalogue, *events, target: str = "cbt", declared: list[Flag] | None = None) -> tuple[str, ...]:
    """The codes a patient with these events (days after the index, code, value) raises for one target."""
    if declared is None:
        declared = [Flag.from_plain(one) for one in patient_flags(catalogue, catalogue.targets)]
    records = records_of(catalogue, [*events, (-9999, "PR//site", 1.0)])
    features = _features(declared)
    computed = compute(Plan(_named(features), catalogue.concepts), records, ask(days_after=0))
    holds = [[bool((computed[0, list(map(features.index, one.parsed()))] > 0).all()) for one in declared]]
    ((codes,),) = flags_of(declared, np.array(holds), targets=[target])
    return codes


def _features(checks) -> list[Feature]:
    """Whatever flags or requirements look at, each once."""
    return list(dict.fromkeys(feature for one in checks for feature in one.parsed()))


def _named(features) -> FeatureSet:
    return FeatureSet(tuple((str(one), one) for one in features))


@pytest.mark.parametrize(
    ("code", "events", "is_raised"),
    [
        ("F_MME_HIGH", [(-60, MORPHINE, 90.0)], True),
        ("F_MME_HIGH", [(-60, MORPHINE, 89.9)], False),
        ("F_MME_HIGH", [(-60, OXYCODONE, 60.0)], True),
        ("F_MME_HIGH", [(-60, MORPHINE, 200.0), (-30.1, f"{MORPHINE}//STOP")], False),
        ("F_MME_HIGH", [], False),
        ("F_STEROID_RECENT", [(-30, PREDNISONE)], True),
        ("F_STEROID_RECENT", [(-30.1, PREDNISONE)], False),
        ("F_STEROID_RECENT", [(-42, METHYLPREDNISOLONE)], True),
        ("F_STEROID_RECENT", [(-42, f"{METHYLPREDNISOLONE}//INJECTION")], True),
        ("F_STEROID_RECENT", [(-42, EPIDURAL)], True),
        ("F_STEROID_RECENT", [(-42.1, METHYLPREDNISOLONE), (-42.1, EPIDURAL)], False),
        ("F_STEROID_RECENT", [], False),
        ("F_HPA_UNKNOWN", [], True),
        ("F_HPA_UNKNOWN", [(-20 + SINCE_8_H, SERUM, 300.0)], False),
        ("F_HPA_UNKNOWN", [(-20 + SINCE_NOON, SERUM, 300.0)], True),  # at noon it says nothing
        ("F_HPA_UNKNOWN", [(-20 + SINCE_8_H, SERUM, 300.0), (-50, PREDNISONE)], True),  # disturbed
        ("F_HPA_UNKNOWN", [(-20 + SINCE_8_H, SERUM, 300.0), (-50.2, PREDNISONE)], False),
        ("F_HPA_UNKNOWN", [(-20, HAIR, 300.0)], False),  # high in the hair tells, ordinary does not
        ("F_HPA_UNKNOWN", [(-20, HAIR, 46.0)], True),
        ("F_EXTRAPOLATION", [(80.01 * YEARS, BIRTH)], True),
        ("F_EXTRAPOLATION", [(79.99 * YEARS, BIRTH)], False),
        ("F_EXTRAPOLATION", [(-300, BMI, 45.1)], True),
        ("F_EXTRAPOLATION", [(-300, BMI, 45.0)], False),
        ("F_EXTRAPOLATION", [(-10, PAIN, 4.9)], True),
        ("F_EXTRAPOLATION", [(-10, PAIN, 5.0), (-60, PAIN, 4.0)], False),
        ("F_EXTRAPOLATION", [(-60, PAIN, 4.9)], True),
        ("F_EXTRAPOLATION", [], False),  # what is unknown is at no edge
        ("F_MISSING_PROM", [], True),
        ("F_MISSING_PROM", [(-300, ODI, 40.0)], True),
        ("F_MISSING_PROM", [(-300, PHQ9, 0.0)], True),
        ("F_MISSING_PROM", [(-300, ODI, 40.0), (-365, PHQ9, 0.0)], False),
        ("F_MISSING_PROM", [(-300, ODI, 40.0), (-365.1, PHQ9, 0.0)], True),
        ("F_PROXY_FAILURES", TWO_FAILURES, True),
        ("F_PROXY_FAILURES", [*TWO_FAILURES, (-60, f"{GABAPENTIN}//STOP//INEFFICACY")], False),  # half of two
        ("F_PROXY_FAILURES", [], False),
        ("F_COMPETING", [(-120, LEAD)], True),
        ("F_COMPETING", [(-120.1, LEAD)], False),
        ("F_COMPETING", [(-100, LEAD), (-60, GENERATOR)], False),
        ("F_COMPETING", [(-700, GENERATOR), (-60, LEAD)], False),  # the device is there: a new lead for it
        ("F_COMPETING", [(-120, TRIAL_DRUG)], True),
        ("F_COMPETING", [(-120, TRIAL_DRUG), (-60, PUMP)], False),
        ("F_COMPETING", [(-120, DIAGNOSTIC)], True),
        ("F_COMPETING", [(-120, DIAGNOSTIC), (-60, RFA)], False),
        ("F_COMPETING", [(-300, RFA), (-120, DIAGNOSTIC)], True),
        ("F_COMPETING", [], False),
    ],
)
def test_a_flag_is_raised_on_one_side_of_its_limit_and_not_on_the_other(catalogue, code, events, is_raised):
    assert (code in raised(catalogue, *events)) is is_raised


@pytest.mark.parametrize(
    ("step", "own"),
    [
        (LEAD, {"scs_trial", "scs_permanent"}),
        (TRIAL_DRUG, {"idd_trial", "idd_permanent"}),
        (DIAGNOSTIC, {"nerve_block_therapeutic", "rfa"}),
    ],
)
def test_a_first_step_competes_with_every_intervention_but_those_it_leads_to(catalogue, step, own):
    flagged = {
        name for name in catalogue.targets if "F_COMPETING" in raised(catalogue, (-9, step), target=name)
    }
    assert flagged == set(catalogue.targets) - own


def test_what_happens_after_the_index_raises_nothing(catalogue):
    later = [(1, MORPHINE, 200.0), (1, PREDNISONE), (1, LEAD), (1, BMI, 60.0), (1, PAIN, 4.0)]
    assert raised(catalogue, *later) == raised(catalogue)


def test_the_flags_read_what_the_models_the_refusals_and_the_stress_axis_read(catalogue):
    features, rules = catalogue.features.to_plain(), catalogue.flags
    said = {code: " ".join(step.feature for step in rule.steps) for code, rule in rules.items()}
    assert said["F_MME_HIGH"] == f"whether ({features['opioid_mme_per_day']}) is at least 90"
    assert said["F_PROXY_FAILURES"] == f"whether ({features['failures_known_by_proxy']}) is above 0.5"
    mean, last = catalogue.baseline(catalogue.outcomes["pain_50"])
    assert f"first known of ({mean}) and ({last})" in said["F_EXTRAPOLATION"]
    steroids = {"glucocorticoid_systemic", "steroid", "steroid_at_target", "block_therapeutic"}
    disturbers = catalogue.concepts.concepts["cortisol_serum"].disturbed_by
    for one in (one for one in disturbers if one.concept in steroids):
        assert f"(days since last of {one.concept} ever) is at most {one.days:g}" in said["F_STEROID_RECENT"]


def test_every_flag_is_a_sentence_and_says_what_it_rests_on(catalogue):
    for code, rule in catalogue.flags.items():
        assert rule.words.endswith("."), code
        assert rule.evidence, code


# ---- of models ----

GROUPS = {
    "subgroups": {
        "groups": [
            {"grouping": "sex", "label": "female", "blocks": True, "figures": {}},
            {"grouping": "site", "label": "3", "blocks": True, "figures": {}},
            {"grouping": "age_band", "label": "unknown", "blocks": True, "figures": {}},
            {"grouping": "diagnosis", "label": "crps", "blocks": True, "figures": {}},
        ]
    }
}


def of_models(catalogue, *, episodes=400, slope=1.0, account=None) -> list[dict]:
    """The flags of one model, its responders told by a slope out of fold, and an account of it."""
    card = {"episodes": episodes, "metrics": {} if slope is None else {"calibration_slope": [slope, 0.1, 9]}}
    found = flags(catalogue, cards={"cbt": card}, accounts={"cbt": JUDGED if account is None else account})
    return [one for one in found if one not in patient_flags(catalogue, ["cbt"])]


def codes(found) -> list[str]:
    return [one["code"] for one in found]


def at_sites(slope) -> dict:
    return {"sites": {"sites": [{}, {}], "joined": None, "slope": {"value": slope}}}


JUDGED = at_sites(1.0)


def test_a_model_that_holds_elsewhere_and_in_every_group_raises_nothing_of_its_own(catalogue):
    assert of_models(catalogue) == []


@pytest.mark.parametrize(("episodes", "is_raised"), [(49, True), (50, False)])
def test_a_model_of_few_episodes_says_so_to_everybody(catalogue, episodes, is_raised):
    assert codes(of_models(catalogue, episodes=episodes)) == ["F_FEW_SIMILAR"] * is_raised


@pytest.mark.parametrize(
    ("slope", "account", "is_raised"),
    [
        (0.8, JUDGED, False),
        (0.79, JUDGED, True),
        (1.2, JUDGED, False),
        (1.21, JUDGED, True),
        (1.0, at_sites(0.79), True),
        (1.0, at_sites(1.21), True),
        (1.0, at_sites(None), False),  # judged at small clinics together: no slope of their own
        (None, at_sites(None), True),
        (1.0, {"sites": {"sites": [], "joined": {"site": -1}, "slope": None}}, False),
        (1.0, {"sites": {"sites": [], "joined": None, "slope": None}}, True),  # one clinic alone
        (1.0, {"sites": None}, True),
        (1.0, {}, True),  # never judged
    ],
)
def test_a_model_not_known_to_hold_in_another_clinic_says_so(catalogue, slope, account, is_raised):
    assert codes(of_models(catalogue, slope=slope, account=account)) == ["F_CALIBRATION"] * is_raised


@pytest.mark.parametrize(
    ("slope", "blocks", "is_raised"),
    [
        ([0.6, 0.3, 1.1], True, True),
        ([0.6, 0.3, 1.1], False, False),  # chance may do as much
        ([0.6, 0.3, 0.99], False, True),
        ([1.4, 1.01, 1.8], False, True),
        ([0.75, 0.6, 0.9], False, False),
        ([0.6, None, None], False, False),
        (None, False, False),  # too small to judge
    ],
)
def test_a_group_is_told_where_it_blocks_release_or_is_off_beyond_chance(catalogue, slope, blocks, is_raised):
    figures = {} if slope is None else {"calibration_slope": slope}
    group = {"grouping": "sex", "label": "male", "blocks": blocks, "figures": figures}
    found = of_models(catalogue, account=JUDGED | {"subgroups": {"groups": [group]}})
    assert codes(found) == ["F_SUBGROUP"] * is_raised


def test_only_sex_and_age_are_told_and_only_to_patients_who_belong_there(catalogue):
    (women,) = (Flag.from_plain(one) for one in of_models(catalogue, account=JUDGED | GROUPS))
    assert raised(catalogue, (-9, "GENDER//F"), declared=[women]) == ("F_SUBGROUP",)
    assert raised(catalogue, (-9, "GENDER//M"), declared=[women]) == ()
    assert raised(catalogue, declared=[women]) == ()
    assert raised(catalogue, (-9, "GENDER//F"), declared=[women], target="rfa") == ()


@pytest.mark.parametrize(("age", "is_raised"), [(44.9, False), (45.1, True), (64.9, True), (65.1, False)])
def test_an_age_group_takes_only_who_belongs_to_none_before_it(catalogue, age, is_raised):
    group = {"grouping": "age_band", "label": "45-64", "blocks": True, "figures": {}}
    (flag,) = of_models(catalogue, account=JUDGED | {"subgroups": {"groups": [group]}})
    codes = raised(catalogue, (age * YEARS, BIRTH), declared=[Flag.from_plain(flag)])
    assert codes == ("F_SUBGROUP",) * is_raised


# ---- how they are told ----


def test_a_code_raised_twice_is_told_once_and_in_the_order_of_the_flags():
    declared = [
        Flag("B", "b"),
        Flag("A", "a", "age"),
        Flag("B", "b", "age", ("t",)),
        Flag("C", "c", "", ("u",)),
    ]
    holds = np.array([[True, True, True, True], [True, False, False, True]])
    told = flags_of(declared, holds, targets=["t", "u"])
    assert told == ((("B", "A"), ("B", "A", "C")), (("B",), ("B", "C")))
    assert words_of(declared) == {"B": "b", "A": "a", "C": "c"}


def test_without_flags_nothing_is_told():
    assert flags_of([], np.zeros((2, 0), bool), targets=["t"]) == (((),), ((),))


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), max_size=6))
def test_what_one_row_is_told_does_not_depend_on_the_others(values):
    declared = [Flag("A", "a", "age"), Flag("B", "b", "age", ("u",)), Flag("A", "a", "age", ("u",))]
    table = np.array(values, bool).reshape(-1, 3)
    together = flags_of(declared, table, targets=["t", "u"])
    alone = [flags_of(declared, table[[row]], targets=["t", "u"]) for row in range(len(table))]
    assert together == tuple(line for (line,) in alone)


def test_flags_survive_the_journey_through_json(catalogue):
    few = {"cbt": {"episodes": 10, "metrics": {}}}
    declared = [Flag.from_plain(one) for one in flags(catalogue, cards=few, accounts={"cbt": GROUPS})]
    cautions = {f"C_REL_{name.upper()}" for name in catalogue.safety.relative}
    assert {one.code for one in declared if one.code.startswith("F_")} == set(catalogue.flags)
    assert {one.code for one in declared} - set(catalogue.flags) <= cautions
    assert [Flag.from_plain(json.loads(json.dumps(one.to_plain()))) for one in declared] == declared


def test_a_flag_with_a_strange_key_is_refused():
    with pytest.raises(DefinitionError, match=r"flag: Unknown setting 'word'. Did you mean 'words'\?"):
        Flag.from_plain({"code": "F", "word": "w"})


def test_flags_leave_every_feature_as_it_was_to_the_last_bit(catalogue):
    """A window of a new length would cut sums, and round them, elsewhere: flags use known lengths."""
    checks = [Requirement.from_plain(one) for one in requirements(catalogue)]
    declared = [Flag.from_plain(one) for one in patient_flags(catalogue, catalogue.targets)]
    seen = [*dict(catalogue.features).values(), *_features(checks)]
    beside = [one for one in _features(declared) if one not in seen]
    without, with_flags = (
        Plan(_named(dict.fromkeys(some)), catalogue.concepts) for some in (seen, [*seen, *beside])
    )
    assert beside
    assert without.spans.tolist() == with_flags.spans.tolist()
    assert _added_up(beside) <= _added_up(seen)
    raw, asks = golden_histories({"patients": golden_patients(catalogue.concepts)})
    records = collect(raw, catalogue.concepts)[0]
    rows = compute(without, records, asks)
    np.testing.assert_array_equal(compute(with_flags, records, asks)[:, : rows.shape[1]], rows)


def _added_up(features) -> set[tuple[str, str]]:
    """The windows over which values are added up, by the word that does so."""
    return {
        (one.word, str(one.window.span))
        for one in summaries_in(features)
        if one.word in ("sum", "mean", "slope", "spread")
    }


# ---- what a site may say ----

BENZODIAZEPINE = """
[concepts.benzodiazepine]
label = "benzodiazepine"
codes = ["CLINIC//BENZO*"]
[flags.F_BENZO_OPIOID]
words = "An opioid and a benzodiazepine together."
feature = "all of (sum of opioids.days in 30 d) and (measured of benzodiazepine in 90 d)"
"""


@pytest.mark.parametrize(
    ("events", "is_raised"),
    [
        ([(-60, MORPHINE, 10.0), (-50, "CLINIC//BENZO//5")], True),
        ([(-60, MORPHINE, 10.0)], False),
        ([(-50, "CLINIC//BENZO//5")], False),
        ([(-60, MORPHINE, 10.0), (-31, f"{MORPHINE}//STOP"), (-50, "CLINIC//BENZO//5")], False),
    ],
)
def test_a_site_that_knows_its_benzodiazepines_declares_the_flag_for_them(site, events, is_raised):
    assert ("F_BENZO_OPIOID" in raised(site(BENZODIAZEPINE), *events)) is is_raised


def test_no_flag_is_packaged_for_which_there_are_no_codes(catalogue):
    assert "F_BENZO_OPIOID" not in catalogue.flags


def test_a_site_does_without_a_flag_by_emptying_it(site):
    assert "F_MISSING_PROM" not in raised(site("flags.F_MISSING_PROM.feature = ''"))


@pytest.mark.parametrize(
    "text",
    [
        "features.hpa_normal = ''",
        "predict = ['cbt']\npackaged_features = false\ntargets.cbt.better = []\ntargets.cbt.worse = []",
    ],
)
def test_a_flag_made_of_a_feature_goes_with_it_and_those_said_in_full_stay(catalogue, site, text):
    told = {one["code"] for one in patient_flags(catalogue, ["cbt"])}
    assert {one["code"] for one in patient_flags(site(text), ["cbt"])} == told - {"F_HPA_UNKNOWN"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "feature = 'count of sterod in 30 d'",
            r"flag F_X: Unknown concept 'sterod'. Did you mean 'steroid'\?",
        ),
        ("feature = 'mein of pain in 30 d'", r"Unknown summary 'mein'. Did you mean 'min'\?"),
        (
            "feature = 'whether [phq9_lst] is above 9'",
            r"Unknown feature 'phq9_lst'. Did you mean 'phq9_last'\?",
        ),
        ("feature = 'pain today'", "flag F_X: Cannot read the feature 'pain today'"),
        ("feature = 'max of opioids.days in 30 d'", "flag F_X: opioids.days has no single events"),
        ("feature = 'age'\nslopes = [0.7, 1.3]", "flag F_X: a flag is raised by one of feature, first_steps"),
        ("groups = ['sex']", "flag F_X: groups are watched by their slopes"),
        ("groups = ['sx']\nslopes = [0.7, 1.3]", r"flag F_X: Unknown group 'sx'. Did you mean 'sex'\?"),
        ("slopes = [1.3, 0.7]", "flag F_X: slopes are two numbers, the lower first"),
        ("featur = 'age'", r"flag F_X: Unknown setting 'featur'. Did you mean 'feature'\?"),
        (
            "first_steps = [{ of = ['scss'], feature = 'age' }]",
            r"flag F_X: Unknown intervention 'scss'. Did you mean 'scs'\?",
        ),
    ],
)
def test_a_slip_in_a_flag_is_found_when_the_catalogue_is_read(site, text, complaint):
    with pytest.raises(DefinitionError, match=complaint):
        site(f"[flags.F_X]\nwords = 'w'\n{text}")


def test_every_sentence_of_a_flag_can_be_read_back(catalogue):
    for one in patient_flags(catalogue, catalogue.targets):
        assert parse(str(parse(one["feature"]))) == parse(one["feature"])
