"""The tables that readers sent: a few, kept in memory under a key made from their contents."""

import hashlib
import re
import threading
from collections import OrderedDict

from shoal.errors import ShoalError, TableError
from shoal.files import temporary_folder
from shoal.web.languages import tr
from shoal.web.playground.tables import Table, check_size, parsed, parsed_apart

MOST_TABLES = 4
MOST_READINGS = 2  # at once: each is a process that may use 2 GB


class TooManyReadingsError(ShoalError):
    """More large tables at the same time than this server reads."""


class Tables:
    """The tables that readers sent; the oldest are removed if there are too many."""

    def __init__(self, most_readings: int = MOST_READINGS) -> None:
        self._kept: OrderedDict[str, Table] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._readings = threading.BoundedSemaphore(most_readings)

    def add(self, name: str, content: bytes, stop: threading.Event | None = None) -> str:
        """Read a table; returns the key under which it is kept.

        Raises
        ------
        TableError
            If the content is not a table, is larger than the page's limits, or if reading was stopped: by `stop`, by `close`, or by a
            limit.
        TooManyReadingsError
            While the largest allowed number of large tables is being read.
        """
        key = hashlib.sha256(content).hexdigest()[:16]
        table = self._read(short_name(name), content, (self._closed, *([stop] if stop else [])))
        with self._lock:
            self._kept[key] = table
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_TABLES:
                self._kept.popitem(last=False)
        return key

    def _read(self, name: str, content: bytes, stops: tuple[threading.Event, ...]) -> Table:
        """The table in these bytes, read as by `shoal fit NAME`, within the page's limits."""
        few = check_size(name, content)
        ending = re.search(r"\.[a-z0-9]{1,8}$", name.lower())
        with temporary_folder() as folder:
            path = folder / f"table{ending[0] if ending else ''}"
            path.write_bytes(content)
            if few:
                return parsed(name, path)
            if not self._readings.acquire(blocking=False):
                raise TooManyReadingsError(tr("The page is reading other large tables at the moment. Send {name} again later.", name=name))
            try:
                return parsed_apart(name, path, stops)
            finally:
                self._readings.release()

    def get(self, key: str) -> Table:
        """The table with this key; raises `TableError` if it does not exist (any more)."""
        with self._lock:
            if key not in self._kept:
                raise TableError(
                    tr("This link's table is not in this server's memory, because links contain no tables. Drop the file again.")
                )
            self._kept.move_to_end(key)
            return self._kept[key]

    def close(self) -> None:
        """Stop reading, because the server ends."""
        self._closed.set()


def short_name(name: str) -> str:
    """A table's name: the last part of the browser's name, at most 80 characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    readable = "".join(c for c in last.encode("utf-8", "replace").decode() if c.isprintable())[-80:]
    return readable if readable.strip(". ") else "table.csv"
