"""What a response model is compared with: a penalised logistic regression, baseline pain, prevalence."""

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from painresponse.training.splits import Rows, each_fold, nested_choices

Numbers = NDArray[np.float64]
_MOST_STEPS = 1000


def twin_probabilities(
    x: Numbers, y: Numbers, fold: NDArray[np.int64], *, strengths: tuple[float, ...]
) -> Numbers:
    """Out-of-fold probabilities of the logistic twin; each fold's penalty is chosen without that fold."""

    def losses(rows: Rows, held_out: tuple[Rows, Rows]) -> tuple[Numbers, Numbers]:
        ready = _preparation().fit(x[rows])
        path = [_logistic(strength).fit(ready.transform(x[rows]), y[rows]) for strength in strengths]
        one, other = (
            np.array([log_loss(y[part], model.predict_proba(ready.transform(x[part]))) for model in path])
            for part in held_out
        )
        return one, other

    choices = nested_choices(fold, losses)
    return _out_of_fold(x, y, fold, [strengths[choice] for choice in choices])


def baseline_probabilities(column: Numbers, y: Numbers, fold: NDArray[np.int64]) -> Numbers:
    """Out-of-fold probabilities from one feature alone."""
    return _out_of_fold(column[:, None], y, fold, [1.0] * (int(fold.max()) + 1))


def prevalence(y: Numbers, fold: NDArray[np.int64]) -> Numbers:
    """Out-of-fold probabilities of knowing nothing: the share of responders in the other folds."""
    p = np.empty(len(y))
    for rows, held_out in each_fold(fold):
        p[held_out] = y[rows].mean()
    return p


def _out_of_fold(x: Numbers, y: Numbers, fold: NDArray[np.int64], strengths: list[float]) -> Numbers:
    p = np.empty(len(y))
    for (rows, held_out), strength in zip(each_fold(fold), strengths, strict=True):
        model = Pipeline([("preparation", _preparation()), ("logistic", _logistic(strength))])
        p[held_out] = model.fit(x[rows], y[rows]).predict_proba(x[held_out])[:, 1]
    return p


def _preparation() -> Pipeline:
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler())


def _logistic(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=_MOST_STEPS)
