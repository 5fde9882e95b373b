"""How many cores there are, work spread over them, and `one_blas_thread`: matrix products on the thread that asks for them.

The engine spreads its work over threads of its own. A matrix library that uses the cores too makes a fit 20 to 50 times slower, and
the last digit of a result would depend on the number of cores. So every fit limits the library to one thread.

OpenBLAS with its own threads, which the wheels of NumPy and SciPy bring, has one limit for the whole process. The first thread that
asks sets it, and the last one that is done lifts it. threadpoolctl (from 3.8 on) obeys only one "controlling" thread there and leaves
the others without a limit: so it finds the libraries here, and their own functions are called. Libraries on OpenMP, and MKL, have a
limit for each thread: there every thread sets its own.

A fork copies the limit but not the threads that hold it: the child lifts what the forking thread does not hold itself.
"""

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from threading import Event, Lock, RLock, get_ident, local
from typing import Any, TypeVar, final

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits


@dataclass(frozen=True)
class Library:
    """A matrix library: its number of threads now, and how to set it; `per_thread` where each thread has a limit of its own."""

    get: Callable[[], int]
    set: Callable[[int], object]
    per_thread: bool = False

    def limit(self) -> int:
        """Limit it to one thread; returns the number before."""
        before = self.get()
        if before != 1:
            self.set(1)
        return before

    def lift(self, before: int) -> None:
        """Undo `limit`, unless someone has set another number meanwhile."""
        if before != 1 and self.get() == 1:
            self.set(before)


def c_function(lib: Any, name: str) -> Any:
    """An OpenBLAS function; the wheels of NumPy and SciPy add a prefix or a suffix to every name. None where there is none."""
    loaded = ctypes.CDLL(lib.filepath)
    names = (f"{prefix}{name}{suffix}" for prefix in ("", "scipy_") for suffix in ("", "64_", "_64"))
    return next((getattr(loaded, found) for found in names if hasattr(loaded, found)), None)


def library(lib: Any) -> Library:
    """A library that threadpoolctl found. Only these three have functions that threadpoolctl's versions do not call alike."""
    get, put, per_thread = lib.get_num_threads, lib.set_num_threads, False
    if lib.internal_api == "openblas":
        per_thread = lib.threading_layer == "openmp"
        names = ("omp_get_max_threads", "omp_set_num_threads") if per_thread else ("openblas_get_num_threads", "openblas_set_num_threads")
        found = [c_function(lib, name) for name in names]
        if None not in found:
            get, put = found
    elif lib.internal_api == "mkl":
        loaded, per_thread = ctypes.CDLL(lib.filepath), True
        get, put = loaded.MKL_Get_Max_Threads, loaded.MKL_Set_Num_Threads_Local
    return Library(get, put, per_thread)


@cache
def libraries() -> tuple[Library, ...]:
    """The matrix libraries loaded now; SciPy's, which compiled products call, is loaded first. Kept, for finding them takes 2 ms."""
    import scipy.linalg  # noqa: F401

    return tuple(library(lib) for lib in ThreadpoolController().select(user_api="blas").lib_controllers)


@dataclass
class Limit:
    """Who holds the limit, `holders`: how many times each thread does; `before`: the libraries' numbers before the first of them."""

    found: Callable[[], tuple[Library, ...]] = libraries
    holders: dict[int, int] = field(default_factory=dict)
    before: list[int] = field(default_factory=list)
    lock: Any = field(default_factory=RLock)
    own: local = field(default_factory=local)

    def shared(self) -> list[Library]:
        """Libraries with one limit for the process."""
        return [lib for lib in self.found() if not lib.per_thread]

    def of_each_thread(self) -> list[Library]:
        """Libraries with a limit for each thread."""
        return [lib for lib in self.found() if lib.per_thread]

    def take(self) -> int:
        """This thread holds the limit once more; returns what `give` takes."""
        me = get_ident()
        self.found()
        with self.lock:
            depth = self.holders.get(me, 0)
            if not self.holders:
                self.before = [lib.limit() for lib in self.shared()]
            self.holders[me] = depth + 1
        if depth == 0:
            self.own.before = [lib.limit() for lib in self.of_each_thread()]
        return me

    def give(self, holder: int) -> None:
        """This holder, which is most often the calling thread, holds it once less."""
        with self.lock:
            depth = self.holders.get(holder, 1) - 1
            if depth:
                self.holders[holder] = depth
                return
            self.holders.pop(holder, None)
            if not self.holders:
                self.lift()
        if holder == get_ident():
            for lib, before in zip(self.of_each_thread(), self.own.before, strict=True):
                lib.lift(before)

    def lift(self) -> None:
        """Nobody holds it any more."""
        for lib, before in zip(self.shared(), self.before, strict=True):
            lib.lift(before)
        self.before = []

    def for_good(self) -> None:
        """Limit the calling thread's own number, where a library has one: for threads that only ever compute for us."""
        for lib in self.of_each_thread():
            lib.limit()

    def in_child(self) -> None:
        """After a fork, in the child: only the forking thread is left of the holders. Holds the lock, as the parent did."""
        held, me = bool(self.holders), get_ident()
        self.holders = {me: self.holders[me]} if me in self.holders else {}
        if held and not self.holders:
            self.lift()
        self.lock.release()


