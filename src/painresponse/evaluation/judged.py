"""The sections of an account that predictions and outcomes alone can fill, as plain values."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from painresponse.evaluation.bootstrap import Estimate
from painresponse.evaluation.curves import calibration_curve, prediction_counts, roc_curves
from painresponse.evaluation.decisions import decision_curve
from painresponse.evaluation.measures import judge
from painresponse.evaluation.predictions import Predictions
from painresponse.evaluation.rounding import interval
from painresponse.evaluation.subgroups import subgroups

Account = dict[str, Any]


def judged(known: Predictions, *, resamples: int, seed: int) -> Account:
    """Performance, calibration, decisions and subgroups of predictions whose outcomes are known."""
    effort = {"resamples": resamples, "seed": seed}
    drawn = judge(known.y, known.probability, comparators=known.comparators, subject=known.subject, **effort)
    return {
        "performance": performance(drawn, tuple(known.comparators)),
        "calibration": {
            **asdict(calibration_curve(known, **effort)),
            "histogram": asdict(prediction_counts(known)),
            "roc": asdict(roc_curves(known)),
        },
        "decisions": [asdict(one) for one in decision_curve(known, **effort)],
        "subgroups": asdict(subgroups(known, **effort)),
    }


def performance(drawn: Mapping[str, Estimate], comparators: tuple[str, ...]) -> Account:
    """The figures of `measures.judge` by whose they are; ``differences`` are those between two."""
    found: Account = {who: {} for who in ("model", *comparators, "differences")}
    for name, estimate in drawn.items():
        who = next((one for one in comparators if name.startswith(f"{one}_")), "model")
        who, short = ("differences", name) if "_over_" in name else (who, name.removeprefix(f"{who}_"))
        found[who][short] = interval(estimate)
    return found
