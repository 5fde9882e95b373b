"""What `shoal.fit` knows of a fit travels with the Pipeline as `facts_`; here it is held to the fit that it is of.

scikit-learn fits a Pipeline's steps and tells nobody else, so that `facts_` outlives `model.fit(…)`. So facts carry the mark of the
network that they were found with, and who reads them asks here: facts of another network are as good as none.
"""

import hashlib
from typing import Any

from shoal.network import Network


def mark_of(network: Network) -> str:
    """A text that two networks share only if their members, classes and scales are the same."""
    found = hashlib.blake2b(digest_size=16)
    target = () if network.target is None else (network.target.center, network.target.scale)
    for numbers in (*network.population.parameters, network.shares, network.encoding.center, network.encoding.scale, *target):
        found.update(numbers.tobytes())
    found.update(repr([labels.tolist() for labels in network.classes]).encode())
    return found.hexdigest()


def keep_facts(model: Any, facts: Any) -> None:
    """Give a Pipeline the facts of the fit that it has now."""
    model.facts_ = facts
    model.__dict__["_facts_mark"] = mark_now(model)


def known_facts(model: Any) -> Any:
    """The facts of the fit that a model has now; None where there are none, or it was fitted anew since."""
    facts = getattr(model, "facts_", None)
    return facts if facts is not None and getattr(model, "_facts_mark", None) == mark_now(model) else None


def mark_now(model: Any) -> str | None:
    """The mark of the network that a model has now."""
    steps = getattr(model, "steps", None)
    network = getattr(steps[-1][1] if steps else model, "network_", None)
    return mark_of(network) if isinstance(network, Network) else None
