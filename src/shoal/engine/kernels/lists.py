"""Training and evaluation by rows as lists (`engine.lists`), compiled: layer 1 and its gradient without the zeros.

Sizes, steps and results are those of `train.py`; what differs is where W1 lies. Here the weights of an input stand together::

    | W1 and W3 (n1, R): a row an input, then the bias, then padding that stays 0 | W2 (G, n_z·h) | b2 (G, n_z) |

R = G·(h + skip): the units of all networks, then the rows of their W3. A row of the batch adds up the rows of W1 that its list
names, and adds its errors to the same rows of the gradient.

Weights of an input that no row of a batch has get the gradient 0, and the rule still moves them: by its memory, decay, averages. These
updates are made up for when the input is read again, one after the other as they would have been, and for all inputs when the call ends.
So the numbers are those of updates at once, but most of them happen in the caches. With a penalty every weight has a gradient, and
nothing waits. `tests/equal/test_lists.py` holds it equal to the product.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import FITS, NO_ROOM
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import fetch_number, keep_apart, list_sum_1, list_sum_4, of, spread_list_1, spread_list_4
from shoal.engine.jit.memory import array_at, behind, give_back, given, reserve
from shoal.engine.kernels.bounds import misfit_of_judging_lists, misfit_of_lists
from shoal.engine.kernels.dispatch import catch_up, catch_up_at_once, output_errors
from shoal.engine.kernels.optimizers import SERIES, TERMS, USED, adam_series
from shoal.engine.kernels.scratch import listed_scratch, listed_scratch_size
from shoal.engine.kernels.sums import add_up
from shoal.engine.kernels.train import (
    AVERAGE,
    DECAY,
    EACH,
    SHAPE,
    SHRINK,
    PerNetwork,
    Shape,
    back_through_units,
    batch_weight,
    hidden_units,
    output_sums,
    update,
    weigh,
)
from shoal.engine.kernels.vecmath import turn
from shoal.engine.kernels.weights import add_skip, put_errors, skip_row

__all__ = ["ListedRows", "PerNetwork", "Shape", "judge_lists", "train_lists"]


AHEAD = 6  # inputs whose weights are asked for before they are changed


class ListedRows(NamedTuple):
    """The five of `engine.lists.RowLists`, and what `train.RowArrays` has beside X."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.floating]
    shift: NDArray[np.floating]
    shifted: NDArray[np.int64]
    Y: NDArray[np.floating]
    weight: NDArray[np.floating]
    order: NDArray[np.int64]
    ends: NDArray[np.int64]


LISTED = ListedRows, "i1 h1 v1 v1 i1 v2 v2 i1 i1"  # as `jit.signatures` names types


@inner
def targets_of(rows, first, y):
    """The batch's targets `y (n_y, b)`."""
    keep_apart()
    for i in range(y.shape[1]):
        for j in range(y.shape[0]):
            y[j, i] = rows.Y[rows.order[first + i], j]


@inner
def sums_of_lists(rows, start, weights, R, first, A):
    """Layer 1 of a batch, `A (b, k)`: of k units, whose weights stand from number `first` of the R of each input on."""
    keep_apart()
    b, k = A.shape
    flat, n = A.reshape(-1), rows.shift.size
    if b == 0:
        return
    for u in range(k):
        A[0, u] = weights[n * R + first + u]
    for s in range(rows.shifted.size):
        j = rows.shifted[s]
        for u in range(k):
            A[0, u] -= rows.shift[j] * weights[j * R + first + u]
    for i in range(1, b):
        for u in range(k):
            A[i, u] = A[0, u]
    for i in range(b):
        row = rows.order[start + i]
        low, high = rows.starts[row], rows.starts[row + 1]
        u = 0 * k
        while u + 64 <= k:
            list_sum_4(weights, first + u, R, rows.columns, rows.values, low, high, flat, i * k + u)
            u += 64
        while u + 16 <= k:
            list_sum_1(weights, first + u, R, rows.columns, rows.values, low, high, flat, i * k + u)
            u += 16
        for r in range(u, k):
            total = of(weights[0], 0.0)
            for p in range(low, high):
                total += rows.values[p] * weights[np.int64(rows.columns[p]) * R + first + r]
            A[i, r] += total


