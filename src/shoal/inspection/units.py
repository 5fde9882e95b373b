"""Hidden layers of a whole shoal, on rows: units that are flat, silent, identical or idle, and the size of the gradient."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.inspection.finding import Finding, counted, some_units
from shoal.inspection.findings import FLAT, MOSTLY, TWIN, identical_units
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import Parameters, forward
from shoal.types import Floats

MANY = 0.1  # of the units of narrow networks; of wide ones HALF: benchmarks/false_alarms.py finds up to 47 % dead in good fits
HALF = 0.5
WIDE = 32  # units of a member that still learn: enough
IDLE = 1e-3  # a unit that moves the logits by so small a fraction of their total movement has no effect
PASSED = 0.01  # of the error at the hidden layer that g′ passes: the chapter's flat slope, for a whole layer
EXPLODES = 100.0  # an error of 1 at the output that gives so large a gradient of W1


class Layer(NamedTuple):
    """One member's hidden layer on rows: facts about each unit, `(n_h,)`, and about the gradient, one number each.

    flat : share of the rows where the slope of g is below 0.01
    moves : the unit's movement of the logits, relative to their total movement
    passed : fraction of the error at the hidden layer that g′ passes; NaN if there is no error
    gain : size of the gradient of W1 of one row, relative to the error at the output
    """

    parameters: Parameters
    flat: Floats
    moves: Floats
    passed: float
    gain: float


def layer(parameters: Parameters, X: Floats, Y: Floats, activation: str, g2: Loss) -> Layer:
    """The facts about a member's hidden layer on encoded rows X `(n_x, m)` with targets Y `(n_y, m)`."""
    g1 = ACTIVATIONS[activation]
    cache = forward(parameters, X, g1, g2)
    slope = g1.prime(cache.Z1)
    moved = np.abs(parameters.W2) * cache.A1.std(axis=1)
    whole = cache.Z2.std(axis=1)
    moves = np.max(moved / np.maximum(whole, 1e-300)[:, None], axis=0)
    dZ2 = g2.dZ2(cache.Z2, Y)
    arriving = parameters.W2.T @ dZ2
    dZ1 = arriving * slope
    reached = float(np.abs(arriving).sum())
    passed = float(np.abs(dZ1).sum()) / reached if reached > 0 else float("nan")
    error = float(np.sqrt(np.mean(dZ2**2)))
    correction = float(np.sqrt(np.mean(np.mean(dZ1**2, axis=0) * np.mean(X**2, axis=0))))
    return Layer(parameters, np.mean(np.abs(slope) < FLAT, axis=1), moves, passed, correction / error if error > 0 else 0.0)


def unit_findings(layers: list[Layer], activation: str, m: int) -> list[Finding]:
    """Findings about the units of all members together."""
    flat = np.concatenate([one.flat for one in layers])
    moves = np.concatenate([one.moves for one in layers])
    bounded = ACTIVATIONS[activation].bounded  # flat at both ends; the others are flat, if at all, where their slope is 0
    lost = flat >= MOSTLY if bounded else flat == 1
    found = [*(saturated if bounded else dead)(lost, m, activation, len(layers))]
    idle = (moves < IDLE) & ~lost
    if idle.mean() >= HALF:
        found.append(does_nothing(idle, len(layers)))
    return [*found, *twins(layers, activation), *gradients(layers)]


def too_many(lost: NDArray[np.bool_], K: int) -> bool:
    """Whether so many units are lost that the network may need them."""
    share, left = float(lost.mean()), float((~lost).sum()) / K
    return share >= HALF or (share >= MANY and left < WIDE)


def saturated(lost: NDArray[np.bool_], m: int, activation: str, K: int) -> list[Finding]:
    """Units whose activation is flat, if they are many."""
    if not too_many(lost, K):
        return []
    seen = f"{whose(lost, K)} flat (slope below {FLAT:g}) on at least {MOSTLY:.0%} of {m} rows: {activation} is near its limit there."
    advice = "Start smaller (init_scale), scale the inputs (standardize=True), add L2 (alpha), or use relu."
    return [Finding("saturated", seen, advice, named(lost, K))]


def dead(lost: NDArray[np.bool_], m: int, activation: str, K: int) -> list[Finding]:
    """Units that are 0 on every row, if they are many."""
    if not too_many(lost, K):
        return []
    seen = f"{whose(lost, K)} silent on all {m} rows: the slope of {activation} is 0 there, so no step changes them again."
    return [Finding("dead", seen, "Use leaky_relu or tanh, a lower learning rate (learning_rate_init), or another seed.", named(lost, K))]


