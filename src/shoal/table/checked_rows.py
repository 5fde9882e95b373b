"""Every row of a delimited text is seen once, before pandas reads it: none may be longer or shorter, and codes stay codes.

Python makes no texts of the cells of a line without quotes: its separators are counted, and only the cells that matter are cut out.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from shoal.errors import TableError
from shoal.table.filetypes import Place
from shoal.table.frames import first_line
from shoal.table.sniffing import BLANKS, Dialect

_WHOLE = re.compile(r"[+-]?[0-9]+")
_EXACT_DIGITS, _INTEGER_DIGITS = 15, 18  # that every floating-point number, and every integer of 64 bits, holds
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+")
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")


@dataclass
class WholeNumbers:
    """How the whole numbers of a column are written: `zeros` before them, `wide` ones, `gaps`, and anything `else`."""

    zeros: bool = False
    most_digits: int = 0
    gaps: bool = False
    other: bool = False

    def see(self, cell: str) -> None:
        """Take in one cell; nothing matters beside a cell that is no whole number."""
        if self.other:
            return
        if not cell:
            self.gaps = True
        elif not _WHOLE.fullmatch(cell):
            self.other = True
        else:
            digits = cell.lstrip("+-")
            self.zeros |= len(digits) > 1 and digits[0] == "0"
            self.most_digits = max(self.most_digits, len(digits))

    @property
    def is_text(self) -> bool:
        """Whether these are codes that a number would lose the zeros of, or too wide for any integer."""
        return not self.other and (self.zeros or (self.gaps and self.most_digits > _INTEGER_DIGITS))

    @property
    def is_integer(self) -> bool:
        """Whether a gap would turn integers into floating-point numbers that do not hold them."""
        return not self.other and self.gaps and _EXACT_DIGITS < self.most_digits <= _INTEGER_DIGITS


@dataclass
class Points:
    """Columns, by their places, of cells such as 1.200 (`grouped`) and such as 12.5 (`pointed`), of the rows that it is shown.

    `open` are the columns of which more rows can say something.
    """

    grouped: set[int] = field(default_factory=set)
    pointed: set[int] = field(default_factory=set)
    open: set[int] | None = None

    def says(self, line: str) -> bool:
        """Whether a row written so may say something."""
        return "." in line

    def see(self, record: Sequence[str]) -> None:
        """Take in one row; of a column that is pointed there is no more to know."""
        self.open = set(range(len(record))) if self.open is None else self.open
        for j in [j for j in self.open if "." in record[j]]:
            if _GROUPED.fullmatch(record[j].strip()):
                self.grouped.add(j)
            else:
                self.pointed.add(j)
                self.open.remove(j)


@dataclass
class Commas:
    """Whether any cell is such as 1,5: only beside these does it matter what a point is."""

    found: bool = False

    def says(self, line: str) -> bool:
        """Whether a row written so may say something."""
        return not self.found and "," in line

    def see(self, record: Sequence[str]) -> None:
        """Take in one row."""
        self.found = self.found or any("," in cell and _COMMA.fullmatch(cell.strip()) is not None for cell in record)


@dataclass
class CheckedRows:
    """The rows of a text, each seen for its number of cells.

    `spellings` are those of some columns, by their places; `marks` looks at the marks in numbers.
    """

    place: Place
    dialect: Dialect
    spellings: dict[int, WholeNumbers]
    marks: Points | Commas | None
    n_records: int = 0

    @property
    def row(self) -> int:
        """The number of the last row seen, below 1 in the header."""
        return self.n_records - self.dialect.layout.n_header

    def see_all(self, handle: Iterable[str]) -> None:
        """See every row: lines without quotes by counting their separators, from the first quote on as `csv.reader` gives them.

        So are lines so long that a cell may be longer than the reader's limit, which is refused.
        """
        n_lines, lines, quote, longest = 0, iter(handle), self.dialect.quote, csv.field_size_limit()
        for line in lines if self.dialect.separator != BLANKS else ():
            if quote in line or len(line) > longest:
                lines = chain([line], lines)
                break
            n_lines += 1
            text = line.rstrip("\r\n")
            if text.strip(" "):  # pandas skips blank lines too
                self.see_line(text, n_lines)
        reader = self.dialect.reader(lines)
        try:
            for record in reader:
                if record not in ([], [""]):
                    self.see(record, n_lines + reader.line_num)
        except csv.Error as error:
            line_number = n_lines + reader.line_num + self.dialect.skip
            raise TableError(
                f"{self.place.file}, line {line_number}, cannot be read as CSV: {first_line(error)}. Check the quotes."
            ) from error

    def see_line(self, text: str, line: int) -> None:
        """See one row that has no quotes."""
        layout, separator = self.dialect.layout, self.dialect.separator
        if text.count(separator) != layout.width - 1 or layout.trailing or (self.marks is not None and self.marks.says(text)):
            self.see(text.split(separator), line)
            return
        self.n_records += 1
        for j, spelling in self.spellings.items() if self.row > 0 else ():
            spelling.see(_cell_at(text, separator, j, layout.width).strip())

    def see(self, record: Sequence[str], line: int) -> None:
        """See one row as its cells."""
        self.n_records += 1
        layout = self.dialect.layout
        if self.row < 1:
            return
        if len(record) != layout.width or (layout.trailing and record[-1].strip()):
            raise _ragged(self.place, self.dialect, self.row, line, record)
        for j, spelling in self.spellings.items():
            spelling.see(record[j].strip())
        if self.marks is not None:
            self.marks.see(record)


def _cell_at(text: str, separator: str, j: int, width: int) -> str:
    """One cell of a line without quotes, from that end that is nearer."""
    if j < width // 2:
        return text.split(separator, j + 1)[j]
    return text.rsplit(separator, width - j)[1] if j else text


def _ragged(place: Place, dialect: Dialect, row: int, line: int, record: Sequence[str]) -> TableError:
    """The error for a row that has not as many cells as there are columns."""
    layout = dialect.layout
    marks = "commas" if dialect.separator == "," else "separators"
    where = f"{place.file}: row {row} (line {line + dialect.skip}) has {len(record)} cells, "
    if layout.own_names or layout.row_names or layout.trailing:
        return TableError(f"{where}the first rows have {layout.width}. Check its {marks} and quotes.")
    return TableError(f"{where}the header has {layout.width}. Check its {marks} and quotes.")
