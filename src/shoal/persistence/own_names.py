"""Activations and losses of the user's own in a model file: their names, and numbers by which `load` recognises their functions.

A file never holds functions. It says which it needs and what they gave at some points; the caller of `load` brings them.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from shoal.errors import InvalidParameterError, ModelFileError, OwnFunctionsError
from shoal.persistence.checks import Items, Real, Record, Text
from shoal.persistence.stored import Stored
from shoal.textbook.own_name import OwnName

OWN = Items(Record({"noun": Text(("activation", "loss")), "name": Text(empty=False), "marks": Items(Real())}))
IN_NETWORK = {"activation": "activation", "loss": "output"}  # where a manifest names them; a parameter has the noun's name
SAME_WITHIN = 1e-9  # of the largest mark or 1: another processor rounds otherwise


def own_records(names: Iterable[Any]) -> list[dict[str, Any]]:
    """What a file keeps of those of the names that are the user's own."""
    found: dict[tuple[str, str], OwnName] = {}
    for name in names:
        if isinstance(name, OwnName) and found.setdefault((name.noun, str(name)), name) != name:
            raise ModelFileError(f"two own functions of the model have one name, {name!r}; fit it again with another name for one of them")
    return [{"noun": noun, "name": name, "marks": own.marks()} for (noun, name), own in found.items()]


def with_own(found: Stored, own: OwnName | Iterable[OwnName]) -> Stored:
    """The contents of a file with the functions that it needs in place of their names.

    Raises
    ------
    OwnFunctionsError
        For functions that it needs and that are not among `own`, or give other numbers.
    InvalidParameterError
        For what is no OwnActivation or OwnLoss.
    """
    given = {(each.noun, str(each)): each for each in checked_own(own)}
    network = found.manifest.get("network")
    records = network.get("own", []) if isinstance(network, dict) else []
    if not records or not isinstance(network, dict):
        return found
    OWN.check(records, "manifest.network.own", {})
    network, estimator = dict(network), dict(found.manifest["estimator"])
    parameters = estimator["parameters"] = dict(estimator["parameters"])
    for record in records:
        noun, name = record["noun"], record["name"]
        each = recognised(record, given.get((noun, name)))
        for holder, field in ((network, IN_NETWORK[noun]), (parameters, noun)):
            if holder.get(field) == name:
                holder[field] = each
    return replace(found, manifest={**found.manifest, "network": network, "estimator": estimator})


def checked_own(own: Any) -> list[OwnName]:
    """The user's own functions as a list."""
    listed = [own] if isinstance(own, OwnName) else list(own)
    for each in listed:
        if not isinstance(each, OwnName):
            raise InvalidParameterError(f"own holds {each!r}; give a list of shoal.OwnActivation and shoal.OwnLoss")
    return listed


def recognised(record: dict[str, Any], own: OwnName | None) -> OwnName:
    """The functions that a record names, if they are those that the model was trained with."""
    what = f"own {record['noun']} {record['name'][:60]!r}"
    if own is None:
        raise OwnFunctionsError(f"it was trained with the {what}, whose functions no file holds: give them, shoal.load(path, own=[…])")
    kept, now = np.asarray(record["marks"]), np.asarray(own.marks())
    if kept.shape != now.shape or not np.allclose(kept, now, rtol=0, atol=SAME_WITHIN * max(1.0, float(np.abs(kept).max(initial=0)))):
        raise OwnFunctionsError(f"it was trained with another {what}: the functions given gave other numbers; give those of the training")
    return own
