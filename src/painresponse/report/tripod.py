"""The items of TRIPOD+AI (Collins 2024, BMJ 385:e078378) and what the record says to each.

Numbers are the statement's; the names are our own short words, never its sentences. An item that no training
run can know is left to the authors and says so.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from painresponse.report.record import accounts, at, of_all, sites_seen, synthetic, validated
from painresponse.report.wording import plural

REPORTED, PART, AUTHORS, NOT_APPLICABLE = "reported", "in part", "for the authors", "not applicable"
TO_COMPLETE = "Not reported by the software: to be completed by the authors."


class Answer(NamedTuple):
    """What this report says to one item of the statement, and how much of it that is."""

    number: str
    name: str
    state: str
    words: str


NAMES = {
    "1": "Title",
    "2": "Abstract",
    "3a": "Clinical context and earlier models",
    "3b": "Whom it is for and who uses it",
    "3c": "Known health inequalities",
    "4": "Aims",
    "5a": "Where the data come from",
    "5b": "Dates",
    "6a": "Setting and centres",
    "6b": "Who was eligible",
    "6c": "Treatments",
    "7": "Preparing and checking the data",
    "8a": "Outcome and horizon",
    "8b": "Who judged the outcome",
    "8c": "Blinding of the outcome",
    "9a": "How predictors were chosen",
    "9b": "What the predictors are",
    "9c": "Who judged the predictors",
    "10": "Sample size",
    "11": "Missing data",
    "12a": "How the data were used",
    "12b": "How predictors entered",
    "12c": "Kind of model, its building and internal validation",
    "12d": "Differences between centres: method",
    "12e": "Measures and figures",
    "12f": "Updating: method",
    "12g": "How predictions are computed",
    "13": "Imbalance of outcomes",
    "14": "Fairness: method",
    "15": "What the model puts out",
    "16": "Training against evaluation",
    "17": "Ethics approval",
    "18a": "Funding",
    "18b": "Conflicts of interest",
    "18c": "Protocol",
    "18d": "Registration",
    "18e": "Data availability",
    "18f": "Code availability",
    "19": "Patients and public involved",
    "20a": "Flow of participants",
    "20b": "Who they were",
    "20c": "Compared with the development data",
    "21": "Numbers in each analysis",
    "22": "The full model",
    "23a": "Performance",
    "23b": "Differences between centres: results",
    "24": "Updating: results",
    "25": "Interpretation",
    "26": "Limitations",
    "27a": "Poor or missing input in use",
    "27b": "What users must do and know",
    "27c": "Next steps",
}


Said = Mapping[str, tuple[str, str]]

_ALWAYS: Said = {
    "1": (REPORTED, "Title of this page: response models, for whom and for what."),
    "2": (PART, "The first page serves as one; a journal's structured abstract is for the authors."),
    "3b": (PART, "“What it is for” on the first page; the place in the clinic's pathway is for the authors."),
    "6c": (
        PART,
        "Each model speaks of people who were given its intervention; earlier treatments are predictors "
        "where the features say so. Treatment beside it is for the authors.",
    ),
    "7": (
        REPORTED,
        "Units are converted once on the way in; values outside the hard limits of their concept are "
        "rejected and counted. The same rules hold for every group.",
    ),
    "8a": (REPORTED, "“Outcome” of each target; windows and rules are those of the catalogue."),
    "12a": (
        REPORTED,
        "Nested cross-validation with whole subjects held out: selection, tuning and calibration see the "
        "training folds only. The final model is fitted on all episodes by the same procedure.",
    ),
    "12b": (REPORTED, "As measured in the trees; in bins, each with its score, in the logistic twin."),
    "12c": (REPORTED, "“Model” of each target: which kind and why, its settings, the comparators."),
    "12e": (
        REPORTED,
        "Discrimination (AUC), calibration (slope, in the large, ICI, curve), Brier score, net benefit; 95 % "
        "intervals by resampling whole subjects; every comparator by the same measures.",
    ),
    "12g": (REPORTED, "From the bundle itself: one ONNX file, the same for batch, notebook and server."),
    "13": (REPORTED, "No class was weighted or resampled; probabilities are calibrated out of fold."),
    "15": (
        REPORTED,
        "A probability of response, with its interval and its support where they were examined. No classes "
        "and no threshold: those in the decision curve only show what each would cost.",
    ),
    "20b": (
        PART,
        "Episodes, responders and losses by target and group; the distribution of each predictor under "
        "“Predictors”. What else describes them is for the authors.",
    ),
    "21": (REPORTED, "First page: episodes and responders of each target."),
    "25": (
        PART,
        "Each section says in a sentence what was found; what it means for care is for the authors.",
    ),
    "26": (REPORTED, "“Limits”, and the notes at the head of each target."),
    "27a": (
        REPORTED,
        "The scorer refuses where a required input is missing, too old or impossible, and says why; unusual "
        "values travel with the answer as flags.",
    ),
    "27b": (
        PART,
        "Histories come from the record system, nothing need be typed. The answer is read by a clinician; "
        "the training this takes is for the authors.",
    ),
}

_BY_SECTION = {
    "6b": ("flow", "“Participants” of each target: every rule with the number it left."),
    "10": ("sample_size", "“Sample size” of each target: the criteria of Riley and what follows."),
    "11": (
        "missing",
        "“Follow-up”: how many were lost, and how far other assumptions move the result. An unknown "
        "predictor stays unknown to the trees and has a score of its own in the logistic twin.",
    ),
    "12d": ("sites", "“Centres”: one by one, and pooled with random effects."),
    "14": ("subgroups", "“Subgroups”: measured by group; release is blocked where calibration fails."),
    "20a": ("flow", "“Participants” of each target; those lost to follow-up are on the first page."),
    "23a": ("performance", "“Performance”, “Calibration and discrimination” and “Subgroups” of each target."),
    "23b": ("sites", "“Centres”: forest plot, pooled value, prediction interval."),
}

_ELSEWHERE: Said = {
    "12f": (REPORTED, "“Recalibration”: nothing, the intercept, or intercept and slope, by closed testing."),
    "16": (REPORTED, "“External validation” of each target."),
    "20c": (
        PART,
        "“External validation”: flow, responders, losses; a comparison of predictors is for the authors.",
    ),
    "24": (REPORTED, "“Recalibration”: before and after each update."),
}

_NOT_ELSEWHERE: Said = {
    "12f": (NOT_APPLICABLE, "No model was updated: this is development."),
    "16": (NOT_APPLICABLE, "One data set, judged on subjects held out of it."),
    "20c": (NOT_APPLICABLE, "No second data set."),
    "24": (NOT_APPLICABLE, "No model was updated."),
}

_SIMULATED: Said = {
    "17": (NOT_APPLICABLE, "No patients: the data are simulated."),
    "18e": (PART, "Simulated: the same seed makes the same data again."),
}


def tripod(record: Mapping[str, Any]) -> list[Answer]:
    """Every item once, in the statement's order; what the authors have said of an item takes precedence."""
    known = {
        **_ALWAYS,
        **{number: _where(record, *told) for number, told in _BY_SECTION.items()},
        **(_ELSEWHERE if validated(record) else _NOT_ELSEWHERE),
        **(_SIMULATED if synthetic(record) else {}),
        **_from_the_record(record),
        **{number: (REPORTED, words) for number, words in record.get("authors", {}).items()},
    }
    return [
        Answer(number, name, *known.get(number, (AUTHORS, TO_COMPLETE))) for number, name in NAMES.items()
    ]


