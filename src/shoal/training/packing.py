"""A state of training as a value: copied, and packed into plain arrays by name, from which another process has it again.

A state is a dataclass of arrays, numbers, tuples and further states. What belongs to it is known from its fields alone, so that a field
that is added is copied and packed with the others.
"""

from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from shoal.engine.packing import Arrays, array_like

V = TypeVar("V")

SETTING = {"setting": True}  # the metadata of a field that is set by whoever begins, and no part of the state


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
    """Whether a field is set by whoever begins."""
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