@inner
def gradient_of_lists(rows, start, E, total, gradient, bias_units):
    """Add what a batch's errors `E (b, R)` give to the gradient of the inputs' weights and biases; `total (R,)` is scratch."""
    keep_apart()
    b, R = E.shape
    flat, n = E.reshape(-1), rows.shift.size
    total[:] = of(total[0], 0.0)
    for i in range(b):
        row = rows.order[start + i]
        low, high = rows.starts[row], rows.starts[row + 1]
        u = 0 * R
        while u + 64 <= R:
            spread_list_4(flat, i * R + u, rows.columns, rows.values, low, high, gradient, u, R)
            u += 64
        while u + 16 <= R:
            spread_list_1(flat, i * R + u, rows.columns, rows.values, low, high, gradient, u, R)
            u += 16
        for r in range(u, R):
            for p in range(low, high):
                gradient[np.int64(rows.columns[p]) * R + r] += rows.values[p] * E[i, r]
        for r in range(R):
            total[r] += E[i, r]
    for s in range(rows.shifted.size):
        j = rows.shifted[s]
        for r in range(R):
            gradient[j * R + r] -= rows.shift[j] * total[r]
    for r in range(bias_units):  # W3 has no bias of its own
        gradient[n * R + r] = total[r]


@inner
def read_now(rows, start, b, step, read_at, read):
    """Write the inputs that a batch reads into `read`, each once; returns how many. `read_at (n,)` has the step that read an input last."""
    keep_apart()
    count = 0
    for s in range(rows.shifted.size):
        j = rows.shifted[s]
        read_at[j], read[count] = step, j
        count += 1
    for i in range(b):
        row = rows.order[start + i]
        for p in range(rows.starts[row], rows.starts[row + 1]):
            j = np.int64(rows.columns[p])
            if read_at[j] != step:
                read_at[j], read[count] = step, j
                count += 1
    return count


@inner
def plan_of(rates, corrections, each, factors, lefts):
    """What the rule multiplies gradients with and what decay leaves of weights, `factors` and `lefts (G, steps)`; whether all networks'
    are the same, so that one sweep over an input's weights serves.
    """
    keep_apart()
    alike = True
    for g in range(factors.shape[0]):
        for step in range(factors.shape[1]):
            factors[g, step] = rates[step, g] * corrections[step]
            lefts[g, step] = of(factors[0, 0], 1.0) - rates[step, g] * each.numbers[DECAY, g]
            alike &= factors[g, step] == factors[0, step] and lefts[g, step] == lefts[0, step]
        alike &= each.numbers[AVERAGE, g] == each.numbers[AVERAGE, 0]
    return alike


@inner
def fetch_input(memory, R, j):
    """Ask for the weights of input j, their gradient and the rule's memory, which lie far from those before."""
    keep_apart()
    for values in memory[:4]:
        if values.size > 0:
            for r in range(j * R, (j + 1) * R, 16):
                fetch_number(values, r)


@inner
def make_up(shape, late, memory, plan, series, low, high, j):
    """The updates low … high − 1 of the weights of input j: the first by the gradient that waits, the others by 0, as it is afterwards."""
    keep_apart()
    w, d, first, second, hyper = memory
    factors, lefts, alike = plan
    rows, rows_of = series
    G, h, skip, steps = shape.G, shape.h, shape.skip, high - low
    R = G * (h + skip)
    if steps == 0:
        return
    if late[1] != 0 and rows_of[low] != high:
        rows_of[low] = high
        for g in range(1 if alike else G):
            adam_series(factors[g], lefts[g], low, high, hyper, rows[low, g])
    for g in range(1 if alike else G):
        size, start = (R, j * R) if alike else (h, j * R + g * h)
        at_once = late[1] != 0 and rows[low, g, USED] >= of(w[0], 0.0)
        at = (low * G + g) * rows.shape[2] if at_once else g * factors.shape[1] + low
        if at_once:
            catch_up_at_once(late[1], w, d, first, second, start, hyper, rows, at, size)
        else:
            catch_up(late[0], w, d, first, second, start, hyper, factors, lefts, at, steps, size)
        if skip > 0 and not alike:
            start = j * R + G * h + g * skip
            if at_once:
                catch_up_at_once(late[1], w, d, first, second, start, hyper, rows, at, skip)
            else:
                catch_up(late[0], w, d, first, second, start, hyper, factors, lefts, at, steps, skip)


@inner
def change_all(shape, memory, average, signs, plan, each, step, low, n_rows):
    """One update of the weights of inputs low … low + n_rows − 1, each by its gradient."""
    keep_apart()
    w, d, first, second, hyper = memory
    factors, _, alike = plan
    G, h, skip = shape.G, shape.h, shape.skip
    R = G * (h + skip)
    if alike:
        update(shape, w, d, first, second, average, signs, low * R, n_rows * R, factors[0, step], each.numbers[AVERAGE, 0], hyper)
        return
    for j in range(low, low + n_rows):
        for g in range(G):
            factor, keep = factors[g, step], each.numbers[AVERAGE, g]
            update(shape, w, d, first, second, average, signs, j * R + g * h, h, factor, keep, hyper)
            update(shape, w, d, first, second, average, signs, j * R + G * h + g * skip, skip, factor, keep, hyper)


