"""One network trained by several threads: its hidden units in slices, one meeting an update.

A slice is laid out as a network of a group is, so that every function of `train.py` serves both. The output bias and the skip
connections stand with slice 0, and are 0 in the others. The logits are the only sum over slices: each writes its part, and the thread
that continues adds all parts up in the order of the slices, whose number depends on the shape alone. So the thread count changes no bit.

A thread takes its own slices and then waits for the others'. Those of a thread that does not come, because a neighbour's process
has its core, are done by the others: which thread works on a slice changes no bit either.
"""

from concurrent.futures import wait as wait_for
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import FITS
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import claim, keep_apart, of, read_counter, write_counter, yield_core
from shoal.engine.kernels.bounds import misfit, misfit_of_team
from shoal.engine.kernels.dispatch import output_errors
from shoal.engine.kernels.products import multiply
from shoal.engine.kernels.train import (
    AVERAGE,
    DECAY,
    EACH,
    ROWS,
    SHAPE,
    SHRINK,
    back_through_units,
    batch_weight,
    bias,
    gather,
    hidden_units,
    output_sums,
    parts,
    update,
    weigh,
)
from shoal.engine.kernels.weights import add_skip, decay_weights, free_bias, penalize, skip_row, squares_of
from shoal.engine.layout import NetworkGroup
from shoal.engine.threads import cores, executor

APART = 16  # numbers between two threads' counters: they must not share a line of the cache
PATIENCE = 300  # looks at the others' counters, some 1 µs, before their slices are done for them
SPINS = 1000  # looks before the thread yields the core


class Team(NamedTuple):
    """What the threads have in common: for each of J slices the rounds that were taken and those that are done, then whether to
    give up, APART from each other; each slice's hidden values and slopes `Z`, `S (J, h·b)`, and for even and odd updates its part
    of the logits `sums (2, J, n_z, b)` and its `squares (2, J)`.
    """

    counters: NDArray[np.int64]
    Z: NDArray[np.floating]
    S: NDArray[np.floating]
    sums: NDArray[np.floating]
    squares: NDArray[np.floating]


TEAM = Team, "i1 v2 v2 v4 v2"


class Batches(NamedTuple):
    """A thread's own copies of an even and an odd update's batch: `Xb (2, b·n1)`, `XT (2, b·n1)` and `y (2, n_y·b)`; which
    updates' they are, and for how many rows they were last laid out `(2, 2)`.
    """

    Xb: NDArray[np.floating]
    XT: NDArray[np.floating]
    y: NDArray[np.floating]
    of: NDArray[np.int64]


@inner
def all_done(counters, J, rounds):
    """Whether so many rounds of every slice are done."""
    for j in range(J):  # noqa: SIM110 - compiled: no generators
        if read_counter(counters, (J + j) * APART) < rounds:
            return False
    return True


@inner
def batch(shape, rows, own, step, n1):
    """Xb `(b, n1)` and XT `(n1, b)` of an update's batch, gathered where this thread does not have it."""
    keep_apart()
    b, odd = rows.ends[step + 1] - rows.ends[step], step % 2
    Xb, XT = own.Xb[odd, : b * n1].reshape(b, n1), own.XT[odd, : b * n1].reshape(n1, b)
    if own.of[0, odd] != step:
        gather(rows, rows.ends[step], 0 * b, b, shape.n, Xb, XT, targets(rows, own, odd, b))
        if own.of[1, odd] != b:
            bias(shape.n, 0 * b, b, Xb, XT)
        own.of[0, odd], own.of[1, odd] = step, b
    return Xb, XT


@inner
def targets(rows, own, odd, b):
    """y `(n_y, b)` of an even or odd update's batch."""
    n_y = rows.Y.shape[1]
    return own.y[odd, : n_y * b].reshape(n_y, b)


@inner
def add_parts(sums, Z2, b):
    """Z2 = Σ of the slices' logits `(J, n_z, b)`, in their order."""
    keep_apart()
    for o in range(Z2.shape[0]):
        for i in range(b):
            Z2[o, i] = sums[0, o, i]
        for g in range(1, sums.shape[0]):
            for i in range(b):
                Z2[o, i] += sums[g, o, i]


