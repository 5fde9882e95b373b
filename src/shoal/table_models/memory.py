"""How much memory a fit may use, and how many rows at once fit into it."""

import ctypes
import math
import numbers
import re
import sys
from dataclasses import dataclass

from shoal.errors import InvalidParameterError, TooLargeError
from shoal.fitting.limits import in_words
from shoal.table.cells import brief

UNITS = {"": 1, "b": 1}
UNITS |= {letter + "b": 1000**power for power, letter in enumerate("kmgt", start=1)}
UNITS |= {letter + "ib": 1024**power for power, letter in enumerate("kmgt", start=1)}

# Memory of training besides rows and weights: compiled kernels, the readers of Parquet and CSV, scikit-learn's metrics, and memory that
# was freed but not returned to the system. Measured by benchmarks/larger_than_memory.py.
OVERHEAD = 250_000_000
LEAST_ROWS = 2_000  # of a block or a chunk: with fewer, most time would go into switching between them
MOST_PIECE = 50_000  # rows that are read at once
SAMPLE_ROWS = 50_000  # of the seeded sample that medians, the ramps' edges and the linear baseline come from
SAMPLE_SHARE, JUDGED_SHARE, PIECE_SHARE = 0.1, 0.15, 0.35  # of what is left besides OVERHEAD
BLOCK_SHARE = 0.7  # of what weights and held-out rows leave


def parse_size(size: str | int) -> int:
    """Bytes: "1GB" is 10⁹, "1GiB" 2³⁰; a plain number is bytes.

    Raises
    ------
    InvalidParameterError
    """
    is_number = isinstance(size, numbers.Real) and not isinstance(size, bool) and math.isfinite(size)
    text = f"{float(size):.0f}" if is_number else size if isinstance(size, str) else ""
    found = re.fullmatch(r"\s*([0-9]{1,30}(?:\.[0-9]+)?)\s*([a-z]*)\s*", text.lower())
    if not found or found[2] not in UNITS or not float(found[1]):
        raise InvalidParameterError(f"max_memory is {brief(size)}, which is not a size; write it like '1GB', '500MB' or '2GiB'")
    return int(float(found[1]) * UNITS[found[2]])


@dataclass(frozen=True)
class Memory:
    """The memory of a fit, in bytes; `given` is the size as the user wrote it."""

    most: int
    given: str

    @property
    def room(self) -> int:
        """The memory for rows and weights."""
        return self.most - OVERHEAD

    def rows(self, share: float, row_bytes: float, most: int) -> int:
        """Rows of so many bytes that fit into a fraction of the available memory."""
        return max(LEAST_ROWS, min(most, int(share * self.room / max(row_bytes, 1))))

    def refuse_less_than(self, needed: float, what: str) -> None:
        """Refuse a size that is too small for the smallest blocks, with the least value that works.

        Raises
        ------
        TooLargeError
        """
        if needed > self.room:
            least = int(1.05 * (needed + OVERHEAD))
            raise TooLargeError(f"max_memory={self.given} is too small: {what} needs about {in_words(least)}; set at least that much")


def give_back() -> None:
    """Return free memory of the process to the system, if its allocator supports that."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def memory_of(size: str | int) -> Memory:
    """The size that a caller set."""
    return Memory(parse_size(size), str(size))
