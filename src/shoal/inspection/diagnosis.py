"""`diagnose`: all checks of a whole shoal on rows with their targets, from the units to the curves.

Of the hidden layers: units that are flat, silent, identical or idle, and the size of the gradient.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.encoding import Encoding
from shoal.inspection.curves import curve_findings
from shoal.inspection.finding import Diagnosis, Finding, counted, some_units
from shoal.inspection.findings import (
    FLAT,
    MOSTLY,
    TWIN,
    constant_inputs,
    diverging,
    fit_findings,
    identical_units,
    leaking_columns,
    rare_classes,
    unscaled_inputs,
)
from shoal.network import Network, encoded
from shoal.population import member
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import Parameters, forward
from shoal.types import Floats

# --- hidden layers -------------------------------------------------------------------------------------------------------


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


# --- the whole shoal -----------------------------------------------------------------------------------------------------


MOST_ROWS = 4000  # spread evenly over the rows given: more rows would show nothing else
SPREAD = 4.0  # times the mean squared error of the shoal: each member's error is then five times that of all together
APART = 0.3  # of the rows on which a member predicts another class than the shoal
STRAY = 3.0  # times the median member's loss, and half of the loss of a constant prediction


def diagnose(
    network: Network,
    X: Any,
    Y: Floats,
    *,
    weight: Floats | None = None,
    learning_rate: float | None = None,
    inputs: bool = True,
    leaks: bool = True,
    chosen: bool = True,
) -> Diagnosis:
    """All findings about a network on rows with their targets; best on rows that were not used for training.

    Parameters
    ----------
    network : Network
    X : raw rows (m, n), dense or sparse
    Y : targets (m, n_y) in the network's form: 0 and 1, or scaled numbers
    weight : what the rows count, `(m,)`, as they did in training, with whose loss theirs is compared; None if each counts once
    learning_rate : the first one of training; None for solvers that have none
    inputs : whether to look for constant columns
    leaks : whether to look for columns that alone determine the target
    chosen : whether the number of epochs was chosen, and not left to the fit

    Returns
    -------
    Diagnosis
        Empty for a healthy network.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.inspection import diagnose
    >>> target = model.network_.target
    >>> diagnose(model.network_, X, ((X**2 - target.center) / target.scale)).n_rows
    60
    """
    members = [k for k in range(network.population.K) if network.shares[k] > 0]
    if not all(np.isfinite(w).all() for k in members for w in member(network.population, k)):
        return Diagnosis(tuple(diverging([0.0, float("nan")], learning_rate)), len(Y))
    some = np.linspace(0, len(Y) - 1, min(len(Y), MOST_ROWS)).astype(int)
    X, Y, weight = X[some], np.asarray(Y, np.float64)[some], None if weight is None else weight[some]
    rows = encoded(network, X)
    rows = np.asarray(rows[np.arange(len(Y))] if sparse.issparse(X) else rows, np.float64)
    alone = [member(network.population, k).map(lambda w: np.asarray(w, np.float64)) for k in members]
    layers = [layer(p, rows.T, Y.T, network.activation, network.g2) for p in alone]
    raw = as_they_are(network.encoding)
    found = [
        *curve_findings(network.history, learning_rate, chosen=chosen),
        *unit_findings(layers, network.activation, len(Y)),
        *unscaled_inputs(rows[:, raw], [network.feature_names[j] for j in raw]),
        *(constant_inputs(rows[:, : network.encoding.n_inputs], network.feature_names) if inputs else ()),
        *answer_findings(network, alone, members, rows, Y, weight),
    ]
    if leaks and Y.shape[1] >= 1:
        found.extend(leaking_inputs(network, rows, Y))
    return Diagnosis(tuple(found), len(Y))


def as_they_are(encoding: Encoding) -> NDArray[np.int64]:
    """The inputs that reach layer 1 unscaled."""
    return np.flatnonzero((encoding.center == 0) & (encoding.scale == 1))


def leaking_inputs(network: Network, rows: Floats, Y: Floats) -> list[Finding]:
    """Single inputs that determine the first target."""
    columns = list(zip(network.feature_names, rows[:, : network.encoding.n_inputs].T, strict=True))
    unit = network.g2.unit
    y = Y[:, 0] if Y.shape[1] == 1 or unit.decides != "largest" else Y.argmax(axis=1)
    return leaking_columns(columns, y, classes=network.g2.of_classes)


def answer_findings(
    network: Network, alone: list[Parameters], members: list[int], rows: Floats, Y: Floats, weight: Floats | None
) -> list[Finding]:
    """Findings about predictions on these rows: overfitting or underfitting, rare classes, members that disagree."""
    g1, g2 = ACTIVATIONS[network.activation], network.g2
    Z2 = np.stack([forward(p, rows.T, g1, g2).Z2 for p in alone])
    shares = network.shares[members] / network.shares[members].sum()
    together = np.tensordot(shares, Z2, axes=1)
    loss = mean_loss(network, together, Y, weight)
    found: list[Finding] = []
    constant = constant_loss(network, Y, weight)
    if constant > 0:
        found.extend(fit_findings(training_loss(network), loss, constant))
    codes, predicted = answers(network, together, Y)
    if len(codes):
        found.extend(rare_classes(codes, predicted, network.classes[0].tolist()))
    losses = np.array([mean_loss(network, z, Y, weight) for z in Z2])
    return [*found, *(strays(losses, constant, members) or apart(network, Z2, together, Y))]


def training_loss(network: Network) -> float:
    """The mean of the members' lowest losses in training (penalty and dropout included); NaN if none is known."""
    curves = np.asarray(network.history.get("loss", np.empty((0, 1))), np.float64)
    lowest = [c[np.isfinite(c)].min() for c in curves.T if np.isfinite(c).any()]
    return float(np.mean(lowest)) if lowest else float("nan")


