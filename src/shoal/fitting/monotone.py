"""Networks that increase or decrease in chosen inputs: the plan's directions, and first weights with their signs (`textbook.monotone`).

An encoded input rises with its column: z-scores are divided by a positive number, and a ramp goes from 0 to 1. So the directions of a
column are those of its z-score and of all of its ramps.
"""

from dataclasses import replace

import numpy as np

from shoal.encoding import Encoding
from shoal.errors import InvalidParameterError
from shoal.fitting.directions import of_inputs
from shoal.fitting.fitted import Fitted
from shoal.fitting.plan import FULL_BATCH, Plan
from shoal.fitting.settings import Settings
from shoal.fitting.targets import Targets
from shoal.population import Population
from shoal.recipe import Directions
from shoal.textbook import ACTIVATIONS
from shoal.textbook.monotone import oriented, weight_signs


def constrained(p: Plan, s: Settings, targets: Targets, encoding: Encoding, names: tuple[str, ...] | None) -> Plan:
    """The plan, with the directions of the encoded inputs in its recipe if the settings ask for any.

    Raises
    ------
    InvalidParameterError
        For names of inputs that do not exist, and for targets, activations and solvers that cannot be constrained.
    """
    wanted = () if s.directions is None else of_inputs(s.directions, names, encoding.n_inputs)
    if not any(wanted):
        return p
    if targets.n_y > 1:
        what = (
            f"{targets.n_y} targets"
            if targets.classes is None
            else f"{len(targets.classes)} {'labels' if targets.multilabel else 'classes'}"
        )
        raise InvalidParameterError(
            f"monotonic_cst is for one number or two classes, and y has {what}: which of the predictions should increase is not defined; "
            "leave it out, or train a model for each"
        )
    if not ACTIVATIONS[s.activation].increasing:
        others = ", ".join(repr(name) for name, g in ACTIVATIONS.items() if g.increasing)
        raise InvalidParameterError(
            f"monotonic_cst needs an activation that is known never to decrease, and {s.activation!r} is not; choose {others}"
        )
    if p.solver in FULL_BATCH and FULL_BATCH[p.solver].by_curvature:
        raise InvalidParameterError(
            f"monotonic_cst is for solvers that keep the signs of weights, and {p.solver!r} solves for all weights at once; choose "
            "'lbfgs', 'scg', 'rprop', 'adamw', 'adam', 'sgd' or 'rmsprop'"
        )
    of_ramps = [wanted[j] for j in encoding.ramps.column]
    return replace(p, recipe=replace(p.recipe, directions=tuple(map(float, (*wanted, *of_ramps)))))


def first_signs(population: Population, directions: Directions) -> Population:
    """Drawn weights, turned where they have another sign than they must."""
    if directions is None:
        return population
    return replace(population, parameters=oriented(population.parameters, np.asarray(directions)))


def refuse_other_signs(before: Fitted, directions: Directions) -> None:
    """Refuse to continue with networks whose weights do not have the signs that they must.

    Raises
    ------
    InvalidParameterError
    """
    if directions is None or before.continuation is None:
        return
    projected, c = before.continuation.projection is not None, np.asarray(directions)
    for population in (before.continuation.population, before.continuation.judged):
        p = population.parameters
        if projected or any((w * sign < 0).any() for w, sign in zip(p, weight_signs(p, c), strict=True)):
            raise InvalidParameterError(
                "monotonic_cst has a direction in which the networks that training continues with are not monotone; keep the directions of "
                "the earlier call, or start again with warm_start=False"
            )
