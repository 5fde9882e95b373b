"""Findings about a network's weights, predictions, rows and learning curves."""

import warnings
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

FLAT = 0.01  # the chapter calls a unit with a smaller slope saturated
MOSTLY = 0.9  # a unit that is flat on so many of the rows hardly learns
RISE = 1.5  # a loss so many times the first one diverges
SIZES = 30.0  # columns whose spreads differ so much have unequal influence
OFFSET = 10.0  # a column so many of its spreads away from 0 acts as a second bias
TWIN = 1e-12  # relative
SETTLED = 8  # places on the curve since the lowest held-out cost: fewer may be noise
TURNED = 0.05  # of the decrease of the held-out cost, lost again
NOTICED = 0.05  # of the lowest held-out cost: a smaller increase is not reported


class Costs(NamedTuple):
    """The mean loss after `t` updates, of the training rows and of the held-out rows."""

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
    """All findings about member k of a network.

    Parameters
    ----------
    network : Network
    X : raw rows (m, n) to look at it with
    loss : its loss after each epoch so far, in order
    learning_rate : at which it is trained, to say which one to try
    costs : of training rows and held-out rows, in the order of training

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.inspection import findings
    >>> [found.kind for found in findings(model.network_, X, loss=[1.0, 0.5, float("nan")])]
    ['diverging']
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
    """Units that hardly learn: saturated ones, and dead ones whose slope is 0 on every row."""
    g1 = ACTIVATIONS[activation]
    Z1 = forward(parameters, rows.T, g1, g2).Z1
    share = np.mean(np.abs(g1.prime(Z1)) < FLAT, axis=1)
    if ACTIVATIONS[activation].bounded:  # flat at both ends; the others are flat, if at all, where their slope is 0
        found = np.flatnonzero(share >= MOSTLY)
        return [saturated(found, share, activation)] if len(found) else []
    found = np.flatnonzero(share == 1)
    return [dead(found, len(rows), activation)] if len(found) else []


def saturated(found: NDArray[np.int64], share: Floats, activation: str) -> Finding:
    """Units whose activation is flat on most rows."""
    least = 100 * float(share[found].min())
    return Finding(
        "saturated",
        f"{some_units(found)} flat (slope below {FLAT:g}) on at least {least:.0f} % of the rows: {activation} is near its limit there.",
        "Start smaller (init_scale), scale the inputs (standardize=True), add L2, or use relu.",
        counted(found),
    )


def dead(found: NDArray[np.int64], m: int, activation: str) -> Finding:
    """Units that are 0 on every row."""
    return Finding(
        "dead",
        f"{some_units(found)} silent on all {m} rows: the slope of {activation} is 0 there, so no step changes them again.",
        "Use leaky_relu or tanh, a lower learning rate, or another seed.",
        counted(found),
    )


def identical_units(parameters: Parameters) -> list[Finding]:
    """Units with the same W1 row, b1 and W2 column: they get the same gradients in every step."""
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
        f"{some_units(group)} the same {how}: they get the same gradients at every step and do the work of one.",
        "Start from random weights: init='normal' or 'auto' instead of 'zeros'.",
        counted(group),
    )


def diverging(loss: Sequence[float], learning_rate: float | None) -> list[Finding]:
    """A loss that increases far above its minimum, or becomes infinite or NaN."""
    if len(loss) < 2:
        return []
    first, last = float(loss[0]), float(loss[-1])
    if np.isfinite(last) and not (last > RISE * abs(first) and last > 2 * float(np.nanmin(loss))):
        return []
    try_this = "a tenth of the learning rate" if learning_rate is None else f"learning_rate_init={learning_rate / 10:g}"
    seen = f"rose from {first:.4g} to {last:.4g}" if np.isfinite(last) else "became infinite or NaN"
    at = "" if learning_rate is None else f" at a learning rate of {learning_rate:g}"
    return [Finding("diverging", f"The cost {seen} in {len(loss) - 1} epochs{at}.", f"Try {try_this}.")]


def overfitting(costs: Sequence[Costs]) -> list[Finding]:
    """A held-out cost that has increased and stays higher while the training cost still decreases.

    Both must be true for the later half of the curve after the lowest held-out cost: even its lowest value is higher by more than a
    twentieth of the total decrease, and the median training cost is lower than at that point. A curve that jumps up and down fulfils
    neither.
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
        f"training rows went from {train[best]:.4g} to {train[-1]:.4g}: the network is overfitting these rows."
    )
    advice = f"Go back to update {t[best]} (fit stops there with early_stopping=True), add L2, or use fewer hidden units or more rows."
    return [Finding("overfitting", seen, advice)]


def valley(costs: Floats) -> int:
    """The index of the lowest cost whose neighbours are low too: the median of three decides, so that no single low value counts."""
    if len(costs) < 3:
        return int(costs.argmin())
    middle = int(np.median([costs[:-2], costs[1:-1], costs[2:]], axis=0).argmin())
    return middle + int(costs[middle : middle + 3].argmin())


def unscaled_inputs(rows: Floats, names: Sequence[str]) -> list[Finding]:
    """Columns that reach layer 1 with very different sizes, or far from 0. Columns of 0 and 1 may be as rare as they like."""
    rows = rows[:, : len(names)]  # ramps are in [0, 1]
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
        seen = f"{names[j]!r} has a mean of {center[j]:.4g} and a spread of {spread[j]:.3g}: its weight acts as a second bias."
        return [Finding("unscaled", seen, advice, columns=tuple(names[i] for i in far))]
    return []


