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

from shoal.engine.arguments import FITS, NO_ROOM
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import claim, keep_apart, of, read_counter, write_counter, yield_core
from shoal.engine.jit.memory import array_at, behind, few, give_back, given, reserve
from shoal.engine.kernels.bounds import misfit, misfit_of_team
from shoal.engine.kernels.dispatch import output_errors
from shoal.engine.kernels.products import multiply
from shoal.engine.kernels.scratch import bias, whole_lines
from shoal.engine.kernels.train import (
    AVERAGE,
    DECAY,
    EACH,
    ROWS,
    SHAPE,
    SHRINK,
    back_through_units,
    batch_weight,
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
    """A thread's own copies of an even and an odd update's batch: pointers to both Xb, XT and y, which begin `whole_lines` of the largest
    batch apart; which updates' they are, and for how many rows they were last laid out `(2, 2)`.
    """

    Xb: Any
    XT: Any
    y: Any
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
    """Xb `(b, n1)`, XT `(n1, b)` and y `(n_y, b)` of an update's batch, gathered where this thread does not have it."""
    keep_apart()
    b, odd, n_y = rows.ends[step + 1] - rows.ends[step], step % 2, rows.Y.shape[1]
    of_inputs = odd * whole_lines(shape.b * n1)
    Xb, XT = array_at(behind(own.Xb, of_inputs), (b, n1)), array_at(behind(own.XT, of_inputs), (n1, b))
    y = array_at(behind(own.y, odd * whole_lines(shape.b * n_y)), (n_y, b))
    if own.of[0, odd] != step:
        gather(rows, rows.ends[step], 0 * b, b, shape.n, Xb, XT, y)
        if own.of[1, odd] != b:
            bias(shape.n, 0 * b, b, Xb, XT)
        own.of[0, odd], own.of[1, odd] = step, b
    return Xb, XT, y


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
    """Slice g's hidden values of an update's batch, and its part of the logits, by way of this thread's `buffer (2, n_z·b)`."""
    keep_apart()
    Xb, XT, _ = batch(shape, rows, own, step, W1.shape[1])
    b, h, low = Xb.shape[0], shape.h, 0 * g
    Z, S = team.Z[g, : h * b].reshape(h, b), team.S[g, : h * b].reshape(h, b)
    multiply(shape.product, W1[g * h : (g + 1) * h], XT, Z)
    hidden_units(shape, each, g, low, shape.t + step + 1, Z, S)
    Z2 = buffer[0, : shape.n_z * b].reshape(shape.n_z, b)
    output_sums(shape, W2, b2, g, low, Z, Z2)
    if g == 0 and shape.skip > 0:
        first = skip_row(shape, g)
        linear = buffer[1, : shape.n_z * b].reshape(shape.n_z, b)
        multiply(shape.product, W1[first : first + shape.skip], XT, linear)
        add_skip(linear, low, shape.skip, Z2)
    for o in range(shape.n_z):  # written once: other threads read these lines of the cache
        for i in range(b):
            team.sums[step % 2, g, o, i] = Z2[o, i]
    if each.numbers[SHRINK, 0] > of(W1[0, 0], 0.0):
        team.squares[step % 2, g] = squares_of(shape, W1, W2, g)


@inner
def backward_slice(shape, rows, own, team, W2, D, T, gW1, gW2, step, g):
    """Slice g's gradients from the errors D of an update's batch."""
    keep_apart()
    Xb, _, _ = batch(shape, rows, own, step, gW1.shape[1])
    b, h = Xb.shape[0], shape.h
    Z, S = team.Z[g, : h * b].reshape(h, b), team.S[g, : h * b].reshape(h, b)
    back_through_units(shape, W2, D, g, 0 * g, Z, S, T, gW2)
    multiply(shape.product, Z, Xb, gW1[g * h : (g + 1) * h])
    if g == 0 and shape.skip > 0:
        first = skip_row(shape, g)
        multiply(shape.product, D, Xb, gW1[first : first + shape.skip])
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
    arrays, numbers = (weights, gradient, first, second, average, signs), (rates, corrections, hyper)
    wrong = misfit(shape, rows, each, arrays, numbers, costs, 1, team.counters[:0])
    if wrong == FITS:
        wrong = misfit_of_team(shape, team, thread, threads, APART)
    if wrong != FITS:
        return wrong
    G, n_z, n_y, largest = shape.G, shape.n_z, rows.Y.shape[1], shape.b
    W1, W2, b2 = parts(shape, weights)
    gW1, gW2, gb2 = parts(shape, gradient)
    n1, steps, counters = W1.shape[1], rows.ends.size - 1, team.counters
    of_inputs, of_targets, of_outputs = whole_lines(largest * n1), whole_lines(largest * n_y), whole_lines(largest * n_z)
    size = 4 * of_inputs + 2 * of_targets + 3 * of_outputs + 2 * whole_lines(largest) + whole_lines(n_z) + n_z * (shape.h + largest)
    memory = reserve(weights, size)
    if not given(memory):
        write_counter(counters, 2 * G * APART, 1)  # the others give up
        return NO_ROOM
    columns = behind(memory, 2 * of_inputs)
    targets = behind(columns, 2 * of_inputs)
    logits = behind(targets, 2 * of_targets)
    errors = behind(logits, 2 * of_outputs)
    shares = behind(errors, of_outputs)
    losses = behind(shares, whole_lines(largest))
    sums = behind(losses, whole_lines(largest))
    buffer, db2 = array_at(logits, (2, of_outputs)), array_at(sums, (1, n_z))
    T = array_at(behind(sums, whole_lines(n_z)), n_z * (shape.h + largest))
    b = 0 * n_z
    w, L, D = array_at(shares, b), array_at(losses, b), array_at(errors, (n_z, b))
    own = Batches(memory, columns, targets, array_at(few(b, 4), (2, 2)))
    own.of[:] = -1
    zero, shrink, cost = of(rates[0, 0], 0.0), each.numbers[SHRINK, 0], of(rates[0, 0], 0.0)
    helped = False
    for r in range(steps + 1):
        if read_counter(counters, 2 * G * APART) > 0:
            break
        step, known, g = r - 1, False, thread
        b = L.size if r == 0 else rows.ends[r] - rows.ends[step]
        if b != L.size:
            w, L, D = array_at(shares, b), array_at(losses, b), array_at(errors, (n_z, b))
        patience = 0 if helped and r % 16 > 0 else PATIENCE
        helped = False
        while g < G:
            if helped or claim(counters, g * APART, r):
                if step >= 0:
                    if not known:
                        _, _, y = batch(shape, rows, own, step, n1)
                        known = True
                        Z2 = array_at(logits, (n_z, b))
                        add_parts(team.sums[step % 2], Z2, b)
                        output_errors(shape.loss, Z2, y, D, L, hyper, n_z, n_y, b)
                        batch_weight(rows, 0, rows.ends[step], w)
                        cost = weigh(D, w, L, db2, 0 * step)
                    backward_slice(shape, rows, own, team, W2, D, T, gW1, gW2, step, g)
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
    give_back(memory)
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

    def part(thread: int) -> int:
        return max(
            (train_slices(*first, thread, threads, last) for *first, last in work), default=FITS
        )  # nothing where it is free too late

    others = [executor().submit(part, i) for i in range(1, threads)]
    try:
        found: int = train_slices(*taken, 0, threads, team)
    except BaseException:
        team.counters[2 * J * APART] = 1  # the others give up, for nobody may compute any more when this returns
        raise
    finally:
        work.clear()
        wait_for([other for other in others if not other.cancel()])
    return max(found, *(other.result() for other in others if not other.cancelled()), FITS)
