"""Memory follows the shard, or for a very large shard the piece, and not the clinic."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.sizes.clinic import histories, write_shard

pytestmark = pytest.mark.slow
SUBJECTS = 1_500
PEAK = """
import sys
from pathlib import Path
from painresponse.batch import features_folder
from painresponse.clinic import load_catalogue
features_folder(load_catalogue(), Path(sys.argv[1]), Path(sys.argv[1]).with_suffix(".parquet"))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""

PEAK_OF_SCORING = """
import sys
from pathlib import Path
from painresponse.batch import score_folder
folder, bundle = map(Path, sys.argv[1:])
score_folder(bundle, folder, folder.with_suffix(".parquet"), allow_synthetic=True)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def peak(*said: Path, script: str = PEAK) -> int:
    """Megabytes a process of its own held at most while it made the features, or scores, of a folder."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc to see the memory of a process")
    command = [sys.executable, "-c", script, *map(str, said)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) // 1024


def some(number: int):
    """200 events for each of the subjects of one shard: 300,000 events."""
    return histories(range(number * SUBJECTS + 1, (number + 1) * SUBJECTS + 1), events=200)


def test_four_times_the_shards_need_no_more_memory(tmp_path):
    for name, count in (("few", 3), ("many", 12)):
        for number in range(count):
            write_shard(tmp_path / name, f"{number}.parquet", some(number))
    few, many = peak(tmp_path / "few"), peak(tmp_path / "many")
    assert many < 1.25 * few, (few, many)
    assert many < 600, (few, many)


def test_scoring_four_times_the_shards_needs_no_more_memory(tmp_path, tiny_bundle):
    for name, count in (("few", 3), ("many", 12)):
        for number in range(count):
            write_shard(tmp_path / name, f"{number}.parquet", some(number))
    few, many = (peak(tmp_path / name, tiny_bundle, script=PEAK_OF_SCORING) for name in ("few", "many"))
    assert many < 1.25 * few, (few, many)
    assert many < 700, (few, many)


def test_one_file_of_any_size_is_read_in_bounded_memory(tmp_path):
    peaks = []
    for name, count in (("large", 12), ("huge", 30)):
        path = tmp_path / name / "data" / "0.parquet"
        path.parent.mkdir(parents=True)
        with pq.ParquetWriter(path, some(0).schema) as writer:
            for number in range(count):
                writer.write_table(some(number))
        peaks.append(peak(tmp_path / name))
    assert peaks[1] < 1.25 * peaks[0], "two and a half times the events"
    assert peaks[1] < 1500
