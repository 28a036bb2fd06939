"""API keys: long random words, of which only the SHA-256 is kept, one line each: name, scopes, hash."""

import re
import secrets
from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from painresponse.errors import DefinitionError
from painresponse_serve.logs import log
from painresponse_serve.principals import SCOPES, Principal

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")

State = tuple[int, int, int] | None
"""What tells one version of the file from the next; None where there is no file."""


def new_key(name: str, scopes: Iterable[str]) -> tuple[str, str]:
    """A new key of 256 random bits, to be shown once, and the line of the keys file that admits it.

    Raises DefinitionError for a name or a scope that a keys file cannot hold.
    """
    key = f"pr_{secrets.token_urlsafe(32)}"
    line = f"{name} {','.join(scopes)} {_digest(key)}"
    _entry(line, "The new key")
    return key, line


def read_keys(path: Path) -> dict[str, Principal]:
    """Who is admitted by a keys file, by the hash of the key. Raises DefinitionError naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise DefinitionError(f"Cannot read the keys file {path}: {reason}.") from None
    entries = [
        _entry(line, f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    _refuse_repeated(path, [one.who for _, one in entries])
    return dict(entries)


def _entry(line: str, where: str) -> tuple[str, Principal]:
    parts = line.split()
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]) or not _HASH.fullmatch(parts[2]):
        raise DefinitionError(
            f"{where}, is not a name (letters, digits, dot, dash, underscore), scopes joined by commas, "
            "and the SHA-256 of a key in hexadecimal digits."
        )
    scopes = frozenset(parts[1].split(","))
    if not scopes <= set(SCOPES):  # not repeated here: a key in the wrong place must not get into a log
        raise DefinitionError(f"{where}, names an unknown scope. Known: {', '.join(SCOPES)}.")
    return parts[2], Principal(parts[0], scopes)


def _refuse_repeated(path: Path, names: list[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise DefinitionError(
            f"{path} names {min(twice)} more than once. Give each key a name of its own: it stands in the "
            "audit log, and a line is what is taken out to revoke a key."
        )


class Keys:
    """The keys of a file as it is now: a line taken out no longer admits anybody, without a restart.

    Raises DefinitionError where the file cannot be read at the start. Later, one that cannot be read is
    reported, and the keys known before stay good.
    """

    def __init__(self, path: Path):
        self._path, self._state = path, _state(path)
        self._known = read_keys(path)

    def principal(self, key: str) -> Principal | None:
        """Whose key this is, if it is anybody's."""
        self._reread()
        digest, found = _digest(key), None
        for known, one in self._known.items():
            if compare_digest(known, digest):  # all are compared: the time taken tells nothing of the place
                found = one
        return found

    def _reread(self) -> None:
        state = _state(self._path)  # before the reading: what changes meanwhile is seen the next time
        if state == self._state:
            return
        self._state = state
        try:
            self._known = read_keys(self._path)
        except DefinitionError as error:
            log.error(
                "keys_not_read", extra={"fields": {"reason": str(error), "keys_kept": len(self._known)}}
            )
        else:
            log.info("keys_read", extra={"fields": {"keys": len(self._known)}})


def _state(path: Path) -> State:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
