"""Opens one bundle in a process that has loaded nothing else; prints CPU seconds of each step, and MB.

The whole is measured first, when nothing is warm; then each of its steps alone.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import onnxruntime

from painresponse.scoring.golden import prove
from painresponse.scoring.opening import open_bundle
from painresponse.scoring.seal import verify_seal


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def resident_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    path = Path(sys.argv[1])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    before = resident_mb()
    start = time.process_time()
    bundle = open_bundle(path)
    whole, after = time.process_time() - start, resident_mb()
    data = path.read_bytes()
    steps = [
        cpu_seconds(lambda: verify_seal(data)),
        cpu_seconds(lambda: onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])),
        cpu_seconds(lambda: prove(bundle)),
    ]
    print(json.dumps([whole, *steps, before, after]))
