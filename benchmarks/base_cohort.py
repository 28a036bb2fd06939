"""The simulated base cohort: 30,000 labelled episodes over nine targets, each beside its oracle.

``COHORTS=folder`` keeps the cohorts; one is made anew when code or declarations that shape it have changed.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.ledger import COHORT, fingerprint
from painresponse.clinic import Catalogue, load_catalogue
from painresponse.publishing import publish
from painresponse.readers import histories
from painresponse.simulate import sealed_beside, simulate
from painresponse.simulate.oracle import read_truth
from painresponse.simulate.plan import read_plan
from painresponse.training.cohorts import gather
from painresponse.training.examples import Examples

EPISODES, PATIENTS = 30_000, 56_000
"""Labelled episodes wanted, and patients enough for them with every seed."""

COLUMNS = ("x", "y", "subject", "index", "site")
TRUTHS = ("oracle", "chance")
NOT_SHAPING = ("training.toml", "serving.toml")


@dataclass(frozen=True)
class Base:
    """Examples of one target, and for each the best probability anyone could have stated beforehand.

    ``chance``: the true one, which knows what nobody could, the site's own effect among it.
    """

    examples: Examples
    oracle: NDArray[np.float64]
    chance: NDArray[np.float64]

    def labelled(self) -> "Base":
        """Those whose outcome is known."""
        known = ~np.isnan(self.examples.y)
        return Base(self.examples.labelled(), self.oracle[known], self.chance[known])


def catalogue() -> Catalogue:
    """The packaged one with the targets whose truth is simulated."""
    whole = load_catalogue()
    return replace(whole, targets={name: whole.targets[name] for name in read_plan().targets()})


@contextmanager
def room() -> Iterator[Path]:
    """Where cohorts lie: the folder that ``COHORTS`` names, else one that goes away."""
    if kept := os.environ.get("COHORTS"):
        yield Path(kept)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)


def made(folder: Path, seed: int, *, preset: str = "registry", patients: int = PATIENTS) -> Path:
    """The file of a cohort, made if it is not there, in a process whose memory ends with it."""
    path = folder / f"{preset}-{patients}-{seed}-{fingerprint(COHORT, without=NOT_SHAPING)}.npz"
    if not path.is_file():
        words = [str(path), str(seed), preset, str(patients)]
        subprocess.run([sys.executable, "-m", "benchmarks.base_cohort", *words], check=True)
    return path


def read(path: Path) -> dict[str, Base]:
    """A cohort by target."""
    with np.load(path) as held:
        columns = {name: held[name] for name in held.files}
    names = tuple(columns.pop("names").tolist())
    targets = [name.removesuffix("/oracle") for name in columns if name.endswith("/oracle")]
    return {target: _base(target, names, columns) for target in targets}


def _base(target: str, names: tuple[str, ...], columns: dict[str, np.ndarray]) -> Base:
    own = {name: columns[f"{target}/{name}"] for name in COLUMNS}
    start = f"{target}/groups/"
    groups = {name.removeprefix(start): labels for name, labels in columns.items() if name.startswith(start)}
    truths = (columns[f"{target}/{name}"] for name in TRUTHS)
    return Base(Examples(target, names, **own, groups=groups), *truths)


def _make(path: Path, seed: int, preset: str, patients: int) -> None:
    asked = catalogue()
    with tempfile.TemporaryDirectory() as folder:
        clinic = Path(folder) / "clinic"
        simulate(clinic, subjects=patients, seed=seed, preset=preset)
        examples = gather(histories(clinic, asked.concepts), asked).examples
        truth = read_truth(sealed_beside(clinic))
    last = _last_subject(examples.values())
    columns = {"names": np.array(asked.features.names)}
    for every in examples.values():
        columns |= _columns(every.taken(np.flatnonzero(every.subject <= last)), truth)
    publish(path, lambda draft: _write(draft, columns), durable=False)


def _last_subject(examples: Iterable[Examples]) -> int:
    """The patient with whom the episodes are enough, taken in order."""
    subject = np.sort(np.concatenate([one.labelled().subject for one in examples]))
    return int(subject[:EPISODES].max())


def _columns(examples: Examples, truth: pd.DataFrame) -> dict[str, np.ndarray]:
    known = truth[truth["target"] == examples.target].set_index("subject_id").loc[examples.subject]
    columns = {name: getattr(examples, name) for name in COLUMNS}
    columns |= {f"groups/{name}": np.asarray(labels, str) for name, labels in examples.groups.items()}
    columns |= {"oracle": known["oracle"].to_numpy(), "chance": known["probability"].to_numpy()}
    return {f"{examples.target}/{name}": column for name, column in columns.items()}


def _write(path: Path, columns: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, **columns)


if __name__ == "__main__":
    _make(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
