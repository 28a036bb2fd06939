"""A watched bundle in the store: one run for each bundle, and a step of its metrics for each month."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.entities import Metric

from painresponse.tracking.registry import SHA256
from painresponse.tracking.store import Place, at_work, place_of

WATCHED = "watched"
EXPERIMENT = "painresponse"


def track_monitoring(
    store: str, found: Mapping[str, Any], *, page: Path | None = None, experiment: str = EXPERIMENT
) -> str:
    """Write what `painresponse monitor` found, as plain values, and give the id of the bundle's run.

    The step is the month it goes up to, counted from January 1970. Raises WorkError if the store cannot be
    read or written.
    """
    with at_work(store):
        place = place_of(store, experiment)
        run = _run(place, found)
        day = np.datetime64(found["until"], "D")
        at, step = int(day.astype("datetime64[ms]").astype(int)), int(day.astype("datetime64[M]").astype(int))
        metrics = [Metric(name, value, at, step) for name, value in _metrics(found)]
        for first in range(0, len(metrics), 1000):  # as many as a store takes at once
            place.client.log_batch(run, metrics[first : first + 1000])
        place.client.set_tag(run, "alarms", " ".join(found["alarms"]))
        if page is not None:
            place.client.log_artifact(run, str(page))
        place.client.set_terminated(run)
    return run


def _run(place: Place, found: Mapping[str, Any]) -> str:
    """The one where this bundle is watched, made if there is none yet."""
    digest = found["sha256"]
    there = place.client.search_runs(
        [place.experiment], f"tags.{SHA256} = '{digest}' and tags.{WATCHED} = 'true'", max_results=1
    )
    if there:
        return str(there[0].info.run_id)
    kind = "synthetic" if found["synthetic"] else "clinic"
    tags = {SHA256: digest, WATCHED: "true", "provenance": kind}
    return place.start(f"watching {found['bundle']}", tags)


def _metrics(found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield "alarms", float(len(found["alarms"]))
    yield "features_moved", float(len({one["feature"] for one in found["features"] if one["moved"]}))
    for table, columns in _TOLD.items():
        for one in found[table]:
            if table != "calibration" or one["quarter"] == "all":
                for column, name in columns.items():
                    if one[column] is not None:
                        yield f"{one['target']}/{name.format(**one)}", float(one[column])
    for one in found["wealth"]:
        yield f"{one['target']}/log10_wealth", math.log10(one["wealth"])


_TOLD = {
    "scores": {"asks": "asks", "refused": "refused", "mean": "mean_prediction"},
    "expected": {"expected": "expected_{figure}"},
    "calibration": {"ratio": "observed_over_predicted", "slope": "calibration_slope"},
}
"""By table: the columns that become metrics of their target, and their names."""
