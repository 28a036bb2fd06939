"""Feedback on cards: heard once, recorded and counted, and nothing kept of what somebody wrote."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from painresponse_serve.chain import check_audit
from painresponse_serve.hooks import feedback
from painresponse_serve.hooks.feedback import CardFeedback, Outbox
from tests.serve.conftest import Server, running
from tests.serve.hook_calls import SIGN, call, post, shown

FEEDBACK = f"{SIGN}/feedback"
COUNTER = "painresponse_hook_feedback_total"


@pytest.fixture(scope="module")
def heard(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that keeps an audit log."""
    folder = tmp_path_factory.mktemp("heard")
    with running(tiny_bundle, folder, more=("--audit-path", folder / "audit")) as server:
        yield server


def told(card: Any, outcome: str = "overridden", **other: Any) -> dict[str, Any]:
    return {"card": str(card), "outcome": outcome, "outcomeTimestamp": "2026-03-01T09:00:00Z", **other}


def say(server: Server, *each: Any) -> int:
    return post(server, FEEDBACK, {"feedback": list(each)}).status_code


def recorded(server: Server) -> list[dict[str, Any]]:
    lines = (server.output.parent / "audit").read_text().splitlines()
    return [line for line in map(json.loads, lines) if "feedback" in line]


def counted(server: Server, outcome: str, card: str) -> float:
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    series = f'{COUNTER}{{card="{card}",outcome="{outcome}"}} '
    return sum(float(line.removeprefix(series)) for line in lines if line.startswith(series))


@pytest.mark.parametrize(
    ("outcome", "more"),
    [
        ("overridden", {}),
        (
            "overridden",
            {"overrideReason": {"reason": {"code": "a", "system": "b"}, "userComment": "Zyx-Canary"}},
        ),
        ("accepted", {"acceptedSuggestions": [{"id": "Zyx-Canary"}]}),
    ],
)
def test_what_became_of_a_card_is_recorded_once_and_counted_once(heard: Server, outcome: str, more: Any):
    (card,) = shown(heard, SIGN, call(SIGN))
    before, lines = counted(heard, outcome, "known"), len(recorded(heard))
    said = told(card["uuid"], outcome, **more)
    assert [say(heard, said), say(heard, said), say(heard, said, said)] == [200, 200, 200]
    assert counted(heard, outcome, "known") == before + 1
    (line,) = recorded(heard)[lines:]
    assert (line["who"], line["route"]) == ("local", FEEDBACK)
    assert line["feedback"] == [{"card": card["uuid"], "outcome": outcome}]
    assert "Canary" not in json.dumps(line) + heard.output.read_text()


def test_another_outcome_later_is_news(heard: Server):
    (card,) = shown(heard, SIGN, call(SIGN))
    lines = len(recorded(heard))
    later = told(card["uuid"]) | {"outcomeTimestamp": "2026-03-02T09:00:00+00:00"}
    assert say(heard, told(card["uuid"]), later) == 200
    assert len(recorded(heard)[lines]["feedback"]) == 2


def test_a_card_of_before_a_restart_is_recorded_and_counted_as_unknown(heard: Server):
    before, card = counted(heard, "overridden", "unknown"), str(uuid4())
    assert say(heard, told(card)) == 200
    assert counted(heard, "overridden", "unknown") == before + 1
    assert recorded(heard)[-1]["feedback"] == [{"card": card, "outcome": "overridden"}]


def test_the_log_stays_a_chain(heard: Server):
    assert say(heard, told(uuid4()), told(uuid4(), "accepted", acceptedSuggestions=[])) == 200
    verdict = check_audit(heard.output.parent / "audit")
    assert verdict.broken is None
    assert verdict.lines >= 1


def test_no_news_is_no_line(heard: Server):
    lines = len(recorded(heard))
    assert say(heard) == 200
    assert len(recorded(heard)) == lines


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "missing required field `feedback`"),
        ({"feedback": {}}, "feedback: expected `array`"),
        ({"feedback": [told("17")]}, "feedback[0].card: invalid UUID"),
        ({"feedback": [told(uuid4(), "ignored")]}, "feedback[0].outcome: is not one of the words"),
        ({"feedback": [told(uuid4(), "accepted")]}, "acceptedSuggestions must be there"),
        ({"feedback": [told(uuid4(), outcomeTimestamp="2026-03-01T09:00:00")]}, "with a timezone"),
        ({"feedback": [told(uuid4(), outcomeTimestamp="yesterday")]}, "outcomeTimestamp: invalid"),
        ({"feedback": [told(uuid4(), overrideReason="no")]}, "overrideReason: expected `object | null`"),
        ({"feedback": [told(uuid4())] * 101}, "length <= 100"),
    ],
)
def test_other_shapes_are_refused_and_nothing_is_recorded(heard: Server, body: Any, words: str):
    lines = len(recorded(heard))
    answer = post(heard, FEEDBACK, body)
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]
    assert len(recorded(heard)) == lines


def test_what_cannot_be_recorded_is_not_taken(tiny_bundle: Path, tmp_path: Path):
    with running(tiny_bundle, tmp_path, more=("--audit-path", tmp_path / "audit")) as server:
        (tmp_path / "audit").unlink()
        (tmp_path / "audit").mkdir()
        said = told(uuid4())
        assert say(server, said) == 503
        (tmp_path / "audit").rmdir()
        assert say(server, said) == 200  # still news
        assert [line["feedback"][0]["card"] for line in recorded(server)] == [said["card"]]


def test_an_outbox_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feedback, "MOST_REMEMBERED", 3)
    outbox, ids = Outbox(), [uuid4() for _ in range(5)]
    outbox.give(ids)
    assert [outbox.knows(one) for one in ids] == [False, False, True, True, True]
    each = [CardFeedback(one, "overridden", datetime(2026, 3, 1, tzinfo=UTC)) for one in ids]
    outbox.hear(each)
    assert outbox.news(each) == each[:2]
