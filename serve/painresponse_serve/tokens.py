"""Bearer tokens: JSON Web Tokens signed by those who are listed, for us, and not for ever."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from painresponse_serve.jwks import ALGORITHMS, KeySet
from painresponse_serve.principals import HOOKS, SCOPES, Principal

MOST_CHARACTERS = 16_384
MOST_REMEMBERED = 10_000
SECONDS_REMEMBERED = 300
SECONDS_OF_A_HOOK = 3600
LONGEST_ID = 256
_NAME = re.compile(r"[\w.@:/+-]{1,120}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Somebody whose tokens are believed.

    Without an ``audience`` these are CDS Hooks clients: their tokens are for /cds-services alone, name the
    address they are sent to, and have an id of their own. Otherwise it is an OAuth2 server, and ``scopes``
    says in its words what may be asked, where they are not ours.
    """

    name: str
    issuer: str
    jwks: str
    audience: str = ""
    who: str = "sub"
    scopes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or not self.issuer:
            raise ValueError("an issuer needs a name without spaces, and what its tokens say under iss")
        if not set(self.scopes.values()) <= set(SCOPES):
            raise ValueError(f"the scopes of issuer {self.name} must be among {', '.join(SCOPES)}")

    @property
    def is_hooks_client(self) -> bool:
        """Whether it sends CDS Hooks rather than giving out access tokens."""
        return not self.audience


class TokenError(Exception):
    """A token that admits nobody; the words hold nothing of it."""


class _Verified(NamedTuple):
    principal: Principal
    until: float


class Tokens:
    """Verifies tokens, and remembers for a while those it has verified.

    ``address``: https://host[:port] by which CDS Hooks clients call this server.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer],
        *,
        address: str = "",
        leeway: float = 30,
        clock: Callable[[], float] = time.time,
    ):
        self._address, self._leeway, self._clock = address.rstrip("/"), leeway, clock
        self._issuers = {(one.is_hooks_client, one.issuer): (one, KeySet(one.jwks)) for one in issuers}
        self._verified: dict[tuple[bytes, str], _Verified] = {}
        self._ids: dict[tuple[str, str], bytes] = {}

    async def principal(self, token: str, *, hook: str = "") -> Principal:
        """Who shows this token; ``hook``: the path, where a CDS Hooks client calls one.

        Raises TokenError, which says what is wrong with it.
        """
        if not self._issuers:
            raise TokenError("No tokens are believed here, only API keys.")
        digest = sha256(token.encode()).digest()
        known = self._verified.get((digest, hook))
        if known and self._clock() < known.until:
            return known.principal
        issuer, claims = await self._claims(token, hook)
        if hook:
            self._note_id(issuer, claims, digest)
        principal = _principal(issuer, claims)
        until = min(claims["exp"], self._clock() + SECONDS_REMEMBERED)
        _remember(self._verified, (digest, hook), _Verified(principal, until))
        return principal

    async def _claims(self, token: str, hook: str) -> tuple[Issuer, dict[str, Any]]:
        header, said = _unverified(token)
        if (bool(hook), said) not in self._issuers:
            raise TokenError("The token is not from an issuer known here.")
        issuer, keys = self._issuers[bool(hook), said]
        kid = header.get("kid")
        key = await keys.key(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenError("The token names no key (kid) that its issuer has published.")
        return issuer, _decoded(
            token,
            key=key.key,
            algorithms=list(key.algorithms),
            audience=self._address + hook if hook else issuer.audience,
            issuer=said,
            leeway=self._leeway,
            options={"require": ["iss", "aud", "exp", "iat", *(["jti"] if hook else [])]},
        )

    def _note_id(self, issuer: Issuer, claims: dict[str, Any], digest: bytes) -> None:
        """A token may be shown again until it expires; another one may not bear its id."""
        if claims["exp"] - claims["iat"] > SECONDS_OF_A_HOOK:
            raise TokenError("The token is valid for too long: a CDS Hooks client may make it for an hour.")
        if len(claims["jti"]) > LONGEST_ID:
            raise TokenError(f"The id (jti) of the token is longer than {LONGEST_ID} characters.")
        if self._ids.get((issuer.issuer, claims["jti"]), digest) != digest:
            raise TokenError("The token has the id (jti) of another one.")
        _remember(self._ids, (issuer.issuer, claims["jti"]), digest)


def _remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep it as the newest, and as many as may be kept."""
    memory.pop(key, None)
    while len(memory) >= MOST_REMEMBERED:
        del memory[next(iter(memory))]
    memory[key] = value


def _unverified(token: str) -> tuple[dict[str, Any], str]:
    """Its header and who it says has issued it: to find the key by, and for nothing else."""
    import jwt  # not before there is an issuer: it takes 9 MB

    if len(token) > MOST_CHARACTERS:
        raise TokenError(f"The token is longer than {MOST_CHARACTERS} characters.")
    try:
        whole = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenError("The token cannot be read as a JSON Web Token.") from None
    header, said = whole["header"], whole["payload"].get("iss")
    if header.get("alg") not in ALGORITHMS or "crit" in header or not isinstance(said, str):
        raise TokenError(f"The token must be signed with one of {', '.join(ALGORITHMS)} and name its issuer.")
    return header, said


def _decoded(token: str, *, key: Any, **checks: Any) -> dict[str, Any]:
    import jwt

    try:
        claims = jwt.decode(token, key, **checks)
        return {**claims, "exp": int(claims["exp"]), "iat": int(claims["iat"])}
    except jwt.MissingRequiredClaimError as error:
        raise TokenError(f"The token lacks the claim {error.claim}.") from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise TokenError(_WORDS.get(type(error).__name__, _NOT_VALID)) from None


_NOT_VALID = "The token or its signature is not valid."
_WORDS = {
    "ExpiredSignatureError": "The token has expired.",
    "ImmatureSignatureError": "The token is not valid yet.",
    "InvalidAudienceError": "The token is for another audience (aud) than this address.",
}


def _principal(issuer: Issuer, claims: dict[str, Any]) -> Principal:
    said = claims.get(issuer.who)
    who = f"{issuer.name}:{said}" if isinstance(said, str) and _NAME.fullmatch(said) else issuer.name
    if issuer.is_hooks_client:
        return Principal(who, frozenset({HOOKS}))
    words = claims.get("scope")
    granted = {issuer.scopes.get(word, word) for word in words.split()} if isinstance(words, str) else set()
    return Principal(who, frozenset(granted & set(SCOPES)))
