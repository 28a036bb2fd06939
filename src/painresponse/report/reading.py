"""A training record from what a bundle says of itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from painresponse.errors import DefinitionError, unknown
from painresponse.report.tripod import NAMES
from painresponse.scoring.bundle import Bundle
from painresponse.settings import load

Plain = dict[str, Any]

_COMPARATORS = ("boosted", "twin", "baseline", "prevalence")


def record_of(bundle: Bundle) -> Plain:
    """A bundle's accounts by target, or what its cards tell where it has none, and its features in words."""
    words = {name: bundle.lineage(name).words for name in bundle.features.names}
    record = told_by(bundle.metadata)
    return {**record, "features": [{**one, "words": words[one["name"]]} for one in record["features"]]}


def told_by(metadata: Mapping[str, Any]) -> Plain:
    """The record as far as a bundle's metadata alone can tell it."""
    accounts = metadata.get("accounts") or {}
    return {
        "name": metadata["name"],
        "provenance": metadata["provenance"],
        "features": _features(metadata),
        "targets": [{**account_of(card), **accounts.get(card["name"], {})} for card in metadata["targets"]],
        "skipped": metadata.get("skipped") or {},
    }


def account_of(card: Mapping[str, Any]) -> Plain:
    """The short account that a target's card is: counts and figures, every other section missing."""
    named = {key: card[key] for key in ("label", "intervention", "stage", "outcome", "horizon")}
    counts = {key: card[key] for key in ("episodes", "responders")}
    model = {"kind": card.get("kind"), "sentence": card.get("why")}
    figures = _performance(card["metrics"])
    return {"target": card["name"], **named, **counts, "model": model, "performance": figures}


def judged_on(record: Mapping[str, Any], found: Mapping[str, Any]) -> Plain:
    """The record with what an external validation found of each target (see validation.external)."""
    targets = [{**one, "external": found["targets"].get(one["target"])} for one in record["targets"]]
    elsewhere = {"data": found.get("data"), "skipped": found.get("skipped") or {}}
    return {**record, "targets": targets, "elsewhere": elsewhere}


def authors_of(path: Path) -> dict[str, str]:
    """What the authors say to TRIPOD items, from a TOML file: ``18a = "Funded by …"``.

    Raises DefinitionError for an item the statement does not have, or a file that is no TOML.
    """
    said = load(path)
    for item, words in said.items():
        if item not in NAMES:
            raise DefinitionError(f"{path}: {unknown('TRIPOD+AI item', item, NAMES)}")
        if not isinstance(words, str):
            raise DefinitionError(f'{path}: item {item} must be a text, such as {item} = "Funded by …".')
    return said


def _features(metadata: Mapping[str, Any]) -> list[Plain]:
    reference = metadata.get("reference") or {}
    return [
        {"name": name, "sentence": sentence, **_distribution(reference.get(name))}
        for name, sentence in metadata["features"].items()
    ]


def _distribution(marks: list[float | None] | None) -> Plain:
    """A bundle keeps seven quantiles, the quartiles in the middle, then the share that was known."""
    return {"quartiles": marks[2:5], "known": marks[-1]} if marks else {}


def _performance(metrics: Mapping[str, Any]) -> Plain:
    """``twin_auc`` to the twin, ``auc_over_twin`` to the differences, the rest to the model."""
    told: Plain = {"model": {}}
    for name, estimate in metrics.items():
        who, _, measure = name.partition("_")
        if "_over_" in name:
            told.setdefault("differences", {})[name] = estimate
        elif who in _COMPARATORS:
            told.setdefault(who, {})[measure] = estimate
        else:
            told["model"][name] = estimate
    return told
