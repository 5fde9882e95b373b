"""The reader's own tables: read as on the command line, within the page's size limits, packed and unpacked.

Large tables are read in a separate process, which can be stopped and has limited memory and time.

A small file may unpack to a large table in ways that no count of its bytes shows (a Parquet file's dictionary with one long text for a
million rows). The process returns its result as a file in a folder that only this user can write to.
"""

import csv
import gzip
import io
import os
import pickle
import subprocess
import sys
import threading
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from shoal.errors import ShoalError, TableError
from shoal.table import describe_columns, read
from shoal.table.columns import Column
from shoal.table.filetypes import place_of_table
from shoal.table.reading import open_table
from shoal.web.languages import grouped, tr

MOST_COLUMNS = 400
MOST_ROWS = 1_000_000
MOST_CELLS = 10_000_000
MOST_BYTES = 200_000_000  # of a table, unpacked
FEW_BYTES = 1_000_000  # of text, unpacked: a smaller table is read in this process, a larger one in its own
_PIECE = 1 << 20


@dataclass(frozen=True)
class Table:
    """A table that a reader sent: its file's name, its rows, and what each column contains."""

    name: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]


def check_size(name: str, content: bytes) -> bool:
    """Whether the unpacked bytes are few; raises an error if they, or the packed ones, exceed the page's limit.

    The bytes are counted block by block, so that a small file that unpacks to a large one takes no memory.
    """
    if not is_few_kinds(content[:4096]):
        return False
    file = gzip.GzipFile(fileobj=io.BytesIO(content)) if content[:2] == b"\x1f\x8b" else io.BytesIO(content)
    n_bytes = n_rows = n_commas = 0
    try:
        while block := file.read(_PIECE):
            if not n_bytes:
                refuse(name, columns=n_columns(block))
            n_bytes += len(block)
            n_rows += max(block.count(b"\n"), block.count(b"\r"))
            n_commas += block.count(b",")
            refuse(name, rows=n_rows - 1, cells=n_rows + n_commas, n_bytes=n_bytes)
    except (gzip.BadGzipFile, zlib.error, EOFError):
        pass  # the reader of the table names the damage
    return n_bytes <= FEW_BYTES


