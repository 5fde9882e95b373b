"""What a trained network does, and what may be wrong with it, in plain words."""

from shoal.inspection.findings import Costs, Finding, findings

__all__ = ["Costs", "Finding", "findings"]
