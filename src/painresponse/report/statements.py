"""What every report says, whatever the figures: what it is for, what not, its limits, what a figure shows."""

from collections.abc import Mapping
from typing import Any

from painresponse.report import verdicts
from painresponse.report.record import of_all, synthetic, validated
from painresponse.report.wording import estimate, listed

PURPOSE = (
    "For people with intractable pain (severe, constant, at least six months, or several conventional "
    "treatments tried in vain), before an advanced intervention is chosen.",
    "It answers one question for each intervention: among people with a history like this one who were given "
    "it, how many responded? The answer is a predicted response, with its interval and its support.",
    "For clinicians who decide together with their patient, and for those who judge whether it may be used.",
)

MISUSE = (
    "It is not the effect of an intervention: what would have happened without it is not known.",
    "It is not a ranking: the models were learnt from different people, so their answers for one patient "
    "must not be compared with each other.",
    "It is not a recommendation, nor a reason to refuse an intervention. The clinician decides.",
    "It is not for people unlike those it was learnt from: where support is low, the answer is withheld.",
    "It is not a medical device.",
)

NEVER_PATIENTS = "It is never for patients: those it was learnt from are simulated."
"""Said first of a bundle that is not from a clinic."""

LIMITS = (
    "The models describe people who were given the intervention; those who were not may differ in ways that "
    "no record holds.",
    "A response is told by the patient and counted from a baseline: some of it is regression to the mean.",
    "What is important to a model is not thereby a cause: changing it need not change the outcome.",
    "Estimates hold for data like these. Before use elsewhere, judge them on the clinic's own patients.",
)

_SYNTHETIC = (
    "The patients are simulated: the figures show that the method works as intended, nothing about people.",
)
_NOT_EXTERNAL = ("The models were not judged on another clinic's data.",)

_EXAMINED = {
    "subgroups": "subgroups",
    "sites": "differences between centres",
    "time": "change over time",
    "missing": "what losses to follow-up could hide",
    "durability": "how long a response lasts",
    "decisions": "the use of acting on predictions",
}


def limits(record: Mapping[str, Any]) -> list[str]:
    """Of the whole: what always holds, then what was not looked at."""
    said = [*(_SYNTHETIC if synthetic(record) else ()), *LIMITS]
    if not validated(record):
        said += _NOT_EXTERNAL
    unseen = [words for section, words in _EXAMINED.items() if not of_all(record, section)]
    return [*said, f"Not examined for any target: {listed(unseen)}."] if unseen else said


def provenance(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where the training data came from and by what they were worked, name by name."""
    known = record.get("provenance") or {}
    versions = ", ".join(f"{name} {version}" for name, version in (known.get("versions") or {}).items())
    return [
        ("Kind of data", "simulated patients" if synthetic(record) else "histories of a clinic"),
        ("Data", str(known.get("data", "not recorded"))),
        ("Fingerprint of the data", str(known.get("data_fingerprint", "not recorded"))),
        ("Versions", versions or "not recorded"),
    ]


def alt(name: str, account: Mapping[str, Any]) -> str:
    """What a figure shows, for those who cannot see it; the tables beside it hold the numbers."""
    of = f"{account.get('label') or account.get('target')}."
    row = verdicts.line(account, synthetic=True)
    said = {
        "calibration": f"Observed share of responders against predicted probability, with a 95 % band; slope "
        f"{estimate(row['slope'])}.",
        "roc": f"ROC curves of the models; AUC of the response model {estimate(row['auc'])}.",
        "decisions": "Net benefit by threshold: response model, twin, treating everybody, treating nobody.",
        "subgroups": "AUC and calibration slope with 95 % intervals in each group of patients.",
        "sites": "AUC with 95 % interval in each centre, pooled, and the range for a new centre.",
        "blocks": "Gain in AUC from each block of predictors, with 95 % intervals.",
        "importance": "Bars: the share of what the model learnt that comes from each predictor.",
        "dependence": "Lines: how the prediction changes with each of the most important predictors.",
        "durability": "Share of responders whose response still lasts, by month.",
    }
    return f"{said.get(name, name)} {of}"
