"""`cached_property` that a fork cannot leave locked.

Before Python 3.12 `functools.cached_property` holds one lock for all instances of a class while it computes a value. A process that forks
while another thread computes one copies the lock as it is, and the child waits for ever at the same property of any instance.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or sys.version_info >= (3, 12):
    from functools import cached_property
else:

    class cached_property:
        """The property's value is computed at the first request and kept in the instance's `__dict__`; two threads may both compute it."""

        def __init__(self, function: Callable[[Any], Any]) -> None:
            self.function, self.__doc__ = function, function.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is None:
                return self
            value = self.function(instance)
            return instance.__dict__.setdefault(self.name, value)


__all__ = ["cached_property"]
