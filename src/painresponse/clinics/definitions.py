"""What a target means at a clinic, as one fingerprint: two clinics that ask the same have the same."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from painresponse.clinic import Catalogue

_ONLY_WORDS = {"label", "evidence"}


def definition_of(catalogue: Catalogue, target: str) -> str:
    """The SHA-256 of the stage, the outcome with its parts and baseline, the horizon and who is eligible.

    Labels are left out, and so are codes and treatments: each clinic writes the same things in its own.
    """
    asked = catalogue.targets[target]
    outcomes = (asked.outcome, *catalogue.outcomes[asked.outcome].parts)
    declared = (
        _meaning(catalogue.interventions[asked.intervention].stages[asked.stage]),
        [_outcome(catalogue, name) for name in outcomes],
        _meaning(catalogue.horizons[asked.horizon]),
        _meaning(catalogue.cohort),
    )
    return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()


def _outcome(catalogue: Catalogue, name: str) -> tuple[Any, ...]:
    """With the sentences of its baseline, and of the concept measured what a change is told by."""
    outcome = catalogue.outcomes[name]
    measured = catalogue.concepts.concepts.get(outcome.concept)
    scale = measured and (measured.unit, measured.mcid, measured.higher)
    return _meaning(outcome), catalogue.baseline(outcome), scale


def _meaning(declared: Any) -> dict[str, Any]:
    return _without(asdict(declared), _ONLY_WORDS)


def _without(plain: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in plain.items() if name not in names}
