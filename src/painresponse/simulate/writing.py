"""The synthetic clinic on disk: a MEDS data set, and beside it the sealed truth."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from painresponse.concepts import Concepts
from painresponse.schema import AVAILABLE, CODE, STATIC, SUBJECT, TEXT, TIME, UNIT, VALUE
from painresponse.simulate.events import Events

BANNER = "SYNTHETIC - NOT FOR CLINICAL USE"
PROVENANCE = {"data_provenance": "synthetic", "banner": BANNER}

SEAL = f"""{BANNER}

This folder holds what nobody knows about real patients: whether each of them would respond to each
intervention, and the best probability anyone could state beforehand. No code that trains, tunes or chooses a
model may open it. Only painresponse.simulate.oracle reads it, after the predictions are made.
"""


def write_events(path: Path, events: Events, first_subject: int) -> None:
    """One shard, in MEDS columns; a time or availability that is STATIC becomes null."""
    columns = {
        SUBJECT: pa.array(events.who.astype(np.int64) + first_subject),
        TIME: _times(events.when),
        CODE: _texts(events.code, events.words),
        VALUE: pa.array(events.value, mask=np.isnan(events.value)),
        TEXT: pa.nulls(len(events), pa.large_string()),
        UNIT: _texts(events.unit, (*(word or None for word in events.words),)),
        AVAILABLE: _times(events.known),
    }
    _write(path, pa.table(columns))


def _times(microseconds: np.ndarray) -> pa.Array:
    return pa.array(microseconds.view("datetime64[us]"), mask=microseconds == STATIC)


def _texts(numbers: np.ndarray, words: tuple[str | None, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(words, pa.string())).cast(pa.string())


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    marked = table.replace_schema_metadata({**(table.schema.metadata or {}), **PROVENANCE})
    pq.write_table(marked, path, compression="zstd")


def write_metadata(
    folder: Path, codes: set[str], *, vocabulary: Concepts, origin: Mapping[str, object]
) -> None:
    """``dataset.json`` and ``codes.parquet``, as MEDS asks; ``origin``: the arguments of the simulation."""
    words = sorted(codes)
    described = pa.array([describe(code, vocabulary) for code in words], pa.string())
    parents = pa.nulls(len(words), pa.list_(pa.string()))
    _write(
        folder / "codes.parquet", pa.table({"code": words, "description": described, "parent_codes": parents})
    )
    dataset = {
        "dataset_name": f"painresponse synthetic clinic ({BANNER})",
        "dataset_version": "1",
        "etl_name": "painresponse.simulate",
        "etl_version": "1",
        "meds_version": "0.4.1",
        "license": "Apache-2.0",
        "code_modifier_columns": [UNIT],
        "other_extension_columns": [AVAILABLE],
        **PROVENANCE,
        **origin,
    }
    (folder / "dataset.json").write_text(json.dumps(dataset, indent=2) + "\n", encoding="utf-8")


def describe(code: str, vocabulary: Concepts) -> str | None:
    """What a code means in the clinic's words; None where the vocabulary does not know it."""
    for name, patterns in vocabulary.patterns().items():
        if any(_matches(code, pattern) for pattern in patterns):
            return vocabulary.concepts[name].label
    start = code.partition("//STOP")[0]
    for name, treatment in vocabulary.treatments.items():
        drugs = {drug.code: drug.name for drug in treatment.ingredients}
        if start in drugs or start in (*treatment.codes, f"PR//{name}"):
            return drugs.get(start, treatment.label) + (", stopped" if code != start else "")
    return None


def _matches(code: str, pattern: str) -> bool:
    return code.startswith(pattern[:-1]) if pattern.endswith("*") else code == pattern


def write_truth(
    folder: Path, truth: pd.DataFrame, oracle_auc: dict[str, float], origin: Mapping[str, object]
) -> None:
    """The sealed folder: the truth, the oracle's AUC on the rows given, and a word of warning."""
    _write(folder / "truth.parquet", pa.Table.from_pandas(truth, preserve_index=False))
    (folder / "SEALED").write_text(SEAL, encoding="utf-8")
    report = {**PROVENANCE, **origin, "auc_on_given": oracle_auc}
    (folder / "oracle.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