def does_nothing(idle: NDArray[np.bool_], K: int) -> Finding:
    """Units whose output has no effect on the network's output."""
    seen = f"{whose(idle, K)} idle: each moves the output by less than {IDLE:g} of its total movement."
    return Finding("idle", seen, "Fewer hidden units (hidden_layer_sizes) or less L2 (alpha) would give the same.", named(idle, K))


def twins(layers: list[Layer], activation: str) -> list[Finding]:
    """Units that are copies or mirror images of others; idle units are left out, because all zeros are equal."""
    found, alike = [], 0
    for k, one in enumerate(layers):
        working = np.flatnonzero(one.moves >= IDLE) if one.moves.any() else np.arange(len(one.moves))
        some = Parameters(one.parameters.W1[working], one.parameters.b1[working], one.parameters.W2[:, working], one.parameters.b2)
        member = () if len(layers) == 1 else (k + 1,)
        for same in identical_units(some):
            alike += len(same.units)
            units = working[np.array(same.units) - 1]
            found.append(Finding("identical", renamed(same.evidence, same.units, units, member), same.advice, counted(units), (), member))
        found.extend(mirror(working[pair], member) for pair in mirrored_pairs(some, activation))
    return found[:3] if len(found) > 3 else found  # the same warning from a fourth member adds nothing


def renamed(evidence: str, before: tuple[int, ...], units: NDArray[np.int64], member: tuple[int, ...]) -> str:
    """The evidence about some of a member's units, with their numbers among all units."""
    where = f"In member {member[0]}: " if member else ""
    return where + evidence.replace(some_units(np.array(before) - 1), some_units(units), 1)


def mirrored_pairs(parameters: Parameters, activation: str) -> list[NDArray[np.int64]]:
    """Pairs of units whose weights differ in sign alone: with an odd g they compute the same twice."""
    if not ACTIVATIONS[activation].odd:  # only then does a unit plus its mirror image equal one unit
        return []
    own = np.hstack([parameters.W1, parameters.b1, parameters.W2.T]).astype(np.float64)
    scale = np.maximum(np.abs(own).max(axis=1), 1e-300)
    apart = [np.max(np.abs(own[i + 1 :] + own[i]), axis=1, initial=0) for i in range(len(own))]
    at_work = np.abs(own).max(axis=1) > 0  # units of zeros are copies, and reported as such
    return [np.array([i, i + 1 + j]) for i, row in enumerate(apart) if at_work[i] for j in np.flatnonzero(row <= TWIN * scale[i])]


def mirror(pair: NDArray[np.int64], member: tuple[int, ...]) -> Finding:
    """Two units that do the work of one."""
    where = f"In member {member[0]}: " if member else ""
    seen = f"{where}{some_units(pair)} mirror images: every weight is the other's with its sign changed, so both compute the same."
    return Finding("mirrored", seen, "Start from random weights: init='auto'.", counted(pair), (), member)


def gradients(layers: list[Layer]) -> list[Finding]:
    """No error reaches layer 1, or a far too large one."""
    passed = np.array([one.passed for one in layers])
    gain = float(np.median([one.gain for one in layers]))
    if np.isnan(passed).all():
        seen = "No error reaches the hidden layer: W2 is 0, so the gradient of W1 is exactly 0."
        return [Finding("vanishing", seen, "Start from random weights: init='auto' instead of 'zeros'.")]
    if np.nanmedian(passed) < PASSED:
        seen = f"The slopes of the hidden layer pass {np.nanmedian(passed):.2g} of its error: W1 hardly learns."
        advice = "Scale the inputs (standardize=True), start smaller (init_scale), or use leaky_relu."
        return [Finding("vanishing", seen, advice)]
    if gain > EXPLODES:
        seen = f"An error of 1 at the output gives W1 a gradient of about {gain:.3g}: a step that suits W2 is far too large for W1."
        return [Finding("exploding", seen, "Scale the inputs (standardize=True), add L2 (alpha), or lower learning_rate_init.")]
    return []


def whose(found: NDArray[np.bool_], K: int) -> str:
    """`Units 1 and 3 are`, or `96 of the 512 units of 8 members are`."""
    if K == 1:
        return some_units(np.flatnonzero(found))
    return f"{int(found.sum())} of the {len(found)} units of {K} members are"


def named(found: NDArray[np.bool_], K: int) -> tuple[int, ...]:
    """The units by number, if there is one network."""
    return counted(np.flatnonzero(found)) if K == 1 else ()
