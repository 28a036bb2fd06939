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
# # 7. How is a whole cohort scored, and what if the night is too short?
#
# The same scores in a notebook and from the command line, with reasons and refusals; and a run that is killed
# half way.
#
# **SYNTHETIC: simulated patients, and models trained on simulated patients. Not for clinical use.**

# %%
import json
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp
from time import sleep

import pandas as pd

import painresponse as pr
from painresponse.simulate import simulate

room, bundle = Path(mkdtemp()), Path("../models/synthetic.onnx").resolve()
simulate(room / "clinic", subjects=1000, seed=17, preset="registry", shard_size=100)
clinic = pr.histories(room / "clinic")

# %% [markdown]
# ## In the notebook
#
# A line for each patient and target: P(response | history, *this* intervention was given). The lines of one
# patient stand in the order of the catalogue and do not compare interventions.

# %%
scores = pr.score(bundle, clinic, reasons=3, allow_synthetic=True)
scores[["subject_id", "target", "probability", "low", "high", "support", "refusal"]].head(9).round(2)

# %%
spoken = scores.dropna(subset="probability").iloc[0]
print(*(one["text"] for one in spoken["reasons"]), sep="\n")

# %% [markdown]
# Where a model may not speak it refuses, and the line stays with its reason:

# %%
pd.set_option("display.max_colwidth", None)
scores.groupby("refusal").agg(lines=("reason", "size"), for_example=("reason", "first"))

# %% [markdown]
# ## Overnight
#
# From the shell it goes shard by shard, so that memory does not grow with the cohort. This run is killed as
# soon as one shard is finished:

# %%
call = f"painresponse score {bundle} clinic --out scores.parquet --jobs 1 --allow-synthetic --json"
command = [sys.executable, "-m", *call.split()]
broken = subprocess.Popen(command, cwd=room, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while broken.poll() is None and not list((room / ".scores.parquet.parts").rglob("accounts/*.json")):
    sleep(0.01)
broken.kill()
broken.wait()
print("scores.parquet is there:", (room / "scores.parquet").exists())

# %% [markdown]
# Nothing half done is left behind. The same command again goes on from what was finished:

# %%
said = json.loads(subprocess.run(command, cwd=room, capture_output=True, text=True).stdout)
print(f"{said['asks']:,} asks, {said['scores']:,} scores, {said['shards']} shards")
print("of which the killed run had finished some:", 0 < said["kept"] < said["shards"])

# %%
numbers = ["subject_id", "target", "probability", "low", "high", "support", "refusal"]
written = pd.read_parquet(room / "scores.parquet")[numbers].astype({"target": str, "refusal": str})
here = scores[numbers].astype({"target": str, "refusal": str})
pd.testing.assert_frame_equal(written, here, check_exact=True)
print("equal to the notebook's, to the bit")

# %% [markdown]
# ## Are these the patients it was trained on?
#
# Everybody was asked about a day after the last event, long after treatment; the models learnt from the day
# before one. So features have moved, and the run says so before anybody reads the scores.

# %%
moved = pd.DataFrame(said["drift"])
print(moved["reading"].value_counts().to_string())

# %%
axes = pr.plots.drift(pr.Scorer.load(bundle, allow_synthetic=True), pr.features(clinic), most=10)
