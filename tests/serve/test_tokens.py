"""Bearer tokens: whose are believed, for what and how long, and whatever else is not."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from painresponse.errors import DefinitionError
from painresponse_serve import load_settings, tokens
from painresponse_serve.principals import DESCRIBE, HOOKS, SCORE, Principal
from painresponse_serve.tokens import MOST_CHARACTERS, Issuer, TokenError, Tokens
from tests.serve.conftest import Server, running
from tests.serve.patients import patient
from tests.serve.tokens import (
    AUDIENCE,
    EHR,
    HOOK,
    ISSUER,
    US,
    claims,
    hook_token,
    key_set,
    private,
    public,
    publishing,
    token,
)

ALGORITHMS = ("ES256", "ES384", "RS256", "RS384", "EdDSA")
NOW = int(time.time())  # a suite may need many minutes to come to a test
TOMORROW = NOW + 86_400
HOSPITAL = {"name": "hospital", "issuer": ISSUER, "jwks": "jwks.json", "audience": AUDIENCE}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the issuers publish, in a file; among it a key too short to be believed."""
    path = tmp_path_factory.mktemp("jwks") / "jwks.json"
    path.write_bytes(key_set(*map(public, ALGORITHMS), public("RS1024")))
    return path


@pytest.fixture
def known(keys: Path) -> Tokens:
    """An OAuth2 server and a CDS Hooks client."""
    return Tokens(issuers(keys), address=f"{US}/")


def issuers(keys: Path | str, **more: Any) -> list[Issuer]:
    return [Issuer("hospital", ISSUER, str(keys), audience=AUDIENCE, **more), Issuer("ehr", EHR, str(keys))]


def shown(known: Tokens, word: str, hook: str = "") -> Principal:
    return asyncio.run(known.principal(word, hook=hook))


def refused(known: Tokens, word: str, hook: str = "") -> str:
    with pytest.raises(TokenError) as why:
        shown(known, word, hook)
    return str(why.value)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_signed_with_a_published_key_is_believed(known: Tokens, algorithm: str):
    assert shown(known, token(algorithm)) == Principal("hospital:clinic-7", frozenset({SCORE}))


def test_several_audiences_may_be_named_if_we_are_among_them(known: Tokens):
    assert shown(known, token(aud=["other", AUDIENCE])).who == "hospital:clinic-7"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"exp": NOW - 60}, "has expired"),
        ({"exp": "soon"}, "not valid"),
        ({"exp": float("inf")}, "not valid"),
        ({"exp": float("nan")}, "not valid"),
        ({"nbf": TOMORROW}, "not valid yet"),
        ({"iat": TOMORROW}, "not valid yet"),
        ({"iat": -1e400}, "not valid"),
        ({"aud": "another"}, "another audience"),
        ({"aud": [AUDIENCE, 1]}, "another audience"),
        ({"aud": {AUDIENCE: 1}}, "another audience"),
        ({"aud": AUDIENCE.upper()}, "another audience"),
        ({"iss": "https://login.example.org"}, "not from an issuer known here"),
        ({"iss": EHR}, "not from an issuer known here"),
        ({"iss": [ISSUER]}, "name its issuer"),
        ({"iss": None}, "name its issuer"),
        ({"aud": None}, "lacks the claim aud"),
        ({"exp": None}, "lacks the claim exp"),
        ({"iat": None}, "lacks the claim iat"),
        ({"sub": 7}, "not valid"),
        ({"head": {"kid": "nobody's"}}, "names no key (kid)"),
        ({"head": {"kid": "RS1024"}}, "names no key (kid)"),
        ({"head": {"crit": ["exp"], "exp": NOW}}, "cannot be read"),
        ({"head": {"kid": "ES384"}}, "not valid"),
        ({"head": {"b64": False}}, "cannot be read"),
        ({"note": "x" * MOST_CHARACTERS}, f"longer than {MOST_CHARACTERS} characters"),
    ],
    ids=lambda one: ",".join(one) if isinstance(one, dict) else one,
)
def test_any_other_token_is_refused_in_words_that_hold_nothing_of_it(
    known: Tokens, other: dict[str, Any], words: str
):
    assert words in refused(known, token(**other))