FEW_ROWS = 100  # with fewer rows a column may be constant by chance
RARE = 0.05  # of the rows
COUNTABLE = 5  # rows of a class: of fewer, none need be correct
MISSED = 0.1  # of a rare class's rows are correct: the class is almost never predicted
LEAKS = 0.98  # of the error of a constant prediction that one column alone removes
MOST_ROWS = 4000  # enough to see it
LEAVES = 32  # of the tree of one column: about one step for every third percent of its rows


def constant_inputs(rows: Floats, names: Sequence[str]) -> list[Finding]:
    """Columns that are constant on these rows `(m, n)`."""
    if len(rows) < FEW_ROWS:
        return []
    still = [names[j] for j in range(rows.shape[1]) if np.ptp(rows[:, j]) == 0]
    if not still:
        return []
    shown = ", ".join(map(repr, still[:3])) + (" …" if len(still) > 3 else "")
    seen = f"{len(still)} of {rows.shape[1]} inputs ({shown}) are constant on {len(rows)} rows, so nothing can be learned from them."
    return [Finding("constant", seen, "Leave them out, or find out why they do not change.", columns=tuple(still))]


def rare_classes(codes: NDArray[np.int64], predicted: NDArray[np.int64], labels: Sequence[Any]) -> list[Finding]:
    """Classes of few rows that the network never, or almost never, predicts; codes are indices of `labels`."""
    missed = []
    for c, label in enumerate(labels):
        own = codes == c
        n = int(own.sum())
        if n >= COUNTABLE and own.mean() < RARE and np.mean(predicted[own] == c) < MISSED:
            missed.append((label, n, int(np.sum(predicted[own] == c))))
    if not missed:
        return []
    label, n, right = missed[0]
    more = f"; {len(missed) - 1} more classes are like it" if len(missed) > 1 else ""
    seen = f"Class {label!r} has {n} of {len(codes)} rows, of which {right} are predicted correctly{more}."
    return [Finding("imbalance", seen, "Set class_weight='balanced', add rows of it, or set a threshold (shoal.fit).")]


def leaking_columns(columns: Sequence[tuple[str, Floats]], y: NDArray[Any], *, classes: bool) -> list[Finding]:
    """Columns of which one alone determines the target: it may be known only after the target.

    A tree of one column is scored by cross-validation. If many columns do so, the problem is an easy one, and nothing is reported.

    Parameters
    ----------
    columns : pairs of a name and its numbers `(m,)`; a category's levels numbered
    y : `(m,)`
    classes : whether y holds labels
    """
    if len(y) < FEW_ROWS or len(columns) < 2:
        return []
    some = np.linspace(0, len(y) - 1, min(len(y), MOST_ROWS)).astype(int)
    found = [(name, gain) for name, values in columns if (gain := taken_away(values[some], y[some], classes)) >= LEAKS]
    if not found or len(found) > max(1, len(columns) // 4):
        return []
    name, gain = max(found, key=lambda pair: pair[1])
    seen = f"{name!r} alone removes {gain:.1%} of the error: it may be known only after the target, or be computed from it."
    advice = "Check whether you know it when you predict; if not, leave it out and train again."
    return [Finding("leakage", seen, advice, columns=tuple(each for each, _ in found))]


def taken_away(values: Floats, y: NDArray[Any], classes: bool) -> float:
    """1 − error of one column's tree / error of a constant prediction, by cross-validation."""
    from sklearn.model_selection import cross_val_predict
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if np.nanmax(values, initial=-np.inf) <= np.nanmin(values, initial=np.inf):
        return 0.0
    tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(max_leaf_nodes=LEAVES, random_state=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class in y", UserWarning)
        predicted = cross_val_predict(tree, values[:, None], y, cv=3)
    if classes:
        _, counts = np.unique(y, return_counts=True)
        base = 1 - counts.max() / len(y)
        return 1 - float(np.mean(predicted != y)) / base if base > 0 else 0.0
    line = np.corrcoef(values, y)[0, 1] ** 2 if np.isfinite(values).all() and np.var(y) > 0 else 0.0
    tree_gain = 1 - float(np.mean((predicted - y) ** 2)) / float(np.var(y)) if np.var(y) > 0 else 0.0
    return max(tree_gain, float(line))


MEMORIZED = 0.6  # fraction of the target explained in training and not on these rows
NOTHING = 0.02  # fraction of the target explained: no better than a constant prediction


def fit_findings(trained: float, here: float, constant: float) -> list[Finding]:
    """Overfitting and underfitting, from three mean losses: in training, on these rows, and of the best constant prediction on these rows.

    Parameters
    ----------
    trained : mean loss at the end of training, NaN where it is not known
    here, constant : on these rows; `constant` above 0
    """
    explained, in_training = 1 - here / constant, 1 - trained / constant
    worse = explained < 0 and in_training > MEMORIZED / 2
    if worse or in_training - explained > MEMORIZED:
        seen = (
            f"The loss is {trained:.3g} in training and {here:.3g} on these rows, where a constant prediction has {constant:.3g}:  "
            "the network fits its training rows too closely."
        )
        return [Finding("overfitting", seen, "Use early_stopping=True, more L2 (alpha), dropout, fewer hidden units, or more rows.")]
    if explained < NOTHING:
        seen = f"The loss on these rows is {here:.3g}; a constant prediction has {constant:.3g}."
        return [
            Finding(
                "underfitting",
                seen,
                "Train longer, use more hidden units or less L2 (alpha); or these columns do not determine the target.",
            )
        ]
    return []
