"""What kernels compute batches in, compiled: arrays laid over memory that a kernel has reserved (`jit/memory.py`), each from a line of the
cache on. Sizes and letters are those at the head of `train.py`.
"""

from shoal.engine.jit.compiler import inner
from shoal.engine.jit.intrinsics import keep_apart, of
from shoal.engine.jit.memory import array_at, behind


@inner
def bias(n, low, high, Xb, XT):
    """The bias's 1 in column n of rows low … high − 1, and behind it the padding's 0."""
    for i in range(low, high):
        for j in range(n, Xb.shape[1]):
            Xb[i, j] = of(Xb[0, 0], 1.0) if j == n else of(Xb[0, 0], 0.0)
    for j in range(n, XT.shape[0]):
        for i in range(low, high):
            XT[j, i] = of(Xb[0, 0], 1.0) if j == n else of(Xb[0, 0], 0.0)


@inner
def whole_lines(size):
    """So many numbers rounded up to whole lines of the cache, in either precision."""
    return (size + 15) // 16 * 16


@inner
def output_size(h, n_z, n_y, b):
    """The numbers that `output_arrays` lays out."""
    return 2 * whole_lines(n_z * b) + whole_lines(n_y * b) + 2 * whole_lines(b) + whole_lines(n_z * (h + b))


@inner
def output_arrays(logits, h, n_z, n_y, b):
    """Of b rows of a network of h units: Z2 and D `(n_z, b)`, y `(n_y, b)`, T `(n_z·(h + b),)`, shares and losses `(b,)`."""
    errors = behind(logits, whole_lines(n_z * b))
    targets = behind(errors, whole_lines(n_z * b))
    shares = behind(targets, whole_lines(n_y * b))
    losses = behind(shares, whole_lines(b))
    T = array_at(behind(losses, whole_lines(b)), n_z * (h + b))
    Z2, D, y = array_at(logits, (n_z, b)), array_at(errors, (n_z, b)), array_at(targets, (n_y, b))
    return Z2, D, y, T, array_at(shares, b), array_at(losses, b)


@inner
def scratch_size(H, h, n1, n_z, n_y, b):
    """The numbers that `scratch` lays out."""
    return 2 * whole_lines(H * b) + 2 * whole_lines(n1 * b) + output_size(h, n_z, n_y, b)


@inner
def scratch(memory, H, h, n, n1, n_z, n_y, b):
    """What an update of b rows is computed in: Z and S `(H, b)`, Xb `(b, n1)` and XT `(n1, b)` with their bias, then `output_arrays`."""
    keep_apart()
    slopes = behind(memory, whole_lines(H * b))
    rows = behind(slopes, whole_lines(H * b))
    columns = behind(rows, whole_lines(n1 * b))
    Xb, XT = array_at(rows, (b, n1)), array_at(columns, (n1, b))
    bias(n, 0 * b, b, Xb, XT)
    Z2, D, y, T, w, L = output_arrays(behind(columns, whole_lines(n1 * b)), h, n_z, n_y, b)
    return array_at(memory, (H, b)), array_at(slopes, (H, b)), Xb, XT, Z2, D, y, T, w, L


@inner
def listed_scratch_size(R, h, n_z, n_y, b):
    """The numbers that `listed_scratch` lays out."""
    return 3 * whole_lines(R * b) + output_size(h, n_z, n_y, b)


@inner
def listed_scratch(memory, R, h, n_z, n_y, b):
    """What b rows that are lists are computed in: Z and S `(R, b)`, turned A `(b, R)`, then `output_arrays`."""
    keep_apart()
    slopes = behind(memory, whole_lines(R * b))
    turned = behind(slopes, whole_lines(R * b))
    Z2, D, y, T, w, L = output_arrays(behind(turned, whole_lines(R * b)), h, n_z, n_y, b)
    return array_at(memory, (R, b)), array_at(slopes, (R, b)), array_at(turned, (b, R)), Z2, D, y, T, w, L
