"""Kinds of arguments: what a value may be, each with the words that describe valid values.

A kind reads a value and returns it in one plain type (a `np.int64` becomes an int, a `np.str_` a str), or refuses it by the name of its
argument. Parameters of the estimators are declared with kinds in `fitting/settings.py`; other functions call `read` first.

- A flag is a bool or `np.bool_`, as scikit-learn has it: no text, no 0 or 1, no NaN, no NA.
- A number is an int, a float, or NumPy's, or another `numbers.Real` such as a Fraction; a bool is none, nor is a Decimal, a
  text, or an array without axes. NaN is refused, and infinity where it means nothing.
- A whole number may be written as a float (50.0), which searches over parameters produce.
- A text is one of the choices, letter by letter; the error names the nearest.
"""

import ast
import math
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, final

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.nearest_names import nearest

MOST_SIZE = 2**31 - 1  # of a layer or a population; memory limits it far below
NO_LIMIT = 2**53  # larger limits have no effect: floats represent every smaller integer
LARGEST = float(np.finfo(np.float32).max)  # of numbers: training may go in single precision
TRUE, FALSE, NONE, INFINITE = ("true", "yes", "on"), ("false", "no", "off"), ("none", "null"), ("inf", "infinity")

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 100
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 10


def shown(value: Any) -> str:
    """The value in one short line, whatever it is."""
    try:
        return " ".join(_SHORT.repr(value).split())
    except Exception:  # a whole number of more digits than Python prints, or an object's own fault
        return f"a value of type {type(value).__name__}"


class ParameterKind(ABC):
    """What a value may be. Abstract."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What is right, as it follows "it must be"."""

    @property
    @abstractmethod
    def doc(self) -> str:
        """What is right, as a docstring has it beside the name."""

    @abstractmethod
    def plain(self, value: Any, K: int) -> Any:
        """The value in its plain type, for K networks.

        Raises
        ------
        ValueError
            For a value of another kind; its text, if it has one, takes the place of `words`.
        """

    def read(self, name: str, value: Any, K: int = 1) -> Any:
        """The value in its plain type, or an error by the name of its argument.

        Raises
        ------
        InvalidParameterError
        """
        try:
            return self.plain(value, K)
        except ValueError as wrong:
            raise InvalidParameterError(f"{name} is {shown(value)}; {wrong if wrong.args else f'it must be {self.words}'}") from None

    def parse(self, text: str) -> Any:
        """The value that a text of the command line means; what it may not be is for `read` to refuse."""
        return None if text.casefold() in NONE else written(text)


def written(text: str) -> Any:
    """A number, tuple, list or dict as Python writes it; all else is text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def is_number(value: Any) -> bool:
    """Whether Python takes it for a real number, and so do people: a bool is none, and `np.timedelta64` calls itself one."""
    return isinstance(value, Real) and not isinstance(value, bool | np.timedelta64)


def real(value: Any) -> float:
    """A number as a float; one too large for it is infinite.

    Raises
    ------
    ValueError
        For what is no number, or NaN.
    """
    if type(value) is not float and not is_number(value):
        raise ValueError
    try:
        number = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    if math.isnan(number):
        raise ValueError
    return number


def whole(value: Any) -> int:
    """A whole number, also one written as a float; raises ValueError for all else."""
    if type(value) is int or (isinstance(value, Integral) and is_number(value)):
        return int(value)
    number = real(value)
    if not number.is_integer():
        raise ValueError
    return int(number)


def items(value: Any) -> list[Any] | None:
    """The items of a list, a tuple, or an array of one axis; None of all else, texts and bytes among it."""
    if isinstance(value, str | bytes | bytearray | memoryview):
        return None
    if isinstance(value, Sequence):
        return list(value)
    return list(value) if hasattr(value, "__array__") and getattr(value, "ndim", None) == 1 else None


@final
@dataclass(frozen=True)
class FlagKind(ParameterKind):
    """True or False; with `counts` also a whole number from 0 on, as scikit-learn's `verbose` is."""

    counts: bool = False

    @property
    def words(self) -> str:
        return "True or False" + ", or a whole number from 0 on" * self.counts

    @property
    def doc(self) -> str:
        return "bool" + " or int" * self.counts

    def plain(self, value: Any, K: int) -> bool:
        if isinstance(value, bool | np.bool_):
            return bool(value)
        if self.counts and isinstance(value, Integral) and whole(value) >= 0:
            return bool(value)
        raise ValueError

    def parse(self, text: str) -> Any:
        word = text.casefold()
        return word in TRUE if word in TRUE + FALSE else super().parse(text)


