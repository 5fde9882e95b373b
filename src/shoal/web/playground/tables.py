"""The reader's own tables: read as the command line reads them, within sizes that a page can draw, packed and unpacked."""

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from shoal.errors import TableError
from shoal.table import describe_columns, read
from shoal.table.columns import Column
from shoal.table.reading import open_table

MOST_COLUMNS = 400
MOST_ROWS = 1_000_000
MOST_CELLS = 10_000_000
MOST_BYTES = 200_000_000  # of a table, unpacked
FEW_BYTES = 1_000_000  # of text, unpacked: such a table is read here, a larger one in a process of its own
PARQUET = b"PAR1"
_PIECE = 1 << 20


@dataclass(frozen=True)
class Table:
    """A table that was sent: its file's name, its rows, and what each column holds."""

    name: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]


def check_size(name: str, content: bytes) -> bool:
    """Whether the bytes are few, unpacked; the table is refused when they are, or hold, more than the page takes.

    They are counted a piece at a time, so that a small file that unpacks to a large one takes no memory.
    """
    if content[:4] == PARQUET:
        return False
    file = gzip.GzipFile(fileobj=io.BytesIO(content)) if content[:2] == b"\x1f\x8b" else io.BytesIO(content)
    n_bytes = n_rows = n_commas = 0
    try:
        while piece := file.read(_PIECE):
            if not n_bytes:
                refuse(name, columns=n_columns(piece))
            n_bytes += len(piece)
            n_rows += max(piece.count(b"\n"), piece.count(b"\r"))
            n_commas += piece.count(b",")
            refuse(name, rows=n_rows - 1, cells=n_rows + n_commas, n_bytes=n_bytes)
    except (gzip.BadGzipFile, zlib.error, EOFError):
        pass  # reading names the damage
    return n_bytes <= FEW_BYTES


def n_columns(piece: bytes) -> int:
    """How many names the first line of a text holds."""
    try:
        return len(next(csv.reader([piece.lstrip().splitlines()[0].decode("utf-8", "replace")])))
    except (csv.Error, IndexError, StopIteration):
        return 0  # reading names what is wrong


def refuse(name: str, rows: int = 0, columns: int = 0, cells: int = 0, n_bytes: int = 0) -> None:
    """Refuse a table that is larger than the page takes."""
    if columns > MOST_COLUMNS:
        raise TableError(f"{name} has {columns} columns; the page draws tables of up to {MOST_COLUMNS}. `shoal fit` takes larger ones.")
    for found, most, what in ((rows, MOST_ROWS, "rows"), (cells, MOST_CELLS, "cells"), (n_bytes, MOST_BYTES, "bytes, unpacked")):
        if found > most:
            raise TableError(f"{name} has more than {most:,} {what}, which is as many as the page takes. `shoal fit` takes larger tables.")


def parsed(name: str, path: Path) -> Table:
    """The table in a file that a reader calls `name`."""
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == PARQUET
        if is_parquet:
            found = open_table(path)
            refuse(name, found.n_rows, len(found.names), found.n_rows * len(found.names))
        frame = read(path)
    except TableError as wrong:
        raise TableError(str(wrong).replace(str(path), name)) from None
    if len(frame.columns) < 2:
        raise TableError(f"{name} has one column only; a table to learn from has a target and at least one input.")
    refuse(name, len(frame), len(frame.columns), frame.size)
    columns = describe_columns(frame)
    if not any(column.kind == "number" for column in columns):
        raise TableError(
            f"{name} has no column of numbers among its {len(columns)}: there is no axis to draw on. `shoal fit {name}` can learn from it."
        )
    return Table(name, frame, columns)


def described(key: str, table: Table) -> dict[str, Any]:
    """What the page needs to let the reader choose."""
    return {
        "table": key,
        "name": table.name,
        "rows": len(table.frame),
        "columns": [{"name": c.name, "kind": c.kind, "reason": c.reason} for c in table.columns],
        "target": table.columns[-1].name,
    }
