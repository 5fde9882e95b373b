"""Large tables read in a process of their own, which can be stopped and has a bounded memory and time.

A file may be small and unpack to a large table, in ways that no count of its bytes shows (a Parquet file's dictionary with one long text
for a million rows). What the process reads comes back as a file in a folder that nobody else can write to.
"""

import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from shoal.errors import ShoalError, TableError
from shoal.web.playground.tables import Table, parsed

PROGRAM = "from shoal.web.playground.apart import answer; answer()"
LONGEST = 60.0  # seconds
MOST_MEMORY = 2 << 30  # bytes, beside what the packages take
ANSWER = "answer"
_EVERY = 0.05


def parsed_apart(name: str, path: Path, stops: tuple[threading.Event, ...], longest: float = LONGEST, memory: int = MOST_MEMORY) -> Table:
    """`parsed`, in another process.

    Raises
    ------
    TableError
        As `parsed` does; and when one of the `stops` is set, or the process needs more seconds or more bytes than it may.
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
                raise TableError(f"The reading of {name} was stopped.")
            if time.monotonic() > end:
                raise TableError(
                    f"{name} takes more than {longest:g} seconds to read, which is as long as the page waits. Send fewer rows."
                )
            time.sleep(_EVERY)
    finally:
        child.kill()
        child.wait()
    try:
        found = pickle.loads((path.parent / ANSWER).read_bytes())  # this program wrote it
    except (OSError, EOFError, pickle.UnpicklingError):
        found = MemoryError()
    if isinstance(found, MemoryError):
        raise TableError(f"{name} takes more memory than the page gives to a table ({memory >> 20:,} MB). Send fewer rows or columns.")
    if isinstance(found, BaseException):
        raise found
    assert isinstance(found, Table)
    return found


def answer() -> None:
    """What the other process does."""
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
    """End when the server has ended, however it did."""
    while os.getppid() == parent:
        time.sleep(0.3)
    os._exit(1)


def bound(memory: int, seconds: int) -> None:
    """Limits that the system holds, where it can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if sys.platform == "linux":
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
