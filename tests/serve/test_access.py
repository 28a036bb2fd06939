"""Who may ask what: keys, the scope of every route, and a door that stays shut whatever is shown to it."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from starlette.responses import PlainTextResponse

from painresponse.errors import DefinitionError
from painresponse_serve import api_keys
from painresponse_serve.access import Access, Door, Guard, check_open, needed
from painresponse_serve.api_keys import new_key
from painresponse_serve.jwks import on_this_machine
from painresponse_serve.principals import DESCRIBE, HOOKS, INFER, METRICS, SCOPES, SCORE
from painresponse_serve.tokens import Issuer
from tests.lib.browser import NEEDS_BROWSER, chromium
from tests.serve.conftest import Server, running
from tests.serve.patients import patient
from tests.serve.test_process import started

HASH = "0" * 64


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/score", SCORE),
        ("POST", "/v1/fhir/score", SCORE),
        ("GET", "/v1/models", DESCRIBE),
        ("HEAD", "/v1/models", DESCRIBE),
        ("POST", "/v1/models", DESCRIBE),
        ("GET", "/v1/catalogue", DESCRIBE),
        ("GET", "/metrics", METRICS),
        ("GET", "/v2", INFER),
        ("GET", "/v2/models/pain", INFER),
        ("POST", "/v2/models/pain/infer", INFER),
        ("POST", "/v2/health/ready", INFER),
        ("POST", "/cds-services", HOOKS),
        ("POST", "/cds-services/pain", HOOKS),
        ("POST", "/cds-services/pain/feedback", HOOKS),
        ("GET", "/cds-services/pain", HOOKS),
    ],
)
def test_what_is_listed_needs_its_own_scope(method: str, path: str, scope: str):
    assert needed(method, path) == scope


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v3"),
        ("GET", "/v1"),
        ("GET", "/v1/modelsx"),
        ("GET", "/metricsx"),
        ("GET", "//metrics"),
        ("GET", "/V2/health/live"),
        ("GET", "/healthz/"),
        ("GET", "/docsx"),
        ("GET", "/page"),
        ("POST", "/"),
        ("POST", "/healthz"),
        ("PUT", "/docs"),
        ("get", "/healthz"),
        ("GET", ""),
    ],
)
def test_what_is_not_listed_needs_the_scope_to_score(method: str, path: str):
    assert needed(method, path) == SCORE


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/healthz",
        "/readyz",
        "/docs",
        "/docs/start.js",
        "/openapi.json",
        "/page/page.js",
        "/v2/health/live",
        "/v2/health/ready",
        "/cds-services",
    ],
)
def test_probes_pages_and_what_a_client_must_read_first_are_open(method: str, path: str):
    assert needed(method, path) is None


@pytest.mark.parametrize("path", ["/v1/score", "/cds-services/pain", "/metrics", "/nowhere"])
def test_a_browser_may_ask_whether_it_may_ask(path: str):
    assert needed("OPTIONS", path) is None


# A server with keys.


def write_keys(path: Path, **scopes: Sequence[str]) -> dict[str, str]:
    """A file of new keys, of these names and scopes; the keys by name."""
    made = {name: new_key(name, wanted) for name, wanted in scopes.items()}
    path.write_text("# keys of the test\n\n" + "".join(f"{line}\n" for _, line in made.values()))
    return {name: key for name, (key, _) in made.items()}


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys"


@pytest.fixture(scope="module")
def keys(keys_file: Path) -> dict[str, str]:
    """A key for each scope, one for two of them, and one for all."""
    each = {scope: [scope] for scope in SCOPES}
    return write_keys(keys_file, **each, two=[SCORE, DESCRIBE], every=SCOPES)


@pytest.fixture(scope="module")
def guarded(
    tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str], keys_file: Path
) -> Iterator[Server]:
    """A server that admits by these keys alone, and keeps an audit log."""
    folder = tmp_path_factory.mktemp("guarded")
    with running(
        tiny_bundle, folder, more=("--access-keys", keys_file, "--audit-path", folder / "audit")
    ) as server:
        yield server


def ask(server: Server, method: str, path: str, shown: str | None = None, **more: Any) -> httpx.Response:
    headers = {} if shown is None else {"authorization": shown}
    with server.client() as client:
        return client.request(method, path, headers=headers, **more)


def score(server: Server, key: str) -> int:
    """The status of a good question with this key."""
    return server.post(patient(), authorization=f"Bearer {key}").status_code


QUESTIONS = [
    ("POST", "/v1/score", SCORE),
    ("GET", "/v1/models", DESCRIBE),
    ("GET", "/v1/catalogue", DESCRIBE),
    ("GET", "/metrics", METRICS),
    ("GET", "/v2/models/nowhere", INFER),
    ("POST", "/cds-services/nowhere", HOOKS),
    ("GET", "/nowhere", SCORE),
]


@pytest.mark.parametrize(("method", "path", "scope"), QUESTIONS)
def test_each_question_is_answered_to_whoever_has_its_scope_and_to_nobody_else(
    guarded: Server, keys: dict[str, str], method: str, path: str, scope: str
):
    def status(name: str) -> int:
        return ask(guarded, method, path, f"Bearer {keys[name]}").status_code

    assert {name for name in keys if status(name) == 403} == set(SCOPES) - {scope} | (
        set() if scope in (SCORE, DESCRIBE) else {"two"}
    )
    assert status(scope) not in (401, 403)
    assert ask(guarded, method, path).status_code == 401


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/docs", "/docs/start.js", "/openapi.json"])
def test_open_pages_need_no_key_and_ask_nobody_for_one(guarded: Server, path: str):
    for shown in (None, "Bearer not-a-key", "Basic YTpi"):
        response = ask(guarded, "GET", path, shown)
        assert response.status_code == 200
        assert "www-authenticate" not in response.headers


def test_the_documents_say_which_questions_need_which_scope(guarded: Server):
    """So that their page takes a key, with which its examples can be sent."""
    described = ask(guarded, "GET", "/openapi.json").json()
    assert described["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer"}}
    locked = {
        (path, method): (one.get("security"), one.get("description", ""))
        for path, operations in described["paths"].items()
        for method, one in operations.items()
    }
    for (path, method), (security, words) in locked.items():
        scope = needed(method.upper(), path)
        assert security == ([{"bearer": []}] if scope else None)
        assert words.endswith(f"with the scope {scope}.") == bool(scope)
    assert {bool(security) for security, _ in locked.values()} == {True, False}


@pytest.mark.slow
@NEEDS_BROWSER
def test_the_page_of_documents_takes_a_key_and_shows_it_with_every_call(
    guarded: Server, keys: dict[str, str]
):
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{guarded.url}/docs")
        page.get_by_role("button", name="Authorize").click()
        page.get_by_label("Value").fill(keys["describe"])
        page.locator(".auth-btn-wrapper .authorize").click()
        page.get_by_role("button", name="Close").click()
        call = page.locator("#operations-describe-what_is_predicted_v1_models_get")
        call.locator(".opblock-summary").click()
        call.get_by_role("button", name="Try it out").click()
        call.get_by_role("button", name="Execute").click()
        expect(call.locator(".live-responses-table tbody .response-col_status").first).to_have_text("200")


def test_without_a_key_one_learns_how_to_show_one(guarded: Server):
    response = ask(guarded, "GET", "/v1/models")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="painresponse"'
    assert response.headers["connection"] == "close"
    assert response.json()["error"]["code"] == "not_known"
    assert "Authorization: Bearer" in response.json()["error"]["message"]


def test_a_key_that_is_not_known_is_said_to_be_that(guarded: Server):
    response = ask(guarded, "GET", "/v1/models", "Bearer pr_of-somebody-else")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="painresponse", error="invalid_token"'


def test_a_key_without_the_scope_learns_which_it_lacks(guarded: Server, keys: dict[str, str]):
    response = ask(guarded, "GET", "/metrics", f"Bearer {keys['score']}")
    assert response.status_code == 403
    challenge = 'Bearer realm="painresponse", error="insufficient_scope", scope="metrics"'
    assert response.headers["www-authenticate"] == challenge
    assert response.json()["error"] == {
        "code": "not_allowed",
        "message": "Whoever shows this key or token may not ask this: it needs the scope metrics.",
    }


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Bearer",
        "Basic {key}",
        "{key}",
        "Bearer{key}",
        "Bearer {key}x",
        "Bearer {key}, Bearer {key}",
        "Bearer {key} {key}",
        "Bearer\t{key}",
        "Bearer {hash}",
        "Bearer every",
        'Digest username="every"',
    ],
)
def test_anything_but_one_bearer_word_that_is_known_admits_nobody(
    guarded: Server, keys: dict[str, str], shown: str
):
    digest = api_keys._digest(keys["every"])
    response = ask(guarded, "GET", "/v1/models", shown.format(key=keys["every"], hash=digest))
    assert response.status_code == 401


def test_the_word_bearer_may_be_written_as_one_likes(guarded: Server, keys: dict[str, str]):
    for word in ("bearer", "BEARER", "Bearer "):
        assert ask(guarded, "GET", "/v1/models", f"{word} {keys['every']}").status_code == 200


def test_several_authorization_headers_admit_nobody(guarded: Server, keys: dict[str, str]):
    """A proxy before us might have looked at the other one."""
    good, bad = ("authorization", f"Bearer {keys['every']}"), ("authorization", "Bearer x")
    with guarded.client() as client:
        for headers in ([good, good], [good, bad], [bad, good]):
            assert client.get("/v1/models", headers=headers).status_code == 401
        assert client.get("/v1/models", headers=[good]).status_code == 200


def test_a_key_in_the_address_or_a_cookie_is_not_looked_at(guarded: Server, keys: dict[str, str]):
    with guarded.client() as client:
        key = keys["every"]
        assert client.get("/v1/models", params={"access_token": key}).status_code == 401
        assert client.get("/v1/models", headers={"cookie": f"authorization=Bearer {key}"}).status_code == 401
        assert client.get("/v1/models", headers={"x-api-key": key}).status_code == 401


def test_a_refused_body_is_not_waited_for(guarded: Server):
    with guarded.client() as client:
        response = client.post("/v1/score", content=b" " * 50_000_000)
    assert response.status_code == 401


def test_no_key_is_ever_written_down(guarded: Server, keys: dict[str, str]):
    lost = "pr_canary-of-a-mistyped-key"
    for key in (*keys.values(), lost):
        said = server_says(guarded, key)
        assert key not in said
    written = guarded.output.read_text() + (guarded.output.parent / "audit").read_text()
    assert '"who":"every"' in written
    for key in (*keys.values(), lost):
        assert key.removeprefix("pr_") not in written
        assert api_keys._digest(key) not in written


def server_says(server: Server, key: str) -> str:
    answers = [
        server.post(patient(), authorization=f"Bearer {key}"),
        ask(server, "GET", "/metrics", f"Bearer {key}"),
    ]
    answers.append(ask(server, "GET", f"/{key}", f"Basic {key}"))
    return "".join(f"{one.headers} {one.text}" for one in answers)


# Open to everybody only on the machine itself.


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("0", False),
        ("10.0.0.7", False),
        ("::ffff:10.0.0.7", False),
        ("localhost.example.org", False),
        ("clinic.example.org", False),
    ],
)
def test_a_server_without_keys_listens_on_its_own_machine_only(host: str, here: bool):
    assert on_this_machine(host) == here
    check_open(host, Access(keys="keys"))
    if here:
        check_open(host, Access())
    else:
        with pytest.raises(DefinitionError, match="Name a keys file or an issuer"):
            check_open(host, Access())


def test_on_all_addresses_without_keys_it_does_not_start(tiny_bundle: Path):
    ended = started(tiny_bundle, "--allow-synthetic", "--port", "0", "--host", "0.0.0.0")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "answer anybody. Name a keys file or an issuer of tokens under [access]" in ended.stderr


def test_on_all_addresses_with_keys_it_does(tiny_bundle: Path, tmp_path: Path):
    keys = write_keys(tmp_path / "keys", first=[SCORE])
    more = ("--host", "0.0.0.0", "--access-keys", tmp_path / "keys")
    with running(tiny_bundle, tmp_path, more=more) as server:
        assert (score(server, keys["first"]), score(server, "pr_other")) == (200, 401)


# Whatever is shown.


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, keys_file: Path, keys: dict[str, str]) -> Door:
    """Keys, an OAuth2 server and a CDS Hooks client, so that no way past the door is closed by itself."""
    published = tmp_path_factory.mktemp("jwks") / "jwks.json"
    point = {"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "crv": "Ed25519", "kty": "OKP"}
    published.write_text(json.dumps({"keys": [{**point, "kid": "k"}]}))
    issuers = (
        Issuer("hospital", "https://issuer", str(published), audience="us"),
        Issuer("ehr", "https://issuer", str(published)),
    )
    return Door(Access(str(keys_file), "https://us", issuers=issuers))


def status_of(door: Door, path: str, *shown: bytes) -> int:
    """The status of a request with these Authorization headers; 200 where the door lets it through."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"authorization", one) for one in shown]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    asyncio.run(Guard(PlainTextResponse("in"), door)(scope, None, send))  # type: ignore[arg-type]
    return int(sent[0]["status"])


