"""The feature matrix of a cohort of any size, with each column's lineage."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from painresponse.batch.asking import asker, fingerprint, pieces
from painresponse.batch.parts import Lines, Making, digest
from painresponse.batch.runs import Engine, Made, Progress, in_process, run
from painresponse.clinic import Catalogue
from painresponse.concepts import Concepts
from painresponse.engine import Plan, rows
from painresponse.language import FeatureSet
from painresponse.records import Asks, Records
from painresponse.records.coding import Measures
from painresponse.schema import PREDICTION, SUBJECT

ASKS_AT_ONCE = 10_000
"""Rows computed and written together: the matrix of a shard with many asks is never held whole."""


@dataclass(frozen=True)
class FeatureRecipe:
    """The features of a catalogue at some asks: ``features`` are names and sentences, ``concepts`` tables."""

    digest: str
    features: dict[str, str] = field(compare=False, repr=False)
    concepts: dict[str, Any] = field(compare=False, repr=False)
    asks: Asks | None = field(compare=False, repr=False)

    @classmethod
    def of(cls, catalogue: Catalogue, asks: Asks | None) -> "FeatureRecipe":
        """The recipe of a catalogue's features at the given asks."""
        features, concepts = catalogue.features.to_plain(), catalogue.concepts.to_plain()
        versions = [version(name) for name in ("painresponse", "numpy")]
        whole = json.dumps([list(features.items()), concepts, fingerprint(asks), versions])
        return cls(digest(whole.encode()), features, concepts, asks)

    def columns(self) -> pa.Schema:
        """Subject, instant and features; fingerprint and lineage in the notes."""
        names = {SUBJECT: pa.int64(), PREDICTION: pa.timestamp("us")}
        names |= dict.fromkeys(self.features, pa.float32())
        lineage = FeatureSet.from_plain(self.features).fingerprint()
        return pa.schema(names, {"fingerprint": lineage, "features": json.dumps(self.features)})

    def ready(self) -> Making:
        """The plan is built once in each process."""
        concepts = Concepts.from_plain(self.concepts)
        plan = Plan(FeatureSet.from_plain(self.features), concepts)
        return Making(Measures(concepts), partial(_lines, plan, self.columns(), asker(self.asks)))


def features_folder(
    catalogue: Catalogue,
    folder: Path,
    out: Path,
    *,
    asks: Asks | None = None,
    engine: Engine = in_process,
    overwrite: bool = False,
    progress: Progress = lambda events, total: None,
) -> Made:
    """Write the feature matrix of a MEDS folder, with each column's lineage; raises what `run` does."""
    recipe = FeatureRecipe.of(catalogue, asks)
    return run(recipe, folder, out, engine=engine, overwrite=overwrite, progress=progress)


def _lines(
    plan: Plan, columns: pa.Schema, about: Callable[[Records], Asks], records: Records
) -> Iterator[Lines]:
    for asks in pieces(about(records), ASKS_AT_ONCE):
        matrix = np.ascontiguousarray(rows(plan, records, asks).T)
        yield Lines(
            pa.table([asks.subject, asks.index.astype("datetime64[us]"), *matrix], schema=columns), {}
        )
