"""MLflow, imported here only: a run for each training, a child run for each target, versions in a registry.

Everything goes through a client of the store named, so that nobody's active run or tracking URI is touched.
Nothing about single patients is written, and no name of a machine.
"""

import os

# Read while mlflow is imported. Clinics do not want their tools to telephone home.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # it would lie amid our JSON
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "4")  # half a minute, where MLflow would wait four

from painresponse.tracking.bundles import bundle_of_run
from painresponse.tracking.checks import Finding
from painresponse.tracking.facts import Judged, RunFacts
from painresponse.tracking.promotion import Promotion, promote
from painresponse.tracking.registry import CANDIDATE, CHAMPION, PREVIOUS, Registered
from painresponse.tracking.runs import TrainingRun, track, training_run

__all__ = [
    "CANDIDATE",
    "CHAMPION",
    "PREVIOUS",
    "Finding",
    "Judged",
    "Promotion",
    "Registered",
    "RunFacts",
    "TrainingRun",
    "bundle_of_run",
    "promote",
    "track",
    "training_run",
]
