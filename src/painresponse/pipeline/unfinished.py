"""Targets that a training has finished, kept beside the bundle until it is written, for when it is killed.

A kept file is read by the training that wrote it and by nobody else: its name holds the hash of the data, the
catalogue, the settings and the versions. Like every pickle it must not be taken from a stranger.
"""

import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from painresponse.publishing import publish_bytes


@dataclass(frozen=True)
class Unfinished:
    """A hidden folder beside the bundle."""

    folder: Path

    @classmethod
    def beside(cls, bundle: Path, key: str) -> "Unfinished":
        """Of the training with this key."""
        return cls(bundle.parent / f".{bundle.stem}.{key[:16]}.unfinished")

    def names(self) -> set[str]:
        """The targets that are whole."""
        return {path.stem for path in self.folder.glob("*.pickle")}

    def put(self, name: str, made: Any) -> None:
        """Keep a target, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        publish_bytes(self.folder / f"{name}.pickle", pickle.dumps(made))

    def get(self, name: str) -> Any:
        """A kept target."""
        return pickle.loads((self.folder / f"{name}.pickle").read_bytes())  # noqa: S301

    def clear(self) -> None:
        """Nothing is unfinished any more."""
        shutil.rmtree(self.folder, ignore_errors=True)
