"""Standard scores: ``<concept>.z`` is the value in standard deviations from the mean of its reference group.

In these tables CRP has the reference mean 1 and standard deviation 0.5 of its natural logarithm.
"""

from math import e

import pytest

from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError
from tests.lib.tables import answer

ASSAYED = Concepts.from_plain(
    {
        "concepts": {
            "il6": {
                "label": "interleukin 6",
                "codes": ["LOINC//26881-3"],
                "reference": {"mean": 2.0, "sd": 1.0},
                "assays": {"ELISA": {"mean": 10.0, "sd": 5.0}},
            },
            "plain": {"label": "without a reference"},
        },
        "treatments": {},
    }
)


def test_a_value_is_placed_by_its_reference():
    text = f"""
        patient | days before | code | value
              1 | 5           | crp  | {e}
              2 | 5           | crp  | {e**2}
              3 | 5           | crp  | 0
    """
    found = answer(text, "last of crp.z in 30 d")
    assert found[1] == pytest.approx(0, abs=1e-6)
    assert found[2] == pytest.approx(2, abs=1e-6)
    assert found[3] is None, "nothing has no logarithm"


def test_each_assay_is_placed_by_its_own_reference():
    """The same number means another thing on another assay; without a method the concept's own is taken."""
    text = """
        patient | days before | code                  | value
              1 | 5           | LOINC//26881-3//ELISA | 20
              2 | 5           | LOINC//26881-3        | 4
    """
    assert answer(text, "last of il6.z in 30 d", concepts=ASSAYED) == {1: 2, 2: 2}


def test_without_a_reference_there_is_no_standard_score():
    with pytest.raises(DefinitionError, match=r"Unknown concept 'plain.z'"):
        answer(
            "patient | days before | code | value\n 1 | 5 | plain | 4",
            "last of plain.z ever",
            concepts=ASSAYED,
        )
