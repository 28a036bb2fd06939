"""A command in a process of its own: what it cost, from start to exit."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

_PAINRESPONSE = "from painresponse.commands import main; main()"
# In between stands a small process: a peak is never below that of whoever started it.
_WATCH = """
import json, resource, subprocess, sys, time
begun = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
wall = time.perf_counter() - begun
if done.returncode:
    sys.exit(done.returncode)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, wall, used.ru_maxrss, done.stdout]))
"""


class Cost(NamedTuple):
    """CPU and wall seconds, the peak of memory in MB, and what was printed."""

    cpu: float
    wall: float
    peak: float
    said: str


def painresponse(words: Sequence[object]) -> Cost:
    """The cost of a command of ours."""
    command = [sys.executable, "-c", _PAINRESPONSE, *map(str, words)]
    done = subprocess.run([sys.executable, "-c", _WATCH, *command], check=True, stdout=subprocess.PIPE)
    cpu, wall, peak, said = json.loads(done.stdout)
    return Cost(cpu, wall, peak * (1 if sys.platform == "darwin" else 1024) / 2**20, said)
