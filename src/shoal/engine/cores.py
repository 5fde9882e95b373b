"""How many cores there are, and keeping the matrix library from using them beside our own threads (30-50 times slower)."""

import os
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from threading import Event, Lock
from typing import Any, TypeVar, final

from threadpoolctl import ThreadpoolController

Task = TypeVar("Task")
Result = TypeVar("Result")

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

    Tasks may be made as they are taken. `stop` is set when one fails, or Ctrl-C: no further one is begun then, and one under
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


@cache
def executor() -> ThreadPoolExecutor:
    """Threads for what is compiled and lets go of Python's lock, kept between calls."""
    return ThreadPoolExecutor(all_cores(), thread_name_prefix="shoal")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=executor.cache_clear)  # threads do not survive a fork: the child makes its own


@cache
def controller() -> ThreadpoolController:
    """The matrix libraries loaded now; SciPy's, which compiled products call, is loaded first. Kept, for finding them takes 2 ms."""
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()


@dataclass
class Holders:
    """How many ask for products on one thread now, and the limit that the first of them set and the last one lifts."""

    n: int = 0
    limit: Any = None


HOLDERS, HOLDING = Holders(), Lock()


@final
class OneBlasThread:
    """While it lasts, products run on the thread that asks for them. No generator, which an epoch of a small table would feel.

    The limit is the whole process's: it is lifted when the last of all threads that asked for it is done, or one that ends
    would give its neighbours' products several threads, and with them another last digit.
    """

    def __enter__(self) -> None:
        with HOLDING:
            HOLDERS.n += 1
            if HOLDERS.n == 1:
                HOLDERS.limit = controller().limit(limits=1)

    def __exit__(self, *error: object) -> None:
        with HOLDING:
            HOLDERS.n -= 1
            if HOLDERS.n == 0:
                HOLDERS.limit.restore_original_limits()


def one_blas_thread() -> OneBlasThread:
    """`with one_blas_thread(): …`"""
    return OneBlasThread()
