"""What the predictions promise of themselves, before any outcome is known, beside what training found.

If the probabilities are still calibrated, each says how likely its patient is to respond, and the share of
responders, the AUC and the Brier score to expect follow from them alone (estimation from confidence: Guillory
2021, ICCV; Garg 2022, ICLR). What such figures cannot see is a change of the response itself:
patients like these who respond less often than they did. Only outcomes can show that.
"""

import numpy as np
import pandas as pd

from painresponse.evaluation.bootstrap import Estimate
from painresponse.evaluation.censoring import either_way, weighted_judge
from painresponse.evaluation.predictions import Predictions
from painresponse.monitoring.asked import LEAST, Asked
from painresponse.monitoring.settings import MonitoringSettings
from painresponse.scoring.bundle import Bundle, TargetCard

CAUTION = (
    "What is expected from predictions alone holds if they are still calibrated. That patients respond "
    "otherwise than they did, only outcomes can show."
)
_FIGURES = {"prevalence": "responders", "auc": "auc", "brier": "brier"}
_COLUMNS = ["target", "figure", "expected", "low", "high", "training", "training_low", "training_high"]


def expected(bundle: Bundle, asked: Asked, settings: MonitoringSettings) -> pd.DataFrame:
    """A line for each target and figure, intervals by resampling subjects; none of targets hardly asked."""
    lines = []
    for target in asked.targets:
        places, probability = asked.spoken(target)
        if len(places) < LEAST:
            continue
        nowhere = np.full(len(places), -1)
        answers = Predictions(asked.subject[places], probability, probability, nowhere)
        drawn = weighted_judge(
            *either_way(answers, probability), resamples=settings.resamples, seed=settings.seed
        )
        learnt = _training(bundle.targets[bundle.places((target,))[0]])
        lines += [(target, name, *drawn[word], *learnt[name]) for word, name in _FIGURES.items()]
    return pd.DataFrame(lines, columns=_COLUMNS)


def _training(card: TargetCard) -> dict[str, Estimate]:
    """What the bundle says of itself: on patients its models had not seen."""
    unknown = [np.nan] * 3
    found = {name: _estimate(card.metrics.get(name) or unknown) for name in ("auc", "brier")}
    return {"responders": Estimate(card.responders / card.episodes, np.nan, np.nan), **found}


def _estimate(ends: list[float | None]) -> Estimate:
    return Estimate(*(np.nan if one is None else one for one in ends))
