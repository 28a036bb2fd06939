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
# # 10. Does it still hold, years later?
#
# A clinic changes: other patients, another assay, another way to treat. What is seen of it, how soon, and
# does it matter?
#
# **SYNTHETIC: simulated patients, and models trained on simulated patients. Not for clinical use.**

# %%
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
from matplotlib import pyplot
from scipy.special import expit, logit

import painresponse as pr
from painresponse.simulate import simulate

folder = Path(mkdtemp()) / "clinic"
simulate(folder, subjects=3000, seed=7, preset="registry")
scorer = pr.Scorer.load("../models/synthetic.onnx", allow_synthetic=True)
events = pr.histories(folder).frame
pd.set_option("display.max_colwidth", None)

# %% [markdown]
# ## Nothing has changed
#
# A clinic the bundle has never seen begins to use it in 2019, and looks every half year whether its patients
# are still those the models know. The rule that raises an alarm has 324 features in mind: if nothing changed,
# it is wrong at 1 look in 20, at most.


# %%
LAST = "2022-06-30"
DAYS = ["2019-06-30", "2019-12-31", "2020-06-30", "2020-12-31", "2021-06-30", "2021-12-31", LAST]


def watched(events):
    return {day: pr.monitor(scorer, events, since="2019-01-01", until=day) for day in DAYS}


def told(looks):
    asked = {day: found.sources.asked for day, found in looks.items()}
    alarms = {day: " ".join(found.alarms) or "nothing to report" for day, found in looks.items()}
    return pd.DataFrame({"asked": asked, "alarms": alarms}).rename_axis("until")


usual = watched(events)
told(usual)

# %% [markdown]
# ## An assay has changed
#
# The same clinic, but from 2019 on its laboratory reports serum cortisol and C-reactive protein half as high
# again.

# %%
assays = events["code"].isin(["LOINC//2143-6", "LOINC//30522-7"]) & (events["time"] >= "2019-01-01")
changed = events.assign(numeric_value=events["numeric_value"].where(~assays, 1.5 * events["numeric_value"]))
moved = watched(changed)
told(moved)

# %% [markdown]
# That takes about a thousand patients. Cortisol is known of one in nine, C-reactive protein of four in ten,
# and a little data that moved a little look like chance for long. Which features moved, and does it matter?

# %%
features = moved[LAST].features
features.loc[features["moved"], ["feature", "compared", "psi", "chance", "adjusted", "known"]].round(4)

# %%
before, after = (looks[LAST].scores.set_index("target")["mean"] for looks in (usual, moved))
pd.DataFrame({"before": before, "after": after, "points": 100 * (after - before)}).round(3)

# %% [markdown]
# Hardly: the mean predictions move by less than a tenth of a percentage point. An alarm of a feature says
# look, not stop.
#
# ## Outcomes arrive
#
# That patients respond otherwise than they did, no feature can show. Outcomes can, three to twelve months
# later: they are joined to the scores that were given, and a bet is laid on each. If the predictions hold,
# whoever bets against them does not grow rich: in at most 1 of 20 clinics where nothing changed is there ever
# an alarm, however often one looks.
#
# Here are the scores as they were given, and the same ones made too hopeful (0.8 more in log-odds), as if the
# patients of this clinic had begun to respond less well.

# %%
episodes = pd.concat([pr.episodes(events, card.name) for card in scorer.bundle.targets])
asks = episodes[["subject_id", "prediction_time"]].drop_duplicates()
scores = pr.score(scorer, events, asks, reasons=0)
hopeful = scores.assign(probability=expit(logit(scores["probability"]) + 0.8))
given = {"as given": scores, "too hopeful": hopeful}
found = {name: pr.monitor(scorer, events, scores=one, since="2019-01-01") for name, one in given.items()}
for name, one in found.items():
    print(f"{name}: {' '.join(one.alarms) or 'nothing to report'}")

# %%
figure, axes = pyplot.subplots(figsize=(8, 3.4), layout="constrained")
for (name, one), style in zip(found.items(), ("-", "--"), strict=True):
    course = one.course[one.course["target"] == "all"]
    axes.step(pd.to_datetime(course["day"]), course["wealth"], style, where="post", label=name)
axes.axhline(one.wealth["needed"].iloc[0], linestyle=":", color="black", label="an alarm")
axes.set(yscale="log", xlabel="day on which the outcome was known", ylabel="owned, times the stake")
axes.set_title("SYNTHETIC — NOT FOR CLINICAL USE", loc="left", fontsize="small")
_ = axes.legend(frameon=False)

# %% [markdown]
# All of one look, as it is told; `painresponse monitor` writes it as a page.

# %%
found["as given"]
