"""`diagnose`: all checks of a whole shoal on rows with their targets, from the units to the curves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.encoding import Encoding
from shoal.inspection.finding import Diagnosis, Finding
from shoal.inspection.findings import (
    constant_inputs,
    curve_findings,
    diverging,
    fit_findings,
    leaking_columns,
    rare_classes,
    unscaled_inputs,
)
from shoal.inspection.units import layer, unit_findings
from shoal.network import Network, encoded
from shoal.population import member
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.propagation import Parameters, forward
from shoal.types import Floats

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

    Returns
    -------
    Diagnosis
        Empty for a healthy network.
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
        *curve_findings(network.history, learning_rate),
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
