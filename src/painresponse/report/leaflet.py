"""The leaflet of a bundle: what it predicts, from what, how well, on whom, and what it must not be used for.

Plain data for machines and for whoever lays it out (report.overview, report.sheet); a training record
(report.record) with what only the bundle itself knows: ``sha256``, ``schema``, ``notices``, ``inputs``
(families, biomarkers), ``refusals``, ``flags``. Of each target ``summary`` (verdicts.line), ``shortfalls``.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from painresponse.report import record as records
from painresponse.report import statements, verdicts
from painresponse.report.inputs import biomarkers, families
from painresponse.report.reading import record_of
from painresponse.report.shortfalls import shortfalls
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.phrases import phrases
from painresponse.scoring.refusals import INSUFFICIENT, STALE, UNSUPPORTED
from painresponse.scoring.scorer import NOTICE, SYNTHETIC_NOTICE

Plain = dict[str, Any]

_SYNTHETIC_REFUSAL = (
    "R08_MODEL_SYNTHETIC",
    "Any patient at all, unless simulated patients are explicitly allowed: the bundle was trained on them.",
)


def leaflet_of(bundle: Bundle) -> Plain:
    """Everything a bundle tells of itself, from its metadata alone."""
    record = record_of(bundle)
    synthetic = records.synthetic(record)
    return {
        "name": bundle.name,
        "sha256": bundle.digest,
        "schema": bundle.metadata["schema"],
        "synthetic": synthetic,
        "notices": [*([SYNTHETIC_NOTICE] if synthetic else []), NOTICE],
        "purpose": list(statements.PURPOSE),
        "targets": [_target(one, bundle, synthetic=synthetic) for one in record["targets"]],
        "skipped": record["skipped"],
        "inputs": {
            "features": len(bundle.features),
            "families": families(bundle),
            "biomarkers": biomarkers(bundle),
        },
        "refusals": refusals(bundle),
        "flags": flags(bundle),
        "misuse": [*([statements.NEVER_PATIENTS] if synthetic else []), *statements.MISUSE],
        "limits": statements.limits(record),
        "provenance": {**record["provenance"], **_fingerprints(bundle)},
        "features": record["features"],
    }


def of_target(leaflet: Mapping[str, Any], name: str) -> Plain:
    """The leaflet of one target alone, which the bundle must have."""
    return {
        **leaflet,
        "targets": [one for one in leaflet["targets"] if one["target"] == name],
        "skipped": {},
        **{key: [one for one in leaflet[key] if name in one["targets"]] for key in ("refusals", "flags")},
    }


def refusals(bundle: Bundle) -> list[Plain]:
    """Every code a model may refuse with, what it means, and the targets it is of."""
    everything = [card.name for card in bundle.targets]
    supported = [card.name for card in bundle.targets if card.least_support is not None]
    leaning = [card.name for card in bundle.targets if card.least_known]
    told = [
        *((one.code, one.words, list(one.targets) or everything) for one in bundle.requirements),
        (*STALE, everything if bundle.review_by is not None else []),
        (*INSUFFICIENT, leaning),
        (*UNSUPPORTED, supported),
        (*_SYNTHETIC_REFUSAL, everything if bundle.synthetic else []),
    ]
    return [{"code": code, "words": words, "targets": of} for code, words, of in told if of]


def flags(bundle: Bundle) -> list[Plain]:
    """Every flag that may stand beside a probability, as `refusals`; each once, with all its targets."""
    everything = [card.name for card in bundle.targets]
    words = {one.code: one.words for one in bundle.flags}
    of = {
        code: {name for one in bundle.flags if one.code == code for name in one.targets or everything}
        for code in words
    }
    return [
        {"code": code, "words": said, "targets": [name for name in everything if name in of[code]]}
        for code, said in words.items()
    ]


def _target(account: Mapping[str, Any], bundle: Bundle, *, synthetic: bool) -> Plain:
    said = {**account}
    if account.get("importance"):
        said["importance"] = _called_as_reasons(account["importance"], bundle)
    if groups := records.groups(account):
        called = [{**one, "called": _diagnosis(one["label"], bundle)} for one in groups]
        said["subgroups"] = {**account["subgroups"], "groups": called}
    return {**said, "summary": verdicts.line(said, synthetic=synthetic), "shortfalls": shortfalls(said)}


def _called_as_reasons(learnt: Mapping[str, Any], bundle: Bundle) -> Plain:
    """What a model learnt from, in the words and units that the reasons of an answer use."""
    said = {
        name: {"words": one.words, "unit": one.unit}
        for name, one in phrases(bundle.features, bundle.concepts).items()
    }
    lists = ("features", "dependence")
    return {
        **learnt,
        **{key: [{**one, **said.get(one["name"], {})} for one in learnt.get(key) or ()] for key in lists},
    }


def _diagnosis(label: str, bundle: Bundle) -> str | None:
    concept = bundle.concepts.concepts.get(label)
    return concept.label if concept and concept.family == "diagnosis" else None


def _fingerprints(bundle: Bundle) -> Plain:
    settings = bundle.metadata["provenance"].get("settings")
    told = {"feature_fingerprint": bundle.metadata["fingerprint"]}
    return told if settings is None else {**told, "settings_fingerprint": _hashed(settings)}


def _hashed(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
