# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 9. What if one machine is not enough?
#
# Spark hands the shards of a data set to its workers, and each does there what a single process does here. It
# needs Java 17 and PySpark (`make setup-spark`).
#
# **SYNTHETIC: simulated patients, and models trained on simulated patients. Not for clinical use.**

# %%
import json
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

import pyarrow.parquet as pq

from painresponse.simulate import simulate

room, bundle = Path(mkdtemp()), Path("../models/synthetic.onnx").resolve()
made = simulate(room / "clinic", subjects=400, seed=19, preset="registry", shard_size=100)
print(f"{made.subjects} patients, {made.events:,} events")


def scored(out, *more):
    """What the command says of itself, as a program would read it."""
    words = ["score", bundle, "clinic", "--out", out, "--allow-synthetic", "--json", *more]
    call = [sys.executable, "-m", "painresponse", *words]
    return json.loads(subprocess.run(call, cwd=room, capture_output=True, text=True, check=True).stdout)


# %% [markdown]
# ## Here, and on Spark
#
# `local[2]` is two workers on this machine; on a cluster it would be `spark://host:7077` or `yarn`, and the
# folders and the bundle would lie where all machines see them. In a notebook whose Spark session is open, the
# same engine is `painresponse.spark.on_spark()`, handed to `painresponse.batch.score_folder` or
# `features_folder`.

# %%
here = scored("here.parquet")
spark = scored("spark.parquet", "--engine", "spark", "--master", "local[2]")
print(f"here:  {here['asks']} asks, {here['scores']:,} scores, {here['shards']} shards")
print(f"Spark: {spark['asks']} asks, {spark['scores']:,} scores, {spark['shards']} shards")

# %% [markdown]
# ## The same to the bit?
#
# Each worker computes features and asks the model with the same code; each window is summed on its own, so
# that it does not matter which patients share a shard with whom.

# %%
print("scores:", (room / "here.parquet").read_bytes() == (room / "spark.parquet").read_bytes())
print("drift, refusals, counts:", {**here, "out": ""} == {**spark, "out": ""})
print(f"lines: {pq.read_metadata(room / 'spark.parquet').num_rows:,}")

# %% [markdown]
# A run that breaks off, or loses a worker, goes on from what was finished. How large a cohort, how many
# machines, and when it pays: [docs/size.md](../docs/size.md).