def part(value: bytes | Any) -> bytes:
    """A part of a token: bytes, or what JSON can say."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def claims(*names: str, **likely: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that mostly hold what is likely, and now and then anything else."""
    return st.fixed_dictionaries(
        {},
        optional={
            **{name: st.just(value) | JSON for name, value in likely.items()},
            **dict.fromkeys(names, JSON),
        },
    )


HEADS = claims("crit", "b64", "jku", "jwk", "typ", "x5c", alg="EdDSA", kid="k")
BODIES = claims("nbf", "jti", "scope", "sub", iss="https://issuer", aud="us", exp=2**33, iat=0)
TOKENS = st.tuples(
    HEADS.map(part) | st.binary(max_size=9), BODIES.map(part) | JSON.map(part), st.binary(max_size=90)
)
SHOWN = st.one_of(
    st.binary(max_size=60),
    st.binary(max_size=60).map(lambda some: b"Bearer " + some),
    TOKENS.map(lambda parts: b"Bearer " + b".".join((*parts[:2], part(parts[2])))),
)


@given(
    shown=st.lists(SHOWN, max_size=2), path=st.sampled_from(["/v1/score", "/cds-services/pain", "/metrics"])
)
def test_whatever_is_shown_admits_nobody_and_breaks_nothing(door: Door, shown: list[bytes], path: str):
    assert status_of(door, path, *shown) == 401


def test_the_door_of_that_test_does_open(door: Door, keys: dict[str, str]):
    assert status_of(door, "/metrics", f"Bearer {keys['metrics']}".encode()) == 200
