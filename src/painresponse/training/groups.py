"""Which groups of patients an episode belongs to at its index: to watch the models by, never features."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from painresponse.clinic.catalogue import packaged
from painresponse.concepts import Concepts
from painresponse.engine import Plan, compute
from painresponse.language import FeatureSet
from painresponse.records.tables import Asks, Records
from painresponse.settings import load

Labels = dict[str, NDArray[np.str_]]


class Groups:
    """Labels of every grouping of groups.toml, computed as features are: from what was known at the index."""

    def __init__(self, concepts: Concepts, declared: Mapping[str, Mapping[str, str]] | None = None):
        self._declared = load(packaged() / "groups.toml") if declared is None else declared
        sentences = {
            f"{grouping} {label}": sentence
            for grouping, labels in self._declared.items()
            for label, sentence in labels.items()
            if sentence
        }
        self._features = FeatureSet.from_plain(sentences)
        self._plan = Plan(self._features, concepts)

    def of(self, records: Records, asks: Asks) -> Labels:
        """For each grouping the label of every ask, ``""`` where none fits."""
        columns = dict(zip(self._features.names, compute(self._plan, records, asks).T, strict=True))
        return {
            grouping: _first({label: columns.get(f"{grouping} {label}") for label in labels}, len(asks))
            for grouping, labels in self._declared.items()
        }


def _first(columns: Mapping[str, NDArray[np.float64] | None], count: int) -> NDArray[np.str_]:
    """The first label whose column is above zero; one without a column takes all that are left."""
    names = list(columns)
    holds = [np.ones(count, bool) if column is None else column > 0 for column in columns.values()]
    return np.select(holds, [np.full(count, name) for name in names], default="")
