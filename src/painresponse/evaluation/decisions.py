"""Whether acting on the predictions does more good than treating everybody or nobody (Vickers & Elkin 2006).

A patient is "flagged" where the predicted probability of response is at or above a threshold. The threshold
says how many futile interventions one response is worth: at 0.2, four. Response is what was seen after the
intervention; none of these figures says what would have happened without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from painresponse.errors import DefinitionError
from painresponse.evaluation.bootstrap import Estimate, estimated, share, subject_weights
from painresponse.evaluation.predictions import Numbers, Predictions
from painresponse.evaluation.rounding import Interval, interval

THRESHOLDS = tuple(step / 20 for step in range(1, 20))


@dataclass(frozen=True)
class Decision:
    """What it would mean to act at one threshold; each figure with its 95 % interval.

    Net benefit is in responses per patient, less the futile interventions at the threshold's rate of
    exchange; that of treating nobody is 0. ``gain`` is the model's over the better of treating all and none.
    ``treated_per_responder`` is how many flagged patients are given the intervention for each one who
    responds, 1 / positive predictive value. It is NOT a number needed to treat: that would need the
    responses there would have been without the intervention.
    """

    threshold: float
    net_benefit: Interval
    treat_all: Interval
    gain: Interval
    comparators: Mapping[str, Interval]
    flagged: Interval
    sensitivity: Interval
    specificity: Interval
    positive_predictive_value: Interval
    treated_per_responder: Interval


def decision_curve(
    predictions: Predictions, *, thresholds: Sequence[float] = THRESHOLDS, resamples: int, seed: int
) -> tuple[Decision, ...]:
    """One decision for each threshold.

    Raises DefinitionError for thresholds that do not lie between 0 and 1.
    """
    _between_0_and_1(thresholds)
    weights, at = subject_weights(predictions.subject, resamples, seed=seed), np.array(thresholds)
    drawn = _figures(predictions, weights, at)
    compared = {
        name: net_benefit(predictions.y, p, weights, thresholds=at)
        for name, p in predictions.comparators.items()
    }
    return tuple(_decision(at[i], _at(drawn, i), _at(compared, i)) for i in range(len(at)))


def net_benefit(y: Numbers, p: Numbers, weights: Numbers, *, thresholds: Numbers) -> Numbers:
    """(Flagged responders - flagged others * odds of the threshold) / patients, b x thresholds."""
    right, wrong = _flagged(y, p, weights, thresholds)
    return (right - wrong * thresholds / (1 - thresholds)) / weights.sum(axis=1, keepdims=True)


def _figures(predictions: Predictions, weights: Numbers, at: Numbers) -> dict[str, Numbers]:
    y, p = predictions.y, predictions.probability
    right, wrong = _flagged(y, p, weights, at)
    events, others = (weights @ y)[:, None], (weights @ (1 - y))[:, None]
    model = net_benefit(y, p, weights, thresholds=at)
    treat_all = net_benefit(y, np.ones_like(p), weights, thresholds=at)
    return {
        "net_benefit": model,
        "treat_all": treat_all,
        "gain": model - np.maximum(treat_all, 0),
        "flagged": (right + wrong) / (events + others),
        "sensitivity": share(right, events),
        "specificity": 1 - share(wrong, others),
        "positive_predictive_value": share(right, right + wrong),
    }


def _flagged(y: Numbers, p: Numbers, weights: Numbers, thresholds: Numbers) -> tuple[Numbers, Numbers]:
    """Weight of flagged responders and of flagged others, b x thresholds."""
    flagged = (p[:, None] >= thresholds).astype(np.float64)
    right = weights @ (flagged * y[:, None])
    return right, weights @ flagged - right


def _at(drawn: Mapping[str, Numbers], i: int) -> dict[str, Estimate]:
    return {name: estimated(values[:, i]) for name, values in drawn.items()}


def _decision(threshold: float, model: dict[str, Estimate], compared: dict[str, Estimate]) -> Decision:
    precision = model["positive_predictive_value"]
    return Decision(
        threshold=float(threshold),
        comparators={name: interval(figure) for name, figure in compared.items()},
        treated_per_responder=interval(_inverse(precision)),
        **{name: interval(figure) for name, figure in model.items()},
    )


def _inverse(share: Estimate) -> Estimate:
    """How many for one; without end where a share of nobody cannot be ruled out."""
    value, low, high = (1 / end if end else np.inf for end in share)
    return Estimate(value, high, low)


def _between_0_and_1(thresholds: Sequence[float]) -> None:
    bad = [one for one in thresholds if not 0 < one < 1]
    if bad or not len(thresholds):
        raise DefinitionError(
            f"Thresholds of a decision curve lie between 0 and 1, got {list(thresholds)}. "
            "Give at least one probability at which a patient would be offered the intervention, such as 0.3."
        )