@inner
def forward_slice(shape, rows, own, each, team, W1, W2, b2, buffer, step, g):
    """Slice g's hidden values of an update's batch, and its part of the logits, by way of this thread's `buffer`."""
    keep_apart()
    Xb, XT = batch(shape, rows, own, step, W1.shape[1])
    b, h, low = Xb.shape[0], shape.h, 0 * g
    Z, S = team.Z[g, : h * b].reshape(h, b), team.S[g, : h * b].reshape(h, b)
    multiply(shape.product, W1[g * h : (g + 1) * h], XT, Z)
    hidden_units(shape, each, g, low, shape.t + step + 1, Z, S)
    Z2 = buffer[: shape.n_z * b].reshape(shape.n_z, b)
    output_sums(shape, W2, b2, g, low, Z, Z2)
    if g == 0 and shape.skip > 0:
        first = skip_row(shape, g)
        W3 = W1[first : first + shape.skip]
        add_skip(np.dot(W3, XT), low, shape.skip, Z2)
    for o in range(shape.n_z):  # written once: other threads read these lines of the cache
        for i in range(b):
            team.sums[step % 2, g, o, i] = Z2[o, i]
    if each.numbers[SHRINK, 0] > of(W1[0, 0], 0.0):
        team.squares[step % 2, g] = squares_of(shape, W1, W2, g)


@inner
def backward_slice(shape, rows, own, team, W2, D, gW1, gW2, step, g):
    """Slice g's gradients from the errors D of an update's batch."""
    keep_apart()
    Xb, _ = batch(shape, rows, own, step, gW1.shape[1])
    b, h = Xb.shape[0], shape.h
    Z, S = team.Z[g, : h * b].reshape(h, b), team.S[g, : h * b].reshape(h, b)
    back_through_units(shape, W2, D, g, 0 * g, Z, S, gW2)
    multiply(shape.product, Z, Xb, gW1[g * h : (g + 1) * h])
    if g == 0 and shape.skip > 0:
        first = skip_row(shape, g)
        np.dot(D, Xb, gW1[first : first + shape.skip])
        free_bias(gW1, first, shape.n)


@inner
def change_slice(shape, each, weights, gradient, first, second, average, signs, rate, corrected, hyper, g):
    """Decay, penalty, rule, signs and moving average of slice g's weights and, with slice 0, of the output bias and W3; `corrected` is
    Adam's rate.
    """
    keep_apart()
    W1, W2, b2 = parts(shape, weights)
    gW1, gW2, _ = parts(shape, gradient)
    shrink, decay, keep = each.numbers[SHRINK, g], each.numbers[DECAY, g], each.numbers[AVERAGE, g]
    if shrink > of(rate, 0.0):
        penalize(shape, W1, W2, gW1, gW2, g, shrink)
    if decay > of(rate, 0.0):
        decay_weights(shape, W1, W2, g, of(rate, 1.0) - rate * decay)
    start, size = g * shape.h * W1.shape[1], shape.h * W1.shape[1]
    update(shape, weights, gradient, first, second, average, signs, start, size, corrected, keep, hyper)
    start, size = W1.size + g * W2.shape[1], W2.shape[1]
    update(shape, weights, gradient, first, second, average, signs, start, size, corrected, keep, hyper)
    if g == 0:
        update(shape, weights, gradient, first, second, average, signs, W1.size + W2.size, b2.shape[1], corrected, keep, hyper)
        start, size = skip_row(shape, g) * W1.shape[1], shape.skip * W1.shape[1]
        update(shape, weights, gradient, first, second, average, signs, start, size, corrected, keep, hyper)


@inner
def wait(counters, thread, threads, G, rounds, patience):
    """Wait for the other threads to do this round of their slices; returns a slice that nobody has started, G when there is none.

    A thread that does not come has had its core taken from it by a neighbour's process.
    """
    keep_apart()
    looks = 0
    while not all_done(counters, G, rounds) and read_counter(counters, 2 * G * APART) == 0:
        looks += 1
        if looks > SPINS:
            yield_core()
        if looks > patience:
            for g in range(G):
                if g % threads != thread and claim(counters, g * APART, rounds - 1):
                    return g
    return G


