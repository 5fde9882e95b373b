"""What training tells while it runs. The command line prints events, the page streams them, tests count them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Epoch(NamedTuple):
    """One pass over the rows, of all networks of a group.

    Attributes
    ----------
    epoch, n_epochs : int
        This pass, from 1, and how many are planned.
    t : int
        Updates made so far.
    loss : ndarray, (K,)
        Mean of the batch costs before each update, penalty included; NaN for networks that had stopped.
    validation_loss : ndarray, (K,) or None
        Mean loss on each network's validation rows, where there are any.
    validation_score : ndarray, (K,) or None
        Accuracy, or R² of regression, on the same rows.
    learning_rate : ndarray, (K,)
        At the last update.
    seconds : float
        Since training began.
    active : ndarray of bool, (K,)
        Which networks go on after this epoch.
    """

    epoch: int
    n_epochs: int
    t: int
    loss: NDArray[np.floating]
    validation_loss: NDArray[np.floating] | None
    validation_score: NDArray[np.floating] | None
    learning_rate: NDArray[np.floating]
    seconds: float
    active: NDArray[np.bool_]
