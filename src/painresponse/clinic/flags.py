"""What deserves to be said beside a score, by the clinic's rules: of a patient, and of a model."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from painresponse.clinic.catalogue import Catalogue
from painresponse.clinic.declarations import FlagRule
from painresponse.clinic.groups import declared_groups, first_of
from painresponse.clinic.safety import cautions

Plain = dict[str, Any]


def flags(catalogue: Catalogue, *, cards: Mapping[str, Plain], accounts: Mapping[str, Plain]) -> list[Plain]:
    """As plain tables for the bundle: of patients, then of models.

    ``cards`` holds episodes and metrics by trained target, ``accounts`` what was found of its calibration;
    a target without an account counts as never judged.
    """
    return [
        *patient_flags(catalogue, cards),
        *(
            {"code": code, "words": rule.words, **one}
            for code, rule in catalogue.flags.items()
            for one in _of_models(rule, cards, accounts)
        ),
    ]


def patient_flags(catalogue: Catalogue, targets: Collection[str]) -> list[Plain]:
    """The flags that a history alone raises, as plain tables: first what speaks against an intervention.

    A first step is raised for all but its own targets.
    """
    found = cautions(catalogue, targets)
    of = {name: catalogue.targets[name].intervention for name in targets}
    for code, rule in catalogue.flags.items():
        for step in rule.steps:
            others = [name for name, intervention in of.items() if intervention not in step.of]
            if others:
                limited = {"targets": others} if step.of else {}
                found.append({"code": code, "words": rule.words, "feature": step.feature, **limited})
    return found


def _of_models(rule: FlagRule, cards: Mapping[str, Plain], accounts: Mapping[str, Plain]) -> Iterator[Plain]:
    """Where the rule holds of models: their targets; where of groups: each group of each target."""
    if rule.groups and rule.slopes:
        for name in cards:
            for sentence in _worse_groups(rule.groups, rule.slopes, accounts.get(name, {})):
                yield {"feature": sentence, "targets": [name]}
    elif chosen := [name for name, card in cards.items() if _holds(rule, card, accounts.get(name, {}))]:
        yield {"targets": chosen}


def _holds(rule: FlagRule, card: Plain, account: Plain) -> bool:
    few = rule.episodes_below is not None and card["episodes"] < rule.episodes_below
    return few or (rule.slopes is not None and not _calibrated(rule.slopes, card, account))


def _calibrated(slopes: tuple[float, float], card: Plain, account: Plain) -> bool:
    """Whether clinics were left out of learning, and its slopes there and out of fold lie within."""
    sites = account.get("sites") or {}
    elsewhere = (sites.get("slope") or {}).get("value")
    own = card["metrics"].get("calibration_slope", (None,))[0]
    judged = bool(sites.get("sites") or sites.get("joined"))
    known = [one for one in (own, elsewhere) if one is not None]
    return judged and bool(known) and all(_within(slopes, one) for one in known)


def _worse_groups(groups: tuple[str, ...], slopes: tuple[float, float], account: Plain) -> Iterator[str]:
    """The sentences of the groups in which the model is known to be worse calibrated."""
    declared = declared_groups()
    for one in (account.get("subgroups") or {}).get("groups", ()):
        labels = declared[one["grouping"]] if one["grouping"] in groups else {}
        if labels.get(one["label"]) and (one["blocks"] or _off(slopes, one)):
            yield first_of(labels, one["label"])


def _off(slopes: tuple[float, float], group: Plain) -> bool:
    """Whether its slope lies outside, and not by chance; a group too small to judge is not known to be."""
    slope, low, high = group["figures"].get("calibration_slope", (None, None, None))
    return None not in (slope, low, high) and not (_within(slopes, slope) or low <= 1 <= high)


def _within(slopes: tuple[float, float], slope: float) -> bool:
    return slopes[0] <= slope <= slopes[1]
