"""API keys: long random words, of which only the SHA-256 is kept, one line each: name, scopes, hash."""

import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable
from errno import ENOSPC
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from painresponse.errors import DefinitionError, WorkError, unknown
from painresponse_serve.logs import log
from painresponse_serve.principals import SCOPES, Principal
from painresponse_serve.states import state_of

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")


def new_key(name: str, scopes: Iterable[str]) -> tuple[str, str]:
    """A new key of 256 random bits, to be shown once, and the line of the keys file that admits it.

    Raises DefinitionError for a name or a scope that a keys file cannot hold.
    """
    if not _NAME.fullmatch(name):
        raise DefinitionError(
            f"{name!r} is no name for a key: up to 64 letters, digits, dots, dashes, underscores."
        )
    asked = list(dict.fromkeys(scopes))
    for scope in asked:
        if scope not in SCOPES:
            raise DefinitionError(unknown("scope", scope, SCOPES))
    if not asked:
        raise DefinitionError(f"A key needs at least one scope. Known: {', '.join(SCOPES)}.")
    key = f"pr_{secrets.token_urlsafe(32)}"
    return key, f"{name} {','.join(asked)} {_digest(key)}"


def add_key(path: Path, line: str) -> None:
    """Add the line of a new key to a keys file, whole or not at all; a new file is for its owner alone.

    Raises DefinitionError for a name that is taken and a file that cannot be read, WorkError where it cannot
    be written.
    """
    _refuse_taken(path, line.split()[0])
    try:
        _append(path, line)
    except OSError as error:
        raise WorkError(
            f"Cannot write the keys file {path}: {error.strerror}. Nothing was changed."
        ) from None


def _refuse_taken(path: Path, name: str) -> None:
    if path.exists() and name in {one.who for one in read_keys(path).values()}:
        raise DefinitionError(
            f"{path} has a key named {name}. Choose another name, or take its line out, which revokes it."
        )


def _append(path: Path, line: str) -> None:
    """In place: a new file under this name might not be one that the server may read."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(file).st_size
        ended = size == 0 or os.pread(file, 1, size - 1) == b"\n"
        data = f"{'' if ended else chr(10)}{line}\n".encode()
        if os.write(file, data) < len(data):
            os.ftruncate(file, size)
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        os.fsync(file)
    finally:
        os.close(file)


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
    _refuse_repeated(path, entries)
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


def _refuse_repeated(path: Path, entries: list[tuple[str, Principal]]) -> None:
    names, keys = Counter(one.who for _, one in entries), Counter(digest for digest, _ in entries)
    repeated = next((one.who for digest, one in entries if names[one.who] > 1 or keys[digest] > 1), None)
    if repeated:
        raise DefinitionError(
            f"{path} names {repeated} more than once, or gives its key to another name as well. Each key has "
            "one name: it stands in the audit log, and its one line is taken out to revoke the key."
        )


class Keys:
    """The keys of a file as it is now: a line taken out no longer admits anybody, without a restart.

    Raises DefinitionError where the file cannot be read at the start. Later, one that cannot be read is
    reported, and the keys known before stay good.
    """

    def __init__(self, path: Path):
        self._path, self._state = path, state_of(path)
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
        state = state_of(self._path)
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


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
