"""Which lines of a grid of cells are names, units and rows, and which columns are none: for texts and for sheets alike.

A grid is a list of records, each a list of texts. What is no part of the table (lines before it, units, row names) is found here, so that
a workbook and a CSV file are understood in one way.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shoal.table.marks import MISSING_MARKS

Grid = Sequence[Sequence[str]]

UNNAMED = "column_"  # with its number: a column of a table without a header line
_OWN_NAME = re.compile(UNNAMED + r"\d+")
MOST_SKIPPED = 60  # lines before a table
_ENOUGH_ROWS = 5  # rows of numbers alone that tell whether the first is one of them

_NUMBER = re.compile(r"[+\-−]?(?:\d[\d.,'’\u00a0\u202f ]*|[.,]\d+)(?:[eEdD][+\-]?\d+)?\s?%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?")
_COMMA_DECIMAL, _POINT_DECIMAL = re.compile(r"[+\-−]?\d*,\d+(?:[eEdD][+\-]?\d+)?"), re.compile(r"[+\-−]?\d*\.\d+(?:[eEdD][+\-]?\d+)?")
_UNITS = (
    "m cm mm µm μm um nm km dm in ft mi yd s sec ms µs us ns min h hr d day days a yr year years kg g mg µg ug ng t lb lbs oz l ml µl dl "
    "cl °c c °f f k °k % ‰ ppm ppb pa hpa kpa mpa bar mbar atm psi v mv kv ma µa w mw kw gw kwh wh mwh j kj mj n kn nm hz khz mhz ghz rpm "
    "mol mmol µmol umol ohm ω db lux lx cd rad deg ° m2 m3 m² m³ cm2 cm3 cm² cm³ km2 km² ha s2 s² kcal cal eur € $ usd chf £ gbp mph kmh "
    "count counts number n/a a.u. au arb.units pcs bpm mmhg iu u units"
)
_UNIT_PARTS = frozenset(_UNITS.casefold().split())
_UNIT_MARKS = frozenset({"", "-", "--", "–", "—", "[-]", "(-)", "[]", "()"})


def is_number(cell: str) -> bool:
    """Whether a text looks like a number, in any spelling that a person may use."""
    return bool(_NUMBER.fullmatch(cell))


def is_typed(cell: str) -> bool:
    """Whether a text looks like a number, a date or a time of day."""
    return is_number(cell) or bool(_DATE.fullmatch(cell))


def is_unit(cell: str) -> bool:
    """Whether a text is a unit of measurement: `°C`, `[m/s]`, `(kg)`."""
    if len(cell) > 2 and (cell[0], cell[-1]) in (("[", "]"), ("(", ")"), ("<", ">")):
        return True
    parts = [part for part in re.split(r"[/·*\s]|\^?-?\d*(?:$|(?=[/·* ]))", cell.casefold()) if part]
    return bool(parts) and all(part in _UNIT_PARTS for part in parts) and not is_number(cell)


@dataclass(frozen=True)
class Layout:
    """Where in a grid the table is.

    Attributes
    ----------
    names : tuple of str
        Of the columns that are kept.
    n_header : int
        Records before the first row: names, and units.
    kept : tuple of int
        Places of the columns with these names.
    width : int
        Cells of a row.
    units : tuple of str
        Of the columns that are kept, where a line holds them.
    row_names : bool
        Whether the first cell of a row is its name or number.
    trailing : bool
        Whether every line ends with a separator too many.
    """

    names: tuple[str, ...]
    n_header: int
    kept: tuple[int, ...]
    width: int
    units: tuple[str, ...] = ()
    row_names: bool = False
    trailing: bool = False

    @property
    def own_names(self) -> bool:
        """Whether there are no names but numbers of columns."""
        return not self.n_header and self.names[:1] == (f"{UNNAMED}{self.kept[0] + 1}",)


def layout_of(grid: Grid, header: bool | None = None, expected: Collection[str] = ()) -> Layout:
    """What the records of a table are, by its first ones.

    Parameters
    ----------
    grid : records from the line of names, or the first row, on
    header : whether there is a line of names; found from the cells where None
    expected : names that the columns should have, of a trained model

    Examples
    --------
    >>> from shoal.table.layout import layout_of
    >>> layout_of([["speed", "power"], ["km/h", "kW"], ["80", "20.5"], ["95", "31.0"]]).units
    ('km/h', 'kW')
    """
    width = _modal_width(grid)
    first = [cell.strip() for cell in grid[0]]
    shifted = len(first) == width - 1 and header is not False and _are_row_names([row[0] for row in grid[1:] if len(row) == width])
    if shifted:  # R's write.table: the names of the rows have no name
        first = ["", *first]
    body = [list(map(str.strip, row)) for row in grid[1:] if len(row) == width]
    columns = [[row[j] for row in body] for j in range(width)] if len(first) == width else []
    found = header
    if found is None:
        found = shifted or not columns or _is_header(first, columns, expected)
    trailing = bool(columns) and width > 1 and not first[-1] and not any(columns[-1])
    if not found:
        all_but = tuple(range(width - trailing))
        return Layout(tuple(f"{UNNAMED}{j + 1}" for j in all_but), 0, all_but, width, trailing=trailing)
    numbered = not shifted and bool(columns) and not first[0] and width > 1 and _are_row_names(columns[0], gaps=True)
    kept = tuple(range(int(shifted or numbered), len(first) - trailing))
    names, n_header = _names_of(first, body, kept) if columns else (first, 1)
    units = _units_of(body[n_header - 1 :], kept) if columns else ()
    picked = tuple(names[j] for j in kept)
    return Layout(picked, n_header + bool(units), kept, len(first), units, shifted or numbered, trailing)


def _modal_width(grid: Grid) -> int:
    widths = Counter(len(row) for row in grid[1:] or grid)
    return max(widths, key=lambda width: (widths[width], width))


def _are_row_names(cells: Sequence[str], gaps: bool = False) -> bool:
    """Whether cells name or number their rows: all different, and texts, or whole numbers that count up by one, or at all with `gaps`."""
    filled = [cell.strip() for cell in cells]
    if len(filled) < 2 or not all(filled) or len(set(filled)) < len(filled):
        return False
    if all(re.fullmatch(r"\d+", cell) for cell in filled):
        steps = {int(b) - int(a) for a, b in pairwise(filled)}
        return steps == {1} or (gaps and min(steps) > 0)
    return not any(is_typed(cell) for cell in filled)


def _is_header(first: Sequence[str], columns: Sequence[Sequence[str]], expected: Collection[str]) -> bool:
    """Whether the first record names the columns: it is unlike what stands below it."""
    if expected:
        if not set(first).isdisjoint(expected):
            return True
        if all(_OWN_NAME.fullmatch(name) for name in expected):
            return False
    says = [_says_header(cell, column) for cell, column in zip(first, columns, strict=True)]
    if True in says:
        return True
    typed = [j for j, column in enumerate(columns) if _is_typed_column(column)]
    if False not in says or not all(says[j] is False for j in typed):
        return True
    if not typed:
        return says.count(False) < len(first)
    outside = [_outside([c for c in columns[j] if c], first[j]) for j in typed if is_number(first[j])]
    if len(set(first)) == len(first) and outside:
        far, plain = (sum(share > limit for share in outside) / len(outside) for limit in (0.5, 0.0))
        if far > 0.5 or (len(outside) > 2 and plain > 0.8):
            return True
    return len(columns[0]) < _ENOUGH_ROWS


def _says_header(cell: str, column: Sequence[str]) -> bool | None:
    """Whether a cell is a name (True) or a value (False) of the column below it; None where the cells do not show it."""
    if not cell or cell.casefold() in MISSING_MARKS:
        return None
    if _is_typed_column(column):
        return not is_typed(cell)
    filled = [value for value in column[1:] if value]  # the first may be a unit
    if len(filled) < _ENOUGH_ROWS or len(set(filled)) > len(filled) // 2:
        return None
    return cell not in filled


def _is_typed_column(column: Sequence[str]) -> bool:
    """Whether all cells are numbers, dates or marks of none; the first may be a unit or a second name."""
    filled = [cell for cell in column[1:] or column if cell and cell.casefold() not in MISSING_MARKS]
    return bool(filled) and all(map(is_typed, filled))


def _outside(column: Sequence[str], cell: str) -> float:
    """How far a number lies outside the range of others, in widths of that range; 0 for one inside, or that cannot be compared."""
    try:
        value, values = _value(cell), [_value(other) for other in column]
    except ValueError:
        return 0.0
    low, high = min(values), max(values)
    beyond = max(low - value, value - high, 0.0)
    return beyond / (high - low) if high > low else float(beyond > 0)


def _value(cell: str) -> float:
    return float(cell.replace(",", ".").replace("−", "-"))


def _names_of(first: Sequence[str], body: Grid, kept: Sequence[int]) -> tuple[list[str], int]:
    """The names, and how many records they take: a second line of them stands under names with gaps or that stand twice."""
    own = [first[j] for j in kept]
    if len(body) < 3 or (all(own) and len(set(own)) == len(own)) or len(first) != len(body[0]):
        return list(first), 1
    below = [body[0][j] for j in kept]
    columns = [[row[j] for row in body] for j in kept]
    is_second = any(_is_typed_column(column) for column in columns) and not any(
        is_typed(cell) for cell, column in zip(below, columns, strict=True) if _is_typed_column(column)
    )
    if not is_second or not all(below) or is_units(below):
        return list(first), 1
    if len(set(below)) == len(below):
        return list(body[0]), 2
    group, joint = "", []
    for upper, lower in zip(first, body[0], strict=True):
        group = upper or group
        joint.append(f"{group} {lower}".strip())
    return joint, 2


def is_units(cells: Sequence[str]) -> bool:
    """Whether cells are units, at least one, beside empty ones and dashes."""
    return any(map(is_unit, cells)) and all(cell in _UNIT_MARKS or is_unit(cell) for cell in cells)


def _units_of(body: Grid, kept: Sequence[int]) -> tuple[str, ...]:
    """The units in the first of these records, none where it is a row."""
    if len(body) < 2 or len(body[0]) != len(body[1]):
        return ()
    cells, columns = [body[0][j] for j in kept], [[row[j] for row in body] for j in kept]
    over_numbers = [cell for cell, column in zip(cells, columns, strict=True) if _is_typed_column(column)]
    elsewhere = [cell for cell, column in zip(cells, columns, strict=True) if not _is_typed_column(column)]
    return tuple(cells) if is_units(over_numbers) and all(cell in _UNIT_MARKS or is_unit(cell) for cell in elsewhere) else ()


def decimal_of(grid: Grid) -> str:
    """The decimal mark of the numbers in a grid: "," where some can only be read so and none has a point, else "."."""
    cells = [cell for row in grid for cell in row]
    return "," if any(map(_COMMA_DECIMAL.fullmatch, cells)) and not any(map(_POINT_DECIMAL.fullmatch, cells)) else "."
