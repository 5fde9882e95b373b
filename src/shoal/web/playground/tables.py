"""The reader's own tables: read as the command line reads them, a few kept in memory under a name made of their contents."""

import hashlib
import re
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from shoal.errors import TableError
from shoal.table import describe_columns, read
from shoal.table.columns import Column

MOST_TABLES = 4
MOST_COLUMNS = 400


@dataclass(frozen=True)
class Table:
    """A table that was sent: its file's name, its rows, and what each column holds."""

    name: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]


class Tables:
    """The tables that were sent, the oldest leaving when there are too many."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Table] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, name: str, content: bytes) -> str:
        """Read a table; returns the key under which it is kept."""
        key = hashlib.sha256(content).hexdigest()[:16]
        table = parsed(Path(name.replace("\\", "/")).name or "table.csv", content)
        with self._lock:
            self._kept[key] = table
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_TABLES:
                self._kept.popitem(last=False)
        return key

    def get(self, key: str) -> Table:
        """The table under this key; `TableError` when it is not here (any more)."""
        with self._lock:
            if key not in self._kept:
                raise TableError("This link's table is not in this server's memory: tables stay with their reader. Drop the file again.")
            self._kept.move_to_end(key)
            return self._kept[key]


def parsed(name: str, content: bytes) -> Table:
    """The table in these bytes, as `shoal fit NAME` would read it."""
    safe = re.sub(r"[^\w.+ -]+", "_", name)[-80:] or "table.csv"
    with tempfile.TemporaryDirectory(prefix="shoal-") as folder:
        path = Path(folder) / safe
        path.write_bytes(content)
        try:
            frame = read(path)
        except TableError as wrong:
            raise TableError(str(wrong).replace(str(path), name)) from None
    if len(frame.columns) < 2:
        raise TableError(f"{name} has one column only; a table to learn from has a target and at least one input.")
    if len(frame.columns) > MOST_COLUMNS:
        raise TableError(
            f"{name} has {len(frame.columns)} columns; the page draws tables of up to {MOST_COLUMNS}. `shoal fit` takes larger ones."
        )
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
