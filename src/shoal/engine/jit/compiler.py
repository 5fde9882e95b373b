"""The engine's way to Numba: what functions are compiled with, and how their machine code is kept (`code_cache`).

`kernel`: called from Python. `inner`: called from kernels. `accurate`: the same for mathematics whose sums must stay in order.
`c_function`: called by its address. Numba's own cache stops every later process at a damaged file, and unpickles whatever lies in its
folder; so functions get a cache of ours, by the three calls that Numba makes of one. Private names seen in Numba 0.62 to 0.68.
"""

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import Any

from llvmlite.binding import Linkage, parse_assembly, parse_bitcode
from numba import config, njit
from numba.core import compiler, serialize
from numba.core.ccallback import CFunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock

from shoal.engine.jit import waiting
from shoal.engine.jit.code_cache import Folder, cache_folder, drop, load, packaged_folder, save
from shoal.engine.jit.processor import codegen
from shoal.engine.jit.signatures import signatures

# 'reassoc' lets sums vectorize; without 'nnan' and 'ninf' a number that is no number is still seen.
FAST = {"contract", "reassoc", "nsz", "arcp", "afn"}
# 'reassoc' is left out on purpose: it collapses the two-part ln 2 and costs two digits (in float64 two hundred ulp).
ACCURATE = {"contract", "nsz"}
# Nothing compiled owns memory: Numba counts the references to every array that is handed over, and the counting took a fifth of the time
# of small networks. `jit/memory.py` gives what is computed in; the caller of a kernel holds its arrays.
UNCOUNTED: dict[str, Any] = {"_nrt": False}
NO_PYTHON: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, **UNCOUNTED}
REBUILD: Any = compiler.CompileResult._rebuild
DUMP: Any = serialize.dumps
DECORATING = RLock()
KERNELS: list[Any] = []  # all that `kernel` made, with the types for which each is `declared`

if hasattr(os, "register_at_fork"):
    # A child forked while another thread compiles would find these locks taken for ever. The one registered last is taken first, as
    # functions that are compiled where they are decorated take them.
    for lock in (global_compiler_lock, DECORATING):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


class MachineCode:
    """One function's compiled code on disk, as Numba's dispatchers ask for it. What cannot be loaded is compiled again."""

    def __init__(self, function: Callable[..., Any], folder: Callable[[], Path | None] = cache_folder) -> None:
        self.function, self.folder, self.packaged = function, folder, packaged_folder
        self.name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}".replace("<", "").replace(">", "")

    def entry(self, signature: Any, target: Any) -> tuple[str, bytes]:
        """An overload's file, and what it stands for: the function, the types that it takes, and the processor."""
        code = sha256(self.function.__code__.co_code).hexdigest()
        key = repr((self.function.__module__, self.function.__qualname__, signature, codegen(target).magic_tuple(), code)).encode()
        return f"{self.name}-{sha256(key).hexdigest()[:24]}.nbc", key

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function, or None, and Numba compiles it then."""
        found = self.kept(signature, target)
        if found is None:
            waiting.begin(self.name)
        return found

    def kept(self, signature: Any, target: Any) -> Any:
        """The compiled function as the package or the user's folder has it; None if neither has."""
        name, key = self.entry(signature, target)
        for folder in self.folders():
            payload = load(folder, name, key)
            if payload is None:
                continue
            try:
                found = REBUILD(target, *pickle.loads(payload))
                found.library.__class__ = KernelLibrary  # Numba makes one of its own kind: `InnerLibrary` refuses ours alone
                return found
            except Exception:
                drop(folder, name)
        return None

    def folders(self) -> Iterator[Folder]:
        """Where to look; the user's folder is made only where the package does not have the function."""
        packaged = self.packaged()
        if packaged is not None:
            yield packaged
        path = self.folder()
        if path is not None:
            yield Folder(path)

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled function."""
        waiting.end(self.name)
        path = self.folder()
        if path is None or result.library.has_dynamic_globals:
            return
        name, key = self.entry(signature, result.target_context)
        save(Folder(path), name, key, DUMP(result._reduce()))

    def flush(self) -> None:
        """Asked for when a function is compiled again, which then replaces the old one."""

    @property
    def cache_path(self) -> str:
        """For Numba's statistics."""
        return str(self.folder() or "")