def test_clocks_may_differ_by_the_leeway_and_no_more(keys: Path):
    now = int(time.time())
    late, early = token(exp=now - 20), token(nbf=now + 20)
    for one in (late, early):
        assert shown(Tokens(issuers(keys), leeway=30), one)
        assert refused(Tokens(issuers(keys), leeway=5), one)


def test_a_token_without_a_signature_is_refused(known: Tokens):
    for alg in ("none", "None", "NONE"):
        unsigned = _with_head(token(), {"alg": alg, "kid": "ES256"})
        for word in (unsigned, unsigned.rpartition(".")[0] + "."):
            assert "must be signed with one of ES256" in refused(known, word)


def test_a_token_that_asks_for_more_than_the_usual_is_refused_before_its_signature(known: Tokens):
    head = {"alg": "ES256", "kid": "ES256", "crit": ["b64"], "b64": True}
    assert "must be signed with one of" in refused(known, _with_head(token(), head))


def test_a_public_key_is_no_shared_secret(known: Tokens):
    """HS256 signed with what everybody can read: the oldest trick."""
    pem = private("RS256", "RS256").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, json.dumps(public("RS256")).encode(), b""):
        head, body = jwt.encode(claims(), "x" * 32, "HS256", headers={"kid": "RS256"}).split(".")[:2]
        signature = jwt.get_algorithm_by_name("HS256").sign(f"{head}.{body}".encode(), secret or b"\0")
        word = f"{head}.{body}.{jwt.utils.base64url_encode(signature).decode()}"
        assert "must be signed with one of" in refused(known, word)


def test_a_key_is_used_with_its_own_algorithm_alone(known: Tokens):
    for kid, alg in (("ES256", "ES384"), ("EdDSA", "ES256"), ("RS256", "ES256")):
        word = jwt.encode(claims(), private(f"{kid} as {alg}", alg), alg, headers={"kid": kid})
        assert "signature is not valid" in refused(known, word)


def test_a_key_published_for_one_algorithm_is_not_used_with_another(tmp_path: Path):
    path = tmp_path / "jwks.json"
    path.write_bytes(key_set(public("RS256", alg="RS256")))
    known = Tokens(issuers(path))
    assert shown(known, token("RS256"))
    other = jwt.encode(claims(), private("RS256", "RS256"), "RS512", headers={"kid": "RS256"})
    assert "signature is not valid" in refused(known, other)


def test_what_was_changed_after_the_signing_is_refused(known: Tokens):
    head, body, signature = token().split(".")
    other = token(scope="score describe metrics").split(".")
    assert "signature is not valid" in refused(known, f"{head}.{other[1]}.{signature}")
    assert "signature is not valid" in refused(known, f"{head}.{body}.{other[2]}")
    assert "signature is not valid" in refused(known, f"{head}.{body}.")


def test_the_key_of_another_with_the_same_id_is_refused(known: Tokens):
    forged = jwt.encode(claims(), private("forger", "ES256"), "ES256", headers={"kid": "ES256"})
    assert "signature is not valid" in refused(known, forged)


def test_where_a_token_says_its_keys_are_is_never_asked(known: Tokens):
    with publishing(key_set(public("theirs", "ES256"))) as theirs:
        head = {"jku": theirs.url, "x5u": theirs.url, "jwk": public("theirs", "ES256")}
        word = jwt.encode(claims(), private("theirs", "ES256"), "ES256", headers={"kid": "theirs", **head})
        assert "names no key" in refused(known, word)
        assert theirs.asked == []


# What may be asked, and under which name.


def test_scopes_are_ours_or_those_the_settings_translate(keys: Path):
    known = Tokens(issuers(keys, scopes={"pain.read": DESCRIBE, "pain.use": SCORE}))
    for said, granted in {
        "pain.read": {DESCRIBE},
        "pain.read pain.use openid": {DESCRIBE, SCORE},
        "score": {SCORE},
        "SCORE scores": set(),
        "": set(),
    }.items():
        assert shown(known, token(scope=said)).scopes == granted
    for strange in (None, ["score"], {"score": True}, 1):
        assert shown(known, token(scope=strange)).scopes == set()


