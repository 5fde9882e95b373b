"""What the curves say: whether the learning rate suits, and whether the network has learned too little or by heart."""

from collections.abc import Mapping

import numpy as np

from shoal.inspection.finding import Finding
from shoal.inspection.findings import diverging
from shoal.types import Floats

ENOUGH = 10  # epochs: fewer are no curve
RATTLES = 0.05  # of the loss itself, up or down at every epoch
ABOVE = 1.3  # times the lowest loss: where training settles it stays at its lowest
SETTLING = 0.9  # of the third quarter's loss is the last quarter's: a curve that still goes down may jump about on its way
TURNS = 0.25  # of the steps change direction: half of them do where nothing but noise is left
STEADY = 0.8  # of the steps in the second half go down
STRAIGHT = 0.4  # of the fall comes in the second half: a curve that settles has far less left by then
FALLING = 0.01  # of the loss, in the last tenth of the epochs
BY_HEART = 0.6  # share of the target explained in training and not on these rows
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
    worse = explained < 0 and in_training > BY_HEART / 2
    if worse or in_training - explained > BY_HEART:
        seen = (
            f"The loss is {trained:.3g} in training and {here:.3g} on these rows, where always the same answer costs {constant:.3g}: "
            "the network knows its rows by heart."
        )
        return [Finding("overfitting", seen, "Use early_stopping=True, more L2 (alpha), dropout, fewer hidden units, or more rows.")]
    if explained < NOTHING:
        seen = f"The loss on these rows is {here:.3g}; always the same answer costs {constant:.3g}."
        return [Finding("underfitting", seen, "Train longer, use more hidden units or less L2 (alpha); or these columns do not say it.")]
    return []