class InnerLibrary(JITCodeLibrary):
    """Machine code of a function that is compiled into others."""

    def add_linking_library(self, library: Any) -> None:
        """Asked for each function that this one calls. Of a kernel only machine code is kept, which cannot be compiled into another."""
        if isinstance(library, KernelLibrary):
            raise TypeError(f"{self.name} calls {library.name}, a kernel: let both call an `inner` function")
        add: Any = super().add_linking_library
        add(library)


class KernelLibrary(InnerLibrary):
    """A kernel's machine code, which calls its own copies of the functions compiled into it.

    Numba leaves these copies weak symbols, and the linker takes the first of a name that the process has loaded: after compiling, that is
    the copy of the function compiled alone, which is optimized apart and adds in another order. So the process that compiled a kernel got
    other last digits than all later ones, which load it. A private symbol has one meaning.
    """

    def _finalize_final_module(self) -> None:
        final: Any = self._final_module
        for function in final.functions:
            if not function.is_declaration and function.linkage == Linkage.linkonce_odr:
                function.linkage = Linkage.internal
        finalize: Any = super()._finalize_final_module
        finalize()

    def serialize_using_object_code(self) -> Any:
        """What is kept: machine code, and the names of its functions.

        In the place of names Numba keeps LLVM's code, which reading takes as long as all the rest, to compile it into other functions.
        """
        serialize: Any = super().serialize_using_object_code
        name, kind, (code, text) = serialize()
        names = [f.name for f in parse_bitcode(text).functions if not f.is_declaration and f.linkage != Linkage.internal]
        stubs = parse_assembly("".join(f'define void @"{found}"() {{ ret void }}\n' for found in names))
        return name, kind, (code, stubs.as_bitcode())


class InnerCompiler(compiler.Compiler):
    """Numba's own pipeline, for the processor of `codegen`."""

    library: Any = InnerLibrary

    def define_pipelines(self) -> Any:
        """Asked for once a function: the library is made before the pipeline would make one of Numba's."""
        state: Any = self.state
        state.library = self.library(codegen(state.targetctx), state.func_id.func_qualname)
        state.library.enable_object_caching()
        pipelines: Any = super().define_pipelines
        return pipelines()


class KernelCompiler(InnerCompiler):
    """The same, into a `KernelLibrary`."""

    library = KernelLibrary


@contextmanager
def compiling() -> Iterator[None]:
    """NUMBA_DISABLE_JIT is for code that also runs as Python; this does not."""
    options: Any = config
    with DECORATING:
        before, options.DISABLE_JIT = options.DISABLE_JIT, 0
        try:
            yield
        finally:
            options.DISABLE_JIT = before


def kernel(*given: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: compiled when Python first calls it, without Python's lock, and kept on disk; `given` is what `signatures` takes."""

    def decorate(function: Callable[..., Any]) -> Any:
        with compiling():
            compiled: Any = njit(fastmath=FAST, error_model="numpy", nogil=True, pipeline_class=KernelCompiler, **UNCOUNTED)(function)
        compiled._cache = MachineCode(function)
        compiled.declared = signatures(given)
        KERNELS.append(compiled)
        return compiled

    return decorate


def inner(function: Callable[..., Any]) -> Any:
    """Decorator: compiled into those that call it."""
    with compiling():
        return njit(fastmath=FAST, pipeline_class=InnerCompiler, **NO_PYTHON)(function)


def accurate(function: Callable[..., Any]) -> Any:
    """Decorator: `inner` for mathematics, whose sums keep their order."""
    with compiling():
        return njit(fastmath=ACCURATE, pipeline_class=InnerCompiler, **NO_PYTHON)(function)


def c_function(function: Callable[..., Any], signature: Any, *, keep: bool = True, in_order: bool = False) -> Any:
    """The function compiled for these types now, with an `address`; kept on disk, if its own lines say all that it does.

    With `in_order` its sums keep their order.
    """
    types = signature.args, signature.return_type
    options = {"fastmath": ACCURATE if in_order else FAST, "error_model": "numpy", **UNCOUNTED}
    compiled: Any = CFunc(function, types, locals={}, options=options, pipeline_class=KernelCompiler)
    if keep:
        compiled._cache = MachineCode(function)
    compiled.compile()
    return compiled
