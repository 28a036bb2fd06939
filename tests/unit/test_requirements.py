"""What must be known of a patient before a model may speak."""

import numpy as np
import pytest

from painresponse.clinic import load_catalogue
from painresponse.clinic.requirements import requirements
from painresponse.engine import Plan, compute
from painresponse.errors import DefinitionError
from painresponse.language import FeatureSet
from painresponse.scoring.requirements import Checklist, Requirement
from tests.cohorts.clinic import PAIN, ask, records_of

NAN = np.nan


def unmet(columns, **limits):
    """Whether each row of the columns of one requirement is refused."""
    columns = np.array(columns, float).reshape(len(columns), -1)
    features = tuple(f"count of {name} ever" for name in "abc"[: columns.shape[1]])
    rule = Requirement("R", "words", features, **limits)
    places = {feature: place for place, feature in enumerate(rule.parsed())}
    return Checklist([rule], ["t"], places).unmet(columns)[:, 0].tolist()


def test_an_unknown_value_does_not_meet_any_requirement():
    assert unmet([[NAN], [5]]) == [True, False]


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        ({"at_least": 4}, [True, False, False]),
        ({"at_most": 4}, [False, False, True]),
        ({"at_least": 4, "at_most": 4}, [True, False, True]),
        ({"at_least": 0, "at_most": 0}, [True, True, True]),
    ],
)
def test_both_limits_are_allowed_values(limits, refused):
    assert unmet([[3], [4], [5]], **limits) == refused


def test_the_first_known_value_is_judged_and_no_later_one():
    """The mean of 30 days is too low; that the last value of 90 days would do does not help."""
    assert unmet([[3, 9], [NAN, 9], [NAN, 3], [NAN, NAN], [9, NAN]], at_least=4) == [
        True,
        False,
        True,
        True,
        False,
    ]


def test_a_feature_that_cannot_be_read_is_refused():
    with pytest.raises(DefinitionError, match="Cannot read the feature"):
        Requirement("R", "words", ("pain today",)).parsed()


def test_a_requirement_with_a_strange_word_is_refused():
    with pytest.raises(
        DefinitionError, match=r"requirement: Unknown setting 'atleast'. Did you mean 'at_least'\?"
    ):
        Requirement.from_plain({"code": "R", "words": "w", "features": ["age"], "atleast": 3})


@pytest.fixture(scope="module")
def demanding(tmp_path_factory):
    """A catalogue that asks a composite, a feature and a plain outcome of one stage."""
    path = tmp_path_factory.mktemp("site") / "site.toml"
    path.write_text("predict = ['cbt', 'cbt.holistic_two.6_mo', 'cbt.opioid_half.6_mo']")
    return load_catalogue(path)


def refused(catalogue, target: str, *events) -> bool:
    """Whether a patient with these events lacks a baseline for the target."""
    rules = [Requirement.from_plain(one) for one in requirements(catalogue) if one["code"].startswith("R04")]
    records = records_of(catalogue, list(events))
    found = []
    for rule in (one for one in rules if target in one.targets):
        named = {str(place): text for place, text in enumerate(rule.features)}
        plan = Plan(FeatureSet.from_plain(named), catalogue.concepts)
        places = {feature: place for place, feature in enumerate(rule.parsed())}
        computed = compute(plan, records, ask(days_after=0))
        found.append(bool(Checklist([rule], [target], places).unmet(computed)[0, 0]))
    assert found
    return any(found)


HURTS, DISABLED, DEPRESSED = (-10, PAIN, 6.0), (-20, "PR//odi", 40.0), (-20, "LOINC//44261-6", 12.0)


@pytest.mark.parametrize(
    ("known", "is_refused"),
    [
        ([HURTS], True),
        ([DISABLED], True),
        ([HURTS, DISABLED], False),
        ([HURTS, DEPRESSED], False),
        ([HURTS, (-20, "PR//odi", 20.0)], True),  # a disability not worth the name
        ([HURTS, (-20, "PR//eq5d_index", 0.71)], True),
        ([HURTS, (-20, "PR//eq5d_index", 0.70)], False),
    ],
)
def test_a_composite_asks_for_what_it_is_made_of_and_one_more_impaired_domain(demanding, known, is_refused):
    assert refused(demanding, "cbt.holistic_two.6_mo", *known) is is_refused
    assert refused(demanding, "cbt", *known) is (HURTS not in known), "pain alone needs pain alone"


@pytest.mark.parametrize(("daily", "is_refused"), [(19.0, True), (20.0, False)])
def test_a_model_of_opioids_speaks_of_patients_who_take_enough_of_them(demanding, daily, is_refused):
    assert refused(demanding, "cbt.opioid_half.6_mo", (-60, "RxNorm//7052", daily)) is is_refused
    assert refused(demanding, "cbt.opioid_half.6_mo", HURTS)


def test_an_earlier_step_is_asked_for_once_for_all_targets_of_its_stage(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text("predict = ['rfa', 'rfa.*']")
    steps = [one for one in requirements(load_catalogue(path)) if one["code"] == "R06_OUT_OF_DOMAIN"]
    assert len(steps) == 1
    assert len(steps[0]["targets"]) == 30
