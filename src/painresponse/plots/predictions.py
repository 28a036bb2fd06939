"""What predictions are worth beside what happened: outcomes (1, 0, unknown NaN) and probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from painresponse.errors import DefinitionError
from painresponse.evaluation.curves import calibration_curve, roc_curves
from painresponse.evaluation.decisions import THRESHOLDS
from painresponse.evaluation.decisions import decision_curve as decisions
from painresponse.evaluation.predictions import Predictions
from painresponse.plots.canvas import canvas
from painresponse.report.lines import draw_calibration, draw_decisions, draw_roc

_EFFORT = {"resamples": 200, "seed": 2026}
_MOST_COMPARED = 3


def roc(
    outcome: Any, probability: Any, *, comparators: Mapping[str, Any] | None = None, ax: Axes | None = None
) -> Axes:
    """Responders found for the others mistaken for them; a line more for each of up to 3 comparators.

    Raises DefinitionError for columns of different lengths, probabilities outside 0 to 1, or outcomes other
    than 1, 0 and NaN.

    >>> import painresponse as pr
    >>> axes = pr.plots.roc([0, 0, 1, 1, float("nan")], [0.1, 0.4, 0.35, 0.8, 0.5])
    >>> axes.get_ylabel()
    'responders flagged'
    """
    known = _known(outcome, probability, comparators)
    return draw_roc(canvas(ax, 4.6), asdict(roc_curves(known)))


def calibration(outcome: Any, probability: Any, *, subject: Any = None, ax: Axes | None = None) -> Axes:
    """Share who responded against predicted probability, with a 95 % band and groups of like prediction.

    ``subject``: whose each row is, where a patient has several; the band resamples patients. Raises
    DefinitionError as `roc` does.

    >>> import painresponse as pr
    >>> outcome, probability = [0, 1, 0, 1] * 20, [0.2, 0.7, 0.4, 0.6] * 20
    >>> pr.plots.calibration(outcome, probability).get_xlabel()
    'predicted probability of response'
    """
    known = _known(outcome, probability, subject=subject)
    return draw_calibration(canvas(ax, 4.6), asdict(calibration_curve(known, **_EFFORT)))


def decision_curve(
    outcome: Any,
    probability: Any,
    *,
    comparators: Mapping[str, Any] | None = None,
    subject: Any = None,
    thresholds: Sequence[float] = THRESHOLDS,
    ax: Axes | None = None,
) -> Axes:
    """Net benefit of acting on the predictions, by threshold, beside treating everybody and nobody.

    It says what acting on the model would be worth if those who responded did so because of the
    intervention, which these data cannot show. Raises DefinitionError as `roc` does.

    >>> import painresponse as pr
    >>> outcome, probability = [0, 1, 0, 1] * 20, [0.2, 0.7, 0.4, 0.6] * 20
    >>> axes = pr.plots.decision_curve(outcome, probability, thresholds=[0.1, 0.3, 0.5])
    >>> axes.get_ylabel()
    'net benefit, responses a patient'
    """
    known = _known(outcome, probability, comparators, subject)
    found = decisions(known, thresholds=thresholds, **_EFFORT)
    return draw_decisions(canvas(ax, 4.2), [asdict(one) for one in found])


def _known(
    outcome: Any, probability: Any, comparators: Mapping[str, Any] | None = None, subject: Any = None
) -> Predictions:
    """Those with an outcome. Raises DefinitionError on columns that do not fit together."""
    y, p = _numbers("outcome", outcome), _numbers("probability", probability)
    others = {name: _numbers(name, column) for name, column in (comparators or {}).items()}
    whose = np.arange(len(y)) if subject is None else np.unique(np.asarray(subject), return_inverse=True)[1]
    if len({len(y), len(whose), *(len(one) for one in (p, *others.values()))}) > 1:
        raise DefinitionError("Outcomes, probabilities and subjects must be columns of one length.")
    if len(others) > _MOST_COMPARED:
        raise DefinitionError(f"At most {_MOST_COMPARED} comparators can be told apart; {len(others)} given.")
    known = np.flatnonzero(~np.isnan(y))
    _check(y[known], [one[known] for one in (p, *others.values())])
    site = np.full(len(y), -1)
    return Predictions(whose, y, p, site, others).taken(known)


def _check(y: np.ndarray, columns: list[np.ndarray]) -> None:
    if not set(np.unique(y)) == {0.0, 1.0}:
        raise DefinitionError(
            "Outcomes are 1 (response) and 0 (none), NaN where unknown; both must be there."
        )
    if any(not ((column >= 0) & (column <= 1)).all() for column in columns):
        raise DefinitionError(
            "Probabilities lie between 0 and 1, and none may be missing where the outcome is known. "
            "Leave out what was refused."
        )


def _numbers(name: str, column: Any) -> np.ndarray:
    try:
        return np.asarray(column, np.float64).ravel()
    except (TypeError, ValueError):
        raise DefinitionError(f"{name} must be a column of numbers, unknown ones NaN.") from None
