"""Results kept as they come, a line each: a benchmark of hours may be killed and asked again."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import painresponse
from painresponse.clinic.catalogue import packaged
from painresponse.publishing import publish_bytes

Row = dict[str, Any]
HOME, RESULTS = Path(painresponse.__file__).parent, Path(__file__).with_name("results")
COHORT = (
    *("simulate/*.py", "engine/*.py", "records/*.py", "language/*.py", "clinic/*.py", "readers/meds.py"),
    *(f"training/{name}.py" for name in ("cohorts", "eligibility", "episodes", "examples")),
    *(f"training/{name}.py" for name in ("labels", "occurrences", "outcomes")),
)
MODELS = ("training/*.py", "export/*.py", "evaluation/calibration.py", "evaluation/logistic.py")
PEERS = ("lightgbm", "numpy", "scikit-learn")


def rows(path: Path) -> list[Row]:
    """What is known already."""
    return json.loads(path.read_text()) if path.is_file() else []


def add(path: Path, row: Row) -> None:
    """Put one more on disk, for good."""
    lines = ",\n".join(json.dumps(one) for one in [*rows(path), row])
    publish_bytes(path, f"[\n{lines}\n]\n".encode())


def has(path: Path, key: Row) -> bool:
    """Whether there is a row of this seed, this target, ..."""
    return any(key.items() <= row.items() for row in rows(path))


def fingerprint(sources: Iterable[str], *, without: Iterable[str] = ()) -> str:
    """Of code, by patterns within the package, and of the packaged declarations."""
    code = (path for pattern in sources for path in sorted(HOME.glob(pattern)))
    declared = (path for path in sorted(packaged().glob("*.toml")) if path.name not in without)
    return hashlib.sha256(b"".join(path.read_bytes() for path in (*code, *declared))).hexdigest()[:12]


def made_with() -> str:
    """The code, declarations and versions that decide what a model predicts."""
    code = fingerprint((*COHORT, *MODELS), without=["serving.toml"])
    return " ".join((code, *(f"{name} {version(name)}" for name in PEERS)))


def provenance(known: Iterable[Row]) -> str:
    """Which rows were made with what."""
    found = Counter(row["made_with"] for row in known)
    return "\n".join(f"{count} results made with {what}" for what, count in found.items())
