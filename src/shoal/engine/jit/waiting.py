"""How long this process has waited for the compiler, and the line that says so: compiling is not training.

Numba compiles a kernel when it is first called with arguments of these types, unless its code is kept (`code_cache`). A kernel may compile
others that it calls: only the outermost counts. This module does not import Numba, whose import is such a wait too.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]
LINE = "shoal: compiling, once on this machine (some seconds)"
APART = 1.0  # seconds: kernels compiled one soon after the other are one wait, with one line


class Waits(threading.local):
    """The kernels that this thread compiles now, with when each began, the outermost first."""

    def __init__(self) -> None:
        self.open: list[tuple[str, float]] = []


_waits = Waits()
_waited, _last = [0.0], [-APART]  # seconds in all, and when the last announced wait ended
_listeners: list[Say] = []


def begin(name: str, *, announced: bool = True) -> None:
    """A kernel's code is not kept, and Numba compiles it next; or Numba itself is imported, which takes a moment and is not announced."""
    open_waits, now = _waits.open, time.perf_counter()
    names = [known for known, _ in open_waits]
    if name in names:  # to compile it failed before
        del open_waits[names.index(name) :]
    if announced:
        if now - _last[0] > APART:
            announce()
        _last[0] = now
    open_waits.append((name, now))


def end(name: str) -> None:
    """The kernel is compiled."""
    open_waits, now = _waits.open, time.perf_counter()
    names = [known for known, _ in open_waits]
    if name not in names:
        return
    place = names.index(name)
    if place == 0:
        _waited[0] += now - open_waits[0][1]
    if _last[0] >= open_waits[place][1]:  # it was announced
        _last[0] = now
    del open_waits[place:]


def seconds_waited() -> float:
    """Seconds that this process has waited for the compiler."""
    return _waited[0]


def training_clock() -> float:
    """Seconds of a clock that is stopped while kernels are compiled."""
    return time.perf_counter() - _waited[0]


def announce() -> None:
    """Say that a wait begins: to the innermost listener, else on a terminal."""
    if _listeners:
        _listeners[-1](LINE)
    elif sys.stderr is not None and sys.stderr.isatty():
        print(LINE, file=sys.stderr)


@contextmanager
def waits_announced(say: Say) -> Iterator[None]:
    """Within it, `say` gets a line whenever this process waits for the compiler."""
    _listeners.append(say)
    try:
        yield
    finally:
        _listeners.remove(say)
