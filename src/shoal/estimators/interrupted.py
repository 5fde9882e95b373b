"""Whether a training that keeps what it has was interrupted."""

import warnings
from collections.abc import Callable
from typing import Any

from shoal.errors import InterruptedWarning


def interrupted(training: Callable[[], Any]) -> bool:
    """Train, and say whether Ctrl-C ended it; what the training warns of goes on to the caller."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        training()
    for seen in caught:  # watched, not swallowed: the caller's own filters decide what becomes of them
        warnings.warn(seen.message, seen.category, stacklevel=4)
    return any(issubclass(seen.category, InterruptedWarning) for seen in caught)
