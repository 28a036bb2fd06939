"""Run by AutoGluon's own environment: out-of-fold probabilities of TabularPredictor, best_quality.

It is given x, y and fold (npz) and so many seconds a fold, and chooses by log loss, for which it calibrates.
Every subject has one row, so its own bagging folds are of subjects too. It tries first whether to stack; if
the time is too short for that it fails (1.6.3), and is given the whole time again without the trial.
"""

import json
import sys
import tempfile
import time
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

LABEL = "responded"


def learnt(frame: pd.DataFrame, seconds: float) -> TabularPredictor:
    asked = {"train_data": frame, "presets": "best_quality", "time_limit": seconds}
    try:
        return _predictor().fit(**asked)
    except (AssertionError, RuntimeError):
        return _predictor().fit(**asked, dynamic_stacking=False)


def _predictor() -> TabularPredictor:
    folder = tempfile.mkdtemp(dir=".")
    return TabularPredictor(LABEL, problem_type="binary", eval_metric="log_loss", path=folder, verbosity=0)


def main(given: str, answer: str, seconds: float) -> None:
    with np.load(given) as held:
        x, y, fold = held["x"], held["y"].astype(int), held["fold"]
    frame = pd.DataFrame(x, columns=[f"x{place}" for place in range(x.shape[1])]).assign(**{LABEL: y})
    probability, spent, models = np.empty(len(y)), [], []
    for number in range(fold.max() + 1):
        start = time.perf_counter()
        predictor = learnt(frame[fold != number], seconds)
        spent.append(time.perf_counter() - start)
        probability[fold == number] = predictor.predict_proba(frame[fold == number])[1]
        models.append(len(predictor.model_names()))
    np.savez(answer, probability=probability)
    print(json.dumps({"version": version("autogluon.tabular"), "seconds": sum(spent), "models": models}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
