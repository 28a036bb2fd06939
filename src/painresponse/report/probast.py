"""A self-check in the manner of PROBAST+AI (Moons 2025, BMJ 388:e082505), question by question.

Questions are in our own words, ordered by the tool's four domains, and answered from the record alone: a
reader's own judgement replaces this page's. What no record can know is "unclear", never "yes".
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from painresponse.report.record import accounts, blocking, synthetic, validated
from painresponse.report.verdicts import lost_share, too_small
from painresponse.report.wording import between, listed, percent

YES, NO, UNCLEAR = "yes", "no", "unclear"
FEW_LOST, MANY_LOST = 0.1, 0.2
"""Shares lost to follow-up below which, and above which, we answer without hesitation (our own bounds)."""

Account = Mapping[str, Any]


class Check(NamedTuple):
    """One question of a domain, the answer (yes is the good one) and why."""

    domain: str
    question: str
    answer: str
    why: str


def probast(record: Mapping[str, Any]) -> list[Check]:
    """Every question with its answer; an answer holds for all targets or names those it fails."""
    return [
        Check(domain, question, *answer)
        for domain, asked in (
            ("Participants and data", _participants(record)),
            ("Predictors", _predictors(record)),
            ("Outcome", _outcome(record)),
            ("Analysis", [*_numbers(record), *_methods(record)]),
        )
        for question, answer in asked
    ]


Answered = Iterator[tuple[str, tuple[str, str]]]


def _participants(record: Mapping[str, Any]) -> Answered:
    yield (
        "Do the data come from people the model is meant for?",
        (NO, "They are simulated: nothing here is evidence about patients.")
        if synthetic(record)
        else (
            UNCLEAR,
            "They come from one data set of histories; whether it resembles the clinic of use is for "
            "its readers to judge.",
        ),
    )
    yield (
        "Did one set of rules choose everybody, with every exclusion counted?",
        _every(record, _has("flow"), "Rules and the number each left are listed."),
    )
    yield (
        "Were groups that may be served worse looked at?",
        _every(record, _has("subgroups"), "Measured by group, with intervals."),
    )


def _predictors(record: Mapping[str, Any]) -> Answered:
    yield (
        "Is every predictor defined the same way for everybody?",
        (YES, "One closed language, one engine; the definitions travel inside the bundle."),
    )
    yield (
        "Were they known before the outcome, and without knowledge of it?",
        (YES, "Only events that happened, and were known to the clinic, before the index can enter."),
    )
    yield (
        "Will they be at hand when the model is used?",
        (YES, "The same histories are read in use; what is not there is unknown in both places."),
    )


def _outcome(record: Mapping[str, Any]) -> Answered:
    yield (
        "Is the outcome defined beforehand and the same for everybody?",
        (YES, "By the catalogue: what is measured, by how much it must change, in which days."),
    )
    yield (
        "Is the outcome free of the predictors?",
        (
            UNCLEAR,
            "Relief is counted from a baseline that is also a predictor; the comparator with the baseline "
            "alone shows how much that explains.",
        ),
    )
    yield (
        "Was the outcome judged without knowledge of the predictors?",
        (UNCLEAR, "Records do not say who asked, nor what they knew."),
    )
    yield ("Is the outcome known of nearly everybody?", _followed(record))


def _numbers(record: Mapping[str, Any]) -> Answered:
    yield (
        "Are there enough people with and without the outcome?",
        _every(
            record,
            lambda one: None if not one.get("sample_size") else not too_small(one),
            "By the criteria of Riley for a model of the kind that was fitted.",
        ),
    )
    yield (
        "Were those lost to follow-up accounted for?",
        _every(record, _has("missing"), "Reweighted, and tried under worse assumptions."),
    )
    yield (
        "Were unknown predictor values kept without dropping people?",
        (YES, "Nobody is dropped for an unknown predictor, unless the catalogue requires it."),
    )
    yield (
        "Do the analyses respect who belongs together?",
        _every(
            record, _has("sites"), "Subjects are never split over folds; centres were looked at one by one."
        ),
    )


def _methods(record: Mapping[str, Any]) -> Answered:
    yield (
        "Was optimism kept out, choices included?",
        (YES, "Selection, tuning and calibration happen inside the training folds."),
    )
    yield (
        "Are discrimination and calibration both given, with uncertainty?",
        _every(
            record, _has("performance", "calibration"), "AUC, slope, curve and band, by resampling subjects."
        ),
    )
    yield (
        "Does it hold in every group?",
        _every(
            record,
            lambda one: None if not one.get("subgroups") else not blocking(one),
            "In no group large enough to tell does calibration leave its bounds.",
        ),
    )
    yield (
        "Is the model delivered the one that was judged?",
        (YES, "The same procedure on all episodes; the judgement is of the procedure."),
    )
    yield (
        "Was it judged on other people's data?",
        (YES, "See “External validation”.")
        if validated(record)
        else (NO, "Only within the data it came from."),
    )


def _has(*sections: str) -> Callable[[Account], bool | None]:
    """True where all were examined; None, not known, where one was not."""
    return lambda one: True if all(one.get(section) for section in sections) else None


def _followed(record: Mapping[str, Any]) -> tuple[str, str]:
    shares = [lost_share(one) for one in accounts(record)]
    known = [share for share in shares if share is not None]
    if not known or len(known) < len(shares):
        return UNCLEAR, "Losses are not recorded for every target."
    worst = max(known)
    answer = YES if worst <= FEW_LOST else NO if worst > MANY_LOST else UNCLEAR
    return answer, f"Lost to follow-up, by target: {between(percent(min(known)), percent(worst))}."


def _every(record: Mapping[str, Any], holds: Callable[[Account], bool | None], why: str) -> tuple[str, str]:
    """Yes where it holds for every target; else no, or unclear where it was only not examined, by target."""
    found = {str(one.get("target")): holds(one) for one in accounts(record)}
    failed = [name for name, held in found.items() if held is False]
    unseen = [name for name, held in found.items() if held is None]
    if failed:
        return NO, f"Not so for {_named(failed, found)}." + (
            f" Not examined for {_named(unseen, found)}." if unseen else ""
        )
    if unseen or not found:
        return UNCLEAR, f"Not examined for {_named(unseen, found)}."
    return YES, why


def _named(names: list[str], of: Mapping[str, Any]) -> str:
    return "any target" if len(names) == len(of) else listed(names)
