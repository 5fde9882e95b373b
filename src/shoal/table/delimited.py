"""Tables as delimited text: comma, semicolon, tab, bar or blanks between cells, in any usual encoding, packed or not, ARFF among them.

`checked` finds the dialect in a bounded head and then sees every row of the file once: no row is ever filled up or cut in silence.
"""

import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from shoal.errors import ShoalError, TableError
from shoal.files import kept
from shoal.table.arff import arff_dialect
from shoal.table.cells import listed
from shoal.table.checked_rows import CheckedRows, Commas, Points, WholeNumbers
from shoal.table.filetypes import Place, naming_damage
from shoal.table.frames import first_line
from shoal.table.sniffing import BLANKS, Dialect, dialect_of

HEAD, _LEAST_LINES, _LONGEST_HEAD = 1 << 17, 30, 1 << 24  # characters that are sniffed; more where they are fewer lines, to a limit
_UTF_8, _WINDOWS = "utf-8-sig", "cp1252"
_ENCODING_NAMES = {_UTF_8: "UTF-8", _WINDOWS: "UTF-8 or Windows-1252"}
_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


class UndecodableError(TableError):
    """Text in another encoding than that it is read in; `plain` where all before the first such byte is ASCII."""

    plain = False


@dataclass(frozen=True)
class TextTable:
    """A table in a file of text, every row of which was seen.

    Attributes
    ----------
    place : Place
    dialect : Dialect
    n_rows, n_bytes : int
        Rows, and bytes of the file, unpacked.
    texts, integers : tuple of str
        Columns that must be read as text, of codes and of numbers with points between thousands; and of codes as integers with gaps.
    """

    place: Place
    dialect: Dialect
    n_rows: int
    n_bytes: int
    texts: tuple[str, ...] = ()
    integers: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.dialect.layout.names

    def frame(self, texts: Collection[str] = ()) -> pd.DataFrame:
        """The whole table, the columns `texts` as the text that stands there."""
        with _rows(self.place, self.dialect) as handle:
            return self._marked(pd.read_csv(handle, **self._options(texts)))

    def frames(self, rows: int, texts: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """The table, so many rows at a time."""
        with _rows(self.place, self.dialect) as handle:
            for frame in pd.read_csv(handle, chunksize=rows, **self._options(texts)):
                yield self._marked(frame)

    def _marked(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with the categories that the file itself tells of."""
        factors = self.dialect.factors
        return frame.astype(dict.fromkeys(factors, "category")) if factors else frame

    def _options(self, texts: Collection[str]) -> dict[str, Any]:
        """How pandas reads it."""
        dialect, layout = self.dialect, self.dialect.layout
        names = dict(zip(layout.kept, layout.names, strict=True))
        taken = {*self.texts, *texts, *dialect.factors}
        options = {
            "names": list(layout.names),
            "header": layout.n_header - 1 if layout.n_header else None,
            "index_col": False,
            "dtype": dict.fromkeys(self.integers, "Int64") | {name: str for name in taken if name in layout.names},
            "keep_default_na": False,
            "na_values": list(dialect.missing),
            "skipinitialspace": True,
            "low_memory": False,  # one type a column, not one a block
            "quotechar": dialect.quote,
            "sep": r"\s+" if dialect.separator == BLANKS else dialect.separator,
        }
        if len(layout.kept) < layout.width:
            options["names"] = [names.get(j, f"\0{j}") for j in range(layout.width)]
            options["usecols"] = list(layout.names)
        return options


def sniffed(place: Place, expected: Collection[str] = (), encoding: str = "") -> Dialect:
    """How a file of text is a table, by its head.

    Parameters
    ----------
    place : what `place_of_table` found
    expected : names that the columns should have, of a trained model
    encoding : found from the bytes where empty

    Raises
    ------
    TableError
        For bytes that are no text, and for a damaged packed file.
    """
    return kept(place.file, (place, tuple(expected), encoding), lambda: _sniffed(place, expected, encoding))


def _sniffed(place: Place, expected: Collection[str], encoding: str) -> Dialect:
    with naming_damage(place.file, place.packing), place.open() as stream:
        encoding = encoding or _encoding_of(place, stream.read(HEAD))
    with _text(place, encoding) as handle:
        lines: list[str] = []
        length = 0
        while (length < HEAD or len(lines) < _LEAST_LINES) and length < _LONGEST_HEAD:
            line = handle.readline(_LONGEST_HEAD)
            if not line:
                break
            lines.append(line)
            length += len(line)
        whole = not handle.read(1)
    text = "".join(lines)
    found = _CONTROL.search(text.replace("\x1a", ""))
    if found:
        raise TableError(
            f"{place.file} is not a table of text: it holds zero bytes or other control characters (a binary file). Save it as CSV in "
            "UTF-8, or as Parquet."
        )
    if place.kind == "arff":
        return arff_dialect(place.file, lines, encoding)
    return dialect_of(text, encoding, whole=whole or not lines[-1].endswith(("\n", "\r")), header=place.header, expected=expected)


def _encoding_of(place: Place, start: bytes) -> str:
    """The encoding of a text, by its first bytes."""
    marked = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), "")
    if marked:
        return marked
    pairs = max(1, len(start) // 2)
    zeros = start[1::2].count(0) / pairs, start[::2].count(0) / pairs  # of little and of big endian letters
    if max(zeros) > 0.4 and min(zeros) < 0.1:
        return "utf-16-le" if zeros[0] > zeros[1] else "utf-16-be"
    try:
        io.TextIOWrapper(io.BytesIO(start), "utf-8").read()
    except UnicodeDecodeError as error:
        cut = error.start >= len(start) - 3 and error.reason == "unexpected end of data"
        if not cut and error.object[: error.start].isascii():
            return _WINDOWS
    return _UTF_8


def checked(place: Place, codes: Collection[str] = (), expected: Collection[str] = ()) -> TextTable:
    """A table of text after every row was seen to have as many cells as there are names: pandas fills short rows in silence.

    Parameters
    ----------
    place, expected : as for `sniffed`
    codes : columns that are read as text where their whole numbers have zeros before them

    Raises
    ------
    TableError
        For rows of unequal length, names that are missing or stand twice, no rows, and what `sniffed` refuses.
    """
    try:
        return _checked(place, sniffed(place, expected), codes)
    except UndecodableError as error:
        if not error.plain:
            raise
        try:
            return _checked(place, sniffed(place, expected, _WINDOWS), codes)
        except UndecodableError:
            raise error from None


def _checked(place: Place, dialect: Dialect, codes: Collection[str]) -> TextTable:
    layout, file = dialect.layout, place.file
    check_header(file, layout.names)
    spellings = {layout.kept[layout.names.index(name)]: WholeNumbers() for name in codes if name in layout.names}
    commas = None if dialect.separator == "," else Commas()
    rows = CheckedRows(place, dialect, spellings, commas)
    with _text(place, dialect.encoding, dialect.skip) as handle:
        rows.see_all(handle)
        n_bytes = handle.buffer.tell()  # type: ignore[attr-defined]  # a buffered file, packed or not, has it
    row = rows.row
    if row < 1:
        raise TableError(f"{file} has a header ({len(layout.names)} columns) but no rows.")
    found = {layout.names[layout.kept.index(j)]: spelling for j, spelling in spellings.items()}
    thousands = set() if commas is None or not commas.found else _thousands(place, dialect)
    names = dict(zip(layout.kept, layout.names, strict=True))
    texts = tuple(name for j, name in names.items() if j in thousands or (name in found and found[name].is_text))
    return TextTable(place, dialect, row, n_bytes, texts, tuple(name for name, s in found.items() if s.is_integer))


def _thousands(place: Place, dialect: Dialect) -> set[int]:
    """The columns, by their places, that pandas would read as 1.2 where 1200 stands, in a table with decimal commas."""
    points = Points()
    with _text(place, dialect.encoding, dialect.skip) as handle:
        CheckedRows(place, dialect, {}, points).see_all(handle)
    return points.grouped - points.pointed


class _Text(io.TextIOWrapper):
    """A text that keeps what ended a call of `read`, Ctrl-C for one: pandas only says that reading failed."""

    stopped: BaseException | None = None

    def read(self, size: int | None = -1) -> str:
        """As of any text."""
        try:
            return super().read(size)
        except BaseException as error:
            self.stopped = error
            raise


@contextmanager
def _rows(place: Place, dialect: Dialect) -> Iterator[_Text]:
    """The file from the table on; what pandas cannot read of it is named."""
    with _text(place, dialect.encoding, dialect.skip) as handle:
        try:
            yield handle
        except (ShoalError, UnicodeDecodeError):
            raise
        except (ValueError, OverflowError) as error:
            if handle.stopped is not None:
                raise handle.stopped from None
            raise TableError(f"{place.file} cannot be read as CSV: {first_line(error)}. Check quotes and commas.") from error


@contextmanager
def _text(place: Place, encoding: str, skip: int = 0) -> Iterator[_Text]:
    """The file as text, unpacked, from behind so many lines; damage found while reading is named."""
    try:
        with naming_damage(place.file, place.packing), place.open() as stream:
            handle = _Text(stream, encoding=encoding, newline="")
            for _ in range(skip):
                handle.readline()
            yield handle
    except UnicodeDecodeError as error:
        line, plain = _undecodable_line(place, encoding)
        named = UndecodableError(
            f"{place.file} is not {_ENCODING_NAMES.get(encoding, encoding)} text: byte 0x{error.object[error.start]:02x} in line "
            f"{line}. Save it with the encoding UTF-8."
        )
        named.plain = plain and encoding == _UTF_8
        raise named from error


def _undecodable_line(place: Place, encoding: str) -> tuple[int, bool]:
    """The first line that cannot be decoded, and whether all before it is ASCII."""
    plain = True
    with place.open() as raw:
        for number, line in enumerate(raw, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return number, plain and line[: error.start].isascii()
            plain = plain and line.isascii()
    return 1, False


def check_header(file: Path, header: Sequence[str]) -> None:
    """Refuse columns without names, and names that stand twice."""
    if not header:
        raise TableError(f"{file} holds blank lines only; a table has a header line and rows.")
    unnamed = [position for position, name in enumerate(header, start=1) if not name]
    if unnamed:
        raise TableError(
            f"{file}: column {unnamed[0]} of {len(header)} has no name in the header ({len(unnamed)} in all). "
            "Name it or remove it; a frame's row numbers stay out with to_csv(index=False)."
        )
    twice = [name for name, times in Counter(header).items() if times > 1]
    if twice:
        raise TableError(f"{file}: duplicate column names {listed(twice)} in a header of {len(header)}. Give every column its own name.")
