"""What must be known of a patient before a model may speak; else it refuses, with a code and a sentence."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.language import Feature, parse
from painresponse.settings import build


@dataclass(frozen=True, slots=True)
class Requirement:
    """The first known of ``features`` must lie within the limits, for the named targets (none named: all)."""

    code: str
    words: str
    features: tuple[str, ...]
    at_least: float | None = None
    at_most: float | None = None
    targets: tuple[str, ...] = ()

    def parsed(self) -> tuple[Feature, ...]:
        """The features as parsed sentences."""
        return tuple(parse(text) for text in self.features)

    def unmet(self, columns: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Rows (of columns: rows x features) that do not meet it; what is unknown does not."""
        value = columns[:, 0]
        for column in columns.T[1:]:
            value = np.where(np.isnan(value), column, value)
        met = ~np.isnan(value)
        if self.at_least is not None:
            met &= value >= self.at_least
        if self.at_most is not None:
            met &= value <= self.at_most
        return ~met

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {key: value for key, value in asdict(self).items() if value not in (None, ())}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Requirement":
        """The inverse of `to_plain`."""
        return build(cls, plain, "requirement")
