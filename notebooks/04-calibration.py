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
# # 4. Is it calibrated, and for whom?
#
# If a model says 0.4 of a hundred patients, do forty respond? And is that so for women as for men, at this
# site as at that?
#
# **SYNTHETIC: the model was trained on simulated patients and is tried on others. Not for clinical use.**

# %%
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from matplotlib import pyplot

import painresponse as pr
from painresponse.evaluation.predictions import Predictions
from painresponse.evaluation.subgroups import subgroups
from painresponse.simulate import simulate

folder = Path(mkdtemp()) / "clinic"
simulate(folder, subjects=3000, seed=23, preset="registry")
clinic = pr.histories(folder)
scorer = pr.Scorer.load("../models/synthetic.onnx", allow_synthetic=True)
scorer

# %% [markdown]
# This clinic is new to the bundle: other patients, and sites that choose and measure in their own ways. It is
# asked about everybody who had a therapeutic nerve block, as of the day before.

# %%
target = "nerve_block_therapeutic"
episodes = pr.episodes(clinic, target)
scores = pr.score(scorer, clinic, episodes, targets=(target,), reasons=0)
episodes["probability"] = scores["probability"]
print(scores["reason"].fillna("scored").value_counts().to_string())

# %%
judged = episodes.dropna(subset=["outcome", "probability"])
axes = pr.plots.calibration(judged["outcome"], judged["probability"], subject=judged["subject_id"])
_ = axes.set_title(f"{episodes.attrs['label']}, {len(judged)} simulated patients", fontsize="small")

# %% [markdown]
# On the whole it is; those given least respond less often still. That the band leaves the diagonal there is a
# question to be put to the next clinic.
#
# ## For whom?
#
# Observed less predicted share of responders, by group, with 95 % intervals from resampled patients. Groups
# with fewer than ten responders, or ten others, are counted and not judged.

# %%
groups = {name: judged[name].to_numpy(str) for name in ("sex", "age_band", "diagnosis")}
predictions = Predictions(
    judged["subject_id"].to_numpy(),
    judged["outcome"].to_numpy(),
    judged["probability"].to_numpy(),
    judged["site"].to_numpy(int),
    groups=groups,
)
found = subgroups(predictions, resamples=300, seed=1)
shown = {
    f"{one.grouping} {one.label} ({one.episodes})".replace("_", " "): one.figures["calibration_in_the_large"]
    for one in found.groups
    if not one.too_small
}
value, low, high = np.transpose(list(shown.values()))
figure, axes = pyplot.subplots(figsize=(8, 4.6), layout="constrained")
axes.errorbar(value, list(shown), xerr=(value - low, high - value), fmt="o")
axes.axvline(0, linestyle=":", color="black")
axes.set_xlabel("observed less predicted share of responders (above 0: too pessimistic)")
axes.invert_yaxis()

# %%
small = [f"{one.label} ({one.episodes})" for one in found.groups if one.too_small]
print("Too small to be judged:", ", ".join(small).replace("_", " "))
print(found.note)
