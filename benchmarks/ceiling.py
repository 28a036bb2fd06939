"""How near the oracle more data would bring us: learnt on all seeds but one, judged on that one.

Learnt once from the outcomes, by our own procedure, and once from what nobody has: the oracle's own
probabilities, free of chance. What is not in the records keeps us away from the oracle by no more than the
second is: the oracle knows without noise or gaps what they hold with both, and no number of patients closes
that.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import ledger
from benchmarks.base_cohort import Base, catalogue, made, read, room
from benchmarks.models import against_the_oracle, arguments
from painresponse.training.examples import Examples
from painresponse.training.lessons import lesson
from painresponse.training.response import learn
from painresponse.training.settings import training_settings

FEWER_TRIALS, MORE_FEATURES = 3, 150
FARTHEST = ["nerve_block_therapeutic", "scs_permanent", "rfa", "idd_permanent"]
GROWN = {
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.3,
    "lambda_l2": 10,
}
MOST_TREES, PATIENCE = 4_000, 100


def main(words: Sequence[str] = ()) -> None:
    """Judge seed 1 by what the others teach, target by target, and print the table."""
    asked = arguments("ceiling.json", seeds=10, targets=FARTHEST).parse_args(words)
    with room() as folder:
        seeds = range(1, asked.seeds + 1)
        paths = [made(folder, seed, preset=asked.preset, patients=asked.patients) for seed in seeds]
        for target in asked.targets:
            for told in TAUGHT:
                key = {"preset": asked.preset, "seeds": asked.seeds, "target": target, "told": told}
                if not ledger.has(asked.results, key):
                    ledger.add(
                        asked.results, key | _ceiling(paths, target, told) | {"made_with": ledger.made_with()}
                    )
    known = [row for row in ledger.rows(asked.results) if row["seeds"] == asked.seeds]
    columns = [
        "target",
        "told",
        "learnt_from",
        "auc",
        "oracle_auc",
        "brier",
        "oracle_brier",
        "apart",
        "slope",
    ]
    print(pd.DataFrame(known)[columns].to_string(index=False, float_format="{:.4f}".format))
    print(ledger.provenance(known))


def _ceiling(paths: list[Path], target: str, told: str) -> ledger.Row:
    """``apart``: mean squared difference from the oracle, the Brier score above its own but for chance."""
    bases = [read(path)[target].labelled() for path in paths]
    given = TAUGHT[told](bases)
    apart = float(np.mean((given - bases[0].oracle) ** 2))
    return against_the_oracle(bases[0], given) | {"apart": apart, "learnt_from": sum(map(_size, bases[1:]))}


def _size(base: Base) -> int:
    return len(base.examples)


def _outcomes(bases: Sequence[Base]) -> NDArray[np.float64]:
    """What our own procedure says of the first, having learnt from the others."""
    target, declared = bases[0].examples.target, catalogue()
    settings = training_settings(declared.training)
    settings = replace(settings, points_trials=FEWER_TRIALS, points_features=MORE_FEATURES)
    asked = declared.targets[target]
    known = lesson(_joined(bases[1:]), better=asked.better, worse=asked.worse)
    return learn(known, settings).chosen.probability(bases[0].examples.x)


def _oracle(bases: Sequence[Base]) -> NDArray[np.float64]:
    """What trees say of the first; they learnt the oracle's probabilities, and the last told when to stop."""
    data = [
        lgb.Dataset(_joined(own).x, np.concatenate([one.oracle for one in own]))
        for own in (bases[1:-1], bases[-1:])
    ]
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    given = {"objective": "regression", "seed": 0, "verbosity": -1} | GROWN
    grown = lgb.train(given, data[0], MOST_TREES, valid_sets=data[1:], callbacks=[stop])
    return np.clip(grown.predict(bases[0].examples.x), 0, 1)


TAUGHT = {"outcomes": _outcomes, "oracle": _oracle}


def _joined(bases: Sequence[Base]) -> Examples:
    """All episodes; the same number in another seed is another subject."""
    examples = [base.examples for base in bases]
    apart = [one.subject + place * 10**9 for place, one in enumerate(examples)]
    columns = {name: np.concatenate([getattr(one, name) for one in examples]) for name in ("x", "y", "index")}
    site = np.concatenate([one.site for one in examples])
    first = examples[0]
    return Examples(first.target, first.names, subject=np.concatenate(apart), site=site, **columns)


if __name__ == "__main__":
    main(sys.argv[1:])
