"""The kernels, imported at the first fit and not with `import shoal`, from a cache of their own.

Numba does not notice an edit in another file and then runs old machine code: the cache's folder is named by a hash of
the sources. It lies in the user's cache folder, `$XDG_CACHE_HOME` or `~/.cache`. Numba picks the folder when it
decorates, so it is set around the import and put back.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

SOURCES = (
    "flags.py",
    "vecmath.py",
    "stairs.py",
    "activations.py",
    "losses.py",
    "rules.py",
    "pieces.py",
    "stairs_kernel.py",
    "many_outputs.py",
    "kernels.py",
    "judge_kernel.py",
    "predict_kernel.py",
    "split_kernel.py",
)
DECORATING = RLock()


def source_hash() -> str:
    """A short hash of everything that is compiled."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join((here / name).read_bytes() for name in SOURCES)).hexdigest()[:16]


def cache_folder() -> Path:
    """Where this version's machine code is kept: the user's cache, or the folder of temporary files where that cannot be written."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not os.access(next(p for p in (root, *root.parents) if p.exists()), os.W_OK):
        root = Path(tempfile.gettempdir()) / f"cache-of-user-{os.getuid() if hasattr(os, 'getuid') else 0}"
    return root / "shoal" / f"kernels-{source_hash()}"


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
    """A module of kernels; the first fit on a machine compiles them and says so on a terminal."""
    with cache_of_this_version():
        return import_module(module)


@contextmanager
def cache_of_this_version() -> Iterator[None]:
    """While it lasts, what Numba decorates is kept in, and found in, this version's folder; one thread at a time, for it is Numba's own."""
    import numba

    config: Any = numba.config
    with DECORATING:
        before, folder = config.CACHE_DIR, cache_folder()
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            if sys.stderr.isatty():
                print("shoal: compiling its kernels, once on this machine (some seconds)", file=sys.stderr)
        config.CACHE_DIR = str(folder)
        try:
            yield
        finally:
            config.CACHE_DIR = before
