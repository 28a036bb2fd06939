"""What must be known of a patient before a model may speak."""

import numpy as np
import pytest

from painresponse.errors import DefinitionError
from painresponse.scoring.requirements import Requirement

NAN = np.nan


def unmet(columns, **limits):
    return Requirement("R", "words", ("age",), **limits).unmet(np.array(columns, float)).tolist()


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
