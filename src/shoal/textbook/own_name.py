"""The name of an activation or a loss of your own, which brings its functions along: `own_functions` makes them.

A network, a recipe and an estimator name their activation and loss. A name of your own is a text like any other, but it leads to its
functions wherever it goes, into another process too, so no list of such functions is needed that two models could share.
"""

from abc import ABC
from collections.abc import Callable
from typing import Any

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.types import Array


class OwnName(str, ABC):
    """A name with the functions that it stands for. Abstract: see `own_functions.OwnActivation` and `OwnLoss`.

    Two are equal if their names, functions and settings are; none equals a plain text.

    Attributes
    ----------
    functions : tuple of two functions
        The function, and its derivative.
    given : tuple
        All that it was made of, to make it again in another process.
    definition : textbook.Activation or textbook.Loss
    runs : str
        How training calls the functions; empty before the first training.
    """

    functions: tuple[Callable[..., Any], Callable[..., Any]]
    given: tuple[Any, ...]
    definition: Any
    noun = ""
    n_arguments = 1
    runs = ""

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self.given == other.given)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str.__repr__(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.given

    def __copy__(self) -> "OwnName":
        return self

    def __deepcopy__(self, memo: Any) -> "OwnName":
        return self  # scikit-learn's clone asks; functions are not copied either

    def points(self) -> tuple[Array, ...]:
        """Where code and files are compared with the functions: z from −3 to 3, and for a loss y from 2.9 down to 0.1, `(97,)` each."""
        return (np.linspace(-3, 3, 97), np.linspace(2.9, 0.1, 97))[: self.n_arguments]

    def marks(self) -> list[float]:
        """Numbers by which the functions and their settings are recognised."""
        with np.errstate(all="ignore"):
            values = [np.broadcast_to(f(*self.points()), 97)[::8] for f in self.functions]
        return [float(v) for v in np.nan_to_num(np.concatenate(values))] + self.settings()

    def settings(self) -> list[float]:
        """What it is made of beside its name and functions, as numbers."""
        return []

    @classmethod
    def check_name(cls, name: object, taken: set[str]) -> None:
        """Refuse a name that is no word of letters, digits and underscores, or that is one of those taken.

        Raises
        ------
        InvalidParameterError
        """
        if not isinstance(name, str) or not name.isidentifier():
            why = "give a word of letters, digits and underscores, such as 'swish'"
        elif name in taken:
            why = "which shoal has already; give another name"
        else:
            return
        raise InvalidParameterError(f"the name of the own {cls.noun} is {name!r}: {why}")

    def as_a(self, kind: type, wanted: str) -> Any:
        """What it stands for, of the kind that is wanted.

        Raises
        ------
        InvalidParameterError
        """
        if not isinstance(self.definition, kind):
            raise InvalidParameterError(f"{wanted} is {self!r}, an own {self.noun}; give an own {wanted}, or the name of one of shoal's")
        return self.definition

    def described(self) -> str:
        """In words: what it is, its name, and how training calls it, if it has."""
        return f"own {self.noun} {str.__repr__(self)}" + (f", {self.runs}" if self.runs else "")
