import pytest

from painresponse.errors import DefinitionError
from painresponse.monitoring.settings import monitoring_settings


def test_a_site_says_only_what_differs():
    assert monitoring_settings({"tolerance": 0.1}).tolerance == 0.1
    assert monitoring_settings({"tolerance": 0.1}).false_alarms == monitoring_settings().false_alarms


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"false_alarm": 0.1}, "Did you mean 'false_alarms'"),
        ({"false_alarms": 0}, "between 0 and 1"),
        ({"tolerance": 0.6}, "shifts must be above the tolerance"),
        ({"tolerance": -0.1}, "tolerance must be 0 or more"),
        ({"slopes": [1.0]}, "not 1"),
        ({"shifts": [], "slopes": []}, "something to bet on"),
        ({"resamples": 10}, "at least 100"),
        ({"joined_days": 0}, "at least 1"),
        ({"least_index": -1}, "0 or more"),
    ],
)
def test_settings_without_sense_are_refused(said, complaint):
    with pytest.raises(DefinitionError, match=complaint):
        monitoring_settings(said)
