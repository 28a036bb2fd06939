"""Pictures for the notebook: each takes data and gives back matplotlib axes that can be restyled.

``ax`` are axes to draw on; without them a figure is made, which a notebook shows. No style and no setting of
matplotlib is changed. Colours are told apart by colour-blind readers, and nothing is said by colour alone.
"""

from painresponse.plots.histories import timeline
from painresponse.plots.matrices import distributions, missingness
from painresponse.plots.models import dependence, drift, waterfall
from painresponse.plots.predictions import calibration, decision_curve, roc
from painresponse.plots.steps import cohort_flow

__all__ = [
    "calibration",
    "cohort_flow",
    "decision_curve",
    "dependence",
    "distributions",
    "drift",
    "missingness",
    "roc",
    "timeline",
    "waterfall",
]