@inner
def decay_all(shape, w, lefts, step, n):
    """The weights of all n inputs times what decay leaves."""
    keep_apart()
    G, h, skip = shape.G, shape.h, shape.skip
    R = G * (h + skip)
    for g in range(G):
        left = lefts[g, step]
        if left == of(left, 1.0):
            continue
        for j in range(n):
            for r in range(j * R + g * h, j * R + (g + 1) * h):
                w[r] *= left
            for r in range(j * R + G * h + g * skip, j * R + G * h + (g + 1) * skip):
                w[r] *= left


@inner
def penalize_lists(shape, n, w, d, g, shrink):
    """`weights.penalize` of network g; its W1 and W3 stand input by input."""
    keep_apart()
    G, h, skip = shape.G, shape.h, shape.skip
    R, squares = G * (h + skip), of(shrink, 0.0)
    for j in range(n):
        for part in range(2):
            low, size = (j * R + g * h, h) if part == 0 else (j * R + G * h + g * skip, skip)
            mine, gradient = w[low : low + size], d[low : low + size]
            for r in range(size):
                squares += mine[r] * mine[r]
                gradient[r] += shrink * mine[r]
    low, size = w.size - G * shape.n_z * (h + 1) + g * shape.n_z * h, shape.n_z * h
    mine, gradient = w[low : low + size], d[low : low + size]
    for r in range(size):
        squares += mine[r] * mine[r]
        gradient[r] += shrink * mine[r]
    return squares


@kernel(SHAPE, LISTED, "v1 v1 v1 v1 v1 v1", EACH, "v2 v1 v1 f2 i i")
def train_lists(shape, rows, weights, gradient, first, second, average, signs, each, rates, corrections, hyper, costs, one_by_one, at_once):
    """`train.train` for rows that are lists, and weights as they lie at the head of this file; the last two are the addresses of the
    functions that make up for several updates (`dispatch.late`).
    """
    late = one_by_one, at_once
    wrong = misfit_of_lists(shape, rows, each, (weights, gradient, first, second, average, signs), (rates, corrections, hyper), costs)
    if wrong != FITS:
        return wrong
    G, h, n, n_z, n_y, steps = shape.G, shape.h, shape.n, shape.n_z, rows.Y.shape[1], rows.ends.size - 1
    R, outs = G * (h + shape.skip), n_z * h
    a = weights.size - G * (outs + n_z)
    W2, b2 = weights[a : a + G * outs].reshape(G, outs), weights[a + G * outs :].reshape(G, n_z)
    gW2, gb2 = gradient[a : a + G * outs].reshape(G, outs), gradient[a + G * outs :].reshape(G, n_z)
    of_batches = listed_scratch_size(R, h, n_z, n_y, shape.b)
    whole, memory = reserve(rows.order, 3 * n + steps), reserve(weights, of_batches + steps * G * (SERIES + TERMS + 2) + R)
    numbers = behind(memory, of_batches)
    if not (given(whole) and given(memory)):
        give_back(whole)
        give_back(memory)
        return NO_ROOM
    done, read_at, read = array_at(whole, n), array_at(behind(whole, n), n), array_at(behind(whole, 2 * n), n)
    done[:], read_at[:] = 0, -1
    factors, lefts = array_at(numbers, (G, steps)), array_at(behind(numbers, G * steps), (G, steps))
    total = array_at(behind(numbers, 2 * G * steps), R)
    series = array_at(behind(numbers, 2 * G * steps + R), (steps, G, SERIES + TERMS)), array_at(behind(whole, 3 * n), steps)
    series[1][:] = -1
    plan = factors, lefts, plan_of(rates, corrections, each, factors, lefts)
    of_weights = weights, gradient, first, second, hyper
    zero, two = of(rates[0, 0], 0.0), of(rates[0, 0], 2.0)
    now = average.size + signs.size > 0  # averages, signs, and penalties as gradients, are of every weight after every update
    for g in range(G):
        now |= each.numbers[SHRINK, g] > zero
    for i in range(a):
        gradient[i] = zero
    nothing = 0 * n
    Z, S, A, Z2, D, y, T, w, L = listed_scratch(memory, R, h, n_z, n_y, shape.b)
    for step in range(steps):
        start, b = rows.ends[step], rows.ends[step + 1] - rows.ends[step]
        if b != L.size:
            Z, S, A, Z2, D, y, T, w, L = listed_scratch(memory, R, h, n_z, n_y, b)
        targets_of(rows, start, y)
        if not now:
            count = read_now(rows, start, b, step, read_at, read)
            for c in range(count):
                if c + AHEAD < count:
                    fetch_input(of_weights, R, read[c + AHEAD])
                make_up(shape, late, of_weights, plan, series, done[read[c]], step, read[c])
                done[read[c]] = step
        sums_of_lists(rows, start, weights, R, nothing, A)
        turn(A, Z)
        for g in range(G):
            hidden_units(shape, each, g, g * h, shape.t + step + 1, Z, S)
            output_sums(shape, W2, b2, g, g * h, Z, Z2)
            add_skip(Z, skip_row(shape, g), shape.skip, Z2)
            output_errors(shape.loss, Z2, y, D, L, hyper, n_z, n_y, L.size)
            batch_weight(rows, g, start, w)
            costs[step, g] = weigh(D, w, L, gb2, g)
            back_through_units(shape, W2, D, g, g * h, Z, S, T, gW2)
            put_errors(D, skip_row(shape, g), shape.skip, Z)
        turn(Z, A)
        gradient_of_lists(rows, start, A, total, gradient, G * h)
        for g in range(G):
            shrink = each.numbers[SHRINK, g]
            if shrink > zero:
                costs[step, g] += shrink * penalize_lists(shape, n, weights, gradient, g, shrink) / two
        if now:
            decay_all(shape, weights, lefts, step, n)
            change_all(shape, of_weights, average, signs, plan, each, step, nothing, n)
            for i in range(n * R):
                gradient[i] = zero
        change_all(shape, of_weights, average, signs, plan, each, step, n, nothing + 1)
        for g in range(G):
            factor, keep = factors[g, step], each.numbers[AVERAGE, g]
            for r in range(outs):
                W2[g, r] *= lefts[g, step]
            update(shape, weights, gradient, first, second, average, signs, a + g * outs, outs, factor, keep, hyper)
            update(shape, weights, gradient, first, second, average, signs, a + G * outs + g * n_z, n_z, factor, keep, hyper)
    if not now:
        for j in range(n):
            make_up(shape, late, of_weights, plan, series, done[j], steps, j)
    give_back(whole)
    give_back(memory)
    return FITS


