"""The bundles in service: each under its name, any of them replaced between two requests."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from painresponse.errors import BundleError
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.opening import open_to_score
from painresponse.scoring.scorer import Scorer
from painresponse_serve.complaints import RequestError
from painresponse_serve.states import State, state_of


@dataclass(frozen=True)
class Served:
    """One bundle in service, opened and proven; a request uses the one it began with to its end.

    ``state``: that of its file when it was read.
    """

    scorer: Scorer
    path: Path
    state: State = None

    @property
    def bundle(self) -> Bundle:
        """What it scores with."""
        return self.scorer.bundle

    @property
    def name(self) -> str:
        """By which it is asked for."""
        return self.bundle.name

    @classmethod
    def open(cls, path: Path, *, allow_synthetic: bool = False, trusted_key: Path | None = None) -> "Served":
        """Read and prove a bundle file. Raises BundleError where it may not be served."""
        state = state_of(path)
        bundle = open_to_score(path, allow_synthetic=allow_synthetic, trusted_key=trusted_key)
        _forget_unread(bundle.metadata)
        return cls(Scorer(bundle), path, state)


def _forget_unread(metadata: dict[str, Any]) -> None:
    """Let go of what a proven bundle is not asked for here, megabytes that every process would hold: what
    reports tell, and of the golden patients all but the row that is shown as an example.
    """
    metadata.pop("accounts", None)
    metadata["golden"] = {"rows": metadata["golden"]["rows"][:1]}


class Shelf:
    """All bundles in service, by name, in the order they were given."""

    def __init__(self, served: Iterable[Served]):
        self._served: dict[str, Served] = {}
        for one in served:
            if one.name in self._served:
                raise BundleError(f"Two bundles are named {one.name!r}; they could not be told apart.")
            self._served[one.name] = one

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Of the bundles in service."""
        return tuple(self._served)

    def pick(self, name: str | None = None) -> Served:
        """The named bundle; the first without a name. Raises RequestError 404 where there is none."""
        if name is None:
            return next(iter(self._served.values()))
        if name not in self._served:
            known = ", ".join(self._served)
            raise RequestError(404, "unknown_model", f"No such model is served here. Served: {known}.")
        return self._served[name]

    def put(self, served: Served) -> None:
        """Serve this bundle from the next request on, in the place of the one of its name."""
        self._served = {**self._served, served.name: served}