BLAS_LIMIT = Limit()

if hasattr(os, "register_at_fork"):
    # The lock is taken for the fork, so that no limit is half set in the child, and OpenBLAS starts no threads meanwhile.
    os.register_at_fork(before=BLAS_LIMIT.lock.acquire, after_in_parent=BLAS_LIMIT.lock.release, after_in_child=BLAS_LIMIT.in_child)


@final
class OneBlasThread:
    """`with OneBlasThread(): …`. No generator, which an epoch of a small table would feel."""

    __slots__ = ("holder", "limit")

    def __init__(self, limit: Limit = BLAS_LIMIT) -> None:
        self.limit, self.holder = limit, 0

    def __enter__(self) -> None:
        self.holder = self.limit.take()

    def __exit__(self, *error: object) -> None:
        self.limit.give(self.holder)


@contextmanager
def one_thread() -> Iterator[None]:
    """`one_blas_thread`, and OpenMP on one thread too, whose limit is always the calling thread's own: for other makers' models."""
    with one_blas_thread(), threadpool_limits(1, user_api="openmp"):
        yield


def one_blas_thread() -> OneBlasThread:
    """While it lasts, products run on the thread that asks for them: `with one_blas_thread(): …`."""
    return OneBlasThread()


Task = TypeVar("Task")
Result = TypeVar("Result")

COLUMNS_AT_ONCE = 1 << 16
NO_TASK: tuple[int, Any] = (-1, None)
LIMIT: ContextVar[int | None] = ContextVar("LIMIT", default=None)  # threads that may compute; None is all cores


def all_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores() -> int:
    """Threads that may compute now: `all_cores`, or fewer inside `at_most`."""
    limit = LIMIT.get()
    return all_cores() if limit is None else min(limit, all_cores())


@contextmanager
def at_most(n_jobs: int | None) -> Iterator[None]:
    """While it lasts, no more than so many threads compute; None and −1 leave all cores."""
    token = LIMIT.set(None if n_jobs is None or n_jobs < 1 else n_jobs)
    try:
        yield
    finally:
        LIMIT.reset(token)


def spread(run: Callable[[Task], Result], tasks: Iterable[Task], stop: Event | None = None) -> list[Result]:
    """What `run` gives for every task, in their order; over as many threads as may compute, this one among them.

    Tasks may be made as they are taken. `stop` is set when one fails, or Ctrl-C: no further one is started then, and one under
    way may look at it.
    """
    stop, pending, lock = Event() if stop is None else stop, enumerate(tasks), Lock()
    results: dict[int, Result] = {}

    def work() -> None:
        try:
            while not stop.is_set():
                with lock:
                    place, task = next(pending, NO_TASK)
                if place < 0:
                    return
                results[place] = run(task)
        except BaseException:
            stop.set()
            raise

    most = len(tasks) if isinstance(tasks, Sized) else cores()
    others = [executor().submit(work) for _ in range(min(cores(), most) - 1)]
    try:
        work()
        wait(others)
    except BaseException:  # nobody may still compute when this returns
        stop.set()
        wait(others)
        raise
    for other in others:
        other.result()
    return [results[place] for place in range(len(results))]


def by_columns(function: Callable[[Any], Any], values: Any) -> Any:
    """`function` of an array `(k, m)` whose columns it treats alike, many columns at a time, over the cores."""
    m = values.shape[-1]
    if m <= COLUMNS_AT_ONCE:
        return function(values)
    found = np.empty_like(values)

    def some(start: int) -> None:
        columns = slice(start, start + COLUMNS_AT_ONCE)
        found[:, columns] = function(values[:, columns])

    spread(some, range(0, m, COLUMNS_AT_ONCE))
    return found


@cache
def executor() -> ThreadPoolExecutor:
    """Threads for what is compiled and lets go of Python's lock, kept between calls."""
    return ThreadPoolExecutor(all_cores(), thread_name_prefix="shoal", initializer=BLAS_LIMIT.for_good)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=executor.cache_clear)  # threads do not survive a fork: the child makes its own
