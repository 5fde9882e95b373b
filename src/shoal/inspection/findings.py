"""What is found in a network's weights, answers, rows and learning curves."""

import warnings
from collections.abc import Mapping, Sequence
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


FEW_ROWS = 100  # below, a column may well be constant by chance
RARE = 0.05  # of the rows
COUNTABLE = 5  # rows of a class: of fewer, none need be right
MISSED = 0.1  # of a rare class's rows are right: it is as good as never predicted
LEAKS = 0.98  # of the error of always saying the same that one column alone takes away
MOST_ROWS = 4000  # are enough to see it
LEAVES = 32  # of the tree that looks at one column: about a bend for every third percent of its rows


def constant_inputs(rows: Floats, names: Sequence[str]) -> list[Finding]:
    """Columns that never change on these rows `(m, n)`."""
    if len(rows) < FEW_ROWS:
        return []
    still = [names[j] for j in range(rows.shape[1]) if np.ptp(rows[:, j]) == 0]
    if not still:
        return []
    shown = ", ".join(map(repr, still[:3])) + (" …" if len(still) > 3 else "")
    seen = f"{len(still)} of {rows.shape[1]} inputs ({shown}) never change on {len(rows)} rows: nothing can be learned from them."
    return [Finding("constant", seen, "Leave them out, or find out why they stand still.", columns=tuple(still))]


def rare_classes(codes: NDArray[np.int64], predicted: NDArray[np.int64], labels: Sequence[Any]) -> list[Finding]:
    """Classes of few rows that the network never, or hardly ever, finds; codes are places in `labels`."""
    missed = []
    for c, label in enumerate(labels):
        own = codes == c
        n = int(own.sum())
        if n >= COUNTABLE and own.mean() < RARE and np.mean(predicted[own] == c) < MISSED:
            missed.append((label, n, int(np.sum(predicted[own] == c))))
    if not missed:
        return []
    label, n, right = missed[0]
    more = f"; {len(missed) - 1} more classes are alike" if len(missed) > 1 else ""
    seen = f"Class {label!r} has {n} of {len(codes)} rows, of which {right} are found{more}."
    return [Finding("imbalance", seen, "Set class_weight='balanced', give more rows of it, or decide by its probability.")]


def leaking_columns(columns: Sequence[tuple[str, Floats]], y: NDArray[Any], *, classes: bool) -> list[Finding]:
    """Columns of which one alone gives the target: it may have been known only after the target was.

    A tree of one column is scored on rows that it has not seen. Where many columns do so, the problem is an easy one.

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
    seen = f"{name!r} alone takes {gain:.1%} of the error away: it may be known only once the target is, or be made of it."
    advice = "Ask whether it is there when you predict; if not, leave it out and train again."
    return [Finding("leakage", seen, advice, columns=tuple(each for each, _ in found))]


def taken_away(values: Floats, y: NDArray[Any], classes: bool) -> float:
    """1 − error of one column's tree / error of always saying the same, on rows that the tree has not seen."""
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


ENOUGH = 10  # epochs: fewer are no curve
RATTLES = 0.05  # of the loss itself, up or down at every epoch
ABOVE = 1.3  # times the lowest loss: where training settles it stays at its lowest
SETTLING = 0.9  # of the third quarter's loss is the last quarter's: a curve that still goes down may jump about on its way
TURNS = 0.25  # of the steps change direction: half of them do where nothing but noise is left
STEADY = 0.8  # of the steps in the second half go down
STRAIGHT = 0.4  # of the fall comes in the second half: a curve that settles has far less left by then
FALLING = 0.01  # of the loss, in the last tenth of the epochs
MEMORIZED = 0.6  # share of the target explained in training and not on these rows
NOTHING = 0.02  # share of the target explained: no better than always saying the same


