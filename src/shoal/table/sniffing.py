"""What separates the cells of a text, and where in it the table begins: found from a limited part of its head.

docs/architecture.md compares this with the sniffers of Python, DuckDB and CleverCSV, and says why none of them serves.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from shoal.table.layout import MOST_SKIPPED, Layout, decimal_of, is_typed, layout_of
from shoal.table.notes import ColumnNote

MOST_LINES, MOST_CELLS = 300, 50_000  # that are looked at
BLANKS = " "  # any run of blanks and tabs
SEPARATORS = (",", ";", "\t", "|")
KIND = "file"  # of the notes
_SEPARATOR_LINE = re.compile(r'"?sep=(.|\\t)"?\s*', re.IGNORECASE)
_TOKENS = re.compile(r'("(?:[^"]|"")*")|[ \t]+')
_NAMED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", BLANKS: "blanks"}
_OF_FEW_CELLS = 0.1  # less than this share of cells without a separator: no table
_PLAIN_BONUS = 0.1  # a comma is a separator unless another is clearly better
_CONSISTENT, _MOSTLY = 0.95, 0.6


@dataclass(frozen=True)
class Dialect:
    """How a file of text is a table.

    Attributes
    ----------
    separator : str
        One character; a blank stands for any run of blanks and tabs.
    encoding : str
    skip : int
        Lines before the table.
    layout : Layout
        Which records are names, units and rows, and which columns are kept.
    decimal : {".", ","}
        The decimal mark of the first rows.
    quote : str
    missing : tuple of str
        Cells that are empty.
    factors : tuple of str
        Columns that the file itself calls categories.
    """

    separator: str
    encoding: str
    skip: int
    layout: Layout
    decimal: str = "."
    quote: str = '"'
    missing: tuple[str, ...] = ("",)
    factors: tuple[str, ...] = ()

    def reader(self, handle: Iterable[str]) -> Any:
        """The records of an open text, those of the names first, as `csv.reader` gives them."""
        return csv.reader(_lines(handle, self.separator), delimiter=self.separator, quotechar=self.quote, skipinitialspace=self.trims)

    @property
    def trims(self) -> bool:
        """Whether blanks after a separator are no part of the cell."""
        return self.separator != BLANKS  # Python refuses both; `_lines` leaves one blank between cells

    def notes(self, name: str) -> tuple[ColumnNote, ...]:
        """What a person should know of how the file called so is read."""
        found, layout = [], self.layout
        if self.separator != "," or self.decimal == ",":
            decimal = "; numbers with a decimal comma" if self.decimal == "," else ""
            found.append((f"cells separated by {_NAMED.get(self.separator, repr(self.separator))}{decimal}", ""))
        if not self.encoding.startswith("utf-8"):
            found.append((f"text in {self.encoding}, as it is no UTF-8", "save it as UTF-8 if letters look wrong"))
        if self.skip:
            found.append((f"{self.skip} line{'s' if self.skip > 1 else ''} before the table left out", ""))
        if layout.own_names:
            found.append(
                (f"no header line: columns are named {layout.names[0]} to {layout.names[-1]}", "--header if the first line is one")
            )
        if layout.units:
            units = ", ".join(unit or "-" for unit in layout.units[:8])
            found.append((f"a line of units is no row: {units}", ""))
        if layout.n_header - bool(layout.units) > 1:
            found.append(("two header lines", ""))
        if layout.row_names:
            found.append(("the first cell of each row names or numbers the row, and is no input", ""))
        if layout.trailing:
            found.append(("every line ends with a separator too many", ""))
        return tuple(ColumnNote(name, KIND, text, advice) for text, advice in found)


@dataclass(frozen=True)
class _Candidate:
    """A separator with the lines it leaves out, its records, and how much like a table these are."""

    separator: str
    skip: int
    grid: list[list[str]]
    width: int
    consistent: float
    score: float


def dialect_of(text: str, encoding: str, *, whole: bool, header: bool | None = None, expected: Collection[str] = ()) -> Dialect:
    """How a text is a table, by its head.

    Parameters
    ----------
    text : the first characters of the file
    encoding : they were decoded from
    whole : whether the text is the whole file
    header : whether there is a line of names; found from the cells where None
    expected : names that the columns should have, of a trained model

    Returns
    -------
    Dialect
        For a text that no separator takes apart into rows of one length that of commas, so that reading it names what is wrong.

    Examples
    --------
    >>> from shoal.table.sniffing import dialect_of
    >>> found = dialect_of("Station: Munich\\n\\nday;rain;sun\\n1;0,5;7\\n2;1,25;4\\n", "utf-8", whole=True)
    >>> found.separator, found.decimal, found.skip, found.layout.names
    (';', ',', 2, ('day', 'rain', 'sun'))
    """
    lines = list(io.StringIO(text, newline=""))
    lines = (lines if whole or len(lines) == 1 else lines[:-1])[:MOST_LINES]  # the last may be cut
    line = next((_SEPARATOR_LINE.fullmatch(line.strip()) for line in lines[:1]), None)
    if line:
        separator = line[1].replace("\\t", "\t")
        found = _candidate(lines[1:], BLANKS if separator == " " else separator)
        best = replace(found, skip=found.skip + 1) if found else _plain(lines[1:], separator, 1)
    else:
        best = _best(lines)
    layout = layout_of(best.grid, header, expected) if best.grid else Layout((), 1, (), 0)
    unlike = layout.own_names or all(map(is_typed, layout.names))
    if unlike and header is None and best.skip and not line and not _ends_apart(lines[best.skip - 1]):
        best = _plain(lines, best.separator if best.separator != BLANKS else ",", 0)  # the line before is a header of another length
        layout = layout_of(best.grid, True, expected)
    return Dialect(best.separator, encoding, best.skip, layout, decimal_of(best.grid[layout.n_header :]))


def _ends_apart(line: str) -> bool:
    """Whether a line stands apart from a table below it: it is blank, or a comment."""
    return not line.strip(" \t\r\n;,|") or line.lstrip().startswith(("#", "%", "//"))


def _best(lines: list[str]) -> _Candidate:
    found = [candidate for candidate in (_candidate(lines, mark) for mark in SEPARATORS) if candidate]
    sure = [candidate for candidate in found if candidate.consistent >= _CONSISTENT]
    if not sure:
        blanks = _candidate(lines, BLANKS)
        if blanks is not None and blanks.consistent == 1.0 and _of_blanks(blanks):
            return blanks
    return max(found, key=lambda candidate: candidate.score, default=_plain(lines, ",", 0))


def _plain(lines: list[str], separator: str, skip: int) -> _Candidate:
    """The text as it stands."""
    return _Candidate(separator, skip, _records(lines, separator), 1, 1.0, 0.0)


def _of_blanks(found: _Candidate) -> bool:
    """Whether blanks separate cells and not words: a column of numbers or dates stands in every row, or all cells are quoted texts."""
    body = found.grid[1:]
    return len(body) > 0 and any(all(is_typed(row[j]) for row in body) for j in range(found.width))


def _candidate(lines: list[str], separator: str) -> _Candidate | None:
    """The text taken apart by a separator; None where that makes one column."""
    if not any(re.search(r"\S[ \t]+\S", line) if separator == BLANKS else separator in line for line in lines):
        return None
    counts = [len(cells[0]) if (cells := _records([line], separator)) else 0 for line in lines]
    widths = Counter(count for count in counts[len(counts) // 3 if len(counts) > 8 else 0 :] if count > 1)
    if not widths:
        return None
    width = max(widths, key=lambda w: (widths[w], w == counts[0], w))
    best: _Candidate | None = None
    for skip in _starts(counts, width):
        grid = _records(lines[skip:], separator)
        grid = grid[: max(12, MOST_CELLS // width)]
        same = [row for row in grid if len(row) == width]
        consistent = (len(same) + (len(grid) > 2 and len(grid[0]) == width - 1)) / len(grid)
        score = consistent * _clean(same, separator) + _PLAIN_BONUS * (separator == ",")
        found = _Candidate(separator, skip, grid, width, min(1.0, consistent), score)
        if best is None or found.consistent > best.consistent + 1e-9:
            best = found
        if consistent >= 1.0:
            break
    if best is None or best.consistent < _MOSTLY:
        return None if best is None or separator != "," else replace(best, skip=0, grid=_records(lines, separator), score=_OF_FEW_CELLS)
    return best


def _starts(counts: Sequence[int], width: int) -> list[int]:
    """Lines that the table may begin with: the first, and the first ones of its width that stand behind narrower ones."""
    first = next((i for i, count in enumerate(counts) if count), 0)
    starts = [0]
    for i, count in enumerate(counts[:MOST_SKIPPED]):
        if i > first and count == width and max(counts[:i]) < width and len(starts) < 4:
            above = counts[i - 1]
            starts += [i - 1] if above == width - 1 > 0 and i - 1 > first else []  # R's names stand above, one fewer
            starts.append(i)
    return starts


def _records(lines: Iterable[str], separator: str) -> list[list[str]]:
    """The records of some lines, up to what is no CSV."""
    found: list[list[str]] = []
    reader = csv.reader(_lines(lines, separator), delimiter=separator, skipinitialspace=separator != BLANKS)
    with suppress(csv.Error):  # reading the file names it
        found.extend(record for record in reader if record not in ([], [""]))
    return found


def _lines(lines: Iterable[str], separator: str) -> Iterable[str]:
    """Lines with one blank between cells where blanks separate them; other lines as they are."""
    if separator != BLANKS:
        return lines
    return (_TOKENS.sub(lambda found: found[1] or " ", line.strip()) + "\n" for line in lines)


def _clean(rows: list[list[str]], separator: str) -> float:
    """The share of cells that are empty, numbers, dates, or texts without another separator in them."""
    others = [mark for mark in SEPARATORS if mark != separator]
    cells = [cell for row in rows for cell in row]
    clean = sum(not cell or is_typed(cell.strip()) or not any(mark in cell for mark in others) for cell in cells)
    return clean / len(cells) if cells else 0.0
