"""Facts about a trained network: what it does, what it uses, and which known faults it has."""

from shoal.inspection.diagnosis import diagnose
from shoal.inspection.finding import Diagnosis, Finding
from shoal.inspection.findings import Costs, findings
from shoal.inspection.importance import derivatives, sensitivities
from shoal.inspection.monotone import proven_directions
from shoal.inspection.profile import Profile, profile
from shoal.inspection.weights import garson, olden

__all__ = [
    "Costs",
    "Diagnosis",
    "Finding",
    "Profile",
    "derivatives",
    "diagnose",
    "findings",
    "garson",
    "olden",
    "profile",
    "proven_directions",
    "sensitivities",
]
