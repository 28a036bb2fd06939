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
# # 5. Why does the model say this of this patient?
#
# What it starts from, what moves it how far, and what it does not know.
#
# **SYNTHETIC: a simulated patient and a model trained on simulated patients. Not for clinical use.**

# %%
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

import painresponse as pr
from painresponse.simulate import simulate

folder = Path(mkdtemp()) / "clinic"
simulate(folder, subjects=1000, seed=14, preset="registry")
clinic = pr.histories(folder)
scorer = pr.Scorer.load("../models/synthetic.onnx", allow_synthetic=True)

# %% [markdown]
# Somebody about to begin specialised physical therapy without a pain catastrophising score of the last year:

# %%
target = "pt_specialised"
episodes = pr.episodes(clinic, target)
matrix = pr.features(clinic, episodes)
ask = matrix.loc[matrix["pcs_last"].isna(), ["subject_id", "prediction_time"]].head(1)
(why,) = pr.explain(scorer, clinic, ask, targets=(target,))
why

# %%
axes = pr.plots.waterfall(why)

# %% [markdown]
# Percentage points add up from what the model says of nobody in particular to what it says of this patient.
# They describe the model; they are not causes.
#
# ## What is missing that would matter?
#
# The model leans on some features more than on others. Of those it leans on most, these are unknown here:

# %%
(card,) = (one for one in scorer.bundle.targets if one.name == target)
row = matrix.loc[ask.index[0]]
unknown = [name for name in card.leans_on if pd.isna(row[name])]
print(*(scorer.phrases[name].words for name in unknown), sep="\n")

# %% [markdown]
# How far could the answer move, if one more questionnaire were filled in the day before? Twice the same
# history, with a low and a high score made up:

# %%
(subject,), (index,) = ask["subject_id"], ask["prediction_time"]
history = clinic.of(subject).frame
for score in (10, 40):
    asked = {
        "subject_id": subject,
        "time": index - pd.Timedelta("1D"),
        "code": "PR//pcs",
        "numeric_value": score,
    }
    told = pd.concat([history, pd.DataFrame([asked])], ignore_index=True)
    (other,) = pr.explain(scorer, told, ask, targets=(target,))
    print(f"catastrophising {score}: {other.probability:.2f} instead of {why.probability:.2f}")

# %% [markdown]
# The whole course of that feature, as the model sees it:

# %%
axes = pr.plots.dependence(scorer, "pcs_last", matrix, target=target)
