"""The engine's state between two updates as plain arrays, from which another process goes on to the same bits."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.minibatch import State, leave
from shoal.errors import CheckpointError

Arrays = dict[str, NDArray[Any]]

CHANGED = ("weights", "first", "second", "average", "best")  # of a group: what updates change


@singledispatch
def pack(state: State) -> Arrays:
    """What updates have changed; copies of all of it."""
    arrays: Arrays = {"engine.t": np.array(state.t), "engine.alive": state.alive.copy()}
    for i, group in enumerate(state.groups):
        for name in CHANGED:
            arrays[f"engine.{i}.{name}"] = getattr(group, name).copy()
    return arrays


@singledispatch
def unpack(state: State, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Bring a state before its first update to where another one of the same networks was.

    Raises
    ------
    CheckpointError
        For an array that is missing, or of another size or type.
    """
    leave(state, array_like(arrays, "engine.alive", state.alive))
    for i, group in enumerate(state.groups):
        for name in CHANGED:
            now = getattr(group, name)
            setattr(group, name, array_like(arrays, f"engine.{i}.{name}", now).copy())
    state.t = int(array_like(arrays, "engine.t", np.array(0)))


def array_like(arrays: Mapping[str, NDArray[Any]], name: str, like: Any) -> NDArray[Any]:
    """The array of this name, of the size and type of another.

    Raises
    ------
    CheckpointError
        Where it is missing, or of another size or type.
    """
    found, wanted = arrays.get(name), np.asarray(like)
    if found is None or found.shape != wanted.shape or found.dtype != wanted.dtype:
        seen = "is missing" if found is None else f"is {found.dtype} {found.shape}"
        raise CheckpointError(
            f"{name} {seen} in the checkpoint, and this training has {wanted.dtype} {wanted.shape} there: it is of another fit, or "
            "damaged. Give another file, or remove it to begin anew."
        )
    return found