def test_a_name_is_taken_from_the_claim_the_settings_name(keys: Path):
    known = Tokens(issuers(keys, who="client_id"))
    assert shown(known, token(client_id="ward-3")).who == "hospital:ward-3"


@pytest.mark.parametrize(
    "name",
    ["a\r\nb", "a\n", "a b", 'a"b', "a\u2028b", "a\x1b[31mb", "é", "", "x" * 121, "\ud800", None],
    ids=ascii,
)
def test_a_name_that_could_confuse_a_log_is_left_out(known: Tokens, name: str | None):
    assert shown(known, token(sub=name)).who == "hospital"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"name": "a b"}, "a name without spaces"),
        ({"issuer": ""}, "what its tokens say under iss"),
        ({"audience": ""}, "CDS Hooks clients .* need address"),
        ({"scopes": {"pain.read": "read"}}, "must be among score, infer"),
        ({"audiense": "us"}, "Unknown setting 'audiense'. Did you mean 'audience'"),
        ({"jwks": 7}, "must be text, not a whole number"),
    ],
    ids=str,
)
def test_an_issuer_that_makes_no_sense_is_refused(other: dict[str, Any], words: str):
    with pytest.raises(DefinitionError, match=words):
        load_settings(said={"access.issuers": [{**HOSPITAL, **other}]}, environment={})


def test_an_issuer_listed_twice_is_refused():
    with pytest.raises(DefinitionError, match="an issuer is listed twice"):
        load_settings(said={"access.issuers": [HOSPITAL, {**HOSPITAL, "name": "other"}]}, environment={})


