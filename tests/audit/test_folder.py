"""Whom an audit of a folder asks about, and what it hands back."""

import json

import numpy as np
import pytest

from painresponse.audit import audit_folder
from painresponse.audit.folder import AMID, EPISODES, GIVEN, amid
from painresponse.audit.proof import NOTHING, PASSED
from painresponse.clinic import load_catalogue
from painresponse.errors import CohortError
from painresponse.readers import histories, last_known, write_events
from painresponse.records import Asks, collect
from painresponse.records.rows import history
from painresponse.schema import STATIC
from painresponse.scoring.golden import stacked

ONLY_TWO = """
predict = ["scs_permanent", "mpp"]
[features]
pain_now = "last of pain in 30 d"
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The packaged catalogue with two targets."""
    site = tmp_path_factory.mktemp("site") / "site.toml"
    site.write_text(ONLY_TWO)
    return load_catalogue(site)


@pytest.mark.slow
def test_training_episodes_of_a_drawn_share_of_the_subjects_are_audited(folder, small):
    calls = []
    found = audit_folder(folder, small, subjects=40, seed=2, progress=lambda: calls.append(1))
    assert (found.source, found.proof.verdict, found.hints) == (EPISODES, PASSED, [])
    assert (found.subjects, found.audited) == (600, 40)
    assert 40 <= found.proof.asks <= 80, "an episode of each target at most"
    assert found.proof.with_future == found.proof.asks, "what is given lies after the index"
    assert len(calls) == 6, "twice a shard"
    again = audit_folder(folder, small, subjects=40, seed=2)
    assert again == found, "the same seed, the same audit"


def test_everybody_with_an_episode_is_audited_when_there_are_fewer(folder, small):
    found = audit_folder(folder, small, subjects=10_000)
    assert found.audited == found.suspects < 600


@pytest.mark.slow
def test_given_asks_win_and_may_have_no_future(folder, small):
    ends = [last_known(records) for records, _ in histories(folder, small.concepts)]
    last = Asks(np.concatenate([one.subject for one in ends]), np.concatenate([one.index for one in ends]))
    found = audit_folder(folder, small, asks=last, subjects=30)
    assert (found.source, found.proof.asks) == (GIVEN, 30)
    assert (found.proof.with_future, found.proof.verdict) == (0, NOTHING)


def test_asks_about_strangers_are_refused(folder, small):
    with pytest.raises(CohortError, match="name none of its subjects"):
        audit_folder(folder, small, asks=Asks(np.array([10**9]), np.array([0])))


def test_a_folder_without_an_episode_is_asked_amid_each_history(tmp_path, small):
    """Nobody was treated: the last third of each history is the future."""
    parts = [
        history(
            [None, *(f"2020-0{month}-01" for month in range(1, 7))],
            ["GENDER//F", *["LOINC//72514-3"] * 6],
            [None, *range(3, 9)],
            subject=number,
        )
        for number in (1, 2, 3)
    ]
    write_events(tmp_path / "plain", stacked(parts), concepts=small.concepts)
    found = audit_folder(tmp_path / "plain", small)
    assert (found.source, found.proof.asks, found.proof.with_future) == (AMID, 3, 3)
    assert found.proof.verdict == PASSED
    assert found.suspects == 0


def test_amid_a_history_there_is_always_a_future(folder, small):
    records, _ = next(histories(folder, small.concepts))
    asks = amid(records)
    last = {int(one): records.of(int(one)).time.max() for one in asks.subject}
    assert asks.subject.tolist() == records.subjects().tolist()
    assert all(STATIC < index <= last[int(one)] for one, index in zip(asks.subject, asks.index, strict=True))
    nobody, _ = collect(history([None], ["GENDER//F"], [None]), small.concepts)
    assert len(amid(nobody)) == 0


def test_the_plain_form_is_json_without_a_subject_or_a_date(folder, small):
    plain = audit_folder(folder, small, subjects=25).to_plain()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["verdict"] == "passed"
    assert plain["cells_compared"] == sum(one["cells"] for one in plain["trials"].values()) > 0
    assert set(plain) == {
        "verdict", "asks", "asks_with_a_future", "columns", "cells_compared", "cells_moved", "trials",
        "moved", "asks_are", "subjects", "subjects_audited", "subjects_searched_for_suspicions",
        "suspicions_are", "suspicions",
    }  # fmt: skip
