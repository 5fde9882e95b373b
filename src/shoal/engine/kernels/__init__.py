"""Everything that Numba compiles. A module is imported at the first fit, not by `import shoal`: Numba takes a third of a second.

Each kernel is compiled at its first call, or loaded from disk (`code_cache`). Other folders reach the kernels by the functions below.
"""

from functools import cache
from types import ModuleType


@cache
def train_module() -> ModuleType:
    """The training kernel and the records of its parameters."""
    from shoal.engine.kernels import train

    return train


@cache
def split_module() -> ModuleType:
    """The training kernel of one network over several threads."""
    from shoal.engine.kernels import train_split

    return train_split


@cache
def sums_module() -> ModuleType:
    """The kernel of loss and gradient sums."""
    from shoal.engine.kernels import sums

    return sums


@cache
def evaluate_module() -> ModuleType:
    """The evaluation kernel."""
    from shoal.engine.kernels import evaluate

    return evaluate


@cache
def predict_module() -> ModuleType:
    """The prediction kernel."""
    from shoal.engine.kernels import predict

    return predict


@cache
def small_lm_module() -> ModuleType:
    """The Levenberg-Marquardt kernels of small networks."""
    from shoal.engine.kernels import small_lm

    return small_lm


@cache
def dispatch_module() -> ModuleType:
    """Activations, losses and optimizers by address; each compiles when it is first requested."""
    from shoal.engine.kernels import dispatch

    return dispatch
