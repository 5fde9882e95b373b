"""What a trained network does, what it uses, and what may be wrong with it, in plain words."""

from shoal.inspection.diagnosis import diagnose
from shoal.inspection.finding import Diagnosis, Finding
from shoal.inspection.findings import Costs, findings
from shoal.inspection.importance import Weights, derivatives, sensitivities, weights_say

__all__ = ["Costs", "Diagnosis", "Finding", "Weights", "derivatives", "diagnose", "findings", "sensitivities", "weights_say"]
