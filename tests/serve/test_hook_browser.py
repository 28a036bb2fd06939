"""A record system in a real browser calls the hooks of a server of another origin."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.lib.browser import NEEDS_BROWSER, chromium
from tests.serve.conftest import Server, eventually, running
from tests.serve.hook_calls import SIGN, call
from tests.serve.tokens import EHR, US, key_set, private, public

pytestmark = [pytest.mark.slow, NEEDS_BROWSER]

PAGES = Path(__file__).parent / "record_system"
CATEGORIES = {"vital-signs": "vitalSigns"}
KINDS = {"Procedure": "procedures", "Condition": "conditions"}


class RecordSystem(ThreadingHTTPServer):
    """A record system: what its pages are set up with, and the chart that its FHIR server finds."""

    setup: dict[str, Any]
    chart: dict[str, Any]


class Pages(SimpleHTTPRequestHandler):
    """What a record system answers."""

    server: RecordSystem

    def do_GET(self) -> None:
        """A page, the setup, or what a FHIR query finds."""
        parts = urlsplit(self.path)
        if parts.path == "/setup.json":
            self._tell(self.server.setup)
        elif parts.path.startswith("/fhir/"):
            self._tell(self._found(parts.path.removeprefix("/fhir/"), parse_qs(parts.query)))
        else:
            super().do_GET()

    def _found(self, kind: str, asked: dict[str, list[str]]) -> Any:
        if kind == "Patient/example":
            return self.server.chart["patient"]
        assert asked["patient"] == ["example"]
        key = CATEGORIES.get(asked.get("category", [""])[0], KINDS.get(kind, ""))
        return self.server.chart.get(key) or {"resourceType": "Bundle", "type": "searchset", "total": 0}

    def _tell(self, found: Any) -> None:
        content = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """The browser says what went wrong."""


@contextmanager
def record_system() -> Iterator[RecordSystem]:
    """A record system of an origin of its own."""
    system = RecordSystem(("127.0.0.1", 0), partial(Pages, directory=str(PAGES)))
    threading.Thread(target=system.serve_forever, daemon=True).start()
    yield system
    system.shutdown()
    system.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextmanager
def visiting(
    browser: Browser, tiny_bundle: Path, folder: Path, *, listed: bool
) -> Iterator[tuple[Page, Server, list[str]]]:
    """The page of a record system whose origin the server lists or not, and what its console says."""
    keys = folder / "keys.json"
    keys.write_bytes(key_set(public("ES384")))
    with record_system() as system, pytest.MonkeyPatch.context() as patch:
        origin = f"http://127.0.0.1:{system.server_port}"
        patch.setenv(
            "PAINRESPONSE_SERVE_ACCESS__ISSUERS", f'[{{name = "ehr", issuer = "{EHR}", jwks = "{keys}"}}]'
        )
        tables = {"access": {"address": US}, "hooks": {"origins": [origin] if listed else []}}
        with running(tiny_bundle, folder, tables=tables, more=("--audit-path", folder / "audit")) as server:
            made = call(SIGN)
            secret = jwt.algorithms.ECAlgorithm.to_jwk(private("ES384", "ES384"), as_dict=True)
            system.chart = made["prefetch"]
            system.setup = {
                "services": server.url,
                "issuer": EHR,
                "audience": US,
                "key": {**secret, "kid": "ES384"},
                "context": made["context"],
            }
            page = browser.new_page()
            console: list[str] = []
            page.on("console", lambda one: console.append(one.text))
            page.on("pageerror", lambda one: console.append(str(one)))
            page.goto(origin)
            yield page, server, console
            page.close()


def test_a_card_is_shown_in_the_record_system_and_put_aside(
    browser: Browser, tiny_bundle: Path, tmp_path: Path
):
    with visiting(browser, tiny_bundle, tmp_path, listed=True) as (page, server, console):
        page.get_by_role("button", name="Sign").click()
        card = page.get_by_role("article")
        expect(card).to_have_count(1)
        expect(card.get_by_role("heading")).to_contain_text(
            "SYNTHETIC — Predicted response, radiofrequency ablation"
        )
        expect(card).to_contain_text("not a medical device")
        expect(card).to_have_attribute("data-indicator", "info")
        expect(page.locator("#trouble")).to_be_empty()
        card.get_by_role("button", name="Put aside").click()
        expect(card).to_have_count(0)
        answered, heard = eventually(lambda: _recorded(tmp_path) if len(_recorded(tmp_path)) == 2 else None)
        assert answered["outcomes"] == {"rfa": {"ok": 1}}
        assert heard["feedback"][0]["outcome"] == "overridden"
        assert {one["who"] for one in (answered, heard)} == {"ehr"}
        assert console == []
        assert [one["status"] for one in server.requests()].count(401) == 0


def _recorded(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "audit").read_text().splitlines()]


def test_a_page_of_an_unlisted_origin_gets_nothing(browser: Browser, tiny_bundle: Path, tmp_path: Path):
    with visiting(browser, tiny_bundle, tmp_path, listed=False) as (page, _, console):
        page.get_by_role("button", name="Sign").click()
        expect(page.locator("#trouble")).to_have_text("Failed to fetch")
        expect(page.get_by_role("article")).to_have_count(0)
        assert any("CORS policy" in line for line in console)
        assert _recorded(tmp_path) == []
