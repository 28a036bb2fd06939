"""What a training says of itself to the store: where its data came from, and each target's figures."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from painresponse.tracking.source import source_commit

Interval = Sequence[float]
"""A figure and the two ends of its interval."""

_TAGS = ("data", "data_fingerprint", "catalogue_fingerprint")


class Judged(Protocol):
    """A fitted target as far as a store has to know it: counts, figures with intervals, settings.

    ``settings`` is a dataclass; ``importance`` the gain by feature; all figures are of groups of people.
    """

    target: str
    features: Sequence[str]
    episodes: int
    events: int
    subjects: int
    metrics: Mapping[str, Interval]
    importance: Mapping[str, float]
    notes: Sequence[str]
    settings: Any


@dataclass(frozen=True)
class RunFacts:
    """What is known of a training besides its models.

    ``provenance`` says where the data came from (``kind``, ``data``, ``data_fingerprint``) and may hold
    ``catalogue_fingerprint``, ``settings`` and ``versions``; ``attrition`` how many episodes each rule left,
    by target; ``counts`` the size of the data (subjects, events); ``model`` is the name in the registry;
    ``commit`` the state of the source it ran from.
    """

    experiment: str
    provenance: Mapping[str, Any]
    attrition: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    model: str = "painresponse"
    commit: str = field(default_factory=source_commit)

    @property
    def key(self) -> str:
        """Equal for trainings on equal data with equal catalogue, settings and versions."""
        plain = json.dumps(self.provenance, sort_keys=True, default=str)
        return hashlib.sha256(plain.encode()).hexdigest()

    @property
    def kind(self) -> str:
        """``synthetic`` or ``clinic``."""
        return str(self.provenance["kind"])

    def tags(self) -> dict[str, str]:
        """On every run of this training, on its model and on the version in the registry."""
        known = {tag: str(self.provenance[tag]) for tag in _TAGS if tag in self.provenance}
        versions = self.provenance.get("versions", {})
        named = {f"version.{name}": str(version) for name, version in versions.items()}
        commit = {"mlflow.source.git.commit": self.commit} if self.commit else {}
        return {"provenance": self.kind, **known, **named, **commit}

    def parameters(self) -> dict[str, object]:
        """Of the training as a whole."""
        return dict(self.provenance.get("settings", {}))


def figures_of(one: Judged) -> dict[str, float]:
    """Every finite metric with the ends of its interval, and the counts behind them.

    A metric that is not a number keeps the store's pages from opening: it is left out.
    """
    counts = {"episodes": one.episodes, "events": one.events, "subjects": one.subjects}
    named = {**dict(_ends(one.metrics)), **counts}
    return {name: float(value) for name, value in named.items() if math.isfinite(value)}


def _ends(metrics: Mapping[str, Interval]) -> Iterator[tuple[str, float]]:
    for name, estimate in metrics.items():
        for end, value in zip(("", "_low", "_high"), estimate, strict=True):
            yield name + end, value


def parameters_of(one: Judged, account: Mapping[str, Any]) -> dict[str, object]:
    """Settings, and the plain facts of the account's model; what a model has none of is said as ``none``.

    So every target has the same names, as long as every account has, and they stand side by side.
    """
    facts = {
        name: "none" if value is None else value for name, value in _plain(account.get("model"), "model")
    }
    return {**asdict(one.settings), **facts}


def _plain(value: object, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _plain(inner, f"{name}.{key}")
    elif name != "model" and not isinstance(value, list | tuple):
        yield name, value
