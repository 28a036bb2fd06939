"""What a site declared itself, and what a data set holds of it: the end of `painresponse check`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from painresponse import schema
from painresponse.clinic import Catalogue
from painresponse.concepts import Treatment
from painresponse.language import Feature, summaries_in
from painresponse.readers import shards
from painresponse.records import Intake, Records
from painresponse.records.coding import Matcher
from painresponse.records.intake import REASONS
from painresponse.training.cohorts import Cohort
from painresponse.training.episodes import Attrition, find_episodes

NO_UNIT = "none"
SHOWN = 4
"""Codes and features named to people; --json has them all."""

Patterns = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Entry:
    """One entry of a site's own and what was found of it; what does not apply to its section is empty.

    ``units``: events with a value by unit as given. ``rejected``: events by reason. ``stages``: episodes by
    stage after each rule. ``targets``: episodes left after each step, by target that uses the entry.
    ``known``: of how many episodes the feature is known, and how many there are.
    """

    section: str
    name: str
    looked_for: tuple[str, ...] = ()
    events: int = 0
    subjects: int = 0
    units: dict[str, int] = field(default_factory=dict)
    inferred: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    stages: dict[str, dict[str, int]] = field(default_factory=dict)
    targets: dict[str, dict[str, int]] = field(default_factory=dict)
    known: tuple[int, int] | None = None

    def words(self) -> str:
        """What was found, for people."""
        parts = {
            "concepts": self._of_events,
            "treatments": self._of_events,
            "profiles": self._of_events,
            "interventions": self._of_stages,
            "features": self._of_feature,
        }.get(self.section, self._of_targets)()
        return "; ".join(part for part in parts if part)

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values, without what does not apply."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in told.items() if value or name == "events"}

    def _of_events(self) -> Iterable[str]:
        if self.events:
            yield f"{self.events:,} events of {self.subjects:,} subjects"
        else:
            yield f"nothing found: codes looked for {_some(self.looked_for)}"
        if self.units:
            yield "units " + ", ".join(f"{unit} {n:,}" for unit, n in self.units.items())
        if self.inferred:
            yield f"unit told by the size of the value {self.inferred:,}"
        yield from (f"rejected {n:,}: {REASONS[reason]}" for reason, n in self.rejected.items())
        yield f"features {_some(self.features)}" if self.features else "no feature uses it"

    def _of_stages(self) -> Iterable[str]:
        for stage, steps in self.stages.items():
            left = list(steps.values())
            yield f"{stage}: {left[0]:,} begin events, {left[-1]:,} episodes"
        if not any(sum(steps.values()) for steps in self.stages.values()):
            yield f"nothing found: codes looked for {_some(self.looked_for)}"
        yield from self._of_targets()

    def _of_feature(self) -> Iterable[str]:
        if self.known and self.known[1]:
            yield f"known in {self.known[0]:,} of {self.known[1]:,} episodes"
        else:
            yield "no episode to compute it for"

    def _of_targets(self) -> Iterable[str]:
        for target, steps in self.targets.items():
            known, met = steps.get("outcome known", 0), steps.get("responded", 0)
            yield f"target {target}: {known:,} episodes with a known outcome, {met:,} responded"
        if not self.targets:
            yield "no target uses it"


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


class Tally:
    """Events and subjects by name, added up shard by shard; a subject stands in one shard only."""

    def __init__(self, patterns: Patterns):
        self.names = Matcher((pattern, name) for name, codes in patterns.items() for pattern in codes)
        self.found: dict[str, tuple[int, int]] = {}

    def add(self, records: Records) -> None:
        """Count one shard's records."""
        places: dict[str, list[int]] = {}
        for place, code in enumerate(records.codes):
            for name in dict.fromkeys(self.names.of(code)):
                places.setdefault(name, []).append(place)
        for name, chosen in places.items():
            here = records.subject[np.isin(records.code, chosen)]
            events, subjects = self.found.get(name, (0, 0))
            self.found[name] = (events + len(here), subjects + len(np.unique(here)))


