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
    model.__dict__["_facts_mark"] = getattr(last_step(model), "_mark", None)


def known_facts(model: Any) -> Any:
    """The facts of the fit that a model has now; None where there are none, or it was fitted anew since."""
    facts = getattr(model, "facts_", None)
    return facts if getattr(model, "_facts_mark", None) == getattr(last_step(model), "_mark", None) else None


def last_step(model: Any) -> Any:
    """The estimator that a Pipeline ends in; anything else itself."""
    steps = getattr(model, "steps", None)
    return steps[-1][1] if steps else model
