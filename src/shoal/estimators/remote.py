"""Work on a Dask cluster: the one place that calls, by name, the package above, which needs an extra.

Nothing below that room knows how it works; what is asked of it stands here.
"""

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from shoal.errors import InvalidParameterError

Verb = TypeVar("Verb", bound=Callable[..., Any])


def dask_functions() -> Any:
    """`shoal.dask`, imported by the first who asks."""
    return importlib.import_module("shoal.dask")


def lazy_too(method: Verb) -> Verb:
    """A verb of prediction that stays lazy on a Dask collection: each of its blocks is answered where it lies, when it is asked for."""

    @wraps(method)
    def answered(self: Any, X: Any, *args: Any, **settings: Any) -> Any:
        if is_elsewhere(X):
            return dask_functions().lazily(self, method.__name__, X, *args, **settings)
        return method(self, X, *args, **settings)

    return answered  # type: ignore[return-value]


def is_elsewhere(rows: Any) -> bool:
    """Whether these rows are a Dask collection, which need not be in memory, nor on this machine."""
    return hasattr(rows, "__dask_graph__")


def place_of(client: Any, checkpoint: Any, max_memory: Any, refit: bool) -> dict[str, Any]:
    """Where to train a raw table's model, and what keeps how far it is: as `_train` of `raw` takes it."""
    if client is not None and max_memory is not None:
        raise InvalidParameterError(
            "client and max_memory were both given, and rows go either to a cluster's workers or to blocks on disk: give one of them"
        )
    if checkpoint is not None and refit:
        raise InvalidParameterError("refit=True trains twice, and a checkpoint keeps one training: leave one of them out")
    given = {"client": client, "checkpoint": checkpoint}
    return {name: value for name, value in given.items() if value is not None}
