"""How near the oracle more data would bring us: learnt on all seeds but one, judged on that one.

The oracle knows without noise or gaps what a record holds with both; that part of the distance no number of
patients closes.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import ledger
from benchmarks.base_cohort import Base, catalogue, made, read, room
from benchmarks.models import against_the_oracle, arguments
from painresponse.training.examples import Examples
from painresponse.training.lessons import lesson
from painresponse.training.response import learn
from painresponse.training.settings import training_settings

FEWER_TRIALS, MORE_FEATURES = 3, 150


def main(words: Sequence[str] = ()) -> None:
    """Judge seed 1 by what the others teach, target by target, and print the table."""
    parser = arguments("ceiling.json", seeds=10, targets=["nerve_block_therapeutic", "scs_permanent", "rfa"])
    asked = parser.parse_args(words)
    with room() as folder:
        seeds = range(1, asked.seeds + 1)
        paths = [made(folder, seed, preset=asked.preset, patients=asked.patients) for seed in seeds]
        for target in asked.targets:
            key = {"preset": asked.preset, "seeds": asked.seeds, "target": target}
            if not ledger.has(asked.results, key):
                ledger.add(asked.results, key | _ceiling(paths, target) | {"made_with": ledger.made_with()})
    known = [row for row in ledger.rows(asked.results) if row["seeds"] == asked.seeds]
    columns = ["target", "learnt_from", "auc", "oracle_auc", "brier", "oracle_brier", "slope"]
    print(pd.DataFrame(known)[columns].to_string(index=False, float_format="{:.4f}".format))
    print(ledger.provenance(known))


def _ceiling(paths: list[Path], target: str) -> ledger.Row:
    bases = [read(path)[target].labelled() for path in paths]
    declared = catalogue()
    settings = training_settings(declared.training)
    settings = replace(settings, points_trials=FEWER_TRIALS, points_features=MORE_FEATURES)
    asked = declared.targets[target]
    known = lesson(_joined(bases[1:]), better=asked.better, worse=asked.worse)
    given = learn(known, settings).chosen.probability(bases[0].examples.x)
    return against_the_oracle(bases[0], given) | {"learnt_from": len(known)}


def _joined(bases: list[Base]) -> Examples:
    """All episodes; the same number in another seed is another subject."""
    examples = [base.examples for base in bases]
    apart = [one.subject + place * 10**9 for place, one in enumerate(examples)]
    columns = {name: np.concatenate([getattr(one, name) for one in examples]) for name in ("x", "y", "index")}
    site = np.concatenate([one.site for one in examples])
    first = examples[0]
    return Examples(first.target, first.names, subject=np.concatenate(apart), site=site, **columns)


if __name__ == "__main__":
    main(sys.argv[1:])
