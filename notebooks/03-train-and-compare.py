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
# # 3. Boosted trees, a regression, or just the pain score?
#
# Three ways to predict who responds to a nerve block, judged on patients that none of them has seen.
#
# **SYNTHETIC: every patient here is simulated. Not for clinical use.**

# %%
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

import painresponse as pr
from painresponse.evaluation.measures import judge
from painresponse.simulate import simulate

folder = Path(mkdtemp()) / "clinic"
simulate(folder, subjects=3000, seed=23, preset="registry")
clinic = pr.histories(folder)
episodes = pr.episodes(clinic, "nerve_block_therapeutic").dropna(subset="outcome")
response, subject = episodes["outcome"].astype(int), episodes["subject_id"]
print(f"{episodes.attrs['label']}: {len(episodes)} episodes, {response.sum()} responded")

# %% [markdown]
# ## What do so many episodes bear?
#
# A response model first asks its sample size. Of a few hundred episodes it makes a regression with a handful
# of parameters, and does not try trees at all.

# %%
rows = pr.HistoryFeatures(clinic).fit_transform(episodes)
model = pr.ResponseClassifier("nerve_block_therapeutic").fit(rows, response, groups=subject)
print(model.kind_)
print(model.verdict_.sentence)

# %% [markdown]
# ## And if trees are allowed all the same?
#
# Then both are learnt side by side, and the trees are offered only where they are better beyond noise.

# %%
open_gate = {"sample_size": {"boosted_multiple": 0.1}, "points_trials": 4, "trees_trials": 3}
both = pr.ResponseClassifier("nerve_block_therapeutic", settings=open_gate)
both.fit(rows, response, groups=subject)
print("learnt:", *both.learnt_.models, "- offered:", both.kind_)

# %% [markdown]
# ## Judged out of fold
#
# Histories go into the pipeline, folds keep each patient on one side. Beside the model with trees allowed:
# its twin, which is the regression alone, and a logistic regression on the mean pain of the last 30 days.

# %%
twin = pr.ResponseClassifier("nerve_block_therapeutic", boosted=False, settings={"points_trials": 4})
pain = make_pipeline(SimpleImputer(), LogisticRegression())


def predicted(model, X):
    folds = StratifiedGroupKFold(5)
    return cross_val_predict(model, X, response, groups=subject, cv=folds, method="predict_proba")[:, 1]


probability = predicted(make_pipeline(pr.HistoryFeatures(clinic), both), episodes)
others = {
    "twin": predicted(make_pipeline(pr.HistoryFeatures(clinic), twin), episodes),
    "pain alone": predicted(pain, rows[["pain_mean_30d"]]),
}
axes = pr.plots.roc(response, probability, comparators=others)

# %%
y, whose = response.to_numpy(float), subject.to_numpy()
found = judge(y, probability, comparators=others, subject=whose, resamples=300, seed=1)
wanted = ["auc", "twin_auc", "pain alone_auc", "auc_over_twin", "auc_over_pain alone"]
pd.DataFrame({name: found[name] for name in wanted}, index=["estimate", "low", "high"]).T.round(3)

# %% [markdown]
# Trees add nothing here, so the simpler model is offered. Both are ahead of the pain score alone, by
# something between a little and much: with so few patients that is all that can be said.
