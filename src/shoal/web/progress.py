"""How far the computation of an answer is, for a reader who waits for it.

`counted` names the answer that this thread computes; what computes it says by `counting` how far it is. Another thread asks `progress`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Count = Callable[[], tuple[int, int]]
Key = tuple[str, tuple[tuple[str, str], ...]]

_running: dict[Key, list[Count]] = {}
_mine: ContextVar[list[Count] | None] = ContextVar("counts of the answer that this thread computes", default=None)


def key_of(name: str, given: Mapping[str, str]) -> Key:
    """One key for a question with these texts, in whatever order they come."""
    return name, tuple(sorted(given.items()))


@contextmanager
def counted(key: Key) -> Iterator[None]:
    """Within it, this thread computes the answer with this key."""
    counts: list[Count] = []
    _running[key] = counts
    before = _mine.set(counts)
    try:
        yield
    finally:
        _mine.reset(before)
        if _running.get(key) is counts:
            del _running[key]


def counting(count: Count) -> None:
    """From now on `count()` says how many steps of how many are done, of the answer that this thread computes."""
    counts = _mine.get()
    if counts is not None:
        counts.append(count)


def progress(key: Key) -> dict[str, Any]:
    """`done` steps `of` so many, in the part of the computation that runs now, `part`, from 1; empty if nothing is counted."""
    counts = list(_running.get(key, ()))
    if not counts:
        return {}
    done, of = counts[-1]()
    return {"done": min(done, of), "of": of, "part": len(counts)}
