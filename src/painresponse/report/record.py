"""What a report is written from: plain dicts as a run or a bundle holds them, nothing about single patients.

A **training record**: ``name``; ``provenance`` (``kind`` "synthetic" or "clinic", ``data``,
``data_fingerprint``, ``settings``, ``versions``); ``features`` ([{name, sentence, words?, quartiles? [lower,
median, upper], known? share}]); ``targets`` ([account]); ``skipped`` ({target: why it has no model});
``authors`` ({TRIPOD item: what the authors say}); ``elsewhere`` ({data, skipped} of an external validation).

An **account** is of one target: ``target``, ``label``, and any of the sections below. One that is missing or
None was not examined, and the report says so. ``[v, l, h]`` is a value with its 95 % interval; None: unknown.

=============  ==========================================================================================
intervention   a text; so are ``stage``, ``outcome`` and ``horizon``; ``notes`` is a list of sentences
flow           {step: episodes left}, in order; ends with "alive at the horizon", "outcome known", "responded"
sample_size    asdict of evaluation.sample_size.Verdict; or else ``episodes`` and ``responders``
model          kind "boosted", "logistic" or "prevalence"; sentence; parameters {name: plain value}
performance    {model, twin, … : {measure: [v, l, h]}, differences: {auc_over_twin: [v, l, h]}}
calibration    asdict of evaluation.curves.CalibrationCurve, with roc and histogram (its other two)
decisions      [asdict of evaluation.decisions.Decision], a threshold each
subgroups      asdict of evaluation.subgroups.Subgroups
sites          asdict of evaluation.sites.Sites or validation.sites.Transfer
time           asdict of validation.time.ForwardInTime
missing        asdict of evaluation.follow_up.FollowUp
durability     training.durability.survival
blocks         [asdict of validation.ablation.BlockGain]
importance     training.explanation.Explanation.section
support        training.support.Support.summary
interval       sentence?, then single values told by their names, such as level and coverage
external       an account on other data, with ``data``, ``recalibration`` (Recalibration) and ``refused``
=============  ==========================================================================================
"""

from collections.abc import Mapping, Sequence
from typing import Any

Plain = Mapping[str, Any]


def at(plain: Any, *keys: str) -> Any:
    """What lies there, None where the way ends."""
    for key in keys:
        if not isinstance(plain, Mapping):
            return None
        plain = plain.get(key)
    return plain


def synthetic(record: Plain) -> bool:
    """Whatever is not said to come from a clinic is not from one."""
    return at(record, "provenance", "kind") != "clinic"


def accounts(record: Plain) -> Sequence[Plain]:
    """Of its targets, in catalogue order."""
    return record.get("targets") or ()


def of_all(record: Plain, section: str) -> float:
    """Share of the targets that have a section."""
    known = [one.get(section) for one in accounts(record)]
    return sum(map(bool, known)) / len(known) if known else 0.0


def validated(record: Plain) -> bool:
    """Whether any target was judged on another clinic's data."""
    return any(at(one, "external") for one in accounts(record))


def sites_seen(record: Plain) -> int:
    """The most centres any target was judged in."""
    return max((len(at(one, "sites", "sites") or ()) for one in accounts(record)), default=0)


def metric(account: Plain, name: str, who: str = "model") -> Any:
    """``[v, l, h]`` of a measure, of the model or of a comparator."""
    return at(account, "performance", who, name)


def groups(account: Plain) -> Sequence[Plain]:
    """Every group of patients the model was judged in."""
    found = account.get("subgroups") or ()
    return (found.get("groups") or ()) if isinstance(found, Mapping) else found


def blocking(account: Plain) -> list[str]:
    """Groups that block the release of the model."""
    return [
        f"{one['grouping']} {one['label']}".replace("_", " ") for one in groups(account) if one.get("blocks")
    ]
