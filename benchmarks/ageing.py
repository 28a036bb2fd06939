"""How soon a change of a clinic is noticed, and how often none is: simulated clinics, the shipped bundle.

Every clinic is new (another seed: other patients, sites that choose and measure otherwise), and all of it
lies after the change. Features are looked at at the end of a month, outcomes on every day. The bundle was
trained on the simulated clinic of `painresponse demo`; `none` is that clinic again.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.random import SeedSequence, default_rng

from painresponse.clinic import Catalogue, load_catalogue
from painresponse.monitoring.asked import Asked, Span, ask, gathered
from painresponse.monitoring.evidence import evidence
from painresponse.monitoring.movement import movement
from painresponse.monitoring.outcomes import closed_episodes, joined
from painresponse.monitoring.past import said_again
from painresponse.monitoring.settings import MonitoringSettings, monitoring_settings
from painresponse.schema import SUBJECT
from painresponse.scoring.scorer import Scorer
from painresponse.simulate.clinic import population_of
from painresponse.simulate.plan import Plan, read_plan
from painresponse.simulate.response import Population
from painresponse.simulate.shards import make_shard
from painresponse.simulate.writing import write_events

BUNDLE = Path("models/synthetic.onnx")
PRESET = "registry"
ASSAYS = ("LOINC//2143-6", "LOINC//30522-7")
"""Serum cortisol and C-reactive protein."""

_EVER = Span(-(2**62), 2**62)


@dataclass(frozen=True)
class Change:
    """What is otherwise than in training: the patients and sites, the response, the values of two assays."""

    plan: Callable[[Plan], Plan] = lambda plan: plan
    response: float = 0.0
    assays: float = 1.0


CHANGES = {
    "none": Change(),
    "site": Change(lambda plan: replace(plan, sites=replace(plan.sites, count=1, choice_sd=1.0))),
    "assay": Change(assays=1.5),
    "case_mix": Change(
        lambda plan: replace(
            plan, diagnoses={name: replace(one, age=one.age + 8) for name, one in plan.diagnoses.items()}
        )
    ),
    "concept": Change(response=-0.8),
}
"""A clinic that is all one research site; results half as high again; patients eight years older; log-odds of
every response lower by 0.8."""


def made(folder: Path, seed: int, *, change: Change, patients: int) -> Path:
    """A MEDS folder of so many simulated patients under a change."""
    usual = read_plan()
    plan = change.plan(usual.recorded_as(usual.preset(PRESET)))
    found = population_of(plan, preset=PRESET, signal=1.0, seed=seed)
    population = _responding(found, change.response)
    rng, later = (default_rng(SeedSequence(seed, spawn_key=(key,))) for key in (1, 2))
    shard = make_shard(patients, rng, later, plan=plan, population=population, flaws=False)
    path = folder / "data" / "0.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_events(path, shard.events, 1)
    if change.assays != 1:
        pq.write_table(_measured(pq.read_table(path), change.assays), path)
    return folder


def _responding(population: Population, shift: float) -> Population:
    moved = {target: intercept + shift for target, intercept in population.intercepts.items()}
    return replace(population, intercepts=moved)


def _measured(table: pa.Table, times: float) -> pa.Table:
    value = table["numeric_value"]
    ours = pc.is_in(table["code"], pa.array(ASSAYS, table["code"].type))
    changed = pc.if_else(ours, pc.multiply(value, pa.scalar(times, value.type)), value)
    return table.set_column(table.column_names.index("numeric_value"), "numeric_value", changed)


@dataclass(frozen=True)
class Watched:
    """What a bundle says of a clinic, and the outcomes beside it, ready to be looked at up to any day."""

    scorer: Scorer
    settings: MonitoringSettings
    asked: Asked
    found: pd.DataFrame

    @classmethod
    def of(cls, scorer: Scorer, catalogue: Catalogue, folder: Path) -> "Watched":
        """Read, asked and labelled once."""
        settings = monitoring_settings(catalogue.monitoring)
        cohort, newest = gathered(folder, catalogue, progress=lambda: None)
        span = Span(_EVER.since, newest)
        asked = ask(scorer, folder, cohort, asks=None, span=span, progress=lambda: None)
        episodes = closed_episodes(cohort, catalogue, span)
        found = joined(episodes, said_again(asked), days=settings.joined_days)
        return cls(scorer, settings, asked, found)

    def moved(self, until: int | None = None) -> tuple[bool, int]:
        """Whether the features raise an alarm when looked at then, and how many people were asked about."""
        asked = self.asked
        if until is not None:
            of = {name: places[asked.index[places] < until] for name, places in asked.of.items()}
            asked = replace(asked, of=of)
        if not any(map(len, asked.of.values())):
            return False, 0
        found = movement(self.scorer.bundle, asked, self.settings)
        people = len(np.unique(asked.subject[np.concatenate(list(asked.of.values()))]))
        return bool(found.moved), people

    def outcomes(self) -> pd.DataFrame:
        """The wealth of all days, a line for all targets and for each."""
        return evidence(self.scorer.bundle, self.found, self.settings)[0]


def months(asked: Asked) -> Iterator[tuple[int, int]]:
    """Months since the first was asked about, and the instant each ends."""
    first, last = (
        one.astype("datetime64[us]").astype("datetime64[M]") for one in (asked.index.min(), asked.index.max())
    )
    for number, month in enumerate(np.arange(first + 1, last + 2), 1):
        yield number, int(month.astype("datetime64[us]").astype(np.int64))


def watched(
    room: Path, seed: int, *, change: str, patients: int, scorer: Scorer, catalogue: Catalogue
) -> Watched:
    """A clinic under a named change."""
    return Watched.of(scorer, catalogue, made(room / change, seed, change=CHANGES[change], patients=patients))


def features_alarm(one: Watched, *, every: int) -> tuple[int | None, int | None]:
    """Month and people at the first look that raises an alarm."""
    for number, end in months(one.asked):
        if number % every == 0:
            alarm, people = one.moved(end)
            if alarm:
                return number, people
    return None, None


def outcomes_alarm(one: Watched) -> tuple[float | None, int | None]:
    """Months and subjects with an outcome when the outcomes first raise an alarm."""
    alarms = one.outcomes().query("alarm")
    if alarms.empty:
        return None, None
    day = np.datetime64(alarms["since"].min(), "us")
    before = one.found[one.found["closed"] <= day.astype(np.int64) + 86_400_000_000]
    start = one.asked.index.min().astype("datetime64[us]")
    return float((day - start) / np.timedelta64(1, "D") / 30.44), before[SUBJECT].nunique()


def main(words: Sequence[str] = ()) -> None:
    """Watch clinics under every change and print when alarms came."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--changes", nargs="+", default=list(CHANGES), choices=list(CHANGES))
    asked = parser.parse_args(words)
    scorer, catalogue = Scorer.load(BUNDLE, allow_synthetic=True), load_catalogue()
    lines = []
    with TemporaryDirectory() as room:
        for change in asked.changes:
            for seed in range(asked.first, asked.first + asked.seeds):
                one = watched(
                    Path(room),
                    seed,
                    change=change,
                    patients=asked.patients,
                    scorer=scorer,
                    catalogue=catalogue,
                )
                month, people = features_alarm(one, every=asked.every)
                since, subjects = outcomes_alarm(one)
                once = one.moved()[0]
                lines.append((change, seed, once, month, people, since, subjects))
                print(*lines[-1], file=sys.stderr, flush=True)
    show(pd.DataFrame(lines, columns=["change", "seed", "at_end", "month", "people", "since", "subjects"]))


def show(found: pd.DataFrame) -> None:
    """By change: the share of clinics with an alarm, and when it came (median, largest)."""
    for change, own in found.groupby("change", sort=False):
        said = [f"{change}: {len(own)} clinics; features at the last look alone {own['at_end'].mean():.1%}"]
        for what, when, who in (
            ("features at any look", "month", "people"),
            ("outcomes ever", "since", "subjects"),
        ):
            there = own[own[when].notna()]
            late = (
                ""
                if there.empty
                else (
                    f" after {there[when].median():.0f} months (at most {there[when].max():.0f}), "
                    f"{there[who].median():.0f} patients (at most {there[who].max():.0f})"
                )
            )
            said.append(f"{what} {len(there) / len(own):.1%}{late}")
        print("; ".join(said))


if __name__ == "__main__":
    main(sys.argv[1:])
