"""Layer 1 over ramps without a product: the ramps of a column are ramp_positions, and a row looks up where it stands on them.

Of a column's ramps a row has 1 … 1, f, 0 … 0. So W1 times them is the sum of the weights of the ramp_positions below plus f times
the weight of the one it stands on, and in the gradient a row gives f of its error to its own ramp and all of it to those below.
Per row, column and unit these are three operations, where a product takes two for every ramp.

Units are worked on by TILE, so that tables and errors of a tile stay in the level-1 cache and sums in registers. Rows of W1 that fill no
tile, those of skip connections, are worked on one by one, with the tables of one unit.
`benchmarks/ramps_product.py` times it; `tests/equal/test_ramps.py` holds it equal to the product.
"""

from shoal.engine.jit.compiler import inner
from shoal.engine.jit.intrinsics import add_up, keep_apart, look_up, numbers_at, of, places_at, stack, unstack
from shoal.engine.jit.memory import array_at
from shoal.engine.kernels.products import multiply
from shoal.engine.kernels.vecmath import turn
from shoal.engine.ramps import ARRAYS, COLUMNS, INPUTS, LOOKUP_SIZE, N1, PLAIN, PRODUCT, RAMPS, TILE, UNITS, RampArrays


@inner
def arrays_of(lookup, like, b):
    """The arrays of a lookup for a batch of b rows, numbers of the kind that `like` points to."""
    keep_apart()
    d = array_at(lookup, LOOKUP_SIZE)
    n_r, c, n1, plain, H = d[RAMPS], d[COLUMNS], d[N1], d[PLAIN], d[UNITS]
    up = (b + 7) // 8 * 8
    return RampArrays(
        array_at(places_at(d[ARRAYS]), (1, c)),  # and more: how many rows there are is not needed
        array_at(numbers_at(d[ARRAYS + 1], like), (1, c)),
        array_at(places_at(d[ARRAYS + 2]), c + 1),
        array_at(numbers_at(d[ARRAYS + 3], like), n_r + 1),
        array_at(places_at(d[ARRAYS + 4]), (up, c)),
        array_at(numbers_at(d[ARRAYS + 5], like), (up, c)),
        array_at(places_at(d[ARRAYS + 6]), b * c),
        array_at(numbers_at(d[ARRAYS + 7], like), b * c),
        array_at(places_at(d[ARRAYS + 8]), n_r + 1),
        array_at(numbers_at(d[ARRAYS + 9], like), (n_r, 2 * TILE)),
        array_at(numbers_at(d[ARRAYS + 10], like), (n1, TILE)),
        array_at(numbers_at(d[ARRAYS + 11], like), (b, TILE)),
        array_at(numbers_at(d[ARRAYS + 12], like), (TILE, 8)),
        array_at(numbers_at(d[ARRAYS + 13], like), (H, plain)),
        array_at(numbers_at(d[ARRAYS + 14], like), (H, plain)),
    )


@inner
def positions_of_batch(arrays, order, b):
    """On which ramps the rows of `order (b,)` stand and how far up, and the rows of every ramp."""
    keep_apart()
    c, bounds, at, share = arrays.at.shape[1], arrays.bounds, arrays.batch_at, arrays.batch_share
    bounds[:] = 0
    for i in range(b):
        row = order[i]
        for j in range(c):
            at[i, j], share[i, j] = arrays.at[row, j], arrays.share[row, j]
    for i in range(b):
        for j in range(c):
            bounds[at[i, j] + 1] += 1
    for r in range(bounds.size - 1):
        bounds[r + 1] += bounds[r]
    for i in range(b - 1, -1, -1):  # from behind, so that each ramp's end comes down to its beginning
        for j in range(c):
            ramp = at[i, j]
            last = bounds[ramp + 1] - 1
            bounds[ramp + 1] = last
            arrays.rows[last], arrays.shares[last] = i, share[i, j]
    for r in range(bounds.size - 1):
        bounds[r] = bounds[r + 1]
    bounds[bounds.size - 1] = b * c


