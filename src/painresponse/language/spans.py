"""Stretches of the past. A span only ever looks back from the index; there is no word for the future."""

from dataclasses import dataclass

from painresponse.errors import DefinitionError
from painresponse.schema import MICROSECONDS_PER_DAY

_DAYS = {"d": 1, "mo": 30, "y": 365}


@dataclass(frozen=True, slots=True)
class Span:
    """So many days (``d``), months of 30 days (``mo``) or years of 365 days (``y``) before the index."""

    count: int
    unit: str

    def __post_init__(self) -> None:
        ever = self.unit == "ever" and self.count == 0
        if not (ever or (self.unit in _DAYS and isinstance(self.count, int) and 0 < self.count <= 36500)):
            raise DefinitionError(
                f"There is no lookback of {self.count} {self.unit}. Say a whole number above zero and "
                f"d, mo or y, for example '90 d', or say 'ever'."
            )

    @property
    def microseconds(self) -> int:
        """The span's length; ever is longer than any history."""
        return 2**62 if self.unit == "ever" else self.count * _DAYS[self.unit] * MICROSECONDS_PER_DAY

    def __str__(self) -> str:
        return "ever" if self.unit == "ever" else f"in {self.count} {self.unit}"


EVER = Span(0, "ever")


def days(count: int) -> Span:
    """The last ``count`` days, up to 100 years: from so long before the index to the index.

    Raises DefinitionError for anything but a whole number above zero.

    >>> import painresponse as pr
    >>> str(pr.days(30))
    'in 30 d'
    """
    return Span(count, "d")


def months(count: int) -> Span:
    """The last ``count`` months of 30 days; otherwise as `days`.

    >>> import painresponse as pr
    >>> str(pr.months(6))
    'in 6 mo'
    """
    return Span(count, "mo")


def years(count: int) -> Span:
    """The last ``count`` years of 365 days; otherwise as `days`.

    >>> import painresponse as pr
    >>> str(pr.years(2))
    'in 2 y'
    """
    return Span(count, "y")
