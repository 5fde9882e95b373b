"""In which inputs predictions must increase or decrease: the parameter `monotonic_cst`, scikit-learn's name and values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from shoal.errors import InvalidParameterError
from shoal.kinds import ParameterKind, items, shown, whole
from shoal.nearest_names import nearest

Wanted = tuple[int, ...] | dict[str, int]


@final
@dataclass(frozen=True)
class DirectionsKind(ParameterKind):
    """1, −1 or 0 for each input, or by the names of inputs."""

    words = "None, a dict of the names of inputs with 1 (increasing), -1 (decreasing) or 0 (free), or a list of these for all inputs"
    doc = "None, dict, or array-like of int, (n_features,)"

    def plain(self, value: Any, K: int) -> Wanted | None:
        if value is None:
            return None
        if isinstance(value, Mapping):
            return {str(name): direction(shown(name), each) for name, each in value.items()}
        many = items(value)
        if many is None:
            raise ValueError
        return tuple(direction(f"column {j}", each) for j, each in enumerate(many))


def direction(of: str, value: Any) -> int:
    """1, −1 or 0: the direction of an input."""
    try:
        number = whole(value)
    except ValueError:
        number = 2
    if number not in (-1, 0, 1):
        raise ValueError(f"the direction of {of} is {shown(value)}; it must be 1 (increasing), -1 (decreasing) or 0 (free)")
    return number


def constrains(wanted: Wanted | None) -> bool:
    """Whether any input has a direction."""
    return wanted is not None and any(wanted.values() if isinstance(wanted, dict) else wanted)


def of_inputs(wanted: Wanted, names: Sequence[str] | None, n: int) -> tuple[int, ...]:
    """The direction of each of n inputs, `(n,)`.

    Raises
    ------
    InvalidParameterError
        For an input that is not there, and for as many directions as there are no inputs.
    """
    if isinstance(wanted, dict):
        if names is None:
            raise InvalidParameterError(
                "monotonic_cst is a dict of names of inputs, but X has none; give a DataFrame, or a list of 1, -1 and 0 for all columns"
            )
        for name in wanted:
            if name not in names:
                near = nearest(name, names)
                hint = f"the nearest are {', '.join(map(repr, near))}" if near else f"the inputs are {', '.join(map(repr, names[:10]))}"
                raise InvalidParameterError(f"monotonic_cst has {name!r}, which is no input; {hint}")
        return tuple(wanted.get(name, 0) for name in names)
    if len(wanted) != n:
        raise InvalidParameterError(f"monotonic_cst is a list of {len(wanted)} directions, but X has {n} columns; give one for each")
    return wanted
