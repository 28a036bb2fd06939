"""Training examples out of shards: every step counted, the order of shards of no matter."""

import numpy as np
import pytest

from painresponse.clinic import load_catalogue
from painresponse.records import Intake
from painresponse.training.cohorts import gather
from tests.cohorts.clinic import GENERATOR, LEAD, PAIN, records_of

BIRTH = (-50 * 365, "MEDS_BIRTH")


@pytest.fixture(scope="module")
def everybody(tmp_path_factory):
    """The catalogue that takes everybody, asked about one target."""
    site = tmp_path_factory.mktemp("site") / "site.toml"
    site.write_text('predict = ["scs_permanent"]\n[cohort]\nintractable = "off"')
    return load_catalogue(site)


def implanted(pain: float | None, *more):
    followed = [] if pain is None else [(183, PAIN, pain)]
    return [BIRTH, (-30, LEAD), (-10, PAIN, 8.0), (0, GENERATOR), (0, LEAD), *followed, *more]


def shards(catalogue):
    one = records_of(catalogue, implanted(2.0), implanted(8.0), implanted(None, (1, "PR//site", 3.0)))
    two = records_of(catalogue, [BIRTH], [BIRTH], [BIRTH], implanted(1.0, (-50, "PR//site", 4.0)))
    return [(one, Intake(10, 9)), (two, Intake(5, 5))]


def test_episodes_without_an_outcome_stay_in_and_stay_unknown(everybody):
    cohort = gather(shards(everybody), everybody)
    examples = cohort.examples["scs_permanent"]
    np.testing.assert_array_equal(examples.y, [1, 0, np.nan, 1])
    assert len(examples.labelled()) == 3
    assert examples.site.tolist() == [-1, -1, -1, 4], "a site known only later is not known"
    assert examples.x.shape == (4, len(everybody.features))
    assert cohort.intake.given == 15


def test_the_attrition_adds_up_over_shards_and_never_grows(everybody):
    steps = list(gather(shards(everybody), everybody).attrition["scs_permanent"].steps.values())
    assert steps == sorted(steps, reverse=True)
    assert (steps[0], steps[-2], steps[-1]) == (4, 3, 2)


def test_how_intractable_the_pain_was_is_counted_whoever_enters(everybody):
    """Of the four implants nobody had severe pain for long enough, and nobody is turned away."""
    attrition = gather(shards(everybody), everybody).attrition["scs_permanent"]
    assert attrition.levels == {"none": 4, "possible": 0, "probable": 0, "definite": 0}
    assert attrition.steps["intractable pain"] == 4


def test_the_levels_of_those_excluded_are_not_counted(everybody):
    minor = [(-17 * 365, "MEDS_BIRTH"), *implanted(2.0)[1:]]
    cancer = implanted(2.0, (-100, "ICD10CM//G89.3"))
    records = records_of(everybody, minor, cancer, implanted(2.0))
    attrition = gather([(records, Intake(3, 3))], everybody).attrition["scs_permanent"]
    assert (attrition.steps["not excluded"], sum(attrition.levels.values())) == (1, 1)


def test_targets_of_one_stage_gathered_together_are_as_gathered_alone(tmp_path):
    """Outcomes of other measures keep other episodes; each target has its own, with the features of each."""
    asked = ("scs_permanent", "scs_permanent.pain_30.12_mo", "scs_permanent.odi_10.6_mo")

    def gathered(*names):
        site = tmp_path / "site.toml"
        site.write_text(f'predict = {list(names)}\n[cohort]\nintractable = "off"')
        catalogue = load_catalogue(site)
        return gather(shards(catalogue), catalogue)

    disabled = (-20, "PR//odi", 50.0), (183, "PR//odi", 30.0)

    def shards(catalogue):
        one = records_of(catalogue, implanted(2.0, *disabled), implanted(8.0, (300, "MEDS_DEATH")))
        two = records_of(catalogue, implanted(None, (-50, "PR//site", 4.0), *disabled), implanted(1.0))
        return [(one, Intake(10, 9)), (two, Intake(5, 5))]

    together = gathered(*asked)
    assert [len(together.examples[name]) for name in asked] == [4, 3, 2]
    for name in asked:
        alone = gathered(name)
        mine, theirs = together.examples[name], alone.examples[name]
        assert (mine.target, mine.names) == (theirs.target, theirs.names)
        for column in ("x", "y", "subject", "index", "site"):
            np.testing.assert_array_equal(getattr(mine, column), getattr(theirs, column))
        assert together.attrition[name] == alone.attrition[name]


def test_the_order_of_shards_changes_only_the_order_of_the_rows(everybody):
    first, second = (
        gather(order, everybody).examples["scs_permanent"]
        for order in (shards(everybody), shards(everybody)[::-1])
    )
    order = np.r_[3, 0, 1, 2]
    np.testing.assert_array_equal(first.x[order], second.x)
    np.testing.assert_array_equal(first.y[order], second.y)
