"""Every complaint painresponse makes on purpose. Each says what was given, what is possible, what to do.

No message may hold a patient's value or identifier: name the table, the column and the row number.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class PainResponseError(Exception):
    """Something painresponse refuses or cannot do, worded for the person who asked."""

    exit_code = 2


class DefinitionError(PainResponseError):
    """A configuration or a feature says something that has no meaning here."""


class RecordError(PainResponseError):
    """The patient data given cannot be read as event histories."""


class CohortError(PainResponseError):
    """The data can be read, but too little of it can be used."""


class EstimatorError(PainResponseError, ValueError):
    """A scikit-learn estimator was given what it cannot learn from; a ValueError, as scikit-learn expects."""


class BundleError(PainResponseError):
    """A bundle is missing, damaged, foreign, or no longer gives its own golden scores."""


class WorkError(PainResponseError):
    """The input was fine and the work failed all the same (disk full, port taken)."""

    exit_code = 1


def unknown(kind: str, got: object, allowed: Iterable[object]) -> str:
    """Word the commonest mistake the same way everywhere; small and capital letters are no difference."""
    known = sorted(map(str, allowed))
    alike = {word.casefold(): word for word in known}
    near = get_close_matches(str(got).casefold(), alike, n=1)
    hint = f" Did you mean {alike[near[0]]!r}?" if near else ""
    shown = ", ".join(known[:40]) + (f" and {len(known) - 40:,} others" if len(known) > 40 else "")
    return f"Unknown {kind} {str(got)!r}.{hint} Known: {shown}."
