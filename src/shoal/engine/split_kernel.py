"""One wide network trained by several threads: its hidden units in slices, one barrier an update.

A slice is laid out as a network of a group is, so that every function of `kernels.py` serves both. The output bias stands
with slice 0, and is 0 in the others. The logits are the only sum over slices: every thread writes its slices' part, waits
for the others, and adds all parts up in the order of the slices, whose number depends on the shape alone. So the thread
count changes no bit. Two buffers, for even and odd updates, make one barrier enough.
"""

import sys
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from shoal.engine.kernels import (
    AVERAGE,
    DECAY,
    INNER,
    KERNEL,
    SHRINK,
    back_through_units,
    batch_weight,
    decay_weights,
    gather,
    hidden_units,
    output_sums,
    parts,
    penalize,
    scratch,
    update,
    weigh,
)
from shoal.engine.pieces import data, output_errors
from shoal.engine.vecmath import keep_apart, of

APART = 16  # numbers between two threads' counters: they must not share a line of the cache
SPINS = 1000  # looks at the others' counters before the core is offered to whoever waits for it
GIVE_WAY = "SwitchToThread" if sys.platform == "win32" else "sched_yield"


class Team(NamedTuple):
    """This thread's number, the number of threads, and their counters, APART from each other."""

    thread: int
    threads: int
    counters: NDArray[np.int64]


@intrinsic
def tell(typing_context, counters, place, value):
    """Write a counter, after everything that was written before."""

    def generate(context, builder, signature, arguments):
        kept, at, number = arguments
        builder.store_atomic(number, data(context, builder, counters, kept, at), "release", 8)
        return context.get_dummy_value()

    return types.none(counters, types.int64, types.int64), generate


@intrinsic
def told(typing_context, counters, place):
    """Read a counter, before everything that is read afterwards."""

    def generate(context, builder, signature, arguments):
        return builder.load_atomic(data(context, builder, counters, *arguments), "acquire", 8)

    return types.int64(counters, types.int64), generate


@intrinsic
def give_way(typing_context):
    """Let another thread have the core."""

    def generate(context, builder, signature, arguments):
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), []), GIVE_WAY)
        builder.call(function, [])
        return context.get_dummy_value()

    return types.none(), generate


@njit(**INNER)
def meet(counters, thread, threads, step):
    """Wait until all threads have come to this step."""
    keep_apart()
    tell(counters, thread * APART, step)
    for other in range(threads):
        looks = 0
        while told(counters, other * APART) < step:
            looks += 1
            if looks > SPINS:
                give_way()


@njit(**INNER)
def squares_of(shape, W1, W2, g):
    """Σ W² over the weights of slice g that are no bias."""
    keep_apart()
    total = of(W1[0, 0], 0.0)
    for r in range(g * shape.h, (g + 1) * shape.h):
        for j in range(shape.n):
            total += W1[r, j] * W1[r, j]
    for j in range(W2.shape[1]):
        total += W2[g, j] * W2[g, j]
    return total


@njit(**INNER)
def add_parts(sums, Z2, b):
    """Z2 = Σ of the slices' logits `(J, n_z, b)`, in their order."""
    keep_apart()
    for o in range(Z2.shape[0]):
        for i in range(b):
            Z2[o, i] = sums[0, o, i]
        for g in range(1, sums.shape[0]):
            for i in range(b):
                Z2[o, i] += sums[g, o, i]


@njit(**KERNEL)
def train_slices(shape, rows, weights, gradient, first, second, average, each, rates, corrections, hyper, costs, team, sums, squares):
    """`kernels.train` for one network in G slices; this thread has every T-th of them.

    `sums (2, G, n_z, b)` and `squares (2, G)`, shared as the team's counters are, are what the threads tell each other;
    `costs (steps, 1)`.
    """
    G, h, n_z, largest, kind = shape.G, shape.h, shape.n_z, shape.b, weights.dtype
    thread, threads, counters = team.thread, team.threads, team.counters
    mine = (G - thread + threads - 1) // threads
    W1, W2, b2 = parts(shape, weights)
    gW1, gW2, gb2 = parts(shape, gradient)
    n1 = W1.shape[1]
    Z2, D, y = np.empty((n_z, largest), kind), np.empty((n_z, largest), kind), np.empty((rows.Y.shape[1], largest), kind)
    db2 = np.empty((1, n_z), kind)
    Z, S, Xb, _, w, L = scratch(weights, mine * h, n1, largest)
    no_XT = np.empty((0, 0), kind)
    zero, shrink = of(rates[0, 0], 0.0), each.numbers[SHRINK, 0]
    for step in range(rows.ends.size - 1):
        start, b, odd = rows.ends[step], rows.ends[step + 1] - rows.ends[step], step % 2
        if b != L.size:
            Z, S, Xb, _, w, L = scratch(weights, mine * h, n1, b)
        gather(rows, start, shape.n, Xb, no_XT, y)
        for k in range(mine):
            g, low = thread + k * threads, k * h
            np.dot(W1[g * h : (g + 1) * h], Xb.T, Z[low : low + h])
            hidden_units(shape, each, g, low, shape.t + step + 1, Z, S)
            output_sums(shape, W2, b2, g, low, Z, sums[odd, g])
            if shrink > zero:
                squares[odd, g] = squares_of(shape, W1, W2, g)
        meet(counters, thread, threads, step + 1)
        add_parts(sums[odd], Z2, b)
        output_errors(shape.loss, Z2, y, D, L, hyper, n_z, y.shape[0], b, largest)
        batch_weight(rows, 0, start, w)
        cost = weigh(D, w, L, db2, 0 * step)
        rate = rates[step, 0] * corrections[step]
        for k in range(mine):
            g, low = thread + k * threads, k * h
            back_through_units(shape, W2, D, g, low, Z, S, gW2)
            np.dot(Z[low : low + h], Xb, gW1[g * h : (g + 1) * h])
            decay, keep = each.numbers[DECAY, g], each.numbers[AVERAGE, g]
            if shrink > zero:
                cost += shrink * squares[odd].sum() / of(zero, 2.0) if g == 0 else zero
                penalize(shape, W1, W2, gW1, gW2, g, shrink)
            if decay > zero:
                decay_weights(shape, W1, W2, g, of(zero, 1.0) - rates[step, 0] * decay)
            size = h * n1
            update(shape, weights, gradient, first, second, average, g * size, size, rate, keep, hyper)
            start, size = W1.size + g * W2.shape[1], W2.shape[1]
            update(shape, weights, gradient, first, second, average, start, size, rate, keep, hyper)
            if g == 0:
                costs[step, 0] = cost
                for o in range(n_z):
                    gb2[0, o] = db2[0, o]
                update(shape, weights, gradient, first, second, average, W1.size + W2.size, n_z, rate, keep, hyper)
