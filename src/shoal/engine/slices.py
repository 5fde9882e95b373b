"""One wide network in slices of its units, trained by several threads (`kernels/train_split.py`)."""

from concurrent.futures import wait
from typing import Any

import numpy as np

from shoal.engine.kernels import split_module
from shoal.engine.layout import SMALL_PRODUCT, Group, padded
from shoal.engine.threads import cores, executor


def train_slices(group: Group, taken: tuple[Any, ...]) -> int:
    """One network in slices, over the cores: this thread and those of the executor that are free. Returns what the kernel does."""
    k, shape, dtype, J = split_module(), taken[0], group.weights.dtype, group.slices
    team = k.Team(
        np.zeros((2 * J + 1) * k.APART, np.int64),
        *(np.empty((J, group.h * shape.b), dtype) for _ in "ZS"),
        np.empty((2, J, group.n_z, shape.b), dtype),
        np.zeros((2, J), dtype),
        int(group.h * shape.b * padded(group.n) <= SMALL_PRODUCT),
    )
    threads, work = min(cores(), J), [(*taken, team)]

    def part(thread: int) -> None:
        for *first, last in work:  # nothing where a thread is free too late: it must not keep these arrays
            k.train_slices(*first, thread, threads, last)

    others = [executor().submit(part, i) for i in range(1, threads)]
    try:
        found: int = k.train_slices(*taken, 0, threads, team)
    except BaseException:
        team.counters[2 * J * k.APART] = 1  # the others give up, for nobody may compute any more when this returns
        raise
    finally:
        work.clear()
        wait([other for other in others if not other.cancel()])
    for other in others:
        if not other.cancelled():
            other.result()
    return found
