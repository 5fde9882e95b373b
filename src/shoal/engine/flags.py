"""What Numba is told of the kernels: how exact sums are, and that they run without Python."""

# 'reassoc' lets sums vectorize; without 'nnan' and 'ninf' a number that is no number is still seen.
FAST = {"contract", "reassoc", "nsz", "arcp", "afn"}
INNER = {"fastmath": FAST, "error_model": "numpy", "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
KERNEL = {"fastmath": FAST, "error_model": "numpy", "cache": True, "nogil": True}