@final
@dataclass(frozen=True)
class NumberRange:
    """Where a number may lie: as an error says it, as a docstring does, and the test."""

    words: str
    doc: str
    holds: Callable[[float], bool]


FROM_0 = NumberRange("of 0 or more", "≥ 0", lambda v: 0 <= v <= LARGEST)
ABOVE_0 = NumberRange("above 0", "> 0", lambda v: 0 < v <= LARGEST)
SHARE = NumberRange("from 0 to below 1", "in [0, 1)", lambda v: 0 <= v < 1)
FROM_0_TO_1 = NumberRange("from 0 to 1", "in [0, 1]", lambda v: 0 <= v <= 1)
FROM_0_TO_1E30 = NumberRange("from 0 to 1e30", "in [0, 1e30]", lambda v: 0 <= v <= 1e30)  # times a normal draw single precision holds it
BETWEEN_0_AND_1 = NumberRange("between 0 and 1", "in (0, 1)", lambda v: 0 < v < 1)


@final
@dataclass(frozen=True)
class NumberKind(ParameterKind):
    """A number of a range. `each` takes a sequence of K too, one for each network; `auto` and `none` also these words.

    `infinite` is what infinity means; without it infinity is refused.
    """

    range: NumberRange
    auto: bool = False
    none: bool = False
    each: bool = False
    unit: str = ""
    infinite: float | None = None

    @property
    def words(self) -> str:
        return f"a number {self.range.words}{self.unit and f' {self.unit}'}{', or auto' * self.auto}{', or None for no limit' * self.none}"

    @property
    def doc(self) -> str:
        auto, many = '"auto" or ' * self.auto, ", or one for each network" * self.each
        return f"{'None or ' * self.none}{auto}float {self.range.doc}{many}"

    def plain(self, value: Any, K: int) -> Any:
        if type(value) is not float:  # as most are
            if self.none and value is None:
                return None
            if self.auto and is_text(value, "auto"):
                return "auto"
            if not isinstance(value, Real) and (many := items(value)) is not None:
                if not self.each or len(many) != K:
                    raise ValueError("it must be one number" + f", or one for each of the {K} networks" * self.each)
                return tuple(self.within(real(number)) for number in many)
        return self.within(real(value))

    def within(self, number: float) -> float:
        """The number, if it lies in the range."""
        if number == math.inf and self.infinite is not None:
            return self.infinite
        if LARGEST < number < math.inf:
            raise ValueError(f"it must be at most {LARGEST:.3g}, the largest number of single precision")
        if not self.range.holds(number):
            raise ValueError
        return number

    def parse(self, text: str) -> Any:
        return math.inf if text.casefold() in INFINITE else super().parse(text)


@final
@dataclass(frozen=True)
class WholeKind(ParameterKind):
    """A whole number from 1 on.

    Attributes
    ----------
    limit : bool
        Whether it is a limit, which may be as large as one likes; else it is a size.
    auto, none, minus_1, infinite : bool
        Whether it may be "auto", None, −1, or infinite, which is the largest limit.
    """

    limit: bool = False
    auto: bool = False
    none: bool = False
    minus_1: bool = False
    infinite: bool = False

    @property
    def words(self) -> str:
        most = "" if self.limit else f" and at most {MOST_SIZE}"
        others = ", or auto" * self.auto + ", or infinite" * self.infinite + ", or −1" * self.minus_1 + ", or None" * self.none
        return f"a whole number from 1 on{most}{others}"

    @property
    def doc(self) -> str:
        auto = '"auto" or ' * self.auto
        return f"{'None or ' * self.none}{auto}int ≥ 1{' or −1' * self.minus_1}{' or infinity' * self.infinite}"

    def plain(self, value: Any, K: int) -> Any:
        if self.auto and is_text(value, "auto"):
            return "auto"
        if self.none and value is None:
            return None
        if self.infinite and isinstance(value, float | np.floating) and value == math.inf:
            return NO_LIMIT
        number = whole(value)
        if self.minus_1 and number == -1:
            return -1
        if number < 1 or not (self.limit or number <= MOST_SIZE):
            raise ValueError
        return min(number, NO_LIMIT)

    def parse(self, text: str) -> Any:
        return math.inf if text.casefold() in INFINITE else super().parse(text)


