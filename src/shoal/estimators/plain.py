"""Rows and targets that need a look only: what scikit-learn's checks, a fifth of a small fit, would pass as they are."""

import math
from typing import Any

import numpy as np


def is_plain(X: Any) -> bool:
    """Whether X is a table `(m, n)` of finite float64 or float32 numbers, without names and not empty."""
    return type(X) is np.ndarray and X.dtype in (np.float64, np.float32) and X.ndim == 2 and X.size > 0 and all_finite(X)


def is_plain_target(y: Any, m: int) -> bool:
    """Whether y is a column `(m,)` of finite numbers, truth values or words."""
    if type(y) is not np.ndarray or y.shape != (m,):
        return False
    return y.dtype.kind in "biuU" or (y.dtype in (np.float64, np.float32) and all_finite(y))


def all_finite(values: Any) -> bool:
    """Whether all numbers are finite, and their sum too: it is not where one of them is not."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(values.sum())
