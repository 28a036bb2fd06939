"""A cohort of any size by a recipe: a part for each shard, made by any number of processes."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from painresponse.batch.parts import Account, Counts, Job, Recipe, account, joined, maker, summed
from painresponse.batch.room import tidy, workroom
from painresponse.batch.workers import each
from painresponse.errors import CohortError, DefinitionError, WorkError
from painresponse.publishing import complaints, publish, publish_made, refuse_taken
from painresponse.readers import shards
from painresponse.readers.meds import refuse_divided
from painresponse.records import Asks

Engine = Callable[[Recipe, Sequence[Job]], Iterable[Job]]
"""Makes the parts of all jobs by a recipe, and names each job once its part is in place."""

PARTS, ACCOUNTS = "parts", "accounts"

Progress = Callable[[int, int], None]
"""Told after every shard how many events it held, and how many there are in all."""


@dataclass(frozen=True)
class Made:
    """What a run made: rows and shards, how many of these an earlier run had finished, and what came in.

    ``counts`` are what its recipe counted.
    """

    rows: int
    shards: int
    kept: int
    events: int
    rejected: dict[str, int]
    counts: Counts = field(default_factory=Counts)


def in_process(recipe: Recipe, jobs: Sequence[Job]) -> Iterator[Job]:
    """The engine that works right here, one shard after the other."""
    make = maker(recipe)
    for job in jobs:
        make(job)
        yield job


def in_processes(count: int) -> Engine:
    """The engine that works in so many processes of this machine; one needs no other."""

    def work(recipe: Recipe, jobs: Sequence[Job]) -> Iterator[Job]:
        if min(count, len(jobs)) <= 1:
            return in_process(recipe, jobs)
        return (job for job, _ in each(partial(maker, recipe), jobs, count))

    return work


def run(
    recipe: Recipe,
    folder: Path,
    out: Path,
    *,
    engine: Engine = in_process,
    overwrite: bool = False,
    progress: Progress = lambda events, total: None,
) -> Made:
    """Make a recipe's lines of a MEDS folder.

    ``out`` ending in .parquet is one file, anything else a folder with a part for each shard; either appears
    whole or not at all. Parts finished by a run that broke off are kept beside it and used again if what they
    were made from is unchanged. Raises RecordError on unfit or divided shards, CohortError when nobody is
    asked about, WorkError when it cannot be written or another run is writing it.
    """
    out = out.resolve()
    _refuse_out(out, overwrite=overwrite)
    found = shards(folder.absolute())
    with workroom(out) as room:
        refuse_divided(found)
        jobs = _jobs(recipe, folder.absolute() / "data", found, room / recipe.digest[:16])
        todo = _left(room, jobs, out)
        total = sum(job.events for job in todo)
        for job in engine(recipe, todo):
            progress(job.events, total)
        made = _made(jobs, kept=len(jobs) - len(todo))
        if made.rows:
            _publish(out, room, recipe, jobs)
        shutil.rmtree(room / recipe.digest[:16], ignore_errors=True)
    if not made.rows:
        raise CohortError(_nobody(folder, recipe.asks))
    return made


def _refuse_out(out: Path, *, overwrite: bool) -> None:
    """Refuse a place that could not be published to, before hours of work."""
    if _is_file(out) and out.is_dir():
        raise DefinitionError(f"{out} is a folder. Choose another name for the file.")
    if not _is_file(out):
        refuse_taken(out, overwrite=overwrite)
        if out.is_file():
            raise DefinitionError(
                f"{out} is a file. Choose another name for the folder, or end it in .parquet."
            )


def _is_file(out: Path) -> bool:
    return out.suffix.lower() == ".parquet"


def _jobs(recipe: Recipe, data: Path, found: list[Path], place: Path) -> list[Job]:
    names = [shard.relative_to(data) for shard in found]
    return [
        Job.of(recipe, shard, place / PARTS / name, place / ACCOUNTS / name.with_suffix(".json"))
        for shard, name in zip(found, names, strict=True)
    ]


def _left(room: Path, jobs: list[Job], out: Path) -> list[Job]:
    """The jobs without a usable part, the largest first so that all processes end together."""
    with complaints(out):
        tidy(room, {path for job in jobs for path in (job.part, job.account)})
    todo = [job for job in jobs if not account(job, thorough=True)]
    return sorted(todo, key=lambda job: -job.events)


def _made(jobs: list[Job], *, kept: int) -> Made:
    made = Made(0, len(jobs), kept, 0, {})
    for one in map(_found, jobs):
        made = replace(
            made,
            rows=made.rows + one.rows,
            events=made.events + one.events,
            rejected=Counter(made.rejected) + Counter(one.rejected),
            counts=summed(made.counts, one.counts),
        )
    return replace(made, rejected=dict(made.rejected))


def _found(job: Job) -> Account:
    found = account(job)
    if found is None:
        raise WorkError(
            f"The part of {job.shard} is not where it belongs. Run the same command again; with several "
            "machines the output must lie on storage that all of them share."
        )
    return found


def _publish(out: Path, room: Path, recipe: Recipe, jobs: list[Job]) -> None:
    parts = [job.part for job in jobs]
    if _is_file(out):
        publish(out, lambda draft: joined(draft, recipe.columns(), parts))
        return
    with complaints(out):
        tidy(room, set(parts))
    publish_made(room / recipe.digest[:16] / PARTS, out)


def _nobody(folder: Path, asks: Asks | None) -> str:
    if asks is None:
        return f"{folder} holds no subject with a dated event. See what it holds with `painresponse check`."
    return (
        f"Nobody in {folder} is asked about: the asks name none of its subjects. "
        "Check that both number the subjects alike."
    )