def mean_loss(network: Network, Z2: Floats, Y: Floats, weight: Floats | None) -> float:
    """The mean loss of logits Z2 `(n_z, m)` on rows that count `weight`; 0 if none counts."""
    loss = np.asarray(network.g2.loss(Z2, Y.T))
    if weight is None:
        return float(np.mean(loss))
    return float(np.mean(loss @ weight) / weight.sum()) if weight.any() else 0.0


def constant_loss(network: Network, Y: Floats, weight: Floats | None = None) -> float:
    """The mean loss of the best constant prediction on these rows; 0 for a loss whose minimum is not 0 (counts, a variance)."""
    g2 = network.g2
    if not g2.reaches_zero or (weight is not None and not weight.any()):
        return 0.0
    if weight is not None:
        Y, weight = Y[weight > 0], weight[weight > 0]
    if g2.level is None:
        level = np.average(Y, axis=0, weights=weight)
    else:
        level = np.quantile(Y, g2.level, axis=0, weights=weight, method="linear" if weight is None else "inverted_cdf")
    level = level if g2.initial_bias is None else np.asarray(g2.initial_bias(level, 1 - level))
    return mean_loss(network, np.repeat(level[:, None], len(Y), axis=1), Y, weight)


def answers(network: Network, Z2: Floats, Y: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The true and the predicted classes as indices; empty unless there is one label of several classes."""
    decides = network.g2.unit.decides
    if decides == "largest":
        return Y.argmax(axis=1), Z2.argmax(axis=0)
    if decides == "side" and Y.shape[1] == 1:
        return Y[:, 0].astype(int), (network.g2(Z2)[0] > network.limits[0]).astype(int)
    return np.empty(0, int), np.empty(0, int)


def strays(losses: Floats, constant: float, members: list[int]) -> list[Finding]:
    """Members whose loss is far above the median member's, and that have learned almost nothing."""
    if len(losses) < 3 or constant <= 0:
        return []
    stray = np.flatnonzero((losses > STRAY * np.median(losses)) & (losses > constant / 2))
    if not len(stray) or len(stray) > len(losses) / 3:
        return []
    numbers = tuple(members[i] + 1 for i in stray)
    seen = f"Member {numbers[0]} has a loss of {losses[stray[0]]:.3g} and the median member has {np.median(losses):.3g}."
    return [Finding("disagreement", seen, "Try another seed (random_state), or a lower learning_rate_init.", members=numbers)]


def apart(network: Network, Z2: Floats, together: Floats, Y: Floats) -> list[Finding]:
    """Members that predict differently on the same rows. Z2 is `(K, n_z, m)`."""
    if len(Z2) < 2:
        return []
    advice = "The rows are too few for the size of the network: use more L2 (alpha), fewer hidden units, or more rows."
    codes, predicted = answers(network, together, Y)
    if len(codes):
        other = float(np.mean([np.mean(answers(network, z, Y)[1] != predicted) for z in Z2]))
        if other <= APART:
            return []
        return [Finding("disagreement", f"A member predicts another class than the shoal on {other:.0%} of {len(Y)} rows.", advice)]
    if not network.g2.unit.is_identity:
        return []
    error, spread = float(np.mean((together - Y.T) ** 2)), float(np.mean(Z2.var(axis=0)))
    if spread <= SPREAD * error or spread <= 1e-4 * float(np.var(Y)):  # the members agree, or all of them are nearly exact
        return []
    seen = f"Members differ by {np.sqrt(spread):.3g} (units of the scaled target), and the error of their mean is {np.sqrt(error):.3g}."
    return [Finding("disagreement", seen, advice)]