@kernel(SHAPE, "i", LISTED, "v1", EACH, "v1 f2")
def judge_lists(shape, output, rows, weights, each, hyper, sums):
    """`sums.judge` for rows that are lists, and weights as they lie at the head of this file."""
    wrong = misfit_of_judging_lists(shape, rows, weights, each, sums)
    if wrong != FITS:
        return wrong
    G, h, n_z, n_y, skip, most = shape.G, shape.h, shape.n_z, rows.Y.shape[1], shape.skip, shape.b
    R, outs = G * (h + skip), n_z * h
    a = weights.size - G * (outs + n_z)
    W2, b2 = weights[a : a + G * outs].reshape(G, outs), weights[a + G * outs :].reshape(G, n_z)
    nothing = 0 * h
    size = listed_scratch_size(h, h, n_z, n_y, most)
    memory = reserve(weights, size + 2 * most * skip)
    if not given(memory):
        return NO_ROOM
    of_skip = behind(memory, size)
    Z, S, A, Z2, D, y, _, _, L = listed_scratch(memory, h, h, n_z, n_y, most)
    for g in range(G):
        for start in range(rows.ends[g], rows.ends[g + 1], most):
            b = min(most, rows.ends[g + 1] - start)
            if b != L.size:
                Z, S, A, Z2, D, y, _, _, L = listed_scratch(memory, h, h, n_z, n_y, b)
            targets_of(rows, start, y)
            sums_of_lists(rows, start, weights, R, g * h, A)
            turn(A, Z)
            hidden_units(shape, each, g, nothing, nothing, Z, S)
            output_sums(shape, W2, b2, g, nothing, Z, Z2)
            if skip > 0:
                linear, turned = array_at(of_skip, (b, skip)), array_at(behind(of_skip, b * skip), (skip, b))
                sums_of_lists(rows, start, weights, R, G * h + g * skip, linear)
                turn(linear, turned)
                add_skip(turned, nothing, skip, Z2)
            output_errors(shape.loss, Z2, y, D, L, hyper, n_z, n_y, L.size)
            add_up(output, rows, start, g, Z2, y, L, sums)
    give_back(memory)
    return FITS
