"""Questions of the page: each has a name, the values that each of its parameters can take, and the function that computes the answer.

The page computes nothing. It requests `name?parameter=value&…` and draws the answer. The static copy looks up the same questions in a
table that `export` filled, so every parameter also states which of its values are recorded.
"""

import json
import math
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

import numpy as np

from shoal.errors import InvalidParameterError

Answer = dict[str, Any]


class ParameterReader(Protocol):
    """How one parameter is read from the text of an address, and which of its texts the static copy records."""

    @property
    def default(self) -> str: ...
    @property
    def recorded(self) -> Sequence[str]: ...
    def read(self, name: str, text: str) -> Any: ...


def text_of(value: float) -> str:
    """A number as JavaScript's `String` writes it, so that Python and the page agree on the keys of the recorded table."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


@dataclass(frozen=True)
class WholeReader:
    """A whole number from `low` to `high`."""

    low: int
    high: int
    start: int
    keep: tuple[int, ...] = ()

    @property
    def default(self) -> str:
        return str(self.start)

    @property
    def recorded(self) -> Sequence[str]:
        return [str(v) for v in self.keep or (self.start,)]

    def read(self, name: str, text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise InvalidParameterError(f"{name}={text[:40]!r} is not a whole number; give one from {self.low} to {self.high}") from None
        if not self.low <= value <= self.high:
            raise InvalidParameterError(f"{name}={value} is outside {self.low} to {self.high}")
        return value


@dataclass(frozen=True)
class RealReader:
    """A finite number from `low` to `high`; with `optional`, empty text is None."""

    low: float
    high: float
    start: float = 0.0
    keep: tuple[float, ...] = ()
    optional: bool = False

    @property
    def default(self) -> str:
        return "" if self.optional else text_of(self.start)

    @property
    def recorded(self) -> Sequence[str]:
        return [text_of(v) for v in self.keep] or [self.default]

    def read(self, name: str, text: str) -> float | None:
        if self.optional and not text:
            return None
        try:
            value = float(text)
        except ValueError:
            raise InvalidParameterError(f"{name}={text[:40]!r} is not a number; give one from {self.low} to {self.high}") from None
        if not math.isfinite(value) or not self.low <= value <= self.high:
            raise InvalidParameterError(f"{name}={value} is outside {self.low} to {self.high}")
        return value


@dataclass(frozen=True)
class Choice:
    """One of a few words; the first is the default."""

    words: tuple[str, ...]
    keep: tuple[str, ...] | None = None

    @property
    def default(self) -> str:
        return self.words[0]

    @property
    def recorded(self) -> Sequence[str]:
        return self.words if self.keep is None else self.keep

    def read(self, name: str, text: str) -> str:
        if text not in self.words:
            raise InvalidParameterError(f"{name}={text[:40]!r} is not known; choose one of {', '.join(self.words)}")
        return text


@dataclass(frozen=True)
class Question:
    """`answer` takes the parameters by name. A `measured` answer differs from call to call and is never cached."""

    name: str
    answer: Callable[..., Answer]
    takes: Mapping[str, ParameterReader] = field(default_factory=dict)
    measured: bool = False

    def read(self, given: Mapping[str, str]) -> dict[str, Any]:
        """The parameters from texts, defaults for the others; an unknown name is refused."""
        for name in given:
            if name not in self.takes:
                raise InvalidParameterError(f"{self.name!r} takes no {name[:40]!r}; it takes {', '.join(self.takes) or 'nothing'}")
        return {name: kind.read(name, given.get(name, kind.default)) for name, kind in self.takes.items()}

    def __call__(self, given: Mapping[str, str]) -> Answer:
        with np.errstate(all="ignore"):  # numbers beyond the range become null, which the page shows as "not finite"
            return self.answer(**self.read(given))

    @staticmethod
    def combinations(grid: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
        """Every combination of the values in a grid."""
        for texts in product(*grid.values()):
            yield dict(zip(grid, texts, strict=True))


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object in a text; None for anything else, including deeply nested texts and endless digits."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def brief(value: Any) -> str:
    """A value for an error message: a few of its levels and characters, even if it is deep or long."""
    return reprlib.repr(value)[:60]


def plain(value: Any) -> Any:
    """The value in JSON's types: arrays as lists, numbers that are not finite as null."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def as_json(answer: Answer) -> bytes:
    """The answer as compact JSON; doubles keep every digit."""
    text = json.dumps(plain(answer), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")  # half a surrogate pair cannot be sent as text
