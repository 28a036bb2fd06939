"""painresponse: predicted response to advanced interventions for intractable pain.

The public words are listed here and loaded when first used, so that importing costs next to nothing.
"""

import os
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# onnxruntime would tell its makers of every session, unless this stands here before it is first imported
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOMES = {
    "FeatureSet": "painresponse.language",
    "HistoryFeatures": "painresponse.frames.transformer",
    "ResponseClassifier": "painresponse.frames.classifier",
    "Scorer": "painresponse.scoring.scorer",
    "days": "painresponse.language",
    "episodes": "painresponse.frames.episodes",
    "events": "painresponse.language",
    "explain": "painresponse.frames.scores",
    "features": "painresponse.frames.matrix",
    "histories": "painresponse.frames.histories",
    "load_catalogue": "painresponse.clinic",
    "monitor": "painresponse.monitoring",
    "months": "painresponse.language",
    "plots": "painresponse.plots",
    "score": "painresponse.frames.scores",
    "train": "painresponse.pipeline",
    "years": "painresponse.language",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"painresponse has no {name!r}. It has: {', '.join(__all__)}.")
    home = import_module(_HOMES[name])
    return home if home.__name__ == f"{__name__}.{name}" else getattr(home, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
