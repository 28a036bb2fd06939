"""What a model must show before it may be promoted; each check is a function of the evidence alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SLOPE = (0.8, 1.2)
"""Allowed calibration slope of a target."""

IN_THE_LARGE = 0.05
"""Allowed distance between the share of responders and the mean probability, either way."""


@dataclass(frozen=True)
class TargetEvidence:
    """What the store holds of one target: its figures and its account."""

    figures: Mapping[str, float]
    account: Mapping[str, Any]

    @property
    def prevalence_only(self) -> bool:
        """Whether everybody gets the same probability, so that no slope exists."""
        return bool(self.account.get("model", {}).get("kind") == "prevalence")


@dataclass(frozen=True)
class Evidence:
    """What the store holds of one version of a model.

    ``promised`` is the SHA-256 its tag says, ``found`` that of the file in the store, empty with ``fault``
    if the file is no sound bundle; ``predicts`` are the bundle's targets.
    """

    version: str
    kind: str
    data_fingerprint: str
    leak_audit: str
    promised: str
    found: str
    fault: str
    predicts: tuple[str, ...]
    targets: Mapping[str, TargetEvidence]


@dataclass(frozen=True)
class Finding:
    """One check: whether it passed, the figures it rests on (lines), and what to do if it did not."""

    check: str
    passed: bool
    figures: tuple[str, ...]
    cure: str = ""


def findings(
    evidence: Evidence, champion: Evidence | None, *, to_champion: bool, allow_synthetic: bool
) -> tuple[Finding, ...]:
    """Every check; the one of real patients only where a champion is to be made."""
    checked = (
        calibration(evidence),
        subgroups(evidence),
        parity(evidence),
        leak_audit(evidence),
        no_regression(evidence, champion),
    )
    return (*checked, real_patients(evidence, allow_synthetic=allow_synthetic)) if to_champion else checked


def calibration(evidence: Evidence) -> Finding:
    """Slope and mean of every target the bundle predicts."""
    told = {name: _calibrated(evidence.targets.get(name)) for name in evidence.predicts}
    return Finding(
        "calibration",
        bool(told) and all(passed for passed, _ in told.values()),
        _listed({name: words for name, (_, words) in told.items()}) or ("no target",),
        f"Every slope must lie in {SLOPE[0]} to {SLOPE[1]} and every share within {IN_THE_LARGE} of the "
        "mean probability. Recalibrate on more episodes, or leave the target out, and train again.",
    )


def _calibrated(target: TargetEvidence | None) -> tuple[bool, str]:
    if target is None:
        return False, "no figures in the store"
    slope = target.figures.get("calibration_slope", float("nan"))
    off = target.figures.get("calibration_in_the_large", float("nan"))
    near = abs(off) <= IN_THE_LARGE
    if target.prevalence_only:
        return near, f"prevalence only, in the large {off:+.3f}"
    return near and SLOPE[0] <= slope <= SLOPE[1], f"slope {slope:.2f}, in the large {off:+.3f}"


def subgroups(evidence: Evidence) -> Finding:
    """No group with enough events whose calibration is out of bounds; none looked at is no pass."""
    blocked, unseen = [], []
    for name in evidence.predicts:
        target = evidence.targets.get(name)
        section = target.account.get("subgroups") if target else None
        if section is not None:
            blocked += [f"{name}: {_told(group)} blocks the release" for group in _blocking(section)]
        elif target is None or not target.prevalence_only:
            unseen.append(f"{name}: no subgroups in its account")
    passed = bool(evidence.predicts) and not blocked and not unseen
    return Finding(
        "subgroups",
        passed,
        (*blocked, *unseen) or (f"no group blocks, in {len(evidence.predicts)} targets",),
        "Look at these groups in the report; gather more of their episodes or recalibrate for them, and "
        "train again. A model without subgroup figures must be trained again with this version.",
    )


def _blocking(section: Any) -> Iterator[Mapping[str, Any]]:
    """The entries of an account's section that say they block, however deep."""
    if isinstance(section, Mapping):
        if section.get("blocks") is True:
            yield section
        section = list(section.values())
    if isinstance(section, list | tuple):
        for inner in section:
            yield from _blocking(inner)