class OwnEntries:
    """Looks for what a site declared itself, shard by shard."""

    def __init__(self, catalogue: Catalogue):
        self._catalogue = catalogue
        self._patterns = _patterns(catalogue)
        self._tally = Tally(self._patterns)
        self._stages: dict[tuple[str, str], Attrition] = {}

    def add(self, records: Records) -> None:
        """Look through one shard."""
        self._tally.add(records)
        for name in self._catalogue.own.get("interventions", ()):
            for stage, declared in self._catalogue.interventions[name].stages.items():
                _, steps = find_episodes(records, self._catalogue.concepts, declared)
                self._stages[name, stage] = self._stages.get((name, stage), Attrition()) + steps

    def entries(self, folder: Path, cohort: Cohort) -> tuple[Entry, ...]:
        """The account of every entry, in the order of the sections."""
        units = self._by_name(_units(folder)) if self._patterns else {}
        return tuple(
            made
            for section, names in self._catalogue.own.items()
            for name in names
            if (made := self._entry(section, name, cohort, units))
        )

    def _entry(
        self, section: str, name: str, cohort: Cohort, units: dict[str, dict[str, int]]
    ) -> Entry | None:
        if section in ("concepts", "treatments"):
            return self._coded(section, name, cohort.intake, units.get(name, {}))
        if section == "profiles":
            return self._coded(section, name, cohort.intake, {})
        if section == "interventions":
            return self._intervention(name, cohort)
        if section == "features":
            return self._feature(name, cohort) if name in self._catalogue.features.names else None
        if section in ("outcomes", "horizons", "targets"):
            return Entry(section, name, targets=self._targets(section, name, cohort))
        return None

    def _coded(self, section: str, name: str, intake: Intake, units: dict[str, int]) -> Entry:
        events, subjects = self._tally.found.get(name, (0, 0))
        rejected = self._by_name({(code, reason): n for (reason, code), n in intake.rejected.items()})
        inferred = self._by_name({(code, ""): n for code, n in intake.inferred.items()})
        return Entry(
            section,
            name,
            self._patterns[name],
            events,
            subjects,
            units,
            sum(inferred.get(name, {}).values()),
            rejected.get(name, {}),
            tuple(one for one, feature in self._catalogue.features if name in _named(feature)),
        )

    def _intervention(self, name: str, cohort: Cohort) -> Entry:
        stages = self._catalogue.interventions[name].stages
        patterns = self._catalogue.concepts.patterns()
        begins = dict.fromkeys(
            code for one in stages.values() for begin in one.begins for code in patterns[begin]
        )
        return Entry(
            "interventions",
            name,
            tuple(begins),
            stages={stage: self._stages.get((name, stage), Attrition()).steps for stage in stages},
            targets=self._targets("interventions", name, cohort),
        )

    def _feature(self, name: str, cohort: Cohort) -> Entry:
        columns = [one.x[:, one.names.index(name)] for one in cohort.examples.values()]
        known = sum(int((~np.isnan(one)).sum()) for one in columns)
        return Entry("features", name, known=(known, sum(map(len, columns))))

    def _targets(self, section: str, name: str, cohort: Cohort) -> dict[str, dict[str, int]]:
        word = {"interventions": "intervention", "outcomes": "outcome", "horizons": "horizon"}.get(section)
        return {
            target: cohort.attrition[target].steps
            for target, one in self._catalogue.targets.items()
            if (getattr(one, word) if word else target) == name
        }

    def _by_name(self, counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
        """Counts by code and something else, gathered by the entry the code belongs to."""
        gathered: dict[str, dict[str, int]] = {}
        for (code, word), n in counts.items():
            for name in dict.fromkeys(self._tally.names.of(code)):
                mine = gathered.setdefault(name, {})
                mine[word] = mine.get(word, 0) + n
        return gathered


def _patterns(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The codes of every entry of the site's own that has any."""
    of_concepts = catalogue.concepts.patterns()
    found = {name: of_concepts[name] for name in catalogue.own.get("concepts", ())}
    for name in catalogue.own.get("profiles", ()):
        found[name] = of_concepts[catalogue.concepts.profiles[name].of]
    for name in catalogue.own.get("treatments", ()):
        found[name] = _treatment_codes(name, catalogue.concepts.treatments[name])
    return found


def _treatment_codes(name: str, treatment: Treatment) -> tuple[str, ...]:
    """What begins the treatment, and whatever stands after a // (as needed, supply, stop)."""
    codes = [code for one in treatment.ingredients for code in (one.code, *one.codes)]
    codes += [*treatment.codes, schema.LOCAL_PREFIX + name]
    return tuple(dict.fromkeys(pattern for code in codes for pattern in (code, f"{code}//*")))


def _named(feature: Feature) -> set[str]:
    """Every concept, class and profile a feature is made of."""
    names = set()
    for summary in summaries_in([feature]):
        names.add(summary.window.events.concept.partition(".")[0])
        if summary.window.anchor:
            names.add(summary.window.anchor.concept)
    return names


def _units(folder: Path) -> dict[tuple[str, str], int]:
    """Events with a value by code and unit, as they were given."""
    counts: dict[tuple[str, str], int] = {}
    for path in shards(folder):
        if schema.UNIT not in pq.read_schema(path).names:
            continue
        table = pq.read_table(path, columns=[schema.CODE, schema.UNIT, schema.VALUE])
        table = table.filter(pc.is_valid(table[schema.VALUE])).select([schema.CODE, schema.UNIT])
        for row in table.group_by([schema.CODE, schema.UNIT]).aggregate([([], "count_all")]).to_pylist():
            key = (row[schema.CODE], row[schema.UNIT] or NO_UNIT)
            counts[key] = counts.get(key, 0) + row["count_all"]
    return counts
