"""Against MEDS-Tab and tsfresh, each in an environment of its own (`make benchmarks-others`).

They do less than we: no result of theirs is compared with ours. MEDS-Tab 0.2.0 leaves its value/* outputs
empty and skips time stamps with a single event; tsfresh gets one window and is given the concepts ready made.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.features import painresponse
from benchmarks.histories import INDEX, SHARD, meanings, sentences, write

ROOT = Path(__file__).parents[1]
MEDS_TAB, TSFRESH = ROOT / ".venv-meds-tab" / "bin", ROOT / ".venv-tsfresh" / "bin"
FEW = 250
"""Subjects for the others, who would take too long for more."""


def main() -> None:
    """Print events a second and the ratios."""
    missing = [str(path.parent.name) for path in (MEDS_TAB, TSFRESH) if not path.is_dir()]
    if missing:
        print(f"needs {' and '.join(missing)}: make benchmarks-others", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        events = write(folder / "all", SHARD)
        start = time.process_time()
        painresponse(folder / "all")
        ours = events / (time.process_time() - start)
        some = _some(folder / "all")
        print(f"{'':14}{'events':>10}{'CPU s':>8}{'events/s':>12}{'ratio':>8}")
        print(f"{'painresponse':14}{events:10,}{events / ours:8.2f}{ours:12,.0f}")
        for name, cpu in (("MEDS-Tab", _meds_tab(folder, some)), ("tsfresh", _tsfresh(folder, some))):
            theirs = some.num_rows / cpu
            print(f"{name:14}{some.num_rows:10,}{cpu:8.2f}{theirs:12,.0f}{ours / theirs:8.0f}")


def _some(folder: Path) -> pa.Table:
    table = pq.read_table(folder / "data" / "0.parquet")
    return table.filter(pc.less_equal(table["subject_id"], FEW))


def _meds_tab(folder: Path, events: pa.Table) -> float:
    """CPU seconds of its two steps for four windows of six aggregates."""
    given, labels, out = folder / "in" / "train", folder / "labels" / "train", folder / "out"
    for path in (given, labels):
        path.mkdir(parents=True)
    pq.write_table(events, given / "0.parquet")
    subjects = np.unique(events["subject_id"].to_numpy())
    asked = {
        "subject_id": subjects,
        "prediction_time": np.full(len(subjects), INDEX).astype("datetime64[us]"),
        "boolean_value": np.zeros(len(subjects), bool),
    }
    pq.write_table(pa.table(asked), labels / "0.parquet")
    where = [f"input_dir={given.parent}", f"output_dir={out}"]
    tabularize = [
        f"input_label_dir={labels.parent}",
        "tabularization.min_code_inclusion_count=1",
        "tabularization.window_sizes=[30d,90d,365d,full]",
        "tabularization.aggs=[code/count,value/count,value/sum,value/sum_sqd,value/min,value/max]",
    ]
    return _cpu([MEDS_TAB / "meds-tab-describe", *where], folder) + _cpu(
        [MEDS_TAB / "meds-tab-tabularize-time-series", *where, *tabularize], folder
    )


def _tsfresh(folder: Path, events: pa.Table) -> float:
    """CPU seconds it reports for its own work, start-up left out."""
    wanted = {text.split(" of ")[1].split(" ")[0] for text in sentences().values()}
    frame = events.to_pandas()
    matcher = meanings()
    frame["concept"] = [[one for one in matcher.of(code) if one in wanted] for code in frame["code"]]
    frame = frame.explode("concept").dropna(subset=["concept"])
    frame["value"] = frame["numeric_value"].astype("float64")
    frame[["subject_id", "time", "concept", "value"]].to_parquet(folder / "ts.parquet")
    script = Path(__file__).with_name("with_tsfresh.py")
    done = subprocess.run(
        [TSFRESH / "python", script, folder / "ts.parquet"], check=True, capture_output=True, text=True
    )
    return float(done.stdout.split()[-2])


def _cpu(command: list[object], room: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(one) for one in command], check=True, capture_output=True, cwd=room)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
