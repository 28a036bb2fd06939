"""The synthetic clinic with known truth. SYNTHETIC - NOT FOR CLINICAL USE."""

from painresponse.simulate.clinic import Simulated, sealed_beside, simulate

__all__ = ["Simulated", "sealed_beside", "simulate"]
