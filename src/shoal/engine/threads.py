"""How many cores there are, and work spread over them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from threading import Event, Lock
from typing import Any, TypeVar

from shoal.engine.blas_threads import LIMIT as BLAS_LIMIT

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
    return ThreadPoolExecutor(all_cores(), thread_name_prefix="shoal", initializer=BLAS_LIMIT.for_good)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=executor.cache_clear)  # threads do not survive a fork: the child makes its own
