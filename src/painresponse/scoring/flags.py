"""Flags that travel with a score: what to keep in mind beside it, as a code and a sentence."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from painresponse.language import Feature, parse
from painresponse.settings import build

Flagged = tuple[tuple[tuple[str, ...], ...], ...]
"""By ask and target, the codes of the flags that were raised."""


@dataclass(frozen=True, slots=True)
class Flag:
    """Raised for ``targets`` (none named: all) where ``feature`` is above zero; without a feature, always.

    It changes no number and refuses none. What is unknown raises nothing.
    """

    code: str
    words: str
    feature: str = ""
    targets: tuple[str, ...] = ()

    def parsed(self) -> tuple[Feature, ...]:
        """The feature as a parsed sentence, or nothing. Raises DefinitionError where it cannot be read."""
        return (parse(self.feature),) if self.feature else ()

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {key: value for key, value in asdict(self).items() if value}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Flag":
        """The inverse of `to_plain`."""
        return build(cls, plain, "flag")


def flags_of(flags: Sequence[Flag], raised: NDArray[np.bool_], *, targets: Sequence[str]) -> Flagged:
    """The codes told of each row for each target, in the order of the flags, each code once.

    ``raised``: rows x flags.
    """
    codes = list(words_of(flags))
    told = np.zeros((len(raised), len(targets), len(codes)), bool)
    for number in np.flatnonzero(np.count_nonzero(raised, axis=0)).tolist():
        flag = flags[number]
        asked = np.array([not flag.targets or name in flag.targets for name in targets], bool)
        told[:, :, codes.index(flag.code)] |= raised[:, number, None] & asked
    return tuple(tuple(tuple(compress(codes, one)) for one in line) for line in told.tolist())


def words_of(flags: Sequence[Flag]) -> dict[str, str]:
    """What each code says."""
    return {flag.code: flag.words for flag in flags}