# What is remembered.


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signatures were checked, as they are."""
    seen, honest = [], tokens._decoded

    def decoded(word: str, **checks: Any) -> dict[str, Any]:
        seen.append(word)
        return honest(word, **checks)

    monkeypatch.setattr(tokens, "_decoded", decoded)
    return seen


def test_a_token_is_verified_once_and_again_after_five_minutes(keys: Path, verified: list[str]):
    now = [time.time()]
    known = Tokens(issuers(keys), clock=lambda: now[0])
    word = token(exp=int(time.time()) + 3600)
    for _ in range(3):
        shown(known, word)
    assert verified == [word]
    now[0] += 301
    shown(known, word)
    assert verified == [word, word]


def test_no_token_is_remembered_beyond_its_end(keys: Path):
    known = Tokens(issuers(keys), leeway=0)
    end = int(time.time()) + 2
    word = token(exp=end)
    assert shown(known, word)
    time.sleep(end - time.time() + 0.01)
    assert "expired" in refused(known, word)


def test_a_token_that_is_refused_is_not_remembered(known: Tokens, verified: list[str]):
    word = token(aud="another")
    for _ in range(2):
        refused(known, word)
    assert verified == [word, word]


def test_only_so_many_are_remembered(keys: Path, monkeypatch: pytest.MonkeyPatch, verified: list[str]):
    monkeypatch.setattr(tokens, "MOST_REMEMBERED", 3)
    known = Tokens(issuers(keys), address=US)
    words = [hook_token(jti=str(number)) for number in range(9)]
    for word in words:
        shown(known, word, HOOK)
    assert (len(known._verified), len(known._ids)) == (3, 3)
    verified.clear()
    for word in reversed(words):  # the last three still are
        shown(known, word, HOOK)
    assert len(verified) == 6


# CDS Hooks clients.


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_client_calls_the_hook_its_token_names(known: Tokens, algorithm: str):
    assert shown(known, hook_token(algorithm), HOOK) == Principal("ehr", frozenset({HOOKS}))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"aud": US}, "another audience"),
        ({"aud": US + HOOK + "/"}, "another audience"),
        ({"aud": US + HOOK + "/feedback"}, "another audience"),
        ({"aud": "http" + US.removeprefix("https") + HOOK}, "another audience"),
        ({"aud": HOOK}, "another audience"),
        ({"iss": ISSUER}, "not from an issuer known here"),
        ({"jti": None}, "lacks the claim jti"),
        ({"jti": 7}, "not valid"),
        ({"jti": "x" * 257}, "longer than 256 characters"),
        ({"iat": NOW - 3600, "exp": NOW + 3600}, "valid for too long"),
        ({"exp": NOW - 60}, "has expired"),
    ],
    ids=lambda one: ",".join(one) if isinstance(one, dict) else one,
)
def test_any_other_token_calls_no_hook(known: Tokens, other: dict[str, Any], words: str):
    assert words in refused(known, hook_token(**other), HOOK)


def test_a_token_for_one_hook_is_none_for_another_nor_for_anything_else(known: Tokens):
    word = hook_token()
    assert shown(known, word, HOOK)
    assert "another audience" in refused(known, word, "/cds-services/other")
    assert "not from an issuer known here" in refused(known, word)


def test_an_oauth2_token_calls_no_hook(known: Tokens):
    word = token(scope="hooks")
    assert shown(known, word).scopes == {HOOKS}
    assert "not from an issuer known here" in refused(known, word, HOOK)


def test_no_two_tokens_of_a_client_have_one_id(known: Tokens):
    first, second = hook_token(jti="one"), hook_token(jti="one", note="another")
    assert shown(known, first, HOOK) == shown(known, first, HOOK)
    assert "has the id (jti) of another one" in refused(known, second, HOOK)
    assert shown(known, first, HOOK)


# The server.


@pytest.fixture(scope="module")
def trusting(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Server]:
    """A server that believes an OAuth2 server whose keys it fetches, and a CDS Hooks client by a file."""
    folder = tmp_path_factory.mktemp("trusting")
    with publishing(keys.read_bytes()) as publisher, pytest.MonkeyPatch.context() as patch:
        said = [
            f'{{name = "hospital", issuer = "{ISSUER}", audience = "{AUDIENCE}", jwks = "{publisher.url}"}}',
            f'{{name = "ehr", issuer = "{EHR}", jwks = "{keys}"}}',
        ]
        patch.setenv("PAINRESPONSE_SERVE_ACCESS__ISSUERS", f"[{','.join(said)}]")
        patch.setenv("PAINRESPONSE_SERVE_ACCESS__ADDRESS", US)
        with running(tiny_bundle, folder, more=("--audit-path", folder / "audit")) as server:
            yield server


def score(server: Server, word: str) -> int:
    return server.post(patient(), authorization=f"Bearer {word}").status_code


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_server_answers_whoever_shows_such_a_token(trusting: Server, algorithm: str):
    assert score(trusting, token(algorithm)) == 200
    assert score(trusting, token(algorithm, scope="describe")) == 403
    assert score(trusting, token(algorithm, exp=NOW - 60)) == 401


def test_a_hook_is_open_to_its_clients_alone(trusting: Server):
    def status(word: str, path: str = "/cds-services/nowhere") -> int:
        with trusting.client() as client:
            return client.post(path, headers={"authorization": f"Bearer {word}"}).status_code

    there = f"{US}/cds-services/nowhere"
    assert status(hook_token(aud=there)) == 404
    assert status(hook_token(aud=there), "/cds-services/somewhere") == 401
    assert status(hook_token(aud=there), "/v1/score") == 401
    assert status(token(scope="hooks")) == 401


def test_the_log_names_who_asked_and_holds_no_token(trusting: Server):
    word, strange = token(sub="ward-3"), token(sub='ward\r\n{"event":"forged"}')
    assert (score(trusting, word), score(trusting, strange), score(trusting, word[:-4])) == (200, 200, 401)
    audit, output = (trusting.output.parent / "audit").read_text(), trusting.output.read_text()
    names = [json.loads(line)["who"] for line in audit.splitlines()]
    assert names[-2:] == ["hospital:ward-3", "hospital"]
    for part in (*word.split("."), *strange.split("."), "forged"):
        assert part not in audit + output


def _with_head(word: str, head: dict[str, Any]) -> str:
    return ".".join((jwt.utils.base64url_encode(json.dumps(head).encode()).decode(), *word.split(".")[1:]))
