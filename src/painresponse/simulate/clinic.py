"""The synthetic clinic: simulated patients written as a MEDS data set, and the truth about them, sealed.

SYNTHETIC - NOT FOR CLINICAL USE. For software tests, oracle checks and teaching; never for real effects.
"""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from numpy.random import SeedSequence, default_rng

from painresponse.errors import DefinitionError
from painresponse.publishing import publish_folder
from painresponse.simulate.choices import draw_sites
from painresponse.simulate.oracle import auc
from painresponse.simulate.plan import Plan, read_plan, read_vocabulary
from painresponse.simulate.response import Population, found_population
from painresponse.simulate.shards import make_shard
from painresponse.simulate.writing import write_events, write_metadata, write_truth


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: everything the simulated data depend on."""

    subjects: int
    seed: int
    preset: str
    signal: float
    flaws: bool
    shard_size: int

    def __post_init__(self) -> None:
        for name in ("subjects", "shard_size"):
            if getattr(self, name) < 1:
                raise DefinitionError(f"{name} must be at least 1, not {getattr(self, name)}.")
        if self.seed < 0:
            raise DefinitionError(f"seed must be 0 or more, not {self.seed}.")
        if not 0 <= self.signal <= 3:
            raise DefinitionError(f"signal must lie between 0 and 3, not at {self.signal}.")


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was written: patients, events, patients given each target, and the oracle's AUC among them."""

    subjects: int
    events: int
    treated: dict[str, int]
    oracle_auc: dict[str, float]


def simulate(
    out: Path,
    *,
    subjects: int,
    seed: int,
    preset: str = "rct_like",
    signal: float = 1.0,
    flaws: bool = False,
    shard_size: int = 2500,
    overwrite: bool = False,
) -> Simulated:
    """Write a synthetic clinic to ``out`` (MEDS), and the truth about it beside it, to ``<out>.sealed``.

    The same arguments give the same bytes. Raises DefinitionError for arguments without meaning, or when a
    folder is already there; WorkError when it cannot be written. Either way nothing is left half done.
    """
    order = Order(subjects, seed, preset, signal, flaws, shard_size)
    plan = read_plan().recorded_as(read_plan().preset(order.preset))
    sealed, origin = sealed_beside(out), {"simulation": asdict(order)}
    population = population_of(plan, preset=preset, signal=signal, seed=seed)
    _refuse_existing(sealed, overwrite=overwrite)
    made: list[Simulated] = []

    def fill(draft: Path) -> None:
        truth, codes, events = _write_records(draft, plan, order, population)
        write_metadata(draft / "metadata", codes, vocabulary=read_vocabulary(), origin=origin)
        made.append(_summary(truth, events, plan))
        seal = partial(write_truth, truth=truth, oracle_auc=made[0].oracle_auc, origin=origin)
        publish_folder(sealed, seal, overwrite=overwrite)

    publish_folder(out, fill, overwrite=overwrite)
    return made[0]


def sealed_beside(out: Path) -> Path:
    """Where the truth about the data set ``out`` is kept."""
    return out.with_name(out.name + ".sealed")


def _refuse_existing(folder: Path, *, overwrite: bool) -> None:
    if folder.exists() and not overwrite:
        raise DefinitionError(f"{folder} is already there. Choose another name, or say --overwrite.")


def population_of(plan: Plan, *, preset: str, signal: float, seed: int) -> Population:
    """The response model behind a simulation: sites drawn from the seed, intercepts solved for them."""
    sites = draw_sites(default_rng(SeedSequence(seed, spawn_key=(0,))), plan=plan)
    return found_population(plan, plan.preset(preset), signal=signal, sites=sites)


def _write_records(
    draft: Path, plan: Plan, order: Order, population: Population
) -> tuple[pd.DataFrame, set[str], int]:
    """Write shard by shard, each from random numbers of its own; the truth, the codes, how many events."""
    truths: list[pd.DataFrame] = []
    codes: set[str] = set()
    events = 0
    for number, first in enumerate(range(0, order.subjects, order.shard_size)):
        rng, later = (default_rng(SeedSequence(order.seed, spawn_key=(key, number))) for key in (1, 2))
        count = min(order.shard_size, order.subjects - first)
        shard = make_shard(count, rng, later, plan=plan, population=population, flaws=order.flaws)
        write_events(draft / "data" / f"{number}.parquet", shard.events, first + 1)
        truths.append(shard.truth.assign(subject_id=shard.truth["subject_id"] + first + 1))
        codes |= shard.events.codes_used()
        events += len(shard.events)
    return pd.concat(truths, ignore_index=True), codes, events


def _summary(truth: pd.DataFrame, events: int, plan: Plan) -> Simulated:
    given = dict(iter(truth[truth["given"]].groupby("target")))
    return Simulated(
        subjects=truth["subject_id"].nunique(),
        events=events,
        treated={target: len(given.get(target, ())) for target in plan.targets()},
        oracle_auc={
            target: auc(rows["outcome"], rows["oracle"])
            for target, rows in given.items()
            if rows["outcome"].nunique() == 2
        },
    )
