"""The modules of kernels, imported at the first fit and not with `import shoal`: Numba takes a third of a second."""

from functools import cache
from importlib import import_module
from types import ModuleType

from shoal.engine.code_cache import cache_folder, source_hash

__all__ = ["cache_folder", "compiled", "judge_kernel", "kernels", "pieces", "predict_kernel", "source_hash", "split_kernel"]


@cache
def kernels() -> ModuleType:
    """The training kernel and what it takes."""
    return compiled("shoal.engine.kernels")


@cache
def pieces() -> ModuleType:
    """What comes in kinds; its functions compile when they are first asked for."""
    return compiled("shoal.engine.pieces")


@cache
def judge_kernel() -> ModuleType:
    """The judging kernel."""
    return compiled("shoal.engine.judge_kernel")


@cache
def split_kernel() -> ModuleType:
    """The training kernel for one network over several threads."""
    return compiled("shoal.engine.split_kernel")


@cache
def predict_kernel() -> ModuleType:
    """The predicting kernel."""
    return compiled("shoal.engine.predict_kernel")


def compiled(module: str) -> ModuleType:
    """A module of kernels; each is compiled at its first call, or found on disk (`code_cache`)."""
    return import_module(module)
