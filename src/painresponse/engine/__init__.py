"""How features are computed: one NumPy engine for training, cohorts and single requests."""

from painresponse.engine.matrix import compute, rows
from painresponse.engine.plan import Plan

__all__ = ["Plan", "compute", "rows"]
