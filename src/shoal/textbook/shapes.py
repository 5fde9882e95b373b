"""The shapes of the chapter's arrays, and an error that names the array that does not fit.

NumPy stops at a product whose sizes do not fit without naming either array, and it broadcasts an array of rank 1 in place of a column.
The equations call these checks, so that they stay the slides' lines.
"""

from typing import Any

from shoal.errors import DataError
from shoal.types import Array


def check_columns(name_w: str, w: Array, name_x: str, x: Array) -> None:
    """A vector w `(n_x, 1)` before wᵀx; `DataError` if it does not fit x `(n_x, m)`."""
    if len(w.shape) != 2 or w.shape[1] != 1:
        raise DataError(f"{name_w} has shape {shown(w)}; it is a column of shape (n_x, 1). {name_w}.reshape(-1, 1) makes one.")
    if len(x.shape) != 2 or x.shape[0] != w.shape[0]:
        raise DataError(f"{name_x} has shape {shown(x)}; {name_w} of shape {shown(w)} takes ({w.shape[0]}, m), one example per column.")


def check_vectors(a: Array, b: Array) -> None:
    """Two vectors of one length; else `DataError`."""
    if len(a.shape) != 1 or len(b.shape) != 1 or a.shape != b.shape:
        raise DataError(f"a has shape {shown(a)} and b {shown(b)}; both are vectors of one length, (n,).")


def check_layer(W: Array, b: Array | None, X: Array, names: tuple[str, str, str] = ("W", "b", "X")) -> None:
    """W `(…, n, n_in)`, b `(…, n, 1)` and X `(…, n_in, m)` of one layer; `DataError` names the first that does not fit."""
    name_W, name_b, name_X = names
    if len(W.shape) < 2:
        raise DataError(f"{name_W} has shape {shown(W)}; it is a matrix with a row for each unit and a column for each input.")
    n, n_in = W.shape[-2:]
    if len(X.shape) < 2 or X.shape[-2] != n_in:
        turned = len(X.shape) == 2 and X.shape[-1] == n_in
        hint = f"; a table's rows become columns with {name_X}.T" if turned else ""
        raise DataError(f"{name_X} has shape {shown(X)}; {name_W} of shape {shown(W)} takes ({n_in}, m), an example in each column{hint}.")
    if b is not None and tuple(b.shape[-2:]) != (n, 1):
        hint = f" {name_b}.reshape(-1, 1) makes a column; a sum over examples keeps it with keepdims=True." if len(b.shape) == 1 else ""
        raise DataError(f"{name_b} has shape {shown(b)}; beside {name_W} of shape {shown(W)} it is ({n}, 1).{hint}")


def check_network(parameters: Any, X: Array) -> None:
    """A network's parameters and X `(…, n_x, m)`; `DataError` names the first array that does not fit."""
    W1, b1, W2, b2, W3 = parameters.W1, parameters.b1, parameters.W2, parameters.b2, parameters.W3
    check_layer(W1, b1, X, ("W1", "b1", "X"))
    if len(W2.shape) < 2 or W2.shape[-1] != W1.shape[-2]:
        raise DataError(f"W2 has shape {shown(W2)}; after W1 of shape {shown(W1)} it has a column for each of {W1.shape[-2]} hidden units.")
    if tuple(b2.shape[-2:]) != (W2.shape[-2], 1):
        raise DataError(f"b2 has shape {shown(b2)}; beside W2 of shape {shown(W2)} it is ({W2.shape[-2]}, 1).")
    if W3 is not None and tuple(W3.shape[-2:]) != (W2.shape[-2], W1.shape[-1]):
        raise DataError(
            f"W3 has shape {shown(W3)}; from {W1.shape[-1]} inputs to {W2.shape[-2]} outputs it is {W2.shape[-2], W1.shape[-1]}."
        )


def check_targets(Z2: Array, Y: Array, logits_per_target: int, loss: str) -> None:
    """Y `(…, n_y, m)` beside the logits Z2 `(…, n_z, m)`; `DataError` if it does not fit."""
    n_z, m = Z2.shape[-2:]
    n_y = n_z // logits_per_target
    if n_z % logits_per_target:
        raise DataError(f"Z2 has {n_z} rows; the loss {loss!r} takes {logits_per_target} for each target.")
    if tuple(Y.shape[-2:]) != (n_y, m):
        hint = " Y.reshape(1, -1) makes a row." if len(Y.shape) == 1 and n_y == 1 else ""
        raise DataError(f"Y has shape {shown(Y)}; beside Z2 of shape {shown(Z2)} the loss {loss!r} takes ({n_y}, {m}).{hint}")


def check_like(gradients: Any, parameters: Any) -> None:
    """dW1, db1, … in the shapes of W1, b1, …; `DataError` names the first that differs."""
    for name, w in parameters.named().items():
        dw = getattr(gradients, f"d{name}")
        if tuple(dw.shape) != tuple(w.shape):
            raise DataError(f"d{name} has shape {shown(dw)}; it has that of {name}, {shown(w)}.")


def shown(array: Array) -> str:
    """A shape as NumPy prints it."""
    return str(tuple(int(n) for n in array.shape))


def check_weight(weight: Array | None, m: int) -> None:
    """Weights of m examples, `(m,)`, or `(K, 1, m)` for K networks; `DataError` if they have another shape."""
    if weight is None or tuple(weight.shape) == (m,) or (len(weight.shape) == 3 and tuple(weight.shape[1:]) == (1, m)):
        return
    raise DataError(f"weight has shape {shown(weight)}; one for each of {m} examples is ({m},), or (K, 1, {m}) for K networks.")
