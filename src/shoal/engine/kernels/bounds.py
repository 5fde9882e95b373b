"""Whether the arrays that a kernel gets fit one another: asked once a call, outside its loops, before anything is computed.

The kernels index without looking, so that loops become vector instructions. Each returns what is found here, 0 where all fits;
`arguments.refuse` makes an error of it.
"""

import numpy as np

from shoal.engine.arguments import (
    FITS,
    OF_COLUMNS,
    OF_EACH,
    OF_ENDS,
    OF_MEMORY,
    OF_ORDER,
    OF_RAMPS,
    OF_ROW_WEIGHTS,
    OF_STEPS,
    OF_TEAM,
    OF_WEIGHTS,
)
from shoal.engine.jit.compiler import inner
from shoal.engine.jit.intrinsics import keep_apart
from shoal.engine.ramps import ARRAYS, INPUTS, N1, PLAIN, RAMPS, UNITS

HYPER = 7  # numbers of the rule and the loss
PER_NETWORK = 4, 3  # rows of `PerNetwork.numbers` and `whole`


@inner
def misfit_of_weights(shape, weights, each):
    """Of the flat weights and the networks' own numbers."""
    keep_apart()
    G, h, outs = shape.G, shape.h, shape.n_z * shape.h
    if G < 1 or h < 1 or shape.n < 0 or shape.n_z < 1 or shape.b < 0:
        return OF_WEIGHTS
    if shape.skip != 0 and shape.skip != shape.n_z:
        return OF_WEIGHTS
    a, R = weights.size - G * (outs + shape.n_z), G * (h + shape.skip)
    if a < R * (shape.n + 1) or a % R != 0:
        return OF_WEIGHTS
    if each.numbers.shape[0] < PER_NETWORK[0] or each.whole.shape[0] < PER_NETWORK[1]:
        return OF_EACH
    if each.numbers.shape[1] != G or each.whole.shape[1] != G:
        return OF_EACH
    for g in range(G):
        if each.whole[0, g] < 0 or each.whole[0, g] > h:
            return OF_EACH
    return FITS


@inner
def misfit_of_rows(rows, columns, networks, largest):
    """Of what is read; a batch has at most `largest` rows."""
    keep_apart()
    return OF_COLUMNS if rows.X.shape[1] < columns else misfit_of_order(rows, rows.X.shape[0], networks, largest)


@inner
def misfit_of_order(rows, m, networks, largest):
    """Of the m rows' targets, weights and order."""
    keep_apart()
    order, ends, k = rows.order, rows.ends, rows.weight.shape[0]
    if rows.Y.shape[0] != m:
        return OF_COLUMNS
    if k > 0 and (rows.weight.shape[1] != m or (k != 1 and k != networks)):
        return OF_ROW_WEIGHTS
    if ends.size < 1 or ends[0] < 0 or ends[ends.size - 1] > order.size:
        return OF_ENDS
    for i in range(ends.size - 1):
        if ends[i + 1] < ends[i] or ends[i + 1] - ends[i] > largest:
            return OF_ENDS
    outside = 0
    for i in range(order.size):
        outside += 1 if np.uint64(order[i]) >= np.uint64(m) else 0  # of whole numbers without a sign, a negative one is large
    return OF_ORDER if outside > 0 else FITS


@inner
def misfit_of_memory(memory, hyper):
    """Of weights, gradient, both moments, averages and signs, and of the numbers of the optimizer."""
    keep_apart()
    weights, gradient, first, second, average, signs = memory
    if gradient.size != weights.size or hyper.size < HYPER:
        return OF_MEMORY
    for kept in (first, second, average, signs):
        if kept.size != 0 and kept.size != weights.size:
            return OF_MEMORY
    return FITS


@inner
def misfit_of_steps(steps, numbers, costs, networks):
    """Of what each of so many steps takes and gives; `numbers` are rates, corrections and those of the optimizer."""
    keep_apart()
    rates, corrections, _ = numbers
    if rates.shape[0] < steps or rates.shape[1] != networks or corrections.size < steps:
        return OF_STEPS
    return OF_STEPS if costs.shape[0] < steps or costs.shape[1] != networks else FITS


@inner
def misfit_of_judged(shape, rows, sums):
    """Of where each network's rows end, and of what is summed over them."""
    keep_apart()
    if rows.ends.size <= shape.G or shape.b < 1:
        return OF_ENDS
    return OF_STEPS if sums.shape[0] < shape.G or sums.shape[1] != 4 + 3 * rows.Y.shape[1] else FITS