def is_few_kinds(start: bytes) -> bool:
    """Whether a file is text, compressed with gzip or not. A small file of another kind may contain a large table."""
    return start[:2] == b"\x1f\x8b" or not (b"\0" in start or start.startswith((b"PAR1", b"PK", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")))


def n_columns(block: bytes) -> int:
    """The number of names in the first line of a text."""
    try:
        return len(next(csv.reader([block.lstrip().splitlines()[0].decode("utf-8", "replace")])))
    except (csv.Error, IndexError, StopIteration):
        return 0  # the reader of the table names the problem


def refuse(name: str, rows: int = 0, columns: int = 0, cells: int = 0, n_bytes: int = 0) -> None:
    """Raise an error for a table that exceeds the page's limits."""
    if columns > MOST_COLUMNS:
        raise TableError(
            tr(
                "{name} has {n} columns; the page draws at most {most}. `shoal fit` takes larger ones.",
                name=name,
                n=columns,
                most=MOST_COLUMNS,
            )
        )
    for found, most, what in (
        (rows, MOST_ROWS, tr("rows")),
        (cells, MOST_CELLS, tr("cells")),
        (n_bytes, MOST_BYTES, tr("bytes, unpacked")),
    ):
        if found > most:
            raise TableError(
                tr(
                    "{name} has more than {most} {what}, which is the page's limit. `shoal fit` takes larger tables.",
                    name=name,
                    most=grouped(most),
                    what=what,
                )
            )


def parsed(name: str, path: Path) -> Table:
    """The table in a file that a reader calls `name`."""
    try:
        if place_of_table(path).kind == "parquet":
            found = open_table(path)
            refuse(name, found.n_rows, len(found.names), found.n_rows * len(found.names))
        frame = read(path)
    except TableError as wrong:
        raise TableError(str(wrong).replace(str(path), name)) from None
    if len(frame.columns) < 2:
        raise TableError(tr("{name} has only one column; a table needs a target and at least one input.", name=name))
    refuse(name, len(frame), len(frame.columns), frame.size)
    columns = describe_columns(frame)
    if not any(column.kind == "number" for column in columns):
        raise TableError(
            tr(
                "{name} has no column of numbers among its {n}: there is no axis to draw. `shoal fit {name}` can learn from it.",
                name=name,
                n=len(columns),
            )
        )
    return Table(name, frame, columns)


# Names of columns that are targets wherever they stand, the likeliest first; the last three are those of widely used tables for teaching.
TARGETS = ("target", "class", "label", "y", "outcome", "response", "output", "result", "species", "diagnosis", "survived")
NO_TARGETS = ("id", "name", "index", "date", "time", "day", "month", "year")  # these name rows or moments
MOST_CLASSES = 20  # that the page draws


def likely_target(table: Table) -> str:
    """The column that a reader most likely wants to predict: by its name, else the last one that can be learned, else the first."""
    usable = [column.name for column in table.columns if can_be_target(table.frame, column)]
    by_name = {name.casefold(): name for name in reversed(usable)}
    for name in TARGETS:
        if name in by_name:
            return by_name[name]
    names = [column.name for column in table.columns]
    likely = [name for name in usable if name.casefold() not in NO_TARGETS] or usable or names
    return next((name for name in (names[-1], names[0]) if name in likely), likely[-1])


def can_be_target(frame: pd.DataFrame, column: Column) -> bool:
    """Whether the page can learn a column: numbers that vary, or two to `MOST_CLASSES` classes."""
    if column.kind == "number":
        return column.low is not None and column.high is not None and column.low < column.high
    return column.kind in ("category", "boolean") and 2 <= frame[column.name].nunique() <= MOST_CLASSES


def described(key: str, table: Table) -> dict[str, Any]:
    """The facts from which the reader chooses."""
    return {
        "table": key,
        "name": table.name,
        "rows": len(table.frame),
        "columns": [{"name": c.name, "kind": c.kind, "reason": c.reason} for c in table.columns],
        "target": likely_target(table),
    }


PROGRAM = "from shoal.web.playground.tables import answer; answer()"
LONGEST = 60.0  # seconds
MOST_MEMORY = 2 << 30  # bytes, in addition to the packages
ANSWER = "answer"
_EVERY = 0.05


def parsed_apart(name: str, path: Path, stops: tuple[threading.Event, ...], longest: float = LONGEST, memory: int = MOST_MEMORY) -> Table:
    """`parsed`, in another process.

    Raises
    ------
    TableError
        As `parsed` does; also if one of the `stops` is set, or if the process exceeds its limit of seconds or bytes.
    """
    quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-c", PROGRAM, name, str(path), str(memory), str(int(longest) + 1)]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | quiet
    )
    try:
        end = time.monotonic() + longest
        while child.poll() is None:
            if any(stop.is_set() for stop in stops):
                raise TableError(f"Reading {name} was stopped.")
            if time.monotonic() > end:
                raise TableError(f"{name} takes more than {longest:g} seconds to read, which is the page's limit. Send fewer rows.")
            time.sleep(_EVERY)
    finally:
        child.kill()
        child.wait()
    try:
        found = pickle.loads((path.parent / ANSWER).read_bytes())  # this program wrote the file
    except (OSError, EOFError, pickle.UnpicklingError):
        found = MemoryError()
    if isinstance(found, MemoryError):
        raise TableError(f"{name} needs more memory than the page allows for a table ({memory >> 20:,} MB). Send fewer rows or columns.")
    if isinstance(found, BaseException):
        raise found
    assert isinstance(found, Table)
    return found


def answer() -> None:
    """The work of the other process."""
    name, path, memory, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    bound(memory, seconds)
    found: Any
    try:
        found = parsed(name, path)
    except (ShoalError, MemoryError) as wrong:
        found = wrong
    except Exception as fault:
        found = RuntimeError(f"{type(fault).__name__}: {fault}")
    whole = path.with_name(f"{ANSWER}.part")
    whole.write_bytes(pickle.dumps(found))
    whole.replace(path.with_name(ANSWER))


def end_with(parent: int) -> None:
    """End when the server has ended, for any reason."""
    while os.getppid() == parent:
        time.sleep(0.3)
    os._exit(1)


def bound(memory: int, seconds: int) -> None:
    """Set the system's limits, if it has them."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if sys.platform == "linux":
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
