"""Watching a model age: what moved, whether it matters, what to expect, and what came of the predictions."""

from painresponse.monitoring.findings import Monitoring
from painresponse.monitoring.watching import monitor

__all__ = ["Monitoring", "monitor"]
