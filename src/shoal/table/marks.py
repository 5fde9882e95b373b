"""What stands in a cell instead of a measurement: marks of nothing, limits such as "<0.1", and numbers that mean "no value"."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MarkKind = Literal["gap", "below", "above"]

# How tools write "no value" (R, databases, spreadsheets, UCI). They count as missing only among numbers, truth values
# and dates: in a column of text "NA" or "none" is often a real category (no basement, no guarantor) and stays one.
MISSING_MARKS = frozenset({"na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "."})

# How people and instruments write it. Among numbers each of them is a gap too, one that the network is distinguished from an empty cell.
_ABBREVIATED = """
n.d. nd n.d k.a. k.a ka n.v. n.v nv n.b. n.a. n.a n.s. n.n. n.q. n.m. n.r. n.c. n.e. s/d s.d. s.o. nq nr nc na. <na> n\\a #na #nv #n.a.
-- --- ---- - . .. ... * ** *** ? ?? ??? / // x xx xxx _ __ n.def. n.def nat -nan +nan 1.#qnan 1.#ind -1.#ind nan(ind)
#div/0! #wert! #value! #ref! #bezug! #name? #num! #zahl! #null! #leer! #getting_data #spill! #calc! #error! #error
bdl bql blq bd bld bdl. adl lod loq dl mdl ulod uloq lloq <lod <loq <dl <mdl <lloq >uloq >lod >loq <det <nwg <bg
"""
_WORDS = """
unknown unk unkn. unbekannt unbek. inconnu desconocido sconosciuto onbekend missing miss fehlt fehlend fehlwert manquant leer empty
blank void undefined undef tbd tba nil no_data nodata no-data keine kein error err fehler invalid ungültig bad defekt defective offline
overflow underflow overload over ovl ovr o.l. ol overrange underrange saturated trace tr spuren spur traces varies variable
"""
_PHRASES = """
k. a., n. d., n. a., n. v., n. b., not detected, not available, not applicable, not measured, not known, not reported, not recorded,
not analysed, not analyzed, not determined, not a number, no data, no value, no reading, no signal, keine angabe, keine angaben,
keine daten, kein wert, nicht gemessen, nicht bekannt, nicht bestimmt, nicht nachweisbar, non disponible, sin dato, sin datos,
below detection, below detection limit, below limit, out of range, over range, under range, bad input, i/o timeout,
varies with device, to be determined
"""
KNOWN_MARKS = frozenset({*_ABBREVIATED.split(), *_WORDS.split(), *(phrase.strip() for phrase in _PHRASES.replace("\n", " ").split(","))})

# Numbers that loggers, databases and questionnaires write for "no value". -1 and 0 are too often measured.
_NINES = (99.0, 999.0, 9999.0, 99999.0, 999999.0, 9999999.0, 99.9, 999.9, 9999.9, 99.99, 999.99, 9999.99)
_ROUND = (777.0, 7777.0, 888.0, 8888.0, 1e20, 1e30, 1e31, 1e35, 1e36, 1e37, 1e38, 9.969209968386869e36, 9.96921e36)
_LARGEST = (32767.0, 32768.0, 65535.0, 2147483647.0, 2147483648.0, 4294967295.0, 3.4e38, 3.4028234663852886e38)
SENTINELS = frozenset({-200.0, -88.0, *(sign * value for sign in (-1.0, 1.0) for value in (*_NINES, *_ROUND, *_LARGEST))})
LEAST_SENTINELS = 5  # rows with the same such number, below which it may be a value like any other


@dataclass(frozen=True)
class Mark:
    """A text or number that stands in a column where nothing was measured, or not exactly.

    Attributes
    ----------
    text : str
        As `mark_key` writes it; of limits, which are of many values, "<" or ">".
    kind : {"gap", "below", "above"}
        Whether nothing is known, or that the value lies below or above a limit.
    n_rows : int
        Training rows in which it stands.
    indicator : bool
        Whether an input of its own says where it stands. In too few rows to learn from it is a gap like an empty cell.
    label : str
        What that input says: "is n.d.", "below 0.1".
    """

    text: str
    kind: MarkKind = "gap"
    n_rows: int = 0
    indicator: bool = False
    label: str = ""


def mark_key(text: str) -> str:
    """A text as marks are compared: without regard to case and blanks around, "< LOD" as "<LOD"."""
    words = " ".join(text.casefold().split()).replace("≤", "<").replace("≥", ">")
    return words[:1] + words[1:].lstrip() if words[:1] in ("<", ">") else words


def is_known_mark(text: str) -> bool:
    """Whether this is how someone writes "no value"."""
    key = mark_key(text)
    return key in MISSING_MARKS or key in KNOWN_MARKS


def marks_for(chosen: Collection[object]) -> tuple[str, ...]:
    """What a caller names as marks of nothing, as they are compared; -200 and "-200" are the same."""
    return tuple(dict.fromkeys(mark_key(number_text(mark)) for mark in chosen))


def number_text(mark: object) -> str:
    """A mark as text: a whole floating-point number as an integer, as cells are."""
    if isinstance(mark, float) and mark.is_integer() and abs(mark) < 1e15:
        return str(int(mark))
    return str(mark)


def number_of(mark: str) -> float | None:
    """The number that a mark is, None for a text."""
    try:
        return float(mark)
    except ValueError:
        return None


@dataclass
class Extremes:
    """The least and the greatest of numbers, and those at the ends that may stand for no value (`marks.SENTINELS`), each with its rows.

    `inner_low` and `inner_high` are the range without these.
    """

    low: float | None = None
    high: float | None = None
    inner_low: float = np.inf
    inner_high: float = -np.inf
    ends: dict[float, int] = field(default_factory=dict)

    def see(self, values: NDArray[np.float64], counts: NDArray[np.int64] | None = None) -> None:
        """Take in numbers, none of them missing, each in so many rows."""
        low, high = float(values.min()), float(values.max())
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        while low in SENTINELS or high in SENTINELS:
            end = low if low in SENTINELS else high
            at = values == end
            self.ends[end] = self.ends.get(end, 0) + int(at.sum() if counts is None else counts[at].sum())
            values, counts = values[~at], None if counts is None else counts[~at]
            if not len(values):
                return
            low, high = float(values.min()), float(values.max())
        self.inner_low, self.inner_high = min(self.inner_low, low), max(self.inner_high, high)

    def join(self, other: "Extremes") -> None:
        """Take in the numbers that another has seen."""
        if other.low is None or other.high is None:
            return
        self.low = other.low if self.low is None else min(self.low, other.low)
        self.high = other.high if self.high is None else max(self.high, other.high)
        self.inner_low, self.inner_high = min(self.inner_low, other.inner_low), max(self.inner_high, other.inner_high)
        for end, n in other.ends.items():
            self.ends[end] = self.ends.get(end, 0) + n

    def sentinels(self, n_rows: int) -> list[tuple[float, int]]:
        """The numbers that lie further from all others than these from each other, in many rows, each with its rows."""
        width = self.inner_high - self.inner_low
        least = max(LEAST_SENTINELS, n_rows // 500)
        far = {end: max(self.inner_low - end, end - self.inner_high) for end in self.ends}
        return [(end, n) for end, n in sorted(self.ends.items()) if n >= least and 0 < width < far[end]]