def curve_findings(history: Mapping[str, Floats], learning_rate: float | None) -> list[Finding]:
    """What the curves `(epochs, K)` say; the learning rate's checks are for solvers that have one."""
    curves = curves_of(history, "loss")
    if not curves:
        return []
    found = [f for c in curves for f in diverging(c.tolist(), learning_rate)][:1]
    long = [c for c in curves if len(c) >= ENOUGH]
    if found or learning_rate is None or not long:
        return found
    jumps = [jump(c) for c in long]
    if sum(size > 0 for size in jumps) > len(long) / 2:
        return [rattling(float(np.median(jumps)), len(long), learning_rate)]
    judged = [c for c in curves_of(history, "validation_loss") if len(c) >= ENOUGH] or long  # what training stops by, where it is known
    left = [fall_left(c) for c in judged]
    if sum(share > 0 for share in left) > len(judged) / 2:
        return [slow(float(np.median(left)), max(map(len, judged)), learning_rate)]
    return []


def curves_of(history: Mapping[str, Floats], name: str) -> list[Floats]:
    """Every member's curve, as long as it was trained."""
    values = np.asarray(history.get(name, np.empty((0, 1))), np.float64)
    return [c[np.isfinite(c)] for c in values.T if np.isfinite(c).sum() >= 2]


def jump(curve: Floats) -> float:
    """The middle step up or down in the second half, as a share of the loss; 0 where it does not rattle above its lowest."""
    half = curve[len(curve) // 2 :]
    third, last = half[: len(half) // 2], half[len(half) // 2 :]
    late, level, lowest = np.diff(half), abs(float(np.median(half))), float(curve.min())
    size = float(np.median(np.abs(late)))
    turns = np.mean(np.sign(late[1:]) != np.sign(late[:-1])) if len(late) > 1 else 0.0
    stays = last.mean() > SETTLING * third.mean() and last.mean() > lowest + (ABOVE - 1) * abs(lowest)
    return size / level if size > RATTLES * level and turns >= TURNS and stays else 0.0


def fall_left(curve: Floats) -> float:
    """The share of the whole fall that came in the second half; 0 where the loss does not fall to the last as it did before."""
    first, middle, last = float(curve[0]), float(curve[len(curve) // 2]), float(curve[-1])
    steps, tenth = np.diff(curve[len(curve) // 2 :]), max(1, len(curve) // 10)
    if last >= first or last > curve.min() or np.mean(steps < 0) < STEADY:
        return 0.0
    share = (middle - last) / (first - last)
    falling = curve[-1 - tenth] - last > FALLING * abs(last)
    return share if share > STRAIGHT or falling else 0.0


def rattling(size: float, n: int, learning_rate: float) -> Finding:
    """A learning rate that is too high."""
    seen = f"In the second half of training the loss jumps up and down by {size:.0%} of itself at every epoch ({n} curves)."
    return Finding("rattling", seen, f"Try learning_rate_init={learning_rate / 3:.2g}, or learning_rate='cosine', which ends at 0.")


def slow(share: float, epochs: int, learning_rate: float) -> Finding:
    """A learning rate that is too low, or too few epochs."""
    seen = f"After {epochs} epochs the loss still falls at nearly every one: {share:.0%} of its fall came in the second half."
    return Finding("slow", seen, f"Try learning_rate_init={3 * learning_rate:.2g}, or more epochs (max_iter).")


def fit_findings(trained: float, here: float, constant: float) -> list[Finding]:
    """Over- and under-fitting, from three mean losses: in training, on these rows, and of the best constant answer on these rows.

    Parameters
    ----------
    trained : mean loss at the end of training, NaN where it is not known
    here, constant : on these rows; `constant` above 0
    """
    explained, in_training = 1 - here / constant, 1 - trained / constant
    worse = explained < 0 and in_training > MEMORIZED / 2
    if worse or in_training - explained > MEMORIZED:
        seen = (
            f"The loss is {trained:.3g} in training and {here:.3g} on these rows, where always the same answer costs {constant:.3g}: "
            "the network knows its rows by heart."
        )
        return [Finding("overfitting", seen, "Use early_stopping=True, more L2 (alpha), dropout, fewer hidden units, or more rows.")]
    if explained < NOTHING:
        seen = f"The loss on these rows is {here:.3g}; always the same answer costs {constant:.3g}."
        return [Finding("underfitting", seen, "Train longer, use more hidden units or less L2 (alpha); or these columns do not say it.")]
    return []
