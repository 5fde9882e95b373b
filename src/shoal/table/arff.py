"""Weka's ARFF: a head that names and types the columns, and rows of a CSV file without a header line."""

import re
from collections.abc import Sequence
from pathlib import Path

from shoal.errors import TableError
from shoal.table.cells import brief
from shoal.table.layout import Layout
from shoal.table.sniffing import Dialect

_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)\s+(.+)""", re.IGNORECASE)
_MISSING = ("", "?")


def arff_dialect(file: Path, lines: Sequence[str], encoding: str) -> Dialect:
    """How an ARFF file is read, by its first lines: nominal attributes are categories, and a question mark is an empty cell.

    Raises
    ------
    TableError
        For a head without an end, attributes that cannot be read, and sparse rows.
    """
    names: list[str] = []
    factors: list[str] = []
    for number, line in enumerate(lines):
        text = line.strip()
        if text.casefold().startswith("@data"):
            return _dialect(file, names, factors, number + 1, lines[number + 1 :], encoding)
        if not text.casefold().startswith("@attribute"):
            continue
        found = _ATTRIBUTE.match(text)
        if not found or found[2].casefold().startswith("relational"):
            raise TableError(f"{file}, line {number + 1}: the ARFF attribute {brief(text, 60)} cannot be read. Save the table as CSV.")
        names.append(_bare(found[1]))
        if found[2].lstrip().startswith("{"):
            factors.append(names[-1])
    raise TableError(f"{file} is an ARFF file without a line @data in its head. Copy it again, or save the table as CSV.")


def _dialect(file: Path, names: list[str], factors: list[str], skip: int, rows: Sequence[str], encoding: str) -> Dialect:
    first = next((line.strip() for line in rows if line.strip()), "")
    if first.startswith("{"):
        raise TableError(f"{file} is an ARFF file of sparse rows, which are not read. Save it as CSV.")
    quote = "'" if any("'" in line for line in rows) else '"'
    layout = Layout(tuple(names), 0, tuple(range(len(names))), len(names))
    return Dialect(",", encoding, skip, layout, quote=quote, missing=_MISSING, factors=tuple(factors))


def _bare(name: str) -> str:
    """A name without its quotes."""
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] in "'\"" and name[0] == name[-1] and len(name) > 1 else name
