"""Patients a minute: from Parquet histories to written scores with intervals and reasons, one process.

`painresponse score` as anybody runs it, from its start to its end: CPU time, and the peak of memory at two
sizes. The bundles made here refuse nobody, so that every reason is worked out.
``PATIENTS=2500,10000 python -m benchmarks scoring`` measures at other sizes.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.forests import KINDS, bundled, models, names, shipped
from benchmarks.histories import EVENTS_EACH, SHARD
from benchmarks.patients import feature_rows, write
from benchmarks.processes import painresponse

SIZES = tuple(map(int, os.environ.get("PATIENTS", "5000,20000").split(",")))
GOAL = 20_000
LINE = "{:>9} {:9} {:>8} {:>8} {:>8} {:>22} {:>9} {:>9}"


def main() -> None:
    """Print the table."""
    print(f"patients of {EVENTS_EACH} events, all targets; goal {GOAL:,} a minute and core, the same peak")
    head = ("patients", "bundle", "reasons", "CPU s", "wall s", "patients/min and core", "peak MB", "refused")
    print(LINE.format(*head))
    with tempfile.TemporaryDirectory() as room:
        cohorts = [_cohort(Path(room), size) for size in SIZES]
        for name, path in _bundles(Path(room), cohorts[0]):
            for reasons, scored in ((3, cohorts), (0, cohorts[-1:])):
                for cohort in scored:
                    _print(name, reasons, _scored(path, cohort, reasons))


def _cohort(room: Path, size: int) -> Path:
    patients = max(size // SHARD, 1) * SHARD
    write(room / f"{patients}", patients)
    return room / f"{patients}"


def _bundles(room: Path, cohort: Path) -> Iterator[tuple[str, Path]]:
    """Those learnt from such patients, and the one that ships, which may refuse such patients."""
    rows = feature_rows(cohort)
    for name, kind in KINDS.items():
        yield name, bundled(room / f"{name}.onnx", models(kind, rows, names()), rows)
    yield from (("shipped", path) for path in shipped())


def _scored(bundle: Path, cohort: Path, reasons: int) -> tuple[float, ...]:
    out = cohort.with_suffix(".parquet")
    words = ["score", bundle, cohort, "--out", out, "--jobs", 1, "--reasons", reasons]
    cost = painresponse([*words, "--allow-synthetic", "--json"])
    out.unlink()
    said = json.loads(cost.said)
    refused = sum(one["scores"] for one in said["refused"])
    return said["asks"], cost.cpu, cost.wall, cost.peak, refused / (refused + said["scores"])


def _print(bundle: str, reasons: int, found: tuple[float, ...]) -> None:
    patients, cpu, wall, peak, refused = found
    rate = f"{60 * patients / cpu:,.0f}"
    numbers = (f"{cpu:.1f}", f"{wall:.1f}", rate, f"{peak:.0f}", f"{refused:.0%}")
    print(LINE.format(f"{patients:,}", bundle, reasons, *numbers), flush=True)


if __name__ == "__main__":
    main()
