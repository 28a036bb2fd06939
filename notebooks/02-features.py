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
# # 2. What is a feature, and can it see the future?
#
# A feature is one number for one patient at one instant, and it is said as a sentence.
#
# **SYNTHETIC: every patient here is simulated. Not for clinical use.**

# %%
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

import painresponse as pr
from painresponse.language.lineage import lineage
from painresponse.simulate import simulate

folder = Path(mkdtemp()) / "clinic"
simulate(folder, subjects=1000, seed=12, preset="registry")
clinic = pr.histories(folder)
catalogue = clinic.catalogue
catalogue.features

# %% [markdown]
# Where does one come from? Its lineage says so in words, down to the codes.

# %%
told = lineage("cortisol_serum_morning", catalogue.features, catalogue.concepts)
print(told.sentence, told.words, *told.sources.values(), told.seen, sep="\n\n")

# %% [markdown]
# ## Your own
#
# The same grammar as Python words. Which events, how far back, which summary: there is no word for "after the
# index".

# %%
pain = pr.events("pain")
own = pr.FeatureSet.of(
    pain_last_quarter=pain.within(pr.days(90)).mean(),
    pain_worst=pain.ever().max(),
    pain_trend=pain.within(pr.years(1)).slope(),
    morning_cortisol=pr.events("cortisol_serum").between(6, 10).within(pr.years(2)).last(),
)
own

# %%
asks = pr.episodes(clinic, "rfa")[["subject_id", "prediction_time"]]
matrix = pr.features(clinic, asks, catalogue=replace(catalogue, features=own))
matrix.head()

# %%
axes = pr.plots.distributions(matrix, ["pain_last_quarter", "pain_worst"])

# %% [markdown]
# ## Can it see the future?
#
# Delete all that happened at or after the index, or became known then, and ask for all features of the
# catalogue again. If a feature had looked there, its number would change.

# %%
events = clinic.frame.merge(asks, on="subject_id")
index = events.pop("prediction_time")
known = events["available_time"].fillna(events["time"])
past = events[known.isna() | ((events["time"].isna() | (events["time"] < index)) & (known < index))]

before, after = pr.features(clinic, asks), pr.features(past, asks)
pd.testing.assert_frame_equal(before, after, check_exact=True)
print(f"{len(events) - len(past):,} of {len(events):,} events deleted")
print(f"{before.shape[1] - 2} features of {len(before)} asks equal to the bit")

# %% [markdown]
# A result that is drawn before the index and known after it does not count either:

# %%
blood = pd.DataFrame(
    {
        "subject_id": [1, 1],
        "time": pd.to_datetime(["2024-03-01 08:00", "2024-05-01 08:00"]),
        "code": ["PR//crp", "PR//crp"],
        "numeric_value": [2.0, 30.0],
        "available_time": pd.to_datetime(["2024-03-02 12:00", "2024-05-02 12:00"]),
    }
)
days = pd.to_datetime(["2024-05-01 09:00", "2024-05-02 09:00", "2024-05-03 09:00"])
pr.features(blood, pd.DataFrame({"subject_id": 1, "prediction_time": days}))[["prediction_time", "crp_last"]]

# %% [markdown]
# `painresponse audit` does the same to a whole data set of yours, and more: it disturbs the future, and
# crowds it. Next: [training](03-train-and-compare.ipynb).
