"""When an episode begins: the event rules of interventions.toml, stage by stage."""

from painresponse.training.episodes import find_episodes
from tests.cohorts.clinic import DIAGNOSTIC, GENERATOR, LEAD, RFA, days, records_of


def begun(catalogue, intervention: str, stage: str, *events) -> list[float]:
    """Days on which episodes of one patient begin."""
    rules = catalogue.interventions[intervention].stages[stage]
    found, _ = find_episodes(records_of(catalogue, list(events)), catalogue.concepts, rules)
    return days(found.begun)


def test_the_prediction_is_asked_a_day_before_the_intervention_begins(catalogue):
    stage = catalogue.interventions["scs"].stages["trial"]
    found, _ = find_episodes(records_of(catalogue, [(0, LEAD)]), catalogue.concepts, stage)
    assert (days(found.begun), days(found.index)) == ([0], [-1])


def test_a_lead_with_a_generator_on_the_same_day_is_no_trial(catalogue):
    assert begun(catalogue, "scs", "trial", (0, LEAD), (0.1, GENERATOR)) == []
    assert begun(catalogue, "scs", "trial", (0, LEAD), (30, GENERATOR), (30, LEAD)) == [0]


def test_a_lead_after_the_implant_is_a_revision_not_a_trial(catalogue):
    assert begun(catalogue, "scs", "trial", (0, LEAD), (30, GENERATOR), (400, LEAD)) == [0]


def test_a_second_generator_is_a_new_battery_not_a_new_implant(catalogue):
    events = [(0, LEAD), (30, GENERATOR), (2000, GENERATOR), (1990, LEAD)]
    assert begun(catalogue, "scs", "permanent", *events) == [30]


def test_a_generator_without_a_lead_in_the_last_120_days_is_none_of_ours(catalogue):
    assert begun(catalogue, "scs", "permanent", (0, LEAD), (121.1, GENERATOR)) == []
    assert begun(catalogue, "scs", "permanent", (0, LEAD), (120, GENERATOR)) == [120]


def test_ablation_counts_after_a_diagnostic_block_and_its_sides_are_one_episode(catalogue):
    assert begun(catalogue, "rfa", "therapeutic", (0, RFA)) == []
    events = [(-20, DIAGNOSTIC), (0, RFA), (0.1, RFA), (14, RFA), (300, RFA)]
    assert begun(catalogue, "rfa", "therapeutic", *events) == [0, 300]


def test_every_rule_is_counted(catalogue):
    stage = catalogue.interventions["scs"].stages["permanent"]
    records = records_of(catalogue, [(0, LEAD), (30, GENERATOR), (60, GENERATOR)], [(0, GENERATOR)])
    _, attrition = find_episodes(records, catalogue.concepts, stage)
    assert list(attrition.steps.values()) == [3, 3, 3, 2, 2, 1]
