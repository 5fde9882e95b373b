"""What training tells while it runs. The command line prints events, the page streams them, tests count them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FIELDS = ("loss", "validation_loss", "validation_score", "learning_rate")


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


def told_again(curves: Mapping[str, NDArray[Any] | None], n_epochs: int) -> list[Epoch]:
    """The events of a training of which its curves were kept, each `(epochs, …)` by the name of its field.

    Where it was not kept, who was `active` is who had a finite loss, and `seconds` are 0.
    """
    loss = curves["loss"]
    assert loss is not None
    kept = {"active": np.isfinite(loss), "seconds": np.zeros(len(loss))} | {name: c for name, c in curves.items() if c is not None}

    def event(i: int) -> Epoch:
        loss, judged, score, rate = (kept[name][i] if name in kept else None for name in FIELDS)
        return Epoch(i + 1, n_epochs, i + 1, loss, judged, score, rate, float(kept["seconds"][i]), kept["active"][i])  # type: ignore[arg-type]

    return [event(i) for i in range(len(loss))]