def _told(group: Mapping[str, Any]) -> str:
    slope = (group.get("figures") or {}).get("calibration_slope") or (float("nan"),)
    named = f"{group.get('grouping', 'group')} {group.get('label', 'unnamed')}"
    return f"{named}, {group.get('events', 'unknown')} responders, calibration slope {slope[0]:.2f}"


def parity(evidence: Evidence) -> Finding:
    """The file in the store is the one that was registered, and still gives its golden scores."""
    same = bool(evidence.found) and evidence.found == evidence.promised
    if evidence.found:
        words = f"seal intact, golden patients replayed, SHA-256 {evidence.found[:12]}…"
        words += "" if same else f", but the version says {evidence.promised[:12] or 'nothing'}"
    else:
        words = evidence.fault
    return Finding(
        "parity", same, (words,), "Export the bundle again by training, which registers a new version."
    )


def leak_audit(evidence: Evidence) -> Finding:
    """The training says that nothing after the index moved a feature."""
    return Finding(
        "leak audit",
        evidence.leak_audit == "passed",
        (evidence.leak_audit or "not done at training",),
        "Run painresponse audit on the training data, mend what it finds, and train again with the audit on.",
    )


def real_patients(evidence: Evidence, *, allow_synthetic: bool) -> Finding:
    """A model of simulated patients becomes champion only where that is said aloud; it keeps its mark."""
    real = evidence.kind == "clinic"
    words = "trained on a clinic's patients" if real else "SYNTHETIC: trained on simulated patients"
    allowed = ", allowed by --allow-synthetic" if allow_synthetic and not real else ""
    return Finding(
        "real patients",
        real or allow_synthetic,
        (words + allowed,),
        "Train on a clinic's data, or say --allow-synthetic for a demonstration.",
    )


def no_regression(evidence: Evidence, champion: Evidence | None) -> Finding:
    """Per target of both, AUC and Brier score no worse than the champion's interval allows."""
    cure = "Keep the champion; find out what changed in the data or the settings before training again."
    if champion is None:
        return Finding("no regression", True, ("there is no champion yet",), cure)
    if champion.version == evidence.version:
        return Finding("no regression", True, (f"version {evidence.version} is the champion",), cure)
    told = {
        name: _compared(evidence, champion, name) for name in evidence.targets if name in champion.targets
    }
    passed = bool(told) and all(kept for kept, _ in told.values())
    lines = {name: words for name, (_, words) in told.items()}
    return Finding(
        "no regression",
        passed,
        (_basis(evidence, champion), *(_listed(lines) or ("no target in common",))),
        cure,
    )


def _basis(evidence: Evidence, champion: Evidence) -> str:
    same = evidence.data_fingerprint and evidence.data_fingerprint == champion.data_fingerprint
    lost = sorted(set(champion.targets) - set(evidence.targets))
    gone = f"; no longer predicted: {', '.join(lost)}" if lost else ""
    how = "same data, directly comparable" if same else "each on its own data, not directly comparable"
    return f"champion is version {champion.version} ({how}){gone}"


def _compared(evidence: Evidence, champion: Evidence, name: str) -> tuple[bool, str]:
    new, old = evidence.targets[name].figures, champion.targets[name].figures
    nan = float("nan")
    auc, least = new.get("auc", nan), old.get("auc_low", nan)
    brier, most = new.get("brier", nan), old.get("brier_high", nan)
    words = f"AUC {auc:.3f} (champion {old.get('auc', nan):.3f}, at least {least:.3f})"
    words += f", Brier {brier:.3f} (champion {old.get('brier', nan):.3f}, at most {most:.3f})"
    return auc >= least and brier <= most, words


def _listed(lines: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}: {words}" for name, words in lines.items())
