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
# # 1. What is in a history?
#
# A clinic's record of each patient as a list of events, and what is left of a clinic when one asks a question
# of it.
#
# **SYNTHETIC: every patient here is simulated. Not for clinical use.**

# %%
from pathlib import Path
from tempfile import mkdtemp

import painresponse as pr
from painresponse.simulate import simulate

folder = Path(mkdtemp()) / "clinic"
simulate(folder, subjects=2000, seed=11, preset="registry")
clinic = pr.histories(folder)
clinic

# %% [markdown]
# An event says who, when, what, how much, in which unit, and when the clinic came to know it: a laboratory's
# result is known a day after the blood was drawn; where nothing is said, it was known at once. These are the
# last events of somebody whose spinal cord stimulator was implanted.

# %%
episodes = pr.episodes(clinic, "scs_permanent")
patient, decided = episodes.loc[1, ["subject_id", "prediction_time"]]
clinic.of(patient)

# %%
axes = pr.plots.timeline(clinic, patient, index=decided)

# %% [markdown]
# The **index** is the instant at which a prediction is asked. What happened later, or became known later, is
# hollow: no feature may see it.
#
# ## Whom can a question be asked about?
#
# Of those implanted, only adults in intractable pain with a baseline are asked about, and only those with a
# known outcome can teach. Whoever was lost to follow-up stays unknown; that is not a failure.

# %%
print(episodes.attrs["label"])
axes = pr.plots.cohort_flow(episodes.attrs["flow"])

# %%
episodes.groupby("diagnosis")["outcome"].agg(["size", "count", "mean"]).round(2)

# %% [markdown]
# ## What is missing?
#
# Sites order tests and ask questionnaires as they please. What is not known stays unknown: nothing is filled
# in, and what a site never measures can be seen at a glance.

# %%
matrix = pr.features(clinic, episodes)
some = ["pain_mean_30d", "odi_last", "phq9_last", "pcs_last", "csi_last", "crp_last", "il6_last"]
some += ["cortisol_serum_morning", "cortisol_hair_last"]
axes = pr.plots.missingness(matrix[some], by="site " + episodes["site"].astype(str))
_ = axes.legend(loc="lower right")

# %% [markdown]
# Next: [what a feature is, and why it cannot see the future](02-features.ipynb).