@inner
def misfit(shape, rows, each, memory, numbers, costs, networks, lookup):
    """Of what `train` and `train_slices` take: `memory` is weights, gradient, both moments, averages and signs, `numbers` are rates,
    corrections and those of the optimizer; `networks` is 1 for one network in slices.
    """
    keep_apart()
    weights, hyper = memory[0], numbers[2]
    wrong = misfit_of_weights(shape, weights, each)
    if wrong != FITS:
        return wrong
    n_r, H = 0, shape.G * shape.h
    if lookup.size > 0:
        wrong = misfit_of_lookup(lookup, shape, (weights.size - shape.n_z * (H + shape.G)) // (H + shape.G * shape.skip))
        if wrong != FITS:
            return wrong
        n_r = lookup[RAMPS]
    wrong = misfit_of_memory(memory, hyper)
    if wrong != FITS:
        return wrong
    wrong = misfit_of_rows(rows, shape.n - n_r, networks, shape.b)
    if wrong != FITS:
        return wrong
    return misfit_of_steps(rows.ends.size - 1, numbers, costs, networks)


@inner
def misfit_of_listed_rows(rows, n, networks, largest):
    """Of rows that are lists over n inputs."""
    keep_apart()
    m, last = rows.starts.size - 1, rows.columns.size
    if m < 0 or rows.values.size != last or rows.shift.size != n or rows.starts[0] < 0 or rows.starts[m] > last:
        return OF_COLUMNS
    wrong = 0
    for i in range(m):
        wrong += 1 if rows.starts[i + 1] < rows.starts[i] else 0
    for p in range(last):
        wrong += 1 if np.uint32(rows.columns[p]) >= np.uint32(n) else 0
    for s in range(rows.shifted.size):
        wrong += 1 if np.uint64(rows.shifted[s]) >= np.uint64(n) or (s > 0 and rows.shifted[s] <= rows.shifted[s - 1]) else 0
    return OF_COLUMNS if wrong > 0 else misfit_of_order(rows, m, networks, largest)


@inner
def misfit_of_lists(shape, rows, each, memory, numbers, costs):
    """Of what `train_lists` takes, as `misfit`."""
    keep_apart()
    weights, hyper = memory[0], numbers[2]
    wrong = misfit_of_weights(shape, weights, each)
    if wrong != FITS:
        return wrong
    wrong = misfit_of_memory(memory, hyper)
    if wrong != FITS:
        return wrong
    wrong = misfit_of_listed_rows(rows, shape.n, shape.G, shape.b)
    if wrong != FITS:
        return wrong
    return misfit_of_steps(rows.ends.size - 1, numbers, costs, shape.G)


@inner
def misfit_of_judging_lists(shape, rows, weights, each, sums):
    """Of what `judge_lists` takes."""
    keep_apart()
    wrong = misfit_of_weights(shape, weights, each)
    if wrong != FITS:
        return wrong
    wrong = misfit_of_listed_rows(rows, shape.n, 1, rows.order.size)
    if wrong != FITS:
        return wrong
    return misfit_of_judged(shape, rows, sums)


@inner
def misfit_of_gradient_sums(shape, rows, weights, each, memory):
    """Of what `gradient_sums` takes: `memory` is the gradient, its total, the numbers of the loss, and the losses."""
    keep_apart()
    gradient, total, hyper, loss = memory
    wrong = misfit_of_weights(shape, weights, each)
    if wrong != FITS:
        return wrong
    if gradient.size != weights.size or total.size != weights.size or hyper.size < HYPER:
        return OF_MEMORY
    wrong = misfit_of_rows(rows, shape.n, shape.G, shape.b)
    if wrong != FITS:
        return wrong
    return OF_STEPS if loss.size != shape.G else FITS


@inner
def misfit_of_lookup(lookup, shape, n1):
    """Of ramps that are looked up."""
    if lookup.size < ARRAYS or lookup[UNITS] != shape.G * (shape.h + shape.skip) or lookup[N1] != n1:
        return OF_RAMPS
    if lookup[RAMPS] < 1 or lookup[INPUTS] < 0 or lookup[INPUTS] + lookup[RAMPS] != shape.n:
        return OF_RAMPS
    return OF_RAMPS if lookup[PLAIN] <= lookup[INPUTS] or lookup[PLAIN] > n1 else FITS


@inner
def misfit_of_team(shape, team, thread, threads, apart):
    """Of what the threads of one network share."""
    G, b = shape.G, shape.b
    if thread < 0 or thread >= threads or team.counters.size < (2 * G + 1) * apart:
        return OF_TEAM
    if team.Z.shape[0] < G or team.S.shape[0] < G or team.Z.shape[1] < shape.h * b or team.S.shape[1] < shape.h * b:
        return OF_TEAM
    if team.squares.shape[0] != 2 or team.squares.shape[1] != G or team.sums.shape[0] != 2 or team.sums.shape[1] != G:
        return OF_TEAM
    return OF_TEAM if team.sums.shape[2] < shape.n_z or team.sums.shape[3] < b else FITS


@inner
def misfit_of_judging(shape, rows, weights, each, sums):
    """Of what `judge` takes."""
    keep_apart()
    wrong = misfit_of_weights(shape, weights, each)
    if wrong != FITS:
        return wrong
    wrong = misfit_of_rows(rows, shape.n, 1, rows.order.size)
    if wrong != FITS:
        return wrong
    return misfit_of_judged(shape, rows, sums)


@inner
def misfit_of_prediction(block, X, columns, scales, weights, Z2):
    """Of what `predict` takes: `scales` are its limits, center and per_scale, `weights` W1, W2, b2 and W3."""
    keep_apart()
    (limits, center, per_scale), (W1, W2, b2, W3) = scales, weights
    n, r = X.shape[1], columns.size
    if block < 1 or W1.shape[1] <= n + r or W2.shape[1] != W1.shape[0] or W2.shape[0] != b2.size:
        return OF_WEIGHTS
    if W3.shape[0] > 0 and (W3.shape[0] != b2.size or W3.shape[1] != W1.shape[1]):
        return OF_WEIGHTS
    if center.shape[0] != 2 or per_scale.shape[0] != 2 or center.shape[1] != n + r or per_scale.shape[1] != n + r:
        return OF_COLUMNS
    if limits.shape[0] != 2 or limits.shape[1] != n:
        return OF_COLUMNS
    for k in range(r):
        if columns[k] < 0 or columns[k] >= n:
            return OF_COLUMNS
    return OF_STEPS if Z2.shape[0] != b2.size or Z2.shape[1] != X.shape[0] else FITS


@inner
def misfit_of_small_steps(addresses, X, y, weights, members, theta):
    """Of what the steps of `small_lm.py` read."""
    keep_apart()
    n, m = X.shape
    k, p = theta.shape
    if addresses.size < 3:
        return OF_WEIGHTS
    hidden = p - 1 - (n if addresses[2] != 0 else 0)  # numbers of the units: without the output bias and skip connections
    if hidden < n + 2 or hidden % (n + 2) != 0 or members.size != k:
        return OF_WEIGHTS
    if y.shape[0] < 1 or y.shape[1] != m:
        return OF_COLUMNS
    if weights.shape[1] != m:
        return OF_ROW_WEIGHTS
    for g in range(k):
        if members[g] < 0 or members[g] >= weights.shape[0]:
            return OF_EACH
    return FITS


@inner
def misfit_of_sums(k, p, one, matrix, cube):
    """Of arrays `(k,)`, `(k, p)` and `(k, p, p)`."""
    if one.size != k or matrix.shape[0] != k or matrix.shape[1] != p:
        return OF_STEPS
    return OF_STEPS if cube.shape[0] != k or cube.shape[1] != p or cube.shape[2] != p else FITS


@inner
def misfit_of_costs(shape, rows, each, hyper, columns, penalty, members, p):
    """Of what `full_batch.cost` takes, for networks of p parameters; `shape` is of one network."""
    keep_apart()
    h, n_z, K = shape.h, shape.n_z, each.whole.shape[1]
    if shape.G != 1 or h < 1 or n_z < 1 or shape.n < 0 or (shape.skip != 0 and shape.skip != n_z):
        return OF_WEIGHTS
    of_inputs = p - h - n_z * (h + 1)
    if of_inputs < 0 or of_inputs % (h + shape.skip) != 0 or columns.size != shape.n:
        return OF_WEIGHTS
    for j in range(columns.size):
        if columns[j] < 0 or columns[j] >= of_inputs // (h + shape.skip):
            return OF_WEIGHTS
    if each.numbers.shape[0] < PER_NETWORK[0] or each.whole.shape[0] < PER_NETWORK[1] or each.numbers.shape[1] != K:
        return OF_EACH
    if penalty.shape[0] != 2 or penalty.shape[1] != K or hyper.size < HYPER:
        return OF_EACH
    for g in range(K):
        if each.whole[0, g] < 0 or each.whole[0, g] > h:
            return OF_EACH
    for g in members:
        if g < 0 or g >= K:
            return OF_EACH
    if rows.ends.size < 2:
        return OF_ENDS
    for step in range(1, rows.ends.size - 2):  # all batches but the last are computed in the same arrays
        if rows.ends[step + 1] - rows.ends[step] != rows.ends[1] - rows.ends[0]:
            return OF_ENDS
    return misfit_of_rows(rows, shape.n, K, shape.b)


@inner
def misfit_of_descent(members, points, matrices, lengths):
    """Of what an iteration of a full-batch solver takes beside the cost: points of K networks with p parameters, arrays `(K, p)`, and the
    lengths of arrays of K numbers.
    """
    keep_apart()
    K, p = points[0].theta.shape
    for one in points:
        if one.theta.shape[0] != K or one.theta.shape[1] != p or one.value.size != K:
            return OF_STEPS
        if one.gradient.shape[0] != K or one.gradient.shape[1] != p:
            return OF_STEPS
    for matrix in matrices:
        if matrix.shape[0] != K or matrix.shape[1] != p:
            return OF_MEMORY
    for length in lengths:
        if length != K:
            return OF_MEMORY
    for g in members:
        if g < 0 or g >= K:
            return OF_EACH
    return FITS


@inner
def misfit_of_iteration(members, points, steps, memory, direction, search):
    """Of what an iteration of L-BFGS takes beside the cost."""
    keep_apart()
    K, p = direction.shape
    for pair in steps:
        if pair.shape[0] != 2 or pair.shape[1] != K or pair.shape[2] != p:
            return OF_STEPS
    rho = memory.rho.size // len(steps)
    return misfit_of_descent(members, points, (direction,), (rho, memory.scale.size, memory.evaluations.size, search.size // 5))
