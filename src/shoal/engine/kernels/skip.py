"""Skip connections, compiled: rows of the product of layer 1 that are no hidden units but go into the logits as they are.

W3 `(n_z, n1)` of every network stands below the hidden units of all of them in W1, so that the product `W1 XT` gives W3 X as well, and
the product `dZ Xb` gives dW3 where the errors stand in these rows of dZ. Its column of the bias is 0 and stays so: b2 is the bias.
Without skip connections there are no such rows, and the loops below have nothing to do.
"""

from shoal.engine.jit.compiler import inner
from shoal.engine.jit.intrinsics import keep_apart, of


@inner
def add_skip(Z, first, n, Z2):
    """Logits `(n_z, b)` plus rows first … first + n − 1 of Z, which are W3 X."""
    keep_apart()
    for o in range(n):
        for i in range(Z2.shape[1]):
            Z2[o, i] += Z[first + o, i]


@inner
def put_errors(D, first, n, Z):
    """The errors D `(n_z, b)` in rows first … first + n − 1 of Z, from which the product makes dW3."""
    keep_apart()
    for o in range(n):
        for i in range(D.shape[1]):
            Z[first + o, i] = D[o, i]


@inner
def free_bias(gW1, first, bias):
    """0 in the column of the bias from row `first` on."""
    for r in range(first, gW1.shape[0]):
        gW1[r, bias] = of(gW1[r, bias], 0.0)
