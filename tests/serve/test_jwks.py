"""Public keys of issuers: which are taken, from where, how often, and what holds while they cannot be."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.errors import DefinitionError
from painresponse_serve import fetching, jwks
from painresponse_serve.jwks import MOST_BYTES, SECONDS_BETWEEN_READINGS, SECONDS_UNTIL_OLD, KeySet
from tests.serve.tokens import key_set, public, publishing


class Clock:
    """A clock that is put forward by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def after(keys: KeySet, clock: Clock, *steps: Any) -> list[bool]:
    """Whether keys are known, asked one after the other; a number puts the clock forward."""

    async def told() -> list[bool]:
        found = []
        for step in steps:
            if isinstance(step, str):
                found.append(await keys.key(step) is not None)
                await asyncio.sleep(0)
                if keys._renewal:
                    await keys._renewal
            else:
                clock.now += step
        return found

    return asyncio.run(told())


def test_keys_are_fetched_when_first_needed_and_then_kept():
    with publishing(key_set(public("ES256"))) as issuer:
        clock = Clock()
        keys = KeySet(issuer.url, clock=clock)
        assert issuer.asked == []
        assert after(keys, clock, "ES256", "ES256", SECONDS_UNTIL_OLD, "ES256") == [True, True, True]
        assert issuer.asked == ["/keys"]


def test_a_key_nobody_knows_is_asked_for_once_a_minute():
    with publishing(key_set(public("ES256"))) as issuer:
        clock = Clock()
        keys = KeySet(issuer.url, clock=clock)
        assert after(keys, clock, "ES256", *["other"] * 20) == [True, *[False] * 20]
        assert len(issuer.asked) == 1
        after(keys, clock, SECONDS_BETWEEN_READINGS, *["other"] * 20)
        assert len(issuer.asked) == 2


def test_a_new_key_is_picked_up_and_one_withdrawn_is_given_up():
    with publishing(key_set(public("old", "ES256"))) as issuer:
        clock = Clock()
        keys = KeySet(issuer.url, clock=clock)
        assert after(keys, clock, "old") == [True]
        issuer.body = key_set(public("new", "ES256"))
        assert after(keys, clock, "new", SECONDS_BETWEEN_READINGS, "new", "old") == [False, True, False]
        issuer.body = key_set(public("newer", "ES256"))
        assert after(keys, clock, SECONDS_UNTIL_OLD + 1, "new", "new") == [
            True,
            False,
        ]  # found old by the first


@pytest.mark.parametrize(
    "broken",
    [
        {"status": 500},
        {"status": 404},
        {"body": b"<html>"},
        {"body": key_set()},
        {"body": b"[" * 100_000},
        {"body": key_set(public("other", "ES256"), {"note": "x" * MOST_BYTES})},
        {"seconds": 0.5},
    ],
    ids=lambda broken: str(broken)[:30],
)
def test_while_the_issuer_is_out_of_order_the_keys_known_before_stay_good(
    broken: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(fetching, "SECONDS_TO_FETCH", 0.2)
    with (
        publishing(key_set(public("ES256"))) as issuer,
        caplog.at_level(logging.WARNING, "painresponse_serve"),
    ):
        clock = Clock()
        keys = KeySet(issuer.url, clock=clock)
        assert after(keys, clock, "ES256") == [True]
        for name, value in broken.items():
            setattr(issuer, name, value)
        assert after(keys, clock, SECONDS_UNTIL_OLD + 1, "ES256", "ES256", "other") == [True, True, False]
        assert len(issuer.asked) == 2
    (line,) = caplog.records
    assert (line.message, line.fields["keys_kept"]) == ("jwks_not_read", 1)


def test_an_issuer_that_cannot_be_reached_stops_nobody_and_is_asked_again():
    with publishing(key_set(public("ES256"))) as issuer:
        clock = Clock()
        keys = KeySet(issuer.url, clock=clock)
    assert after(keys, clock, "ES256") == [False]


def test_a_redirect_is_not_followed():
    with publishing(key_set(public("ES256"))) as issuer:
        issuer.location = "/elsewhere"
        clock = Clock()
        assert after(KeySet(issuer.url, clock=clock), clock, "ES256") == [False]
        assert issuer.asked == ["/keys"]


def test_a_file_is_read_at_the_start_and_again_when_it_is_old(tmp_path: Path):
    path = tmp_path / "jwks.json"
    path.write_bytes(key_set(public("ES256")))
    clock = Clock()
    keys = KeySet(str(path), clock=clock)
    path.write_bytes(key_set(public("new", "ES256")))
    assert after(keys, clock, "new", SECONDS_BETWEEN_READINGS, "new", "ES256") == [False, True, False]
    path.unlink()
    assert after(keys, clock, SECONDS_UNTIL_OLD + 1, "new", "new") == [True, True]


@pytest.mark.parametrize(
    "source",
    [
        "http://login.example.org/keys",
        "http://10.0.0.7/keys",
        "http://127.0.0.1@login.example.org/keys",
        "http://localhost.example.org/keys",
        "ftp://127.0.0.1/keys",
        "file:///etc/passwd",
        "https:///keys",
        "http:///keys",
        "://",
    ],
)
def test_keys_come_over_an_encrypted_connection_or_from_this_machine(source: str):
    with pytest.raises(DefinitionError, match="is no address to fetch public keys from"):
        KeySet(source)


@pytest.mark.parametrize(
    "source", ["https://login.example.org/keys", "HTTPS://x/keys", "http://[::1]:8/keys"]
)
def test_an_address_is_not_asked_before_it_is_needed(source: str):
    KeySet(source)


def secret() -> dict[str, Any]:
    return {**public("ES256"), "d": "AQAB"}


@pytest.mark.parametrize(
    "unusable",
    [
        public("RS1024"),
        public("ES256", use="enc"),
        public("ES256", alg="ES384"),
        public("RS256", alg="PS256"),
        public("ES256", kid=None),
        public("ES256", kid=7),
        public("ES256", crv="secp256k1"),
        public("ES256", x="AAAA"),
        public("ES256", x=5),
        public("ES256", y=None),
        public("ES256", kty="RSA"),
        public("RS256", e="AA"),
        public("RS256", n="~"),
        public("EdDSA", x="AAAA"),
        secret(),
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256"},
        "ES256",
        None,
    ],
    ids=range(18),
)
def test_keys_of_no_use_are_left_out_and_do_not_spoil_the_others(tmp_path: Path, unusable: Any):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [unusable]}))
    with pytest.raises(DefinitionError, match="holds no key that can be used"):
        KeySet(str(path))
    path.write_text(json.dumps({"keys": [unusable, public("EdDSA", kid="good")]}))
    assert after(KeySet(str(path)), Clock(), "good") == [True]


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(DefinitionError, match=r"Cannot read the public keys .*none: No such file"):
        KeySet(str(tmp_path / "none"))


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)
MEMBERS = st.sampled_from(("kty", "crv", "x", "y", "n", "e", "alg", "use", "kid", "oth", "p"))


@given(name=st.sampled_from(["ES256", "RS256", "EdDSA"]), changed=st.dictionaries(MEMBERS, VALUES))
def test_whatever_is_published_breaks_nothing(name: str, changed: dict[str, Any]):
    jwks._public_keys(json.dumps({"keys": [{**public(name), **changed}]}).encode())


@given(
    text=st.binary()
    | st.recursive(VALUES, lambda inner: st.dictionaries(st.just("keys"), inner)).map(
        lambda plain: json.dumps(plain).encode()
    )
)
def test_whatever_is_no_key_set_holds_no_keys(text: bytes):
    assert jwks._public_keys(text) == {}
