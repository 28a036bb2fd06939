"""The data of a training as the store's datasets: name, fingerprint, columns and counts; never a row."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from mlflow.entities import Dataset, DatasetInput, InputTag

from painresponse.schema import CODE, SUBJECT, TIME, VALUE
from painresponse.tracking.facts import Judged, RunFacts

_LONGEST_DIGEST = 36
_EVENTS = {SUBJECT: "long", TIME: "datetime", CODE: "string", VALUE: "double"}


def histories_of(facts: RunFacts) -> Dataset:
    """The event histories as a whole."""
    digest = str(facts.provenance["data_fingerprint"])[:_LONGEST_DIGEST]
    return _dataset(facts, str(facts.provenance["data"]), digest=digest, columns=_EVENTS, counts=facts.counts)


def examples_of(facts: RunFacts, one: Judged) -> Dataset:
    """The labelled episodes of one target: other features or other episodes make another digest."""
    counts = {"episodes": one.episodes, "responders": one.events, "subjects": one.subjects}
    columns = {**dict.fromkeys(one.features, "float"), "response": "long"}
    marks = [facts.provenance.get(name) for name in ("data_fingerprint", "catalogue_fingerprint")]
    held = json.dumps([marks, counts, list(columns)])
    digest = hashlib.sha256(held.encode()).hexdigest()[:_LONGEST_DIGEST]
    name = f"{facts.provenance['data']}: {one.target}"
    return _dataset(facts, name, digest=digest, columns=columns, counts=counts)


def used(datasets: Sequence[Dataset]) -> list[DatasetInput]:
    """As inputs of a training."""
    return [DatasetInput(one, [InputTag("mlflow.data.context", "training")]) for one in datasets]


def _dataset(
    facts: RunFacts, name: str, *, digest: str, columns: Mapping[str, str], counts: Mapping[str, int]
) -> Dataset:
    schema = [{"name": column, "type": kind, "required": False} for column, kind in columns.items()]
    return Dataset(
        name,
        digest,
        "code",  # the kind of source whose place is not told
        json.dumps({"tags": {"made by": "painresponse", "provenance": facts.kind}}),
        json.dumps({"mlflow_colspec": schema}),
        json.dumps(dict(counts)),
    )
