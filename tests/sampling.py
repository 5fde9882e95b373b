"""Of a long grid a sample runs in every run, and all of it among the slow tests."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(fast: Iterable[Any], every: Iterable[Any]) -> list[Any]:
    """The values of a parameter: `fast` in every run, the rest of `every` marked as slow. A tuple has values of several parameters."""
    fast = list(fast)
    return [
        *fast,
        *(pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.slow) for value in every if value not in fast),
    ]