def _from_the_record(record: Mapping[str, Any]) -> Said:
    told = {
        "4": (REPORTED, _aims(record)),
        "5a": (PART, f"{_source(record)} How representative they are is for the authors."),
        "18f": (PART, f"painresponse {_version(record)}, Apache-2.0; the address is for the authors."),
        "22": (REPORTED, f"The bundle holds the whole model{_settings(record)}."),
    }
    if sites_seen(record):
        centres = plural(sites_seen(record), "centre")
        told["6a"] = (PART, f"{centres} in the data; their kind and place are for the authors.")
    if record.get("features"):
        told["9a"] = (PART, _choice(record))
        told["9b"] = (
            REPORTED,
            "“Predictors”: each as a sentence, computed from what was known before the index.",
        )
    return told


def _where(record: Mapping[str, Any], section: str, words: str) -> tuple[str, str]:
    """Reported if every target has the section, in part if some have it."""
    share = of_all(record, section)
    if not share:
        return AUTHORS, f"Not examined in this run. {TO_COMPLETE}"
    return (REPORTED if share == 1 else PART), words


def _aims(record: Mapping[str, Any]) -> str:
    targets = plural(len(accounts(record)), "target")
    aims = f"To develop and judge a response model for each of {targets}"
    return (
        f"{aims}, and to judge it on other data." if validated(record) else f"{aims}; no external validation."
    )


def _source(record: Mapping[str, Any]) -> str:
    kind = "Simulated patients" if synthetic(record) else "Histories of a clinic"
    fingerprint = str(at(record, "provenance", "data_fingerprint") or "not recorded")[:12]
    return f"{kind}: “{at(record, 'provenance', 'data') or 'unnamed'}”, fingerprint {fingerprint}."


def _choice(record: Mapping[str, Any]) -> str:
    return (
        f"{plural(len(record['features']), 'predictor')} of the clinic's feature set, declared before "
        "training; how many a model may use follows from its episodes. Why these is for the authors."
    )


def _settings(record: Mapping[str, Any]) -> str:
    seed = at(record, "provenance", "settings", "seed")
    return "" if seed is None else f"; its settings, seed {seed} among them, are under “Provenance”"


def _version(record: Mapping[str, Any]) -> str:
    return str(at(record, "provenance", "versions", "painresponse") or "(version not recorded)")
