"""Who may call a hook: clients by their tokens, and browsers from origins that the settings name."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from painresponse.errors import DefinitionError
from painresponse_serve import load_settings
from tests.serve.conftest import Server, running
from tests.serve.hook_calls import SIGN, VIEW, call, post
from tests.serve.patients import patient
from tests.serve.tokens import EHR, US, hook_token, key_set, public

PAGE, STRANGER = "https://ehr.example.org", "https://elsewhere.example"


@pytest.fixture(scope="module")
def trusting(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that believes one CDS Hooks client, by a file of its keys, and pages of one origin."""
    folder = tmp_path_factory.mktemp("trusting")
    keys = folder / "keys.json"
    keys.write_bytes(key_set(public("ES384"), public("RS384")))
    tables = {"access": {"address": US}, "hooks": {"origins": [PAGE, "http://127.0.0.1:8080"]}}
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:  # for this server alone
            issuer = f'[{{name = "ehr", issuer = "{EHR}", jwks = "{keys}"}}]'
            patch.setenv("PAINRESPONSE_SERVE_ACCESS__ISSUERS", issuer)
            more = ("--audit-path", folder / "audit")
            server = stack.enter_context(running(tiny_bundle, folder, tables=tables, more=more))
        yield server


# ---- tokens ----


def shows(server: Server, word: str | None, path: str = SIGN) -> httpx.Response:
    headers = {} if word is None else {"authorization": f"Bearer {word}"}
    return post(server, path, call(SIGN), **headers)


def for_sign(alg: str = "ES384", **other: Any) -> str:
    return hook_token(alg, **{"aud": US + SIGN, **other})


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_good_token_is_answered_as_often_as_it_is_shown(trusting: Server, algorithm: str):
    word = for_sign(algorithm)
    for _ in range(2):
        answer = shows(trusting, word)
        assert answer.status_code == 200
        assert len(answer.json()["cards"]) == 1
    assert shows(trusting, for_sign(algorithm, aud=[US + SIGN])).status_code == 200


def unsigned() -> str:
    _, claims, _ = for_sign().split(".")
    plain = jwt.utils.base64url_encode(b'{"alg":"none","typ":"JWT","kid":"ES384"}').decode()
    return f"{plain}.{claims}."


def shared() -> str:
    """Signed with a secret, as if both sides knew it."""
    claims = jwt.decode(for_sign(), options={"verify_signature": False})
    return jwt.encode(claims, b"known to both sides " * 2, "HS256", headers={"kid": "ES384"})


def tampered() -> str:
    header, claims, signature = for_sign().split(".")
    said = json.loads(jwt.utils.base64url_decode(claims)) | {"sub": "somebody-else"}
    return f"{header}.{jwt.utils.base64url_encode(json.dumps(said).encode()).decode()}.{signature}"


@pytest.mark.parametrize(
    "make",
    [
        lambda: None,
        unsigned,
        shared,
        tampered,
        lambda: for_sign(exp=int(time.time()) - 120, iat=int(time.time()) - 300),
        lambda: for_sign(aud=US + VIEW),
        lambda: for_sign(aud=f"{US}/cds-services"),
        lambda: for_sign(aud=f"{US}{SIGN}/"),
        lambda: for_sign(iss="https://stranger.example.org"),
        lambda: for_sign(jti=None),
        lambda: for_sign(head={"kid": "ES256"}),
        lambda: for_sign("ES256"),
        lambda: "no.token.atall",
        lambda: "word",
    ],
    ids=[
        "none",
        "unsigned",
        "HS256",
        "tampered",
        "expired",
        "another hook",
        "discovery",
        "a slash more",
        "unlisted issuer",
        "no id",
        "unknown key",
        "unpublished key",
        "no token",
        "no key",
    ],
)
def test_any_other_token_is_refused(trusting: Server, make: Any):
    answer = shows(trusting, make())
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert set(answer.json()) == {"error"}


def test_the_id_of_a_token_is_good_for_one_token(trusting: Server):
    jti = str(uuid4())
    assert shows(trusting, for_sign(jti=jti)).status_code == 200
    assert shows(trusting, for_sign(jti=jti, note="another")).status_code == 401


def test_no_key_is_fetched_from_where_a_token_says(trusting: Server):
    word = for_sign(head={"kid": "theirs", "jku": "http://127.0.0.1:1/keys"})
    assert shows(trusting, word).status_code == 401


