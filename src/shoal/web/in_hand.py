"""The network that the exhibits show: the chapter's, or one that a reader brings to `shoal.show`.

A request of such a reader's page is answered `within` that network. Everything that the exhibits know of it comes from `chapter.in_hand`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.textbook import Parameters

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class NetworkInHand:
    """First parameters, the examples that they are trained on, what the page shows first, and the range of the planes.

    The arrays are shared and must not be changed: X `(2, m)`, Y `(1, m)`.
    """

    X: Array
    Y: Array
    start: Parameters
    step: int
    example: int
    limit: float


_CURRENT: ContextVar[NetworkInHand | None] = ContextVar("the network that this request is about", default=None)


def current() -> NetworkInHand | None:
    """The reader's network that this request is about; None is the chapter's (`chapter.in_hand`)."""
    return _CURRENT.get()


@contextmanager
def within(network: NetworkInHand | None) -> Iterator[None]:
    """Within it, the network in hand is this one; None is the chapter's."""
    before = _CURRENT.set(network)
    try:
        yield
    finally:
        _CURRENT.reset(before)
