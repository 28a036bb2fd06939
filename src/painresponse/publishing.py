"""Files and folders appear under their name whole or not at all, even after a kill or on a full disk."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from painresponse.errors import DefinitionError, WorkError


def publish(path: Path, write: Callable[[Path], object], *, durable: bool = True) -> None:
    """Let ``write`` fill a file beside ``path``, then put it in place in one step over what was there.

    Without ``durable`` the file may be gone or damaged after a power cut, though not after a kill.
    """
    with _beside(path) as draft:
        write(draft)
        if durable:
            _sync(draft)
        draft.replace(path)
        if durable:
            _sync(path.parent)


def publish_bytes(path: Path, data: bytes) -> None:
    """Publish bytes already in hand."""
    publish(path, lambda draft: draft.write_bytes(data))


def publish_folder(path: Path, fill: Callable[[Path], None], *, overwrite: bool = False) -> None:
    """Let ``fill`` fill a folder beside ``path``, then rename it into place."""
    refuse_taken(path, overwrite=overwrite)
    with _beside(path) as draft:
        draft.mkdir()
        fill(draft)
        _install(draft, path)


def publish_made(made: Path, path: Path) -> None:
    """Rename a folder that is complete, on the same file system, into place over what was there."""
    with complaints(path):
        _install(made, path)


def refuse_taken(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a path where something is already, unless it may be replaced."""
    if path.exists() and not overwrite:
        raise DefinitionError(f"{path} is already there. Choose another name, or say --overwrite.")


@contextmanager
def complaints(path: Path) -> Iterator[None]:
    """Whatever the file system refuses meanwhile, as a WorkError that names ``path``."""
    try:
        yield
    except OSError as error:
        raise WorkError(f"Cannot write {path}: {error.strerror or error}. Nothing was changed.") from None


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A hidden draft on the same file system, gone afterwards whatever happens."""
    with complaints(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        try:
            yield room / "draft"
        finally:
            shutil.rmtree(room, ignore_errors=True)


def _install(made: Path, path: Path) -> None:
    for item in made.rglob("*"):
        if item.is_file():
            _sync(item)
    retired = path.with_name(f".{path.name}.retired")
    shutil.rmtree(retired, ignore_errors=True)
    if path.exists():
        path.replace(retired)
    try:
        made.replace(path)
    except OSError:
        if retired.exists():
            retired.replace(path)
        raise
    _sync(path.parent)
    shutil.rmtree(retired, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
