"""What the curves say: whether the learning rate suits, and whether the network has learned too little or by heart."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shoal.inspection.finding import Finding
from shoal.inspection.findings import diverging

Floats = NDArray[np.floating]

ENOUGH = 10  # epochs: fewer are no curve
RATTLES = 0.05  # of all that the loss fell, up or down at every epoch
VISIBLE = 0.02  # of the loss itself: smaller jumps are the noise of the batches
TURNS = 0.4  # of the steps change direction: half of them do where nothing but noise is left
STRAIGHT = 0.4  # of the fall comes in the second half: a curve that settles has far less left by then
FELL = 0.05  # of the first loss: whoever has not fallen so far has not begun
BY_HEART = 0.6  # share of the target explained in training and not on these rows
NOTHING = 0.02  # share of the target explained: no better than always saying the same


def curve_findings(history: Mapping[str, Floats], learning_rate: float | None) -> list[Finding]:
    """What the loss curves `(epochs, K)` say; the learning rate's checks are for solvers that have one."""
    curves = [c[np.isfinite(c)] for c in np.asarray(history.get("loss", np.empty((0, 1))), np.float64).T]
    curves = [c for c in curves if len(c) >= 2]
    if not curves:
        return []
    found = [f for c in curves for f in diverging(c.tolist(), learning_rate)][:1]
    long = [c for c in curves if len(c) >= ENOUGH]
    if found or learning_rate is None or not long:
        return found
    jumps = [jump(c) for c in long]
    if sum(size > 0 for size in jumps) > len(long) / 2:
        return [rattling(float(np.median(jumps)), len(long), learning_rate)]
    left = [fall_left(c) for c in long]
    if sum(share > STRAIGHT for share in left) > len(long) / 2:
        return [slow(float(np.median(left)), max(map(len, long)), learning_rate)]
    return []


def jump(curve: Floats) -> float:
    """The middle step up or down in the second half, as a share of all that the loss fell; 0 where it does not rattle."""
    late = np.diff(curve[len(curve) // 2 :])
    fell = float(curve[0] - curve.min())
    size = float(np.median(np.abs(late)))
    turns = np.mean(np.sign(late[1:]) != np.sign(late[:-1])) if len(late) > 1 else 0.0
    rattles = fell > 0 and size > RATTLES * fell and size > VISIBLE * abs(float(np.median(curve))) and turns >= TURNS
    return size / fell if rattles else 0.0


def fall_left(curve: Floats) -> float:
    """The share of the whole fall that came in the second half; 0 where the loss had not fallen by a twentieth, or goes up."""
    first, middle, last = float(curve[0]), float(curve[len(curve) // 2]), float(curve[-1])
    fell = first - last
    return (middle - last) / fell if fell > FELL * abs(first) else 0.0


def rattling(size: float, n: int, learning_rate: float) -> Finding:
    """A learning rate that is too high."""
    seen = f"In the second half of training the loss jumps at every epoch by {size:.0%} of all that it fell ({n} curves)."
    return Finding("rattling", seen, f"Try learning_rate_init={learning_rate / 3:.2g}, or learning_rate='cosine', which ends at 0.")


def slow(share: float, epochs: int, learning_rate: float) -> Finding:
    """A learning rate that is too low, or too few epochs."""
    seen = f"After {epochs} epochs the loss still falls as it did: {share:.0%} of its fall came in the second half."
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
    if explained < NOTHING and not in_training >= 2 * NOTHING:  # also where the training loss is not known
        seen = f"The loss on these rows is {here:.3g}; always the same answer costs {constant:.3g}."
        return [Finding("underfitting", seen, "Train longer, use more hidden units or less L2 (alpha); or these columns do not say it.")]
    return []
