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
# # 6. Can it learn an intervention it has never heard of?
#
# Transcranial magnetic stimulation (rTMS) for fibromyalgia is not among the interventions that come with the
# package. A file of configuration teaches it, and reads a clinic's own table too. No Python is written for
# it: what is below only makes up the patients.
#
# **SYNTHETIC: the file was written for a real registry, which is not shipped. The table here has its columns,
# filled with made-up patients. Not for clinical use.**

# %%
import tomllib
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

import painresponse as pr
from painresponse.readers.tables import import_csv

room = Path(mkdtemp())
config = Path("../configs/examples/rtms.toml").resolve()
written = config.read_text(encoding="utf-8")

# %% [markdown]
# ## What has to be said
#
# What the intervention is, when it begins, when one looks, and what counts as a response:

# %%
print(written[written.index("[interventions.rtms]") : written.index("[outcomes.rtms_fiq_30]")])

# %% [markdown]
# The end of the file says what the columns mean. Here is a table with just these, a row a visit:

# %%
rng, patients = np.random.default_rng(6), 400
severity = rng.normal(size=patients)
relief = np.clip(rng.normal(0.32 - 0.08 * severity, 0.25), -0.3, 0.9)
begun = pd.Timestamp("2022-01-10 09:00") + pd.to_timedelta(rng.integers(0, 900, patients), "D")
people = pd.DataFrame(
    {
        "Número de Historia Clínica (IP Paciente)": [f"P{number:03}" for number in range(patients)],
        "Edad": rng.integers(25, 75, patients),
        "Sexo": rng.choice(["Mujer", "Hombre"], patients, p=[0.9, 0.1]),
        "Centro Médico": rng.choice(["CM02", "CM03", "CM04"], patients),
    }
)


def visits(session, days, share):
    pain = np.clip((7 + severity) * share + rng.normal(0, 0.6, patients), 0, 10).round()
    impact = np.clip((60 + 10 * severity) * share + rng.normal(0, 6, patients), 0, 100).round()
    return people.assign(
        **{
            "Marca temporal": (begun + pd.Timedelta(days, "D")).strftime("%m/%d/%Y %H:%M:%S"),
            "Número de sesión": session,
            "¿Hasta qué punto ha sentido dolor?": pain.astype(int),
            "FIQ_TOTAL": impact.astype(int),
        }
    )


followed = rng.random(patients) < 0.7
table = pd.concat([visits("Primera sesión", 0, 1), visits("Final del tratamiento", 36, 1 - relief)[followed]])
(columns,) = tomllib.loads(written)["import"]["tables"]
for event in columns["events"]:
    if event.get("column", "FIQ_TOTAL") not in table:
        table[event["column"]] = rng.integers(0, 4, len(table))
table.to_csv(room / "visits.csv", sep=";", index=False, encoding="cp1252")
table.iloc[[0, -1], :8].T

# %% [markdown]
# ## Read by its configuration
#
# From the shell: `painresponse import csv visits.csv --config configs/examples/rtms.toml --out rtms`.

# %%
report = import_csv(room / "visits.csv", room / "rtms", catalogue=pr.load_catalogue(config), site=config)
print(f"{report.rows:,} rows in, {report.events:,} events out, {report.subjects:,} patients")
print("left out:", report.rejected)

# %%
clinic = pr.histories(room / "rtms")
clinic

# %% [markdown]
# The folder keeps the configuration it was made with, so the new target is known from here on. Whoever did
# not come back has an unknown outcome.

# %%
episodes = pr.episodes(clinic, "rtms_pain_30")
axes = pr.plots.cohort_flow(episodes.attrs["flow"])

# %% [markdown]
# ## And learnt

# %%
known = episodes.dropna(subset="outcome")
response, subject = known["outcome"].astype(int), known["subject_id"]
model = pr.ResponseClassifier("rtms_pain_30", catalogue=clinic.catalogue)
pipeline = make_pipeline(pr.HistoryFeatures(clinic), model)
folds = StratifiedGroupKFold(5)
out = cross_val_predict(pipeline, known, response, groups=subject, cv=folds, method="predict_proba")
print(pipeline.fit(known, response)[-1].verdict_.sentence)
print(f"AUC out of fold {roc_auc_score(response, out[:, 1]):.2f}: the patients are made up, and so is this")

# %% [markdown]
# `painresponse train rtms` makes a bundle of it, with everything around it that a model needs. What came of
# the real registry, honest and modest, is told in [docs/registry.md](../docs/registry.md).
