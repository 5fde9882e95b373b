"""How many cores there are, and keeping the matrix library from using them beside our own threads (30-50 times slower)."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def executor() -> ThreadPoolExecutor:
    """Threads for what is compiled and lets go of Python's lock, kept between calls."""
    return ThreadPoolExecutor(cores(), thread_name_prefix="shoal")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=executor.cache_clear)  # threads do not survive a fork: the child makes its own


@cache
def controller() -> ThreadpoolController:
    """The matrix libraries loaded now; SciPy's, which compiled products call, is loaded first. Kept, for finding them takes 2 ms."""
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[object]:
    """While it lasts, products run on the thread that asks for them."""
    return controller().limit(limits=1)  # type: ignore[no-any-return]
