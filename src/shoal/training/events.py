"""Events of a running training. The command line prints them, the page streams them, tests count them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.errors import CheckpointError

FIELDS = ("loss", "validation_loss", "validation_score", "learning_rate")


class Epoch(NamedTuple):
    """One pass over the rows, of all networks of a group.

    Attributes
    ----------
    epoch, n_epochs : int
        This pass, from 1, and the number of planned passes.
    t : int
        Updates made so far.
    loss : ndarray, (K,)
        Mean of the batch costs before each update, penalty included; NaN for stopped networks.
    validation_loss : ndarray, (K,) or None
        Mean loss on each network's validation rows, if there are any.
    validation_score : ndarray, (K,) or None
        Accuracy, or R² of regression, on the same rows.
    learning_rate : ndarray, (K,)
        The rate of the last update.
    seconds : float
        Since training began.
    active : ndarray of bool, (K,)
        Which networks continue after this epoch.
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


def events_of_curves(curves: Mapping[str, NDArray[Any] | None], n_epochs: int) -> list[Epoch]:
    """The events of a training whose curves were kept, each `(epochs, …)` by the name of its field.

    If it was not kept, `active` are the networks with a finite loss, and `seconds` are 0.
    """
    loss = curves["loss"]
    assert loss is not None
    kept = {"active": np.isfinite(loss), "seconds": np.zeros(len(loss))} | {name: c for name, c in curves.items() if c is not None}

    def event(i: int) -> Epoch:
        loss, judged, score, rate = (kept[name][i] if name in kept else None for name in FIELDS)
        return Epoch(i + 1, n_epochs, i + 1, loss, judged, score, rate, float(kept["seconds"][i]), kept["active"][i])  # type: ignore[arg-type]

    return [event(i) for i in range(len(loss))]


def packed_events(events: Sequence[Epoch]) -> dict[str, NDArray[Any]]:
    """Events as arrays, each `(epochs, …)` by the name of its field; NaN without validation, as in `judged (epochs,)`."""
    if not events:
        return {}
    nothing = np.full_like(events[0].loss, np.nan, np.float64)

    def column(name: str) -> NDArray[Any]:
        return np.array([nothing if (value := getattr(event, name)) is None else value for event in events])

    return {f"events.{name}": column(name) for name in Epoch._fields} | {
        "events.judged": np.array([event.validation_loss is not None for event in events])
    }


def unpacked_events(arrays: Mapping[str, NDArray[Any]]) -> list[Epoch]:
    """The events of the arrays of `packed_events`.

    Raises
    ------
    CheckpointError
        For arrays that are missing, or of different lengths.
    """
    if not any(name.startswith("events.") for name in arrays):
        return []
    columns = [arrays.get(f"events.{name}") for name in (*Epoch._fields, "judged")]
    if len({None if c is None or not c.ndim else len(c) for c in columns} - {None}) != 1 or any(c is None for c in columns):
        raise CheckpointError("the checkpoint's events are not complete: it is damaged. Choose another file, or remove it to start again.")

    def event(of: dict[str, Any], judged: bool) -> Epoch:
        whole = {name: int(of[name]) for name in ("epoch", "n_epochs", "t")} | {"seconds": float(of["seconds"])}
        return Epoch(**(of | whole | ({} if judged else {"validation_loss": None, "validation_score": None})))

    rows: Any = zip(*columns, strict=True)
    return [event(dict(zip(Epoch._fields, values, strict=True)), bool(judged)) for *values, judged in rows]
