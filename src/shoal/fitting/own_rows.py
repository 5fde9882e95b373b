"""Validation rows of the user's own, `X_val`: do they look like the rows that are learned from?

The steps of a Pipeline before the network transform X and not `X_val`. Behind a StandardScaler the networks then learn from
z-scores and are judged on raw values, in silence. What is certain is unknown here; what is plain to see is warned of.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from shoal.errors import OtherScaleWarning
from shoal.types import Floats
from shoal.uncertainty.outside import value_range

ROWS = 1_000  # of X_val that are looked at
FAR = 0.5  # share of the rows beyond a column's range, widened by its width on both sides, from which on they are of another scale
FEW = 20  # rows, below which a narrow range says nothing
NARROW = 0.01  # of the range of every column


def warn_of_other_scale(X: Any, weight: Floats | None, X_val: Any, names: Sequence[str]) -> None:
    """Warn where the columns of `X_val (m_val, n)` are of another scale than those of the training rows `X (m, n)`.

    That is where most rows lie far outside the range of a column, or where all columns together hardly vary.
    """
    rows = X_val[np.linspace(0, X_val.shape[0] - 1, min(ROWS, X_val.shape[0])).astype(np.int64)]
    rows = np.asarray(rows.toarray() if sparse.issparse(rows) else rows, np.float64)
    lowest, highest = value_range(X, weight)
    with np.errstate(over="ignore", invalid="ignore"):
        span = highest - lowest
        far = ((rows < lowest - span) | (rows > highest + span)).mean(axis=0) * (span > 0)
        narrow = np.ptp(rows, axis=0)[span > 0] < NARROW * span[span > 0]
    if far.max() > FAR:
        j = int(far.argmax())
        seen = (
            f"{far[j]:.0%} of its rows lie far outside the range of column {names[j]!r} in X, {lowest[j]:g} to {highest[j]:g}: "
            f"the first holds {rows[0, j]:g}"
        )
    elif len(rows) >= FEW and len(narrow) and narrow.all():
        seen = f"no column of its {X_val.shape[0]} rows covers a hundredth of the range that it has in X"
    else:
        return
    warnings.warn(
        OtherScaleWarning(
            f"X_val seems to be of another scale than X: {seen}. The steps of a Pipeline before the network do not see X_val. Give "
            "model[:-1].transform(X_val) of a fitted copy, or Pipeline(…, transform_input=['X_val']) (docs/from-sklearn.md), or leave "
            "scaling to the network, standardize=True"
        ),
        stacklevel=5,
    )
