"""Who may ask what: the door that every request passes before anything is read of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from painresponse.errors import DefinitionError
from painresponse_serve.api_keys import Keys
from painresponse_serve.complaints import HANG_UP, RequestError
from painresponse_serve.jwks import on_this_machine
from painresponse_serve.principals import DESCRIBE, HOOKS, INFER, METRICS, SCORE, Principal
from painresponse_serve.tokens import Issuer, TokenError, Tokens

LOCAL = "local"
"""Whoever asks a server that lets everybody in, because it listens on its own machine only."""

_OPEN = ("/", "/healthz", "/readyz", "/docs", "/openapi.json")
_OPEN_BELOW = ("/docs/", "/page/", "/v2/health/")
_NEEDED = {
    "/v1/models": DESCRIBE,
    "/v1/catalogue": DESCRIBE,
    "/v2": INFER,
    "/metrics": METRICS,
    "/cds-services": HOOKS,
}

Wording = Callable[[RequestError], Response]


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in: those with a key in a file, and those with a token of an issuer.

    With neither, everybody is, and the server may then listen on its own machine only.
    ``address``: https://host[:port] as CDS Hooks clients call the server.
    """

    keys: str = ""
    address: str = ""
    leeway_seconds: float = 30
    issuers: tuple[Issuer, ...] = ()

    def __post_init__(self) -> None:
        said = [(one.is_hooks_client, one.issuer) for one in self.issuers]
        if len(set(said)) < len(said):
            raise ValueError("an issuer is listed twice: one could not tell which entry its tokens mean")
        if any(one.is_hooks_client for one in self.issuers) and not self.address:
            raise ValueError(
                "CDS Hooks clients (issuers without audience) need address, which their tokens name"
            )
        if not 0 <= self.leeway_seconds <= 300:
            raise ValueError("leeway_seconds must lie between 0 and 300")

    @property
    def is_open(self) -> bool:
        """Whether everybody is let in."""
        return not (self.keys or self.issuers)


def check_open(host: str, access: Access) -> None:
    """Raises DefinitionError where a server without access control would listen to other machines."""
    if access.is_open and not on_this_machine(host):
        raise DefinitionError(
            f"The server would listen on {host} and answer anybody. Name a keys file or an issuer of tokens "
            "under [access] in the settings, or listen on 127.0.0.1 only."
        )


def needed(method: str, path: str) -> str | None:
    """The scope a request needs; None where anybody may ask. What is not listed needs the scope to score."""
    reads = method in ("GET", "HEAD")
    if method == "OPTIONS" or (reads and (path in _OPEN or path.startswith(_OPEN_BELOW))):
        return None  # a browser asks with OPTIONS whether it may ask, and never shows a key for that
    if reads and path == "/cds-services":
        return None
    return next((scope for place, scope in _NEEDED.items() if _at_or_below(path, place)), SCORE)


def _at_or_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def who(request: Request) -> str:
    """The name of whoever asks, for the audit log; never a key."""
    name: str = request.scope["state"]["who"]
    return name


class Door:
    """Knows the keys and the issuers. Raises DefinitionError for keys that cannot be read."""

    def __init__(self, access: Access):
        self._access = access
        self._keys = Keys(Path(access.keys)) if access.keys else None
        self._tokens = Tokens(access.issuers, address=access.address, leeway=access.leeway_seconds)

    def needed(self, method: str, path: str) -> str | None:
        """The scope a request needs here; None where anybody may ask."""
        return None if self._access.is_open else needed(method, path)

    async def admitted(self, scope: Scope) -> str:
        """The name of whoever sends a request. Raises RequestError 401 or 403."""
        if self._access.is_open:
            return LOCAL
        wanted = needed(scope["method"], scope["path"])
        if wanted is None:
            return "anybody"
        principal = await self._principal(_shown(scope), hook=scope["path"] if wanted == HOOKS else "")
        if wanted not in principal.scopes:
            raise _forbidden(wanted)
        return principal.who

    async def _principal(self, shown: str | None, *, hook: str) -> Principal:
        if shown is None:
            raise _unknown("Show an API key or a token: Authorization: Bearer …", error="")
        if shown.count(".") == 2:  # three parts, as no key of ours has
            try:
                return await self._tokens.principal(shown, hook=hook)
            except TokenError as error:
                raise _unknown(str(error)) from None
        found = self._keys.principal(shown) if self._keys else None
        if found is None:
            raise _unknown("The API key is not known here.")
        return found


class Guard:
    """Lets a request through to the application if whoever sends it may ask that.

    ``wordings``: by the beginning of a path, how its interface words an error.
    """

    def __init__(self, app: ASGIApp, door: Door, *, wordings: Mapping[str, Wording] | None = None):
        self.app, self._door, self._wordings = app, door, wordings or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse what comes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            state["who"] = await self._door.admitted(scope)
        except RequestError as error:
            state.setdefault("line", {})["error"] = error.code
            await wording(scope["path"], self._wordings)(error)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def wording(path: str, wordings: Mapping[str, Wording]) -> Wording:
    """How the interface at a path words an error."""
    return next((one for place, one in wordings.items() if _at_or_below(path, place)), RequestError.response)


def _shown(scope: Scope) -> str | None:
    """The one bearer word of a request."""
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    kind, _, word = found[0].decode("latin-1").partition(" ") if len(found) == 1 else ("", "", "")
    return word.strip() if kind.lower() == "bearer" and word.strip() else None


def _unknown(words: str, *, error: str = "invalid_token") -> RequestError:
    challenge = 'Bearer realm="painresponse"' + (f', error="{error}"' if error else "")
    return RequestError(401, "not_known", words, headers={"www-authenticate": challenge, **HANG_UP})


def _forbidden(wanted: str) -> RequestError:
    challenge = f'Bearer realm="painresponse", error="insufficient_scope", scope="{wanted}"'
    return RequestError(
        403,
        "not_allowed",
        f"Whoever shows this key or token may not ask this: it needs the scope {wanted}.",
        headers={"www-authenticate": challenge, **HANG_UP},
    )
