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
# # From histories to scores
#
# A clinic's event histories, the features a model sees at an index instant, and what a bundle answers.
# **Everything here is simulated: not for clinical use.**

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import painresponse as pr
from painresponse.simulate import simulate

root = Path.cwd() if (Path.cwd() / "models").is_dir() else Path.cwd().parent
clinic = Path(tempfile.mkdtemp()) / "clinic"
made = simulate(clinic, subjects=1000, seed=11)
print(f"{made.subjects:,} patients, {made.events:,} events")

# %% [markdown]
# ## A history
#
# One line an event: who, when, what, how much, in which unit, and when the clinic came to know it.

# %%
histories = pd.read_parquet(clinic / "data" / "0.parquet")
one = histories[histories["subject_id"] == 7]
one[["time", "code", "numeric_value", "unit", "available_time"]].tail(12)

# %%
pain = one[one["code"] == "LOINC//72514-3"]
figure, axes = plt.subplots(figsize=(7, 2.4))
axes.plot(pain["time"], pain["numeric_value"], "o-")
axes.set(ylim=(0, 10), ylabel="pain, 0 to 10", title="One patient's pain scores")
figure.tight_layout()

# %% [markdown]
# ## Features are sentences
#
# A feature looks back from the index and nowhere else. The catalogue holds them; a site adds its own.

# %%
catalogue = pr.load_catalogue()
sentences = catalogue.features.to_plain()
pd.Series(
    {name: sentences[name] for name in ("age", "pain_mean_30d", "pain_slope_1y", "cortisol_serum_morning")}
)

# %% [markdown]
# The same grammar as Python words, which cannot say anything about the future:

# %%
morning = pr.events("cortisol_serum").between(6, 10).within(pr.years(2)).last()
print(morning)

# %%
asks = pd.DataFrame({"subject_id": [7, 8, 9], "prediction_time": pd.to_datetime(["2019-01-01"] * 3)})
pr.features(histories, asks)[["subject_id", "age", "pain_mean_1y", "classes_tried", "classes_failed"]]

# %% [markdown]
# ## Scores
#
# The bundle that ships was trained on simulated patients, so it must be allowed explicitly. Each line is the
# predicted response *if that intervention is given*; the lines do not compare interventions.

# %%
starts = histories[histories["code"] == "CPT//63650"].groupby("subject_id")["time"].min()
asks = starts.rename("prediction_time").reset_index()
scores = pr.score(
    root / "models" / "synthetic.onnx",
    histories,
    asks,
    targets=("scs_trial", "scs_permanent"),
    allow_synthetic=True,
)
scores.head()

# %%
figure, axes = plt.subplots(figsize=(7, 2.6))
for name, part in scores.groupby("target"):
    axes.hist(part["probability"].dropna(), bins=20, range=(0, 1), alpha=0.6, label=name)
axes.set(xlabel="predicted response", ylabel="patients", title="Before a stimulation trial (simulated)")
axes.legend()
figure.tight_layout()

# %% [markdown]
# Where the model may not speak it refuses, with a code and a sentence, and the line stays. The model of the
# permanent implant has only seen patients after their trial, so before the trial it has nothing to say:

# %%
scores["refusal"].value_counts(dropna=False)

# %%
scores.attrs["notices"]
