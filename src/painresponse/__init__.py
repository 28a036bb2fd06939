"""painresponse: predicted response to advanced interventions for intractable pain.

The public words are listed here and loaded when first used, so that importing costs next to nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Age": "painresponse.language",
    "Asks": "painresponse.records",
    "Catalogue": "painresponse.clinic",
    "FeatureSet": "painresponse.language",
    "Scorer": "painresponse.scoring.scorer",
    "days": "painresponse.language",
    "events": "painresponse.language",
    "features": "painresponse.frames",
    "load_catalogue": "painresponse.clinic",
    "months": "painresponse.language",
    "parse": "painresponse.language",
    "score": "painresponse.frames",
    "train": "painresponse.pipeline",
    "years": "painresponse.language",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"painresponse has no {name!r}. It has: {', '.join(__all__)}.")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
