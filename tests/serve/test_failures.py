"""What fails without meaning to: the client learns that it did, the log where, nobody of whom."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from painresponse.records import Asks, Records
from painresponse.scoring.scorer import Scorer, Scores
from painresponse_serve import create_app, load_settings
from painresponse_serve.access import Door
from painresponse_serve.logs import JsonLines, log
from painresponse_serve.service import open_service
from painresponse_serve.shelf import Served, Shelf
from tests.serve.patients import patient


class Fails(Scorer):
    """A scorer with a fault that quotes the patient."""

    def score(self, records: Records, asks: Asks, **how: Any) -> Scores:
        raise ValueError(f"canary {records.value.tolist()}")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the log says, as the server would write it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield stream
    log.removeHandler(handler)


def test_a_fault_of_ours_is_a_500_without_a_word_of_the_patient(tiny_bundle: Path, written: io.StringIO):
    settings = load_settings()
    shelf = Shelf([Served(Fails.load(tiny_bundle, allow_synthetic=True), tiny_bundle)])
    app = create_app(open_service(shelf, settings), Door(settings.access))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            return await client.post("/v1/score", json=patient())

    response = asyncio.run(ask())
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal"
    failed, request = map(json.loads, written.getvalue().splitlines())
    assert failed["error"] == "ValueError"
    assert failed["places"][-1].startswith("test_failures.py:")
    assert (request["route"], request["status"]) == ("/v1/score", 500)
    assert "canary" not in response.text + written.getvalue()
