"""The processors that kernels are compiled for: levels that many have in common, not the one at hand.

All processors of a level run the same machine code and compute the same bits, whether the code came with the package or was compiled on
the spot. On x86-64 the levels are those of its psABI, on arm64 there is one. Other processors, and those that the environment names
(`NUMBA_CPU_NAME`, `NUMBA_CPU_FEATURES`), get what Numba compiles for them. Private names seen in Numba 0.62 to 0.68.
"""

from functools import cache
from typing import Any

from llvmlite import binding
from numba import config
from numba.core.codegen import JITCPUCodegen

V2 = frozenset({"cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"})
V3 = V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}
V4 = V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}
LEVELS = {  # of each kind of processor, the highest first: LLVM's name, and the features that it takes for granted
    "x86_64": {"x86-64-v4": V4, "x86-64-v3": V3, "x86-64-v2": V2},
    "aarch64": {"generic": frozenset[str]()},
}
LEVELS["arm64"] = LEVELS["aarch64"]


def levels() -> dict[str, frozenset[str]]:
    """The levels of this kind of processor, the highest first; none where there are none."""
    triple: Any = binding.get_process_triple()
    return LEVELS.get(triple.partition("-")[0], {})


FEATURES = {"x86-64-v4": "-prefer-256-bit"}  # how code of a level differs from LLVM's: loops over registers of 512 bits, as products are
TILES = {  # of a product of matrices, for as many registers as a level has: rows, vectors of a row, and their bytes
    "x86-64-v4": (8, 3, 64),
    "x86-64-v3": (4, 3, 32),
}


@cache
def level() -> str | None:
    """The highest level that this processor has; None where the environment names a processor, and where it has none."""
    options: Any = config
    return None if options.CPU_NAME is not None or options.CPU_FEATURES is not None else _highest()


def tile() -> tuple[int, int, int] | None:
    """The tile of `TILES` for what is compiled; None where the library's products are called."""
    options: Any = config
    named = options.CPU_NAME
    return TILES.get((named if named in levels() else _highest()) or "")


def register_bytes() -> int:
    """The bytes of the registers that loops by hand take: 16 where no level says more."""
    chosen = tile()
    return 16 if chosen is None else chosen[2]


def _highest() -> str | None:
    """The highest level that this processor has."""
    options: Any = config
    try:
        found: Any = binding.get_host_cpu_features()
    except RuntimeError:
        found = {}
    has = {name for name, there in found.items() if there and (options.ENABLE_AVX or not name.startswith("avx"))}
    return next((name for name, needed in levels().items() if needed <= has), None)


class LevelCodegen(JITCPUCodegen):
    """Numba's way to machine code, for a level."""

    def _get_host_cpu_name(self) -> Any:
        return level()

    def _get_host_cpu_features(self) -> str:
        return FEATURES.get(level() or "", "")


@cache
def level_codegen() -> Any:
    """The one of this process."""
    made: Any = LevelCodegen
    return made("shoal")


def codegen(target: Any) -> Any:
    """What compiles kernels in this process; `magic_tuple()` of it names the processor."""
    return target.codegen() if level() is None else level_codegen()
