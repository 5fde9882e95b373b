"""A state of training as a value: copied, and packed into plain arrays by name, from which another process goes on to the same bits.

The engine's state has `pack` and `unpack`. Any other state is a dataclass of arrays, numbers, tuples and further states: what belongs to
it is known from its fields alone, so that a field that is added is copied and packed with the others.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import Field, fields, is_dataclass, replace
from functools import singledispatch
from typing import Any, TypeVar, cast

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
            arrays[f"engine.{i}.{name}"] = group.relaid(getattr(group, name), by_input=False).copy()
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
            kept = array_like(arrays, f"engine.{i}.{name}", now)
            setattr(group, name, replace(group, by_input=False).relaid(kept, by_input=group.by_input).copy())
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
            "damaged. Give another file, or remove it to start again."
        )
    return found


def moment(state: State) -> tuple[Any, ...]:
    """What updates change, as it is now, for `back_to`."""
    return state.t, state.alive, [copy(group) for group in state.groups]


def back_to(state: State, before: tuple[Any, ...]) -> None:
    """The state as it was at that moment."""
    state.t, state.alive, state.groups = before


V = TypeVar("V")

SETTING = {"setting": True}  # the metadata of a field that the caller sets, and no part of the state


def copied(value: V) -> V:
    """The state with arrays of its own."""
    if isinstance(value, np.ndarray):
        return cast(V, value.copy())
    if is_dataclass(value) and not isinstance(value, type):
        return cast(V, replace(value, **{f.name: copied(getattr(value, f.name)) for f in fields(value)}))
    if isinstance(value, tuple):
        return cast(V, with_parts(value, [copied(part) for part in value]))
    return value


def packed(value: Any, name: str) -> Arrays:
    """The state as arrays, each called by its way from `name` on; copies of all of it."""
    if value is None:
        return {}
    arrays: Arrays = {}
    for part, key in parts_of(value):
        arrays |= packed(part, f"{name}.{key}")
    return arrays if is_dataclass(value) or isinstance(value, tuple) else {name: np.array(value)}


def unpacked(arrays: Mapping[str, NDArray[Any]], name: str, like: V) -> V:
    """The state that `packed` made arrays of; `like` is one of the same sizes.

    Raises
    ------
    CheckpointError
        For an array that is missing, or of another size or type.
    """
    if like is None:
        return like
    if is_dataclass(like) and not isinstance(like, type):
        return cast(V, replace(like, **{key: unpacked(arrays, f"{name}.{key}", part) for part, key in parts_of(like)}))
    if isinstance(like, tuple):
        return cast(V, with_parts(like, [unpacked(arrays, f"{name}.{key}", part) for part, key in parts_of(like)]))
    found = array_like(arrays, name, like)
    return cast(V, found.copy() if isinstance(like, np.ndarray) else found.item())


def parts_of(value: Any) -> list[tuple[Any, str]]:
    """The parts of a dataclass or tuple with their names; none of anything else. Settings are no parts."""
    if is_dataclass(value):
        return [(getattr(value, f.name), f.name) for f in fields(value) if not is_setting(f)]
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None) or map(str, range(len(value)))
        return list(zip(value, names, strict=True))
    return []


def is_setting(field: "Field[Any]") -> bool:
    """Whether a field is set by the caller."""
    return bool(field.metadata.get("setting"))


def with_parts(like: Any, parts: list[Any]) -> Any:
    """A tuple of the same kind with other parts."""
    return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)


def beneath(arrays: Mapping[str, NDArray[Any]], name: str) -> Arrays:
    """Arrays of a part, each called by its way from `name` on."""
    return {f"{name}.{key}": array for key, array in arrays.items()}


def part_of(arrays: Mapping[str, NDArray[Any]], name: str) -> Arrays:
    """The arrays that `beneath` gave this name; none where the part is not there."""
    start = f"{name}."
    return {key.removeprefix(start): array for key, array in arrays.items() if key.startswith(start)}
