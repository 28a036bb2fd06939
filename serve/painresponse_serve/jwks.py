"""Public keys of those who issue tokens (JSON Web Key Sets), from a file or from a listed address."""

import asyncio
import json
import math
import time
from collections.abc import Callable
from http.client import HTTPException
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from painresponse.errors import DefinitionError
from painresponse_serve.fetching import SECONDS_TO_FETCH, fetched
from painresponse_serve.logs import log

SECONDS_BETWEEN_READINGS = 60.0
SECONDS_UNTIL_OLD = 300.0
MOST_BYTES = 262_144
_LEAST_RSA_BITS = 2048

_OF_CURVE = {"P-256": ("ES256",), "P-384": ("ES384",), "Ed25519": ("EdDSA",)}
_OF_RSA = ("RS256", "RS384", "RS512")
ALGORITHMS = (*(name for names in _OF_CURVE.values() for name in names), *_OF_RSA)
"""Signatures made with a private key that the reader does not have; never a shared secret, never none."""


class PublicKey(NamedTuple):
    """A key and the only algorithms it may be used with, whatever a token says of itself."""

    key: Any
    algorithms: tuple[str, ...]


def on_this_machine(host: str) -> bool:
    """Whether a host name or address can only be reached from the machine itself."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


class KeySet:
    """The public keys of one issuer.

    They are read anew when they are old, and for a key nobody knows, yet not more than once a minute. While
    they cannot be read, those known before stay good. Raises DefinitionError for a file without usable
    keys, or an address that is neither https nor on this machine.
    """

    def __init__(self, source: str, *, clock: Callable[[], float] = time.monotonic):
        self._source, self._clock = source, clock
        self._known: dict[str, PublicKey] = {}
        self._read_at = self._tried_at = -math.inf
        self._reading = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None
        self._remote = "://" in source
        if self._remote:
            _check_address(source)
        else:
            self._take(_file(source))

    async def key(self, kid: str) -> PublicKey | None:
        """The key of this id, if the issuer has one."""
        if kid not in self._known:
            await self._renew()
        elif self._clock() - self._read_at > SECONDS_UNTIL_OLD and self._due():
            self._renewal = asyncio.create_task(self._renew())  # nobody waits for it: the old keys do
        return self._known.get(kid)

    def _due(self) -> bool:
        return self._clock() - self._tried_at >= SECONDS_BETWEEN_READINGS

    async def _renew(self) -> None:
        async with self._reading:
            if not self._due():
                return
            self._tried_at = self._clock()
            try:
                self._take(await self._text())
            except (OSError, ValueError, HTTPException, DefinitionError) as error:
                fields = {"reason": type(error).__name__, "keys_kept": len(self._known)}
                log.warning("jwks_not_read", extra={"fields": {"source": self._source, **fields}})

    async def _text(self) -> bytes:
        if not self._remote:
            return Path(self._source).read_bytes()
        headers = {"accept": "application/json"}
        async with asyncio.timeout(2 * SECONDS_TO_FETCH):
            return await asyncio.to_thread(fetched, self._source, most_bytes=MOST_BYTES, headers=headers)

    def _take(self, text: bytes) -> None:
        keys = _public_keys(text)
        if not keys:
            raise DefinitionError(
                f"{self._source} holds no key that can be used: a JSON Web Key Set of public keys with ids "
                f"(kid) is needed, for {', '.join(ALGORITHMS)}."
            )
        self._known, self._read_at, self._tried_at = keys, self._clock(), self._clock()


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DefinitionError(f"Cannot read the public keys {path}: {error.strerror}.") from None


def _check_address(source: str) -> None:
    parts = urlsplit(source)
    local = parts.scheme == "http" and on_this_machine(parts.hostname or "")
    if not (local or (parts.scheme == "https" and parts.hostname)):
        raise DefinitionError(
            f"{source} is no address to fetch public keys from: it must begin with https://, or be a file."
        )


def _public_keys(text: bytes) -> dict[str, PublicKey]:
    """By key id. What we cannot use is left out: an issuer may have keys for other purposes."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    listed = plain.get("keys") if isinstance(plain, dict) else None
    usable = [one for one in listed if _is_usable(one)] if isinstance(listed, list) else []
    found = {one["kid"]: _public_key(one) for one in usable}
    return {kid: key for kid, key in found.items() if key}


def _is_usable(plain: Any) -> bool:
    return (
        isinstance(plain, dict)
        and isinstance(plain.get("kid"), str)
        and plain.get("kty") in ("EC", "RSA", "OKP")
        and plain.get("use", "sig") == "sig"
        and "d" not in plain
    )


def _public_key(plain: dict[str, Any]) -> PublicKey | None:
    from jwt import PyJWK, PyJWTError  # not before there is an issuer: it takes 9 MB

    possible = _OF_RSA if plain["kty"] == "RSA" else _OF_CURVE.get(str(plain.get("crv")), ())
    algorithms = tuple(one for one in possible if plain.get("alg", one) == one)
    if not algorithms:
        return None
    try:
        key = PyJWK(plain, algorithms[0]).key
    except PyJWTError:
        return None
    weak = plain["kty"] == "RSA" and key.key_size < _LEAST_RSA_BITS
    return None if weak else PublicKey(key, algorithms)
