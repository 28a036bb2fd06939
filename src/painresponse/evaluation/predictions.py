"""Predictions beside what happened: what every figure of this package is computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """Episodes whose outcome is known, predicted by a model that never saw their subjects; n of each column.

    ``y``: 1 response, 0 none; ``probability``: of response; ``site``: the clinic's number, -1 unknown;
    ``comparators``: the probabilities of other models by name; ``groups``: a label for each episode
    (``""`` unknown) by what it groups, such as sex or age band.
    """

    subject: NDArray[np.int64]
    y: Numbers
    probability: Numbers
    site: NDArray[np.int64]
    comparators: Mapping[str, Numbers] = field(default_factory=dict)
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)

    def taken(self, rows: NDArray[np.int64]) -> "Predictions":
        """Some of the episodes, in the order given."""
        return Predictions(
            **{one.name: getattr(self, one.name)[rows] for one in fields(self)[:4]},
            comparators={name: column[rows] for name, column in self.comparators.items()},
            groups={name: column[rows] for name, column in self.groups.items()},
        )
