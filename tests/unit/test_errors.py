"""How complaints are worded."""

import pytest

from painresponse.errors import (
    BundleError,
    CohortError,
    DefinitionError,
    PainResponseError,
    RecordError,
    WorkError,
    unknown,
)


def test_an_unknown_word_is_named_with_the_nearest_known_one_and_all_that_are_known():
    assert (
        unknown("column", "nsr", ["nrs", "day"])
        == "Unknown column 'nsr'. Did you mean 'nrs'? Known: day, nrs."
    )


def test_no_suggestion_is_made_where_nothing_is_near():
    assert unknown("unit", "zzz", ["mg/L"]) == "Unknown unit 'zzz'. Known: mg/L."


def test_a_long_list_of_known_words_is_cut_short():
    text = unknown("code", "x", [f"code{number:03}" for number in range(60)])
    assert text.endswith("code039 and 20 others.")


def test_small_and_capital_letters_are_no_difference():
    assert "Did you mean 'rfa'?" in unknown("target", "RFA", ["rfa", "cbt"])


@pytest.mark.parametrize(
    ("error", "code"),
    [(DefinitionError, 2), (RecordError, 2), (CohortError, 2), (BundleError, 2), (WorkError, 1)],
)
def test_wrong_input_exits_with_2_and_failed_work_with_1(error, code):
    assert issubclass(error, PainResponseError)
    assert error.exit_code == code
