"""Features of histories as a step of a scikit-learn pipeline."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from painresponse.clinic import Catalogue
from painresponse.engine import Plan
from painresponse.frames.histories import catalogue_for, collected
from painresponse.frames.matrix import matrix_of
from painresponse.readers import asks_of


class HistoryFeatures(TransformerMixin, BaseEstimator):
    """Turns asks (a frame of subject_id and prediction_time, one row each) into their feature rows.

    The rows are those of `features`, to the bit, with the index of the asks; other columns of the asks are
    not looked at. Nothing is learnt from the data, so that nothing can leak from one fold into another.
    ``histories`` are `Histories` (read once, however often it is cloned) or a frame of MEDS events. Raises
    RecordError where the asks have no such columns. After ``fit``: ``catalogue_``.

    >>> import pandas as pd, painresponse as pr
    >>> events = pd.DataFrame({
    ...     "subject_id": [1, 1],
    ...     "time": pd.to_datetime(["2024-04-10 09:00", "2024-05-01 09:30"]),
    ...     "code": ["PR//pain", "PR//pain"],
    ...     "numeric_value": [7, 4],
    ... })
    >>> asks = pd.DataFrame({"subject_id": [1], "prediction_time": pd.to_datetime(["2024-05-10"])})
    >>> rows = pr.HistoryFeatures(pr.histories(events)).fit_transform(asks)
    >>> float(rows["pain_mean_30d"].iloc[0])
    5.5
    """

    def __init__(self, histories: Any, catalogue: Catalogue | None = None):
        self.histories = histories
        self.catalogue = catalogue

    def fit(self, X: Any, y: Any = None) -> Self:
        """Look up which features there are; ``X`` are asks."""
        asks_of(X)
        self.catalogue_ = catalogue_for(self.histories, self.catalogue)
        return self

    def transform(self, X: Any) -> pd.DataFrame:
        """The feature rows of asks: asks x features, float32, unknown NaN."""
        check_is_fitted(self)
        records, _ = collected(self.histories, self.catalogue_)
        plan = Plan(self.catalogue_.features, self.catalogue_.concepts)
        return matrix_of(plan, records, asks_of(X), getattr(X, "index", None))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names of the features, in the order of the columns."""
        check_is_fitted(self)
        return np.array(self.catalogue_.features.names, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.no_validation = True  # the asks are checked by whoever reads them
        return tags
