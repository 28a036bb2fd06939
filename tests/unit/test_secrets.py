"""No complaint shows a patient's value or identifier: it names the table, the column and the row."""

from datetime import UTC, datetime

import numpy as np
import pytest

from painresponse.errors import PainResponseError, RecordError
from painresponse.records import Asks, collect
from painresponse.records.rows import ask, history
from painresponse.scoring.scorer import Scorer

SUBJECT = 8_675_309
VALUE = 5318.0077
CANARIES = ("8675309", "5318", "1987", "06-05", "4:56", "canary")


def _score(scorer: Scorer) -> object:
    """Every requirement unmet, by a child with impossible values."""
    raw = history(["1987-06-05T04:56", "2026-02-01"], ["canary", "PR//pain"], [VALUE, VALUE], subject=SUBJECT)
    records, account = scorer.read(raw)
    scores = scorer.score(records, ask("2026-03-01", subject=SUBJECT))
    assert (scores.refused >= 0).all()
    assert account.reasons() == {"limits": 1}
    return scores.refusals, scores.table()["reason"], account.reasons()


PROVOCATIONS = {
    "no time": lambda: history(["1987-06-05 canary"], ["c"], [VALUE], subject=SUBJECT),
    "no known time": lambda: history([None], ["c"], [VALUE], available=["canary 1987"], subject=SUBJECT),
    "a number for a time": lambda: history([5318], ["c"], [VALUE], subject=SUBJECT),
    "a time zone in text": lambda: history(["1987-06-05T04:56Z"], ["c"], [VALUE], subject=SUBJECT),
    "a time zone": lambda: history([datetime(1987, 6, 5, tzinfo=UTC)], ["c"], [VALUE], subject=SUBJECT),
    "lengths": lambda: history(["1987-06-05"], ["canary"], [VALUE, VALUE], subject=SUBJECT),
    "no number": lambda: history([None], ["c"], ["canary 5318"], subject=SUBJECT),
    "too large a number": lambda: history([None], ["c"], [5318 * 10**400], subject=SUBJECT),
    "no code": lambda: history([None], [5318], [VALUE], subject=SUBJECT),
    "no index": lambda: ask(None, subject=SUBJECT),
    "index is no time": lambda: ask("canary 1987-06-05", subject=SUBJECT),
    "index in another century": lambda: ask("1787-06-05", subject=SUBJECT),
    "columns": lambda: Asks(np.array([SUBJECT]), np.array([1, 2])),
}


@pytest.mark.parametrize("provoke", PROVOCATIONS.values(), ids=PROVOCATIONS)
def test_no_complaint_about_records_shows_what_was_in_them(provoke):
    with pytest.raises(RecordError) as caught:
        provoke()
    assert isinstance(caught.value, PainResponseError)
    assert [one for one in CANARIES if one in str(caught.value)] == []
    assert caught.value.__cause__ is None  # nor does the traceback of a cause that was turned into it
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_no_refusal_shows_what_was_known_of_the_patient(tiny_bundle):
    said = str(_score(Scorer.load(tiny_bundle, allow_synthetic=True)))
    assert [one for one in CANARIES if one in said] == []


def test_the_account_of_an_intake_counts_codes_and_shows_no_value(catalogue):
    raw = history(["1887-06-05", "1987-06-05"], ["PR//pain"] * 2, [VALUE, VALUE], subject=SUBJECT)
    said = str(collect(raw, catalogue.concepts)[1])
    assert [one for one in CANARIES if one in said] == []
