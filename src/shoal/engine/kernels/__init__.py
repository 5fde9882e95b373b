"""Everything that Numba compiles. A module is imported at the first fit, not by `import shoal`: Numba takes a third of a second.

Each kernel is compiled at its first call, or loaded from disk (`code_cache`). Other folders reach the kernels by the functions below.
"""

import os
from collections.abc import Callable
from functools import cache, wraps
from types import ModuleType

from shoal.engine.jit import waiting
from shoal.errors import ShoalError


def import_numba() -> None:
    """Import Numba, which reads the environment.

    Raises
    ------
    ShoalError
        With the variables that Numba reads, for a value that it refuses.
    """
    try:
        import numba  # noqa: F401
    except ValueError as error:
        given = ", ".join(f"{name}={value!r}" for name, value in sorted(os.environ.items()) if name.startswith("NUMBA_"))
        raise ShoalError(
            f"Numba, which compiles the training, refuses its settings: {error} The environment has {given or 'none of its variables'}. "
            "Set NUMBA_NUM_THREADS to 1 or more or unset it, and check the others and .numba_config.yaml."
        ) from error


MODULES: list[Callable[[], ModuleType]] = []  # every module of kernels, by the function below that imports it


def compiled(load: Callable[[], ModuleType]) -> Callable[[], ModuleType]:
    """Decorator: a module of kernels, imported once, after Numba."""

    @cache
    @wraps(load)
    def loaded() -> ModuleType:
        waiting.begin(load.__name__, announced=False)
        try:
            import_numba()
            return load()
        finally:
            waiting.end(load.__name__)

    MODULES.append(loaded)
    return loaded


@compiled
def train_module() -> ModuleType:
    """The training kernel and the records of its parameters."""
    from shoal.engine.kernels import train

    return train


@compiled
def split_module() -> ModuleType:
    """The training kernel of one network over several threads."""
    from shoal.engine.kernels import train_split

    return train_split


@compiled
def lists_module() -> ModuleType:
    """The kernels of training and evaluation by rows as lists."""
    from shoal.engine.kernels import lists

    return lists


@compiled
def sums_module() -> ModuleType:
    """The kernels of loss and gradient sums and of evaluation."""
    from shoal.engine.kernels import sums

    return sums


@compiled
def full_batch_module() -> ModuleType:
    """The kernel of the cost of small networks over all rows."""
    from shoal.engine.kernels import full_batch

    return full_batch


@compiled
def lbfgs_module() -> ModuleType:
    """The kernels of L-BFGS."""
    from shoal.engine.kernels import lbfgs

    return lbfgs


@compiled
def scg_module() -> ModuleType:
    """The kernels of scaled conjugate gradients."""
    from shoal.engine.kernels import scg

    return scg


@compiled
def rprop_module() -> ModuleType:
    """The kernels of resilient backpropagation."""
    from shoal.engine.kernels import rprop

    return rprop


@compiled
def predict_module() -> ModuleType:
    """The prediction kernel."""
    from shoal.engine.kernels import predict

    return predict


@compiled
def small_lm_module() -> ModuleType:
    """The Levenberg-Marquardt kernels of small networks."""
    from shoal.engine.kernels import small_lm

    return small_lm


@compiled
def dispatch_module() -> ModuleType:
    """Activations, losses and optimizers by address; each compiles when it is first requested."""
    from shoal.engine.kernels import dispatch

    return dispatch