def test_feedback_takes_a_token_of_its_own_address(trusting: Server):
    said = {
        "feedback": [
            {"card": str(uuid4()), "outcome": "overridden", "outcomeTimestamp": "2026-03-01T09:00:00Z"}
        ]
    }
    path = f"{SIGN}/feedback"
    word = hook_token(aud=US + path)
    assert post(trusting, path, said, authorization=f"Bearer {word}").status_code == 200
    assert post(trusting, path, said, authorization=f"Bearer {for_sign()}").status_code == 401
    line = json.loads((trusting.output.parent / "audit").read_text().splitlines()[-1])
    assert line["who"].startswith("ehr")


def test_discovery_needs_no_token_and_bears_any(trusting: Server):
    for headers in ({}, {"authorization": f"Bearer {hook_token(aud=f'{US}/cds-services')}"}):
        with trusting.client() as client:
            assert client.get("/cds-services", headers=headers).status_code == 200


def test_a_token_of_a_hook_opens_nothing_else(trusting: Server):
    answer = trusting.post(patient(), authorization=f"Bearer {hook_token(aud=f'{US}/v1/score')}")
    assert answer.status_code == 401


# ---- browsers ----


def preflight(server: Server, path: str, origin: str, **asked: str) -> httpx.Response:
    wanted = {"method": "POST", "headers": "authorization,content-type"} | asked
    headers = {"origin": origin} | {f"access-control-request-{name}": one for name, one in wanted.items()}
    with server.client() as client:
        return client.options(path, headers=headers)


@pytest.mark.parametrize("path", ["/cds-services", SIGN, f"{SIGN}/feedback"])
@pytest.mark.parametrize("origin", [PAGE, "http://127.0.0.1:8080"])
def test_a_browser_that_asks_first_is_told_what_a_listed_origin_may(trusting: Server, path: str, origin: str):
    answer = preflight(trusting, path, origin)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert {"authorization", "content-type"} <= set(
        answer.headers["access-control-allow-headers"].lower().split(", ")
    )
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("path", "origin", "asked"),
    [
        (SIGN, STRANGER, {}),
        (SIGN, f"{PAGE}.elsewhere.example", {}),
        (SIGN, f"{PAGE}:8443", {}),
        (SIGN, PAGE.replace("https", "http"), {}),
        (SIGN, "null", {}),
        (SIGN, "*", {}),
        (SIGN, PAGE, {"method": "DELETE"}),
        (SIGN, PAGE, {"headers": "x-other"}),
        ("/v1/score", PAGE, {}),
        ("/cds-servicesx", PAGE, {}),
        ("/metrics", PAGE, {"method": "GET"}),
    ],
)
def test_nothing_else_is_allowed(trusting: Server, path: str, origin: str, asked: dict[str, str]):
    answer = preflight(trusting, path, origin, **asked)
    allowed = answer.headers.get("access-control-allow-origin") if answer.status_code == 200 else None
    assert allowed is None


@pytest.mark.parametrize(("origin", "allowed"), [(PAGE, PAGE), (STRANGER, None)])
def test_a_listed_origin_may_read_cards_and_refusals_alike(
    trusting: Server, origin: str, allowed: str | None
):
    told = post(trusting, SIGN, call(SIGN), authorization=f"Bearer {for_sign()}", origin=origin)
    refused = post(trusting, SIGN, call(SIGN), origin=origin)
    failed = post(trusting, SIGN, b"{", authorization=f"Bearer {for_sign()}", origin=origin)
    assert [one.status_code for one in (told, refused, failed)] == [200, 401, 400]
    for one in (told, refused, failed):
        assert one.headers.get("access-control-allow-origin") == allowed


def test_no_origin_is_allowed_unless_the_settings_name_it(server: Server):
    assert "access-control-allow-origin" not in preflight(server, SIGN, PAGE).headers
    assert "access-control-allow-origin" not in post(server, SIGN, call(SIGN), origin=PAGE).headers


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "", "ehr.example.org", "https://ehr.example.org/", "https://a/b", "ftp://a", "https://"],
)
def test_origins_are_written_as_browsers_send_them(origin: str):
    with pytest.raises(DefinitionError, match="as browsers send them"):
        load_settings(said={"hooks.origins": [origin]}, environment={})
