"""The whole of training, from a folder of histories to a registered bundle."""

from painresponse.pipeline.provenance import is_synthetic
from painresponse.pipeline.training import DEFAULT_STORE, Trained, train

__all__ = ["DEFAULT_STORE", "Trained", "is_synthetic", "train"]
