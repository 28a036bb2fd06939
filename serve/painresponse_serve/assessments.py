"""Answers as FHIR R4 resources: a RiskAssessment for each model that speaks, its words where one does not.

A RiskAssessment is ``preliminary``: nobody has verified it yet, the clinician decides. It never holds a
``mitigation`` or a ``qualitativeRisk``, which would recommend and judge.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

from msgspec import UnsetType

from painresponse_serve.answers import Answer, Coded, Explained, Score
from painresponse_serve.charts import Chart
from painresponse_serve.operation_outcomes import issue, outcome

OURS = "urn:painresponse:"
"""Begins the address of every extension and code system of ours."""

IN_PERCENT = "probabilityDecimal is a percentage, as FHIR R4 has it; the probability itself is an extension."
PAGES = ("more_pages", "The bundle is one page of several: what the others hold is not known here.")

Resource = dict[str, Any]


def bundle(answer: Answer, chart: Chart, *, at: str) -> Resource:
    """All that is said of a patient, in catalogue order; ``at``: the index as a FHIR dateTime."""
    told = [
        assessment(score, answer, chart, at=at)
        if isinstance(score.refused, UnsetType)
        else outcome(_issues(score, "warning"), **_marked(answer))
        for score in answer.scores
    ]
    account = list(_account(answer, chart))
    told += [outcome(account, **_marked(answer))] if account else []
    entries = [{"fullUrl": uuid4().urn, "resource": one} for one in told]
    return {"resourceType": "Bundle", **_marked(answer), "type": "collection", "entry": entries}


def silence(answer: Answer, chart: Chart) -> Resource:
    """Where no model speaks: why, and what every answer says."""
    told = [one for score in answer.scores for one in _issues(score, "error")]
    notices = [issue("information", "informational", "notice", words) for words in answer.notices]
    return outcome([*told, *_account(answer, chart), *notices], **_marked(answer))


def assessment(score: Score, answer: Answer, chart: Chart, *, at: str) -> Resource:
    """What one model that speaks says of a patient."""
    model = answer.model
    doubts = [words for _, words, _ in chart.doubtful]
    flags = [f"{one.code}: {one.words}" for one in score.flags]
    return {
        "resourceType": "RiskAssessment",
        **_marked(answer),
        "extension": list(_extensions(score, answer)),
        "status": "preliminary",
        "method": {
            "coding": [{"system": f"{OURS}model-kind", "code": score.model_kind}],
            "text": f"Model {score.target} of the bundle {model.name}, learnt from data named {model.data}",
        },
        "code": {"text": "Predicted response"},
        "subject": {"reference": chart.patient},
        "occurrenceDateTime": at,
        "performer": {
            "type": "Device",
            "identifier": {"system": f"{OURS}bundle", "value": model.digest},
            "display": f"painresponse {model.software}".strip(),
        },
        "basis": [{"display": f"{answer.intake.kept} of {answer.intake.given} events in the resources sent"}],
        "prediction": [_prediction(score)],
        "note": [{"text": words} for words in (*answer.notices, IN_PERCENT, *flags, *doubts)],
    }


def _prediction(score: Score) -> Resource:
    assert not isinstance(score.probability, UnsetType)  # it speaks
    told: Resource = {
        "extension": list(_figures(score)),
        "outcome": {"coding": [{"system": f"{OURS}target", "code": score.target}], "text": score.label},
        "probabilityDecimal": _percent(score.probability),
    }
    if not isinstance(score.explanation, UnsetType):
        told["rationale"] = _rationale(score.explanation)
    return told


def _figures(score: Score) -> Iterator[Resource]:
    yield {"url": f"{OURS}probability", "valueDecimal": score.probability}
    if not isinstance(score.interval, UnsetType):
        low, high = (
            {"value": _percent(one), "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
            for one in score.interval
        )
        yield {"url": f"{OURS}interval", "valueRange": {"low": low, "high": high}}
    if not isinstance(score.support, UnsetType):
        yield {"url": f"{OURS}support", "valueDecimal": score.support}


def _extensions(score: Score, answer: Answer) -> Iterator[Resource]:
    """The index by the clinic's clock, how much was known, and the flags as codes."""
    yield {"url": f"{OURS}index", "valueString": answer.index}
    if not isinstance(answer.known_features, UnsetType):
        yield {"url": f"{OURS}known-features", "valueDecimal": answer.known_features}
    for one in score.flags:
        coding = {"system": f"{OURS}flag", "code": one.code, "display": one.words}
        yield {"url": f"{OURS}flag", "valueCoding": coding}


def _rationale(why: Explained) -> str:
    """The way from what the model says of anybody to what it says of this patient."""
    said = [f"Of anybody: {_percent(why.base)} %.", *(one.text for one in why.reasons)]
    said += [f"All other features together: {why.rest:+.1f} points."]
    said += (
        [f"Raised by {why.lift:.1f} points to agree with a narrower kind of response."] if why.lift else []
    )
    missing = ", ".join(one.words for one in why.missing)
    said += [f"Not known here, and leant on: {missing}."] if missing else []
    return "\n".join([*said, *why.notes])


def _issues(score: Score, severity: str) -> Iterator[Resource]:
    """Why a model does not speak, and what to keep in mind all the same."""
    assert isinstance(score.refused, Coded)
    about = f"{score.target}: {score.label}"
    yield issue(severity, "business-rule", score.refused.code, score.refused.words, about=about)
    for one in score.flags:
        yield issue("warning", "informational", one.code, one.words, about=about)


def _account(answer: Answer, chart: Chart) -> Iterator[Resource]:
    """What was not read or used, and what was in doubt."""
    if chart.pages_missing:
        yield issue("warning", "incomplete", *PAGES)
    yield from _counted("warning", "incomplete", chart.doubtful)
    yield from _counted("information", "informational", chart.left_out)
    yield from _counted(
        "information", "informational", ((one.reason, one.words, one.count) for one in answer.intake.rejected)
    )


def _counted(severity: str, kind: str, found: Iterable[tuple[str, str, int]]) -> Iterator[Resource]:
    for code, words, count in found:
        yield issue(severity, kind, code, f"{words} ({count})")


def _marked(answer: Answer) -> Resource:
    """The marks of what a model says that learnt from simulated patients."""
    if not answer.model.synthetic:
        return {}
    actions = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    return {
        "meta": {
            "security": [{"system": actions, "code": "HTEST", "display": "test health data"}],
            "tag": [
                {"system": f"{OURS}tag", "code": "synthetic", "display": "SYNTHETIC — NOT FOR CLINICAL USE"}
            ],
        }
    }


def _percent(share: float) -> float:
    return round(100 * share, 2)
