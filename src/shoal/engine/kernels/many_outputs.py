"""The output layer of four and more outputs as matrix products; of fewer, one sweep over the units is faster (`train.output_sums`).

C functions on plain memory, compiled when a network with so many outputs is first trained.
"""

import numpy as np
from numba import carray

MANY = 4  # outputs


def logits(w2, z, z2, n_z, h, b):
    """z2 `(n_z, b)` = W2 `(n_z, h)` times the units' values `z (h, b)`."""
    np.dot(carray(w2, (n_z, h)), carray(z, (h, b)), carray(z2, (n_z, b)))


def gradients(w2, z, d, gw2, n_z, h, b):
    """gw2 `(n_z, h)` = D Aᵀ, then W2ᵀ D in the place of `z (h, b)`; `d (n_z, b)`."""
    Z, D = carray(z, (h, b)), carray(d, (n_z, b))
    np.dot(D, Z.T, carray(gw2, (n_z, h)))
    np.dot(carray(w2, (n_z, h)).T, D, Z)