@final
@dataclass(frozen=True)
class ChoiceKind(ParameterKind):
    """One of several texts; True, False and None may be among them. `others` are further names: (name, choice that it means); `own` is
    the class of names that users make.
    """

    choices: tuple[str | bool | None, ...]
    others: tuple[tuple[str, str], ...] = ()
    own: type[str] | None = None

    @property
    def words(self) -> str:
        more = "" if self.own is None else f", or a shoal.{self.own.__name__}"
        return f"one of {', '.join(map(repr, self.choices))}{more}"

    @property
    def doc(self) -> str:
        flags = any(isinstance(choice, bool) for choice in self.choices)
        texts = ", ".join(f'"{c}"' if isinstance(c, str) else str(c) for c in self.choices if not isinstance(c, bool))
        more = "" if self.own is None else f" or {self.own.__name__}"
        return f"{texts} or bool" if flags else f"{{{texts}}}{more}"

    def plain(self, value: Any, K: int) -> Any:
        if self.own is not None and isinstance(value, self.own):
            return value
        if isinstance(value, str) and value in self.choices:
            return str(value)
        if isinstance(value, str) and (meant := dict(self.others).get(value)):
            return meant
        if value is None and None in self.choices:
            return None
        if isinstance(value, bool | np.bool_) and any(choice is bool(value) for choice in self.choices):
            return bool(value)
        near = nearest(value, (choice for choice in self.choices if isinstance(choice, str))) if isinstance(value, str) else []
        raise ValueError(f"choose {self.words}" + (f"; the nearest is {near[0]!r}" if near else ""))

    def parse(self, text: str) -> Any:
        if text in self.choices:
            return text
        word = text.casefold()
        return word in TRUE if True in self.choices and word in TRUE + FALSE else super().parse(text)


@final
@dataclass(frozen=True)
class LayerKind(ParameterKind):
    """The number of units of the one hidden layer, as scikit-learn writes layers: a whole number, or a sequence of one."""

    words = f"a whole number of units from 1 on and at most {MOST_SIZE}, or auto"
    doc = '"auto", int ≥ 1 or sequence of one'

    def plain(self, value: Any, K: int) -> Any:
        if is_text(value, "auto"):
            return "auto"
        sizes = [value] if isinstance(value, Real) else items(value)
        if sizes is not None and len(sizes) != 1:
            first = shown(sizes[0]) if sizes else "64"
            raise ValueError(
                f"shoal trains networks with exactly one hidden layer; give one number, such as ({first},); one layer is a decision"
            )
        number = 0 if sizes is None else whole(sizes[0])
        if not 1 <= number <= MOST_SIZE:
            raise ValueError
        return number


@final
@dataclass(frozen=True)
class SeedKind(ParameterKind):
    """What random numbers come from, as scikit-learn has it."""

    words = "None, a whole number from 0 on, or a numpy RandomState"
    doc = "None, int ≥ 0 or RandomState"

    def plain(self, value: Any, K: int) -> Any:
        if value is None or isinstance(value, np.random.RandomState):
            return value
        if not isinstance(value, Integral) or (number := whole(value)) < 0:
            raise ValueError
        return number


@final
@dataclass(frozen=True)
class CallbacksKind(ParameterKind):
    """Functions, in a list or tuple."""

    words = "a list of functions that take an Epoch, or None"
    doc = "None or sequence of callables"

    def plain(self, value: Any, K: int) -> Any:
        if value is None:
            return ()
        functions = items(value) if isinstance(value, Sequence) else None
        if functions is None or not all(map(callable, functions)):
            raise ValueError
        return tuple(functions)


def is_text(value: Any, text: str) -> bool:
    """Whether it is this text; arrays compare to many answers, and are none."""
    return isinstance(value, str) and value == text