@inner
def look_up_rest(arrays, W1, n, b, Z):
    """Z `(H, b)` += what the rows of a batch look up of the rows of W1 that fill no tile; their ramps' weights begin at number n."""
    keep_apart()
    c, n_r, table = arrays.batch_at.shape[1], arrays.bounds.size - 1, arrays.table
    scale = arrays.shift[n_r]
    for u in range(W1.shape[0] // TILE * TILE, W1.shape[0]):
        for j in range(c):
            below = of(scale, 0.0)
            for r in range(arrays.starts[j], arrays.starts[j + 1]):
                weight = scale * W1[u, n + r]
                table[r, 0], table[r, 1] = below, weight
                below += weight
        for i in range(b):
            for j in range(c):
                r = arrays.batch_at[i, j]
                Z[u, i] += table[r, 0] + arrays.batch_share[i, j] * table[r, 1]


@inner
def gradient_of_rest(arrays, dZ, n, gW1):
    """The gradient in the ramps of those rows of W1 that fill no tile, from the errors `dZ (H, b)` of the batch that was looked up last."""
    keep_apart()
    scale = arrays.shift[arrays.bounds.size - 1]
    for u in range(gW1.shape[0] // TILE * TILE, gW1.shape[0]):
        for j in range(arrays.starts.size - 1):
            above = of(scale, 0.0)
            for r in range(arrays.starts[j + 1] - 1, arrays.starts[j] - 1, -1):
                own, whole = of(scale, 0.0), of(scale, 0.0)
                for place in range(arrays.bounds[r], arrays.bounds[r + 1]):
                    error = dZ[u, arrays.rows[place]]
                    own += arrays.shares[place] * error
                    whole += error
                gW1[u, n + r] = scale * (own + above)
                above += whole


def layer_1(lookup, order, w1, xt, z, b):
    """z `(H, b)` = W1 `(H, n1)` times the rows `order (b,)`; their inputs without ramps and the bias, `xt (plain, b)`, as a product."""
    d = array_at(lookup, LOOKUP_SIZE)
    n, n_r, c, H, in_eights = d[INPUTS], d[RAMPS], d[COLUMNS], d[UNITS], b // 8 * 8
    arrays = arrays_of(lookup, z, b)
    W1, Z, W, tail, shift = array_at(w1, (H, d[N1])), array_at(z, (H, b)), arrays.W, arrays.tail, arrays.shift
    positions_of_batch(arrays, array_at(order, b), b)
    zero = of(shift[0], 0.0)
    for u in range(H):
        total = zero
        for r in range(n_r):
            total += shift[r] * W1[u, n + r]
        for j in range(n):
            W[u, j] = W1[u, j]
        W[u, n] = W1[u, n + n_r] - total
        for j in range(n + 1, W.shape[1]):
            W[u, j] = zero
    multiply(d[PRODUCT], W, array_at(xt, (d[PLAIN], b)), Z)
    for u in range(0, H // TILE * TILE, TILE):
        turn(W1[u : u + TILE], arrays.turned)
        for j in range(c):
            stack(arrays.turned, n, arrays.starts[j], arrays.starts[j + 1], shift[n_r], arrays.table)
        for i in range(0, b, 8):
            whole = i < in_eights
            if not whole:
                tail[:] = zero
            look_up(arrays.table, arrays.batch_at, arrays.batch_share, i, Z if whole else tail, u if whole else 0, i if whole else 0)
        for k in range(TILE):
            for i in range(in_eights, b):
                Z[u + k, i] += tail[k, i - in_eights]
    look_up_rest(arrays, W1, n, b, Z)


def layer_1_gradient(lookup, dz, xb, gw1, b):
    """gw1 `(H, n1)` = dz `(H, b)` times the rows that `layer_1` saw last, whose inputs without ramps are `xb (b, plain)`."""
    d = array_at(lookup, LOOKUP_SIZE)
    n, n_r, c, H = d[INPUTS], d[RAMPS], d[COLUMNS], d[UNITS]
    arrays = arrays_of(lookup, dz, b)
    dZ, gW1, gW, shift = array_at(dz, (H, b)), array_at(gw1, (H, d[N1])), arrays.gW, arrays.shift
    multiply(d[PRODUCT], dZ, array_at(xb, (b, d[PLAIN])), gW)
    gradient_of_rest(arrays, dZ, n, gW1)
    for u in range(0, H // TILE * TILE, TILE):
        turn(dZ[u : u + TILE], arrays.errors)
        for r in range(n_r):
            add_up(arrays.errors, arrays.rows, arrays.shares, arrays.bounds[r], arrays.bounds[r + 1], arrays.table, r)
        for j in range(c):
            unstack(arrays.table, n, arrays.starts[j], arrays.starts[j + 1], shift[n_r], arrays.turned)
        turn(arrays.turned, gW1[u : u + TILE])
    for u in range(H):
        total = gW[u, n]
        for j in range(n):
            gW1[u, j] = gW[u, j]
        for r in range(n_r):
            gW1[u, n + r] -= shift[r] * total
        gW1[u, n + n_r] = total
        for j in range(n + n_r + 1, gW1.shape[1]):
            gW1[u, j] = of(total, 0.0)
