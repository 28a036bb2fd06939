"""HTTP load with wrk, one process pinned to its own core: bodies in turn over so many connections."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

CORE = 1
"""Of the load; servers get core 0."""

_SCRIPT = """
local bodies = {}
for place = 1, %(count)d do
  local file = io.open("%(folder)s/" .. place, "rb")
  bodies[place] = file:read("*all")
  file:close()
end
local turn = 0
local headers = {%(headers)s}
request = function()
  turn = turn %% #bodies + 1
  return wrk.format("POST", nil, headers, bodies[turn])
end
done = function(summary, latency)
  io.write(string.format(
    '{"requests": %%d, "failed": %%d, "seconds": %%f, "p50": %%f, "p99": %%f}\\n', summary.requests,
    summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout
      + summary.errors.connect,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


class Load(NamedTuple):
    """Requests a second that succeeded, the share that did not, and milliseconds of all of them."""

    rate: float
    failed: float
    p50: float
    p99: float


def load(
    url: str,
    bodies: Sequence[bytes],
    folder: Path,
    *,
    connections: int,
    seconds: float,
    headers: Mapping[str, str],
) -> Load:
    """What a server does under this load; ``folder``: room for the bodies."""
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("needs wrk: apt-get install wrk")
    folder.mkdir(parents=True, exist_ok=True)
    for place, body in enumerate(bodies, start=1):
        (folder / str(place)).write_bytes(body)
    said = ", ".join(f'["{name}"] = "{value}"' for name, value in headers.items())
    script = folder / "load.lua"
    script.write_text(_SCRIPT % {"count": len(bodies), "folder": folder, "headers": said})
    command = ["taskset", "-c", str(CORE), wrk, "-t1", f"-c{connections}", f"-d{seconds:g}s"]
    done = subprocess.run([*command, "-s", script, url], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    good = found["requests"] - found["failed"]
    share = found["failed"] / max(found["requests"], 1)
    return Load(good / found["seconds"], share, found["p50"], found["p99"])
