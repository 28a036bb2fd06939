"""Emergencies and contraindications (safety.toml) as plain tables for the bundle.

A refusal by either is a requirement: how many of its one sentence hold must be none, so that what is unknown
refuses nobody.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from painresponse.clinic.catalogue import Catalogue
from painresponse.clinic.hazards import Contraindication

Plain = dict[str, Any]


def red_flags(catalogue: Catalogue) -> list[Plain]:
    """The emergencies that refuse every target."""
    return [
        absent("R05_RED_FLAG", one.words, one.feature)
        for one in catalogue.safety.red_flags.values()
        if one.feature
    ]


def contraindications(catalogue: Catalogue) -> list[Plain]:
    """The absolute contraindications, each with the targets of the interventions it is of."""
    rules = _of_targets(catalogue, catalogue.safety.absolute, catalogue.targets)
    return [absent(f"C_ABS_{name.upper()}", one.words, one.feature, targets=of) for name, one, of in rules]


def cautions(catalogue: Catalogue, targets: Iterable[str]) -> list[Plain]:
    """The relative contraindications as flags, for those of the named targets they are of."""
    return [
        {"code": f"C_REL_{name.upper()}", "words": one.words, "feature": one.feature, "targets": of}
        for name, one, of in _of_targets(catalogue, catalogue.safety.relative, targets)
    ]


def absent(code: str, words: str, *sentences: str, targets: list[str] | None = None) -> Plain:
    """The requirement that none of the sentences holds, of the targets (None: of all)."""
    several = " and ".join(f"({one})" for one in sentences)
    plain: Plain = {"code": code, "words": words, "features": [f"how many of {several}"], "at_most": 0}
    return plain if targets is None else {**plain, "targets": targets}


def targets_of(catalogue: Catalogue, of: Iterable[str], targets: Iterable[str]) -> list[str]:
    """Those of the named targets that ask one of these interventions or stages."""
    asked = {name: catalogue.targets[name] for name in targets}
    wanted = set(of)
    return [
        name for name, one in asked.items() if {one.intervention, f"{one.intervention}.{one.stage}"} & wanted
    ]


def _of_targets(
    catalogue: Catalogue, rules: Mapping[str, Contraindication], targets: Iterable[str]
) -> list[tuple[str, Contraindication, list[str]]]:
    """Each rule that has a sentence and speaks against any of the targets, with those."""
    names = list(targets)
    found = [(name, one, targets_of(catalogue, one.of, names)) for name, one in rules.items() if one.feature]
    return [(name, one, of) for name, one, of in found if of]
