"""Facts about a trained network: what it does, what it uses, and which known faults it has."""

from shoal.inspection.diagnosis import diagnose
from shoal.inspection.finding import Diagnosis, Finding
from shoal.inspection.findings import Costs, findings
from shoal.inspection.importance import Weights, derivatives, sensitivities, weights_say

__all__ = ["Costs", "Diagnosis", "Finding", "Weights", "derivatives", "diagnose", "findings", "sensitivities", "weights_say"]
