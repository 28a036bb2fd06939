"""Training examples of one target: a feature row and a label for each episode."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Examples:
    """Episodes of one target as columns of one length n.

    ``x`` (n x features) float32 as the engine makes it, unknown NaN; ``y`` float64: 1 response, 0 none, NaN
    lost to follow-up; ``index`` microseconds; ``site`` the clinic's site number, -1 where it is not known;
    ``groups`` a label for each episode (``""`` unknown) by what it groups, such as sex or age band.
    """

    target: str
    names: tuple[str, ...]
    x: NDArray[np.float32]
    y: NDArray[np.float64]
    subject: NDArray[np.int64]
    index: NDArray[np.int64]
    site: NDArray[np.int64]
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)

    def labelled(self) -> "Examples":
        """Those whose outcome is known."""
        return self.taken(np.flatnonzero(~np.isnan(self.y)))

    def taken(self, rows: NDArray[np.int64]) -> "Examples":
        """Some of the rows, in the order given."""
        columns = {name: getattr(self, name)[rows] for name in ("x", "y", "subject", "index", "site")}
        groups = {name: labels[rows] for name, labels in self.groups.items()}
        return replace(self, **columns, groups=groups)
