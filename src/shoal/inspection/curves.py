"""Findings about learning curves: training that diverges, a learning rate that is too high or too low, training that ended too early."""

from collections.abc import Mapping

import numpy as np

from shoal.inspection.finding import Finding
from shoal.inspection.findings import diverging
from shoal.training.longer import TIMES
from shoal.types import Floats

ENOUGH = 10  # epochs: fewer are not enough for a curve
RATTLES = 0.05  # of the loss itself, up or down at every epoch
ABOVE = 1.3  # times the lowest loss: training that has settled stays at its lowest
SETTLING = 0.9  # of the third quarter's loss is the last quarter's: a curve that still decreases may jump on its way
TURNS = 0.25  # of the steps change direction: half of them do if only noise remains
STEADY = 0.8  # of the steps in the second half go down
STRAIGHT = 0.4  # of the decrease is in the second half: a curve that settles has far less left by then
FALLING = 0.01  # of the loss, in the last tenth of the epochs
AT_THE_END = 0.9  # of the epochs: held-out rows prefer a mean epoch beyond it, where nothing had stopped getting better
LEARNING = 0.02  # of the loss, in the second half of the epochs


def curve_findings(history: Mapping[str, Floats], learning_rate: float | None, *, chosen: bool = True) -> list[Finding]:
    """Findings about the curves `(epochs, K)`; the checks of the learning rate are for solvers that have one.

    Only epochs whose number was `chosen` can be too few: without a choice the fit has asked held-out rows whether more are better.
    """
    curves = curves_of(history, "loss")
    if not curves:
        return []
    found = [f for c in curves for f in diverging(c.tolist(), learning_rate)][:1]
    if not found and learning_rate is not None:
        found = rate_findings(history, curves, learning_rate)
    return found or (ended_early(history, learning_rate) if chosen else [])


def rate_findings(history: Mapping[str, Floats], curves: list[Floats], learning_rate: float) -> list[Finding]:
    """A learning rate that is too high or too low, from curves of enough epochs."""
    long = [c for c in curves if len(c) >= ENOUGH]
    if not long:
        return []
    jumps = [jump(c) for c in long]
    if sum(size > 0 for size in jumps) > len(long) / 2:
        return [rattling(float(np.median(jumps)), len(long), learning_rate)]
    judged = [
        c for c in curves_of(history, "validation_loss") if len(c) >= ENOUGH
    ] or long  # the loss that decides when training stops, if it is known
    left = [fall_left(c) for c in judged]
    if sum(share > 0 for share in left) > len(judged) / 2:
        return [slow(float(np.median(left)), max(map(len, judged)), learning_rate)]
    return []


def ended_early(history: Mapping[str, Floats], learning_rate: float | None) -> list[Finding]:
    """Training that ended while the networks still improved.

    Held-out rows show it. Without them a training loss falls to the end in any case: then a few epochs that still lower it do, and for
    solvers without a learning rate, which settle, one that still falls as at `FALLING`.
    """
    held = curves_of(history, "validation_loss")
    curves = held or curves_of(history, "loss")
    if not curves or (not held and learning_rate is not None and max(map(len, curves)) >= ENOUGH):
        return []
    best = [(np.argmin(c) + 1) / len(c) for c in curves]
    half, few = bool(held) or learning_rate is not None, max(map(len, curves)) < ENOUGH
    falls = [fall(c, (len(c) + few) // 2 if half else max(1, len(c) // 10)) for c in curves]
    least = LEARNING if half else FALLING
    middle = np.median(best) if few else np.mean(best)  # one of few epochs is a large part of them
    if middle < AT_THE_END or sum(by > least for by in falls) <= len(falls) / 2:
        return []
    epochs, whose = max(map(len, curves)), "of held-out rows " if held else ""
    part = "second half" if half else "last tenth"
    seen = f"The loss {whose}is lowest at the end of {epochs} epochs, and fell by {np.median(falls):.1%} in the {part} of them."
    return [Finding("ended early", seen, f"Train longer: max_iter={TIMES * epochs}, or leave it to the default.")]


def fall(curve: Floats, epochs: int) -> float:
    """By which fraction of the last loss the curve fell in its last epochs."""
    return float((curve[-1 - epochs] - curve[-1]) / max(abs(curve[-1]), 1e-300))


def curves_of(history: Mapping[str, Floats], name: str) -> list[Floats]:
    """Every member's curve, up to its last epoch."""
    values = np.asarray(history.get(name, np.empty((0, 1))), np.float64)
    return [c[np.isfinite(c)] for c in values.T if np.isfinite(c).sum() >= 2]


def jump(curve: Floats) -> float:
    """The median step up or down in the second half, as a fraction of the loss; 0 unless it jumps above its lowest value."""
    half = curve[len(curve) // 2 :]
    third, last = half[: len(half) // 2], half[len(half) // 2 :]
    late, level, lowest = np.diff(half), abs(float(np.median(half))), float(curve.min())
    size = float(np.median(np.abs(late)))
    turns = np.mean(np.sign(late[1:]) != np.sign(late[:-1])) if len(late) > 1 else 0.0
    stays = last.mean() > SETTLING * third.mean() and last.mean() > lowest + (ABOVE - 1) * abs(lowest)
    return size / level if size > RATTLES * level and turns >= TURNS and stays else 0.0


def fall_left(curve: Floats) -> float:
    """The fraction of the total decrease that is in the second half; 0 unless the loss decreases to the last epoch as before."""
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
    seen = f"After {epochs} epochs the loss still decreases in nearly every one: {share:.0%} of its decrease is in the second half."
    return Finding("slow", seen, f"Try learning_rate_init={3 * learning_rate:.2g}, or more epochs (max_iter).")
