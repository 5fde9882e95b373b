"""Work on a Dask cluster: the one place that calls, by name, the package above, which needs an extra.

Nothing below that package knows how it works; the calls are in this file.
"""

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from shoal.errors import InvalidParameterError

Verb = TypeVar("Verb", bound=Callable[..., Any])


def dask_functions() -> Any:
    """`shoal.dask`, imported at its first use."""
    return importlib.import_module("shoal.dask")


def lazy_too(method: Verb) -> Verb:
    """A prediction method that stays lazy on a Dask collection: each of its blocks is predicted on its worker, when it is computed."""

    @wraps(method)
    def answered(self: Any, X: Any, *args: Any, **settings: Any) -> Any:
        if is_elsewhere(X):
            return dask_functions().lazily(self, method.__name__, X, *args, **settings)
        return method(self, X, *args, **settings)

    return answered  # type: ignore[return-value]


def is_elsewhere(rows: Any) -> bool:
    """Whether these rows are a Dask collection."""
    return hasattr(rows, "__dask_graph__")


def place_of(client: Any, checkpoint: Any, max_memory: Any, refit: bool) -> dict[str, Any]:
    """Where to train a raw table's model, and which file saves its state: arguments of `_train`."""
    if client is not None and max_memory is not None:
        raise InvalidParameterError(
            "client and max_memory were both given, and rows go either to a cluster's workers or to blocks on disk: set one of them"
        )
    if checkpoint is not None and refit:
        raise InvalidParameterError("refit=True trains twice, and a checkpoint saves one training: leave one of them out")
    given = {"client": client, "checkpoint": checkpoint}
    return {name: value for name, value in given.items() if value is not None}
