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
# # 8. What does a record system send, and what does it get back?
#
# The scoring service is started here, asked over HTTP as any program would ask it, and stopped again.
#
# **SYNTHETIC: made-up patients, and models trained on simulated patients. Not for clinical use.**

# %%
import json
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import painresponse as pr
from painresponse.simulate import simulate

command = "painresponse serve ../models/synthetic.onnx --allow-synthetic --port 0"
server = subprocess.Popen([sys.executable, "-m", *command.split()], stdout=subprocess.PIPE, text=True)
address = json.loads(server.stdout.readline())["url"]


def call(path, body=None, kind="application/json"):
    """The status and the JSON answered; with a body it is a POST."""
    sent = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(address + path, sent, {"content-type": kind})) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        return refused.code, json.load(refused)


status, ready = call("/readyz")
print(status, ready["status"], *ready["models"])

# %% [markdown]
# It says where it listens once its bundle has given its golden scores again, and not before.
#
# ## A history
#
# What is known of a patient, and the instant at which the question is asked: here a simulated one, about to
# begin physical therapy. Who it is stays at home; the service needs no name and no number.

# %%
folder = Path(mkdtemp()) / "clinic"
simulate(folder, subjects=100, seed=18, preset="registry")
clinic = pr.histories(folder)
subject, index = pr.episodes(clinic, "pt_specialised").loc[0, ["subject_id", "prediction_time"]]
frame = clinic.of(subject).frame
before = frame["time"].isna() | (frame["available_time"].fillna(frame["time"]) < index)
known = frame[before].drop(columns="subject_id").rename(columns={"numeric_value": "value"})
events = json.loads(known.to_json(orient="records", date_format="iso", date_unit="s"))

asked = {"targets": ["rfa", "pt_specialised"], "explain": True}
history = {"index": index.isoformat(), **asked, "events": events}
print(json.dumps({**history, "events": [*events[:2], events[-1]]}, indent=1))

# %%
status, answer = call("/v1/score", history)
print(status)
for score in answer["scores"]:
    refused = score.get("refused")
    print(score["label"], refused["words"] if refused else round(score["probability"], 3), sep="\n  ")

# %% [markdown]
# One model speaks, the other says why it does not. Why does the one say this, and what would it lean on if
# only it were known?

# %%
(why,) = (score["explanation"] for score in answer["scores"] if "explanation" in score)
print(*(reason["text"] for reason in why["reasons"][:4]), sep="\n")
print("not known:", *(one["words"] for one in why["missing"][:4]), sep="\n  ")

# %% [markdown]
# Every answer bears its notices:

# %%
print(*answer["notices"], sep="\n")

# %% [markdown]
# ## A refusal
#
# An event after the index cannot be known at the index. Something is wrong, clocks perhaps, and no model
# speaks. A history that cannot be read is no history at all, and the answer names the place, never what was
# sent.

# %%
late = {"time": "2026-03-02T09:00:00", "code": "LOINC//72514-3", "value": 2}
status, answer = call("/v1/score", {**history, "events": [*events, late]})
print(status, answer["scores"][0]["refused"], sep="\n")

# %%
unreadable = {"time": "next Tuesday", "code": "LOINC//72514-3", "value": 2}
print(*call("/v1/score", {**history, "events": [unreadable]}), sep="\n")

# %% [markdown]
# ## A FHIR bundle
#
# Whoever has FHIR R4 sends a Bundle of one patient's resources, and gets RiskAssessments back. Diagnoses and
# measurements of the same history, as Conditions and Observations:

# %%
SYSTEMS = {
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "LOINC": "http://loinc.org",
    "PR": "https://clinic.example/PR",
}


def resource(event):
    system, code = event["code"].split("//")
    coding = {"system": SYSTEMS[system], "code": code}
    said = {"subject": {"reference": "Patient/1"}, "code": {"coding": [coding]}}
    stamp, known = event["time"] + "+01:00", (event["available_time"] or event["time"]) + "+01:00"
    if system == "ICD10CM":
        return said | {"resourceType": "Condition", "onsetDateTime": stamp, "recordedDate": known}
    value = {"value": event["value"], "code": event["unit"], "system": "http://unitsofmeasure.org"}
    said |= {"resourceType": "Observation", "status": "final", "valueQuantity": value}
    return said | {"effectiveDateTime": stamp, "issued": known}


born = next(one["time"][:10] for one in events if one["code"] == "MEDS_BIRTH")
diagnoses = [one for one in events if one["code"].startswith("ICD10CM")]
measured = [one for one in events if one["code"].startswith(("LOINC", "PR")) and one["value"] is not None]
resources = [{"resourceType": "Patient", "id": "1", "birthDate": born}]
resources += [resource(one) for one in diagnoses + measured]
bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}

question = f"index={index.isoformat()}%2B01:00&targets=pt_specialised"
status, found = call(f"/v1/fhir/score?{question}", bundle, "application/fhir+json")
print(status, len(resources), "resources sent,", len(found["entry"]), "received")

# %%
assessment = found["entry"][0]["resource"]
shown = ("resourceType", "status", "occurrenceDateTime", "prediction")
print(json.dumps({name: assessment[name] for name in shown}, indent=1, ensure_ascii=False))

# %% [markdown]
# It is a little less than above: drugs and procedures were not sent, and what is not sent is unknown.

# %% [markdown]
# ## And stopped
#
# Asked to end, it answers whom it still owes an answer, and ends with 0.

# %%
server.terminate()
server.wait(30)
