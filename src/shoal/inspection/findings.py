"""Warnings in plain words: each a `Finding` that says what was seen, and what to do about it.

The checks look at one member's hidden layer on the rows that layer 1 sees, at the loss so far, and at the inputs' sizes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.inspection.finding import Finding, counted, some_units
from shoal.network import Network, encoded
from shoal.population import member
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import Parameters, forward
from shoal.types import Floats

FLAT = 0.01  # below this slope the chapter calls a unit saturated
MOSTLY = 0.9  # a unit that is flat on so many of the rows hardly learns
RISE = 1.5  # a loss so many times the first one leaves
SIZES = 30.0  # columns whose spreads are so far apart pull with unequal strength
OFFSET = 10.0  # a column so many of its spreads away from 0 acts as a second bias
TWIN = 1e-12  # relative
SETTLED = 8  # places on the curve since the lowest held-out cost: fewer may be a rattle
TURNED = 0.05  # of all that the held-out cost had fallen, given back again
NOTICED = 0.05  # of the lowest held-out cost: a smaller rise is not worth a word


class Costs(NamedTuple):
    """The mean loss after `t` updates, of the training rows and of rows held out."""

    t: int
    train: float
    held_out: float


def findings(
    network: Network,
    X: Any,
    *,
    loss: Sequence[float] = (),
    learning_rate: float | None = None,
    costs: Sequence[Costs] = (),
    k: int = 0,
) -> tuple[Finding, ...]:
    """What there is to say about member k of a network.

    Parameters
    ----------
    network : Network
    X : raw rows (m, n) to look at it with
    loss : its loss after each epoch so far, in order
    learning_rate : at which it is trained, to say which one to try
    costs : of training rows and rows held out, at places of the training in order
    """
    if not all(np.isfinite(w).all() for w in member(network.population, k)):
        return tuple(diverging([*loss, float("nan")], learning_rate))
    rows = np.asarray(encoded(network, X), np.float64)
    parameters = member(network.population, k)
    return (
        *diverging(loss, learning_rate),
        *overfitting(costs),
        *identical_units(parameters),
        *flat_units(parameters, rows, network.activation, network.g2),
        *unscaled_inputs(rows, network.feature_names),
    )


def flat_units(parameters: Parameters, rows: Floats, activation: str, g2: Loss) -> list[Finding]:
    """Units that hardly learn: saturated ones, and dead ones that are silent on every row."""
    g1 = ACTIVATIONS[activation]
    Z1 = forward(parameters, rows.T, g1, g2).Z1
    share = np.mean(np.abs(g1.prime(Z1)) < FLAT, axis=1)
    if ACTIVATIONS[activation].bounded:  # flat at both ends; others are flat, if at all, where they are silent
        found = np.flatnonzero(share >= MOSTLY)
        return [saturated(found, share, activation)] if len(found) else []
    found = np.flatnonzero(share == 1)
    return [dead(found, len(rows), activation)] if len(found) else []


def saturated(found: NDArray[np.int64], share: Floats, activation: str) -> Finding:
    """Units that sit where their activation is flat."""
    least = 100 * float(share[found].min())
    return Finding(
        "saturated",
        f"{some_units(found)} flat (slope below {FLAT:g}) on at least {least:.0f} % of the rows: {activation} is at its end there.",
        "Start smaller (init_scale), scale the inputs (standardize=True), add L2, or use relu.",
        counted(found),
    )


def dead(found: NDArray[np.int64], m: int, activation: str) -> Finding:
    """Units that no row reaches."""
    return Finding(
        "dead",
        f"{some_units(found)} silent on all {m} rows: the slope of {activation} is 0 there, so no step moves them again.",
        "Use leaky_relu or tanh, a lower learning rate, or another seed.",
        counted(found),
    )


def identical_units(parameters: Parameters) -> list[Finding]:
    """Units with the same W1 row, b1 and W2 column: they get the same corrections for ever."""
    own = np.hstack([parameters.W1, parameters.b1, parameters.W2.T]).astype(np.float64)
    scale = np.maximum(np.abs(own).max(axis=1), 1e-300)
    left, twins = list(range(len(own))), []
    while left:
        first = left[0]
        same = [i for i in left if np.all(np.abs(own[i] - own[first]) <= TWIN * scale[first])]
        left = [i for i in left if i not in same]
        if len(same) > 1:
            twins.append(same)
    return [twin(np.array(group), all(np.array_equal(own[i], own[group[0]]) for i in group)) for group in twins]


def twin(group: NDArray[np.int64], to_the_bit: bool) -> Finding:
    """Units that do the work of one."""
    how = "to the last digit" if to_the_bit else "to rounding"
    return Finding(
        "identical",
        f"{some_units(group)} the same {how}: they get the same corrections at every step and do the work of one.",
        "Start from random weights: init='normal' or 'auto' instead of 'zeros'.",
        counted(group),
    )


def diverging(loss: Sequence[float], learning_rate: float | None) -> list[Finding]:
    """A loss that climbs out of the valley, or has left the finite numbers."""
    if len(loss) < 2:
        return []
    first, last = float(loss[0]), float(loss[-1])
    if np.isfinite(last) and not (last > RISE * abs(first) and last > 2 * float(np.nanmin(loss))):
        return []
    try_this = "a tenth of the learning rate" if learning_rate is None else f"learning_rate_init={learning_rate / 10:g}"
    seen = f"rose from {first:.4g} to {last:.4g}" if np.isfinite(last) else "left the finite numbers"
    at = "" if learning_rate is None else f" at a learning rate of {learning_rate:g}"
    return [Finding("diverging", f"The cost {seen} in {len(loss) - 1} epochs{at}.", f"Try {try_this}.")]


def overfitting(costs: Sequence[Costs]) -> list[Finding]:
    """A held-out cost that has turned and stays up while the training cost goes on falling.

    Both must hold for the later half of all that came after the lowest held-out cost: even its lowest is up by more than a
    twentieth of what had been won, and the training cost's middle is below what it was then. A curve that rattles does neither.
    """
    if not len(costs) or not np.isfinite(np.array([c[1:] for c in costs])).all():
        return []
    t, train, held = (np.array(column) for column in zip(*costs, strict=True))
    best = valley(held)
    since = len(held) - 1 - best
    if since < SETTLED:
        return []
    late = slice(len(held) - (since + 1) // 2, None)
    up = float(held[late].min() - held[best])
    if up <= max(TURNED * (held[0] - held[best]), NOTICED * abs(held[best])) or np.median(train[late]) >= train[best]:
        return []
    seen = (
        f"The cost of the held-out rows was lowest, {held[best]:.4g}, after update {t[best]} and is {held[-1]:.4g} now, while that of the "
        f"training rows went from {train[best]:.4g} to {train[-1]:.4g}: the network is learning these rows by heart."
    )
    advice = f"Go back to update {t[best]} (fit stops there with early_stopping=True), add L2, or use fewer hidden units or more rows."
    return [Finding("overfitting", seen, advice)]


def valley(costs: Floats) -> int:
    """The place of the lowest cost whose neighbours are low too: the middle of three decides, so that no lucky one counts."""
    if len(costs) < 3:
        return int(costs.argmin())
    middle = int(np.median([costs[:-2], costs[1:-1], costs[2:]], axis=0).argmin())
    return middle + int(costs[middle : middle + 3].argmin())


def unscaled_inputs(rows: Floats, names: Sequence[str]) -> list[Finding]:
    """Columns that layer 1 sees in very different sizes, or far away from 0. Columns of 0 and 1 may be as rare as they like."""
    rows = rows[:, : len(names)]  # ramps lie in [0, 1]
    center, spread = rows.mean(axis=0), rows.std(axis=0)
    flags = np.all((rows == 0) | (rows == 1), axis=0)
    moving = np.flatnonzero((spread > 0) & ~flags)
    if not len(moving):
        return []
    wide, narrow = moving[spread[moving].argmax()], moving[spread[moving].argmin()]
    far = moving[np.abs(center[moving]) > OFFSET * spread[moving]]
    advice = "Set standardize=True: every column then has mean 0 and spread 1 inside the network."
    if spread[wide] > SIZES * spread[narrow]:
        seen = (
            f"{names[wide]!r} spreads over {spread[wide]:.3g}, {names[narrow]!r} over {spread[narrow]:.3g}: one step size cannot suit both."
        )
        return [Finding("unscaled", seen, advice, columns=(names[wide], names[narrow]))]
    if len(far):
        j = int(far[0])
        seen = f"{names[j]!r} lies around {center[j]:.4g} with a spread of {spread[j]:.3g}: its weight acts as a second bias."
        return [Finding("unscaled", seen, advice, columns=tuple(names[i] for i in far))]
    return []
