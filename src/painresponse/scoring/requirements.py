"""What must be known of a patient before a model may speak; else it refuses, with a code and a sentence."""

from collections.abc import Mapping, Sequence
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

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {key: value for key, value in asdict(self).items() if value not in (None, ())}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Requirement":
        """The inverse of `to_plain`."""
        return build(cls, plain, "requirement")


class Checklist:
    """The requirements of a bundle, all of them held against many patients at once."""

    def __init__(
        self, requirements: Sequence[Requirement], targets: Sequence[str], places: Mapping[Feature, int]
    ):
        """``places``: the column of every feature they look at."""
        columns = [[places[feature] for feature in one.parsed()] for one in requirements]
        most = max(map(len, columns), default=1)
        # a list that is shorter repeats its last: what was unknown before stays so
        filled = [one + one[-1:] * (most - len(one)) for one in columns]
        self._columns = np.array(filled, np.int64).reshape(len(requirements), most)
        self._least = np.array([-np.inf if one.at_least is None else one.at_least for one in requirements])
        self._most = np.array([np.inf if one.at_most is None else one.at_most for one in requirements])
        self._asked = np.array(
            [[not one.targets or name in one.targets for name in targets] for one in requirements], bool
        ).reshape(len(requirements), len(targets))

    def unmet(self, computed: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Rows (of ``computed``: rows x columns) by requirement that is not met; what is unknown is not."""
        looked_at = computed[:, self._columns]
        known = looked_at[:, :, 0]
        for other in range(1, self._columns.shape[1]):
            known = np.where(np.isnan(known), looked_at[:, :, other], known)
        met = (known >= self._least) & (known <= self._most)
        unmet: NDArray[np.bool_] = ~met
        return unmet

    def first_unmet(self, computed: NDArray[np.float64]) -> NDArray[np.int64]:
        """By row and target the place of the first requirement that is not met, or -1."""
        none = len(self._asked)
        unmet = self.unmet(computed)[:, :, np.newaxis] & self._asked
        first = np.where(unmet, np.arange(none)[:, np.newaxis], none).min(axis=1, initial=none)
        return np.where(first == none, -1, first)
