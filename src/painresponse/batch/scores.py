"""A cohort scored shard by shard, Parquet in and Parquet out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from painresponse.batch.asking import asker, fingerprint
from painresponse.batch.columns import SCORES, answers, notes, provenance, score_table
from painresponse.batch.parts import Counts, Lines, Making, digest
from painresponse.batch.runs import Engine, Made, Progress, in_process, run
from painresponse.errors import BundleError
from painresponse.records import Asks, Records
from painresponse.scoring.drift import Drift, Reference
from painresponse.scoring.scorer import Scorer, Scores

REASONS = 3
"""Largest reasons given with each score."""

_ASKS, _REFUSED, _SEEN = "asks", "refused", "seen"


@dataclass(frozen=True)
class ScoreRecipe:
    """What a bundle says of some asks: the file and what it must still be, whom and what it is asked.

    ``targets`` are names in the bundle's order, ``notes`` what a file of scores says of itself.
    """

    digest: str
    bundle: Path = field(compare=False)
    sealed: str = field(compare=False)
    targets: tuple[str, ...] = field(compare=False)
    reasons: int = field(compare=False)
    notes: dict[str, str] = field(compare=False, repr=False)
    asks: Asks | None = field(compare=False, repr=False)

    @classmethod
    def of(
        cls, bundle: Path, scorer: Scorer, *, asks: Asks | None, targets: tuple[str, ...] | None, reasons: int
    ) -> "ScoreRecipe":
        """The recipe of a bundle's scores. Raises BundleError on a target it does not have."""
        chosen = tuple(scorer.bundle.targets[place].name for place in scorer.bundle.places(targets))
        versions = [version(name) for name in ("painresponse", "numpy", "onnxruntime")]
        whole = json.dumps([scorer.bundle.digest, chosen, reasons, fingerprint(asks), versions])
        sealed = scorer.bundle.digest
        return cls(digest(whole.encode()), bundle.absolute(), sealed, chosen, reasons, notes(scorer), asks)

    def columns(self) -> pa.Schema:
        """The columns of scores, with the bundle they come from."""
        return SCORES.with_metadata(self.notes)

    def ready(self) -> Making:
        """The bundle is opened and proven once in each process; raises BundleError if it is another one."""
        scorer = Scorer.load(self.bundle, allow_synthetic=True)  # whoever made the recipe was allowed to
        if scorer.bundle.digest != self.sealed:
            raise BundleError(
                f"{self.bundle} is no longer the file it was when scoring began. Run the same command again."
            )
        answer = partial(answers, scorer, targets=self.targets, reasons=self.reasons)
        return Making(scorer.measures, partial(_lines, scorer, answer, asker(self.asks)))


@dataclass(frozen=True)
class Scored:
    """What a cohort run did: asks, scores, refusals (code, words, how many; the commonest first), and drift.

    ``chance`` is about the index of a feature that did not move in so few asks.
    """

    made: Made
    asks: int
    scores: int
    refused: tuple[tuple[str, str, int], ...]
    drift: tuple[Drift, ...]
    chance: float
    notices: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "asks": self.asks,
            "scores": self.scores,
            "refused": [{"code": code, "words": words, "scores": n} for code, words, n in self.refused],
            "shards": self.made.shards,
            "kept": self.made.kept,
            "events": self.made.events,
            "rejected": self.made.rejected,
            "chance": round(self.chance, 6),
            "drift": [one.to_plain() for one in self.drift],
        }


def score_folder(
    bundle: Path,
    folder: Path,
    out: Path,
    *,
    asks: Asks | None = None,
    targets: tuple[str, ...] | None = None,
    reasons: int = REASONS,
    allow_synthetic: bool = False,
    trusted_key: Path | None = None,
    engine: Engine = in_process,
    overwrite: bool = False,
    progress: Progress = lambda events, total: None,
) -> Scored:
    """Score a MEDS folder into Parquet with one line for each ask and target, refusals among them.

    Without asks every subject is asked about a day after the last event. Raises BundleError on a bundle that
    cannot be used and on unknown targets, and what `run` does.
    """
    scorer = Scorer.load(bundle, allow_synthetic=allow_synthetic, trusted_key=trusted_key)
    recipe = ScoreRecipe.of(bundle, scorer, asks=asks, targets=targets, reasons=reasons)
    made = run(recipe, folder, out, engine=engine, overwrite=overwrite, progress=progress)
    return _scored(scorer, made)


def _lines(
    scorer: Scorer,
    answer: Callable[[Records, Asks], Iterator[Scores]],
    about: Callable[[Records], Asks],
    records: Records,
) -> Iterator[Lines]:
    kind, reference = provenance(scorer), Reference.of(scorer.bundle)
    for scores in answer(records, about(records)):
        yield Lines(score_table(scores, kind), _counts(scores, reference))


def _counts(scores: Scores, reference: Reference) -> Counts:
    """Asks, what drift is computed from, and how often each refusal was given, by code and words."""
    given = np.bincount(scores.refused[scores.refused >= 0], minlength=len(scores.refusals))
    return {
        _ASKS: np.array(len(scores.subject)),
        _SEEN: reference.seen(scores.features),
        **{f"{_REFUSED} {code} {words}": n for (code, words), n in zip(scores.refusals, given, strict=True)},
    }


def _scored(scorer: Scorer, made: Made) -> Scored:
    asks, reference = int(made.counts[_ASKS]), Reference.of(scorer.bundle)
    found = [(*name.split(" ", 2), int(n)) for name, n in made.counts.items() if name.startswith(_REFUSED)]
    refused = sorted(((code, words, n) for _, code, words, n in found if n), key=lambda one: -one[2])
    return Scored(
        made,
        asks,
        made.rows - sum(n for *_, n in refused),
        tuple(refused),
        reference.drift(made.counts[_SEEN], asks),
        reference.chance(asks),
        scorer.notices,
    )