@kernel(SHAPE, ROWS, "v1 v1 v1 v1 v1 v1", EACH, "v2 v1 v1 f2 i i", TEAM)
def train_slices(
    shape, rows, weights, gradient, first, second, average, signs, each, rates, corrections, hyper, costs, thread, threads, team
):
    """`kernels.train` for one network in G slices; this is one of the threads that run it side by side. `costs (steps, 1)`.

    Round r of a slice is its gradients and change of update r − 1 and its forward part of update r. A round begins when all
    slices have done the one before. Returns 0, or which arrays do not fit the others (`arguments.REASONS`), alike in every thread.
    """
    memory, numbers = (weights, gradient, first, second, average, signs), (rates, corrections, hyper)
    wrong = misfit(shape, rows, each, memory, numbers, costs, 1, np.empty(0, np.int64))
    if wrong == FITS:
        wrong = misfit_of_team(shape, team, thread, threads, APART)
    if wrong != FITS:
        return wrong
    G, n_z, n_y, largest, kind = shape.G, shape.n_z, rows.Y.shape[1], shape.b, weights.dtype
    W1, W2, b2 = parts(shape, weights)
    gW1, gW2, gb2 = parts(shape, gradient)
    n1, steps, counters = W1.shape[1], rows.ends.size - 1, team.counters
    buffer, errors, db2 = np.empty(n_z * largest, kind), np.empty(n_z * largest, kind), np.empty((1, n_z), kind)
    w, L, D = np.empty(0, kind), np.empty(0, kind), np.empty((n_z, 0), kind)
    size = largest * n1
    Xb, XT, y = np.empty((2, size), kind), np.empty((2, size), kind), np.empty((2, n_y * largest), kind)
    own = Batches(Xb, XT, y, np.full((2, 2), -1))
    zero, shrink, cost = of(rates[0, 0], 0.0), each.numbers[SHRINK, 0], of(rates[0, 0], 0.0)
    helped = False
    for r in range(steps + 1):
        if read_counter(counters, 2 * G * APART) > 0:
            return FITS
        step, known, g = r - 1, False, thread
        b = L.size if r == 0 else rows.ends[r] - rows.ends[step]
        if b != L.size:
            w, L, D = np.empty(b, kind), np.empty(b, kind), errors[: n_z * b].reshape(n_z, b)
        patience = 0 if helped and r % 16 > 0 else PATIENCE
        helped = False
        while g < G:
            if helped or claim(counters, g * APART, r):
                if step >= 0:
                    if not known:
                        batch(shape, rows, own, step, n1)
                        known = True
                        Z2 = buffer[: n_z * b].reshape(n_z, b)
                        add_parts(team.sums[step % 2], Z2, b)
                        output_errors(shape.loss, Z2, targets(rows, own, step % 2, b), D, L, hyper, n_z, n_y, b)
                        batch_weight(rows, 0, rows.ends[step], w)
                        cost = weigh(D, w, L, db2, 0 * step)
                    backward_slice(shape, rows, own, team, W2, D, gW1, gW2, step, g)
                    if g == 0:
                        costs[step, 0] = cost + (shrink * team.squares[step % 2].sum() / of(zero, 2.0) if shrink > zero else zero)
                        for o in range(n_z):
                            gb2[0, o] = db2[0, o]
                    rate = rates[step, 0]
                    change_slice(shape, each, weights, gradient, first, second, average, signs, rate, rate * corrections[step], hyper, g)
                if r < steps:
                    forward_slice(shape, rows, own, each, team, W1, W2, b2, buffer, r, g)
                write_counter(counters, (G + g) * APART, r + 1)
            g += threads  # its own slices first, then those that are left
            if helped or g >= G:
                g = wait(counters, thread, threads, G, r + 1, patience)
                helped = helped or g < G
    return FITS


def train_in_slices(group: NetworkGroup, taken: tuple[Any, ...]) -> int:
    """One network in slices, over the cores: this thread and those of the executor that are free. Returns what the kernel does."""
    shape, dtype, J = taken[0], group.weights.dtype, group.slices
    team = Team(
        np.zeros((2 * J + 1) * APART, np.int64),
        *(np.empty((J, group.h * shape.b), dtype) for _ in "ZS"),
        np.empty((2, J, group.n_z, shape.b), dtype),
        np.zeros((2, J), dtype),
    )
    threads, work = min(cores(), J), [(*taken, team)]

    def part(thread: int) -> None:
        for *first, last in work:  # nothing where a thread is free too late: it must not keep these arrays
            train_slices(*first, thread, threads, last)

    others = [executor().submit(part, i) for i in range(1, threads)]
    try:
        found: int = train_slices(*taken, 0, threads, team)
    except BaseException:
        team.counters[2 * J * APART] = 1  # the others give up, for nobody may compute any more when this returns
        raise
    finally:
        work.clear()
        wait_for([other for other in others if not other.cancel()])
    for other in others:
        if not other.cancelled():
            other.result()
    return found
