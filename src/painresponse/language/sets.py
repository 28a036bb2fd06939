"""A feature set: named features in a fixed order, with a fingerprint."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from painresponse import markup
from painresponse.language.combinations import parts_of
from painresponse.language.plain import parse
from painresponse.language.words import Feature, Summary


@dataclass(frozen=True)
class FeatureSet:
    """Named features; the order is the order of the matrix columns.

    >>> import painresponse as pr
    >>> pain = pr.events("pain")
    >>> chosen = pr.FeatureSet.of(pain=pain.within(pr.days(30)).mean(), crp=pr.events("crp").ever().last())
    >>> chosen.to_plain()
    {'pain': 'mean of pain in 30 d', 'crp': 'last of crp ever'}
    >>> chosen
    <FeatureSet: 2 features, fingerprint e5b54e949054>
    """

    features: tuple[tuple[str, Feature], ...]

    @classmethod
    def of(cls, **features: Feature) -> "FeatureSet":
        """A set from keyword arguments, in the order given."""
        return cls(tuple(features.items()))

    @classmethod
    def from_plain(cls, plain: Mapping[str, str]) -> "FeatureSet":
        """A set from names to sentences. Raises DefinitionError on a sentence that cannot be read."""
        return cls(tuple((name, parse(text)) for name, text in plain.items()))

    def to_plain(self) -> dict[str, str]:
        """Names to sentences."""
        return {name: str(feature) for name, feature in self.features}

    def fingerprint(self) -> str:
        """SHA-256 of names, order and sentences."""
        plain = json.dumps(list(self.to_plain().items()), ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(plain.encode()).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(name for name, _ in self.features)

    def __len__(self) -> int:
        return len(self.features)

    def __repr__(self) -> str:
        return f"<FeatureSet: {len(self)} features, fingerprint {self.fingerprint()[:12]}>"

    def _repr_html_(self) -> str:
        lines = list(self.to_plain().items())
        return markup.panel(f"{len(self)} features", markup.table(("feature", "sentence"), lines))

    def __iter__(self) -> Iterator[tuple[str, Feature]]:
        return iter(self.features)


def summaries_in(features: Iterable[Feature]) -> list[Summary]:
    """Every summary the features are made of."""
    found: list[Summary] = []
    waiting = list(features)
    while waiting:
        feature = waiting.pop()
        waiting.extend(parts_of(feature))
        if isinstance(feature, Summary):
            found.append(feature)
    return found
