"""What a fit refuses: more memory than there is, and combinations that mathematics forbids (one table)."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from scipy import sparse

from shoal.encoding import Encoding
from shoal.errors import InvalidParameterError, TooLargeError
from shoal.fitting.plan import Plan
from shoal.fitting.train import looks_ramps_up

COPIES = 7  # of all weights: weights, gradient, two moments, an average, the best weights, and a copy for reading
OF_EACH_NETWORK = 4096  # bytes of Python objects besides its weights, measured with one hidden unit
WORTH_COUNTING = 10_000  # networks: fewer need no check
SHARE = 0.9  # of the free memory may be used
WORTH_ASKING = 1 << 28  # bytes: a smaller fit does not check the free memory


@dataclass(frozen=True)
class Size:
    """The sizes that determine how much memory a fit takes: rows, encoded inputs, networks, hidden units, logits, bytes per number."""

    m: int
    n: int
    K: int
    h: int
    n_z: int
    itemsize: int
    held_out: bool
    ramped: int = 0  # columns whose ramps use lookup tables
    skip: bool = False

    @property
    def rows(self) -> int:
        """Bytes of the encoded rows, the targets, and each network's weight of each row (two copies); of the positions on ramps."""
        own = 2 * self.K if self.held_out else 2
        return self.m * (self.itemsize * (self.n + 2 * self.n_z + own) + 16 + self.ramped * (self.itemsize + 4))

    @property
    def weights(self) -> int:
        """Bytes of all networks, with the state of the update rule."""
        return COPIES * self.K * (self.h * (self.n + 5 + self.n_z) + self.skip * self.n * self.n_z) * self.itemsize

    @property
    def total(self) -> int:
        """Bytes in all."""
        return self.rows + self.weights


def free_bytes() -> int | None:
    """Free memory in bytes; None if the system does not report it."""
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    available = next((line for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable")), None)
    if available is None:
        return None
    return max(0, min(int(available.split()[1]) * 1024, *bytes_allowed()))


def bytes_allowed() -> list[int]:
    """The rest that the limits of this process (`ulimit -v`) and of its container allow, if there are any and Linux shows them."""
    found = [sys.maxsize]
    try:
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            found.append(most - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize())
        group = Path("/sys/fs/cgroup")
        cap = (group / "memory.max").read_text().strip()
        if cap != "max":
            kept = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            found.append(int(cap) - int((group / "memory.current").read_text()) + int(kept.get("inactive_file", 0)))
    except (ImportError, OSError, ValueError):
        pass  # another system, or an older one
    return found


def refuse_too_many(K: int) -> None:
    """Refuse so many networks that the list of them fits nowhere, before it is made; `refuse_too_large` checks the rest.

    Raises
    ------
    TooLargeError
    """
    free = free_bytes() if K > WORTH_COUNTING else None
    if free is not None and SHARE * free < OF_EACH_NETWORK * K:
        raise TooLargeError(
            f"n_networks is {K:,}: they need at least {in_words(OF_EACH_NETWORK * K)} before their weights, and {in_words(free)} are free; "
            f"set fewer, at most {int(SHARE * free / OF_EACH_NETWORK):,}"
        )


def refuse_too_large(X: Any, encoding: Encoding, p: Plan, n_z: int, dtype: np.dtype) -> None:
    """Refuse sizes that do not fit, with the bytes needed and a smaller setting that fits.

    Raises
    ------
    TooLargeError
    """
    n = encoding.n_inputs + encoding.n_ramps
    dense = not sparse.issparse(X)  # sparse rows become dense one batch at a time
    ramped = sum(len(e) > 0 for e in encoding.edges) if dense and looks_ramps_up(p) else 0
    size = Size(X.shape[0], n if dense else 0, len(p.with_ramps), p.width, n_z, dtype.itemsize, p.hold_out > 0, ramped, p.skip)
    free = free_bytes() if size.total > WORTH_ASKING else None
    if free is None or size.total <= SHARE * free:
        return
    raise TooLargeError(
        f"training {size.K} networks of {size.h:,} units on {size.m:,} rows with {n:,} encoded inputs needs about "
        f"{in_words(size.total)}, and {in_words(free)} are free; {what_fits(size, encoding, free)}"
    )


def what_fits(size: Size, encoding: Encoding, free: int) -> str:
    """A smaller setting that fits: no ramps, then float32, one network, fewer hidden units, as far as needed; or fewer rows."""
    room, smaller = SHARE * free, []
    if encoding.n_ramps and size.n:
        size, smaller = replace(size, n=encoding.n_inputs, ramped=0), ["ramps=False"]
    if size.total > room and size.itemsize == 8:
        size, smaller = replace(size, itemsize=4), [*smaller, "dtype='float32'"]
    if size.total > room and size.K > 1:
        size, smaller = replace(size, K=1), [*smaller, "n_networks=1"]
    if size.total > room > size.rows and (h := int((room - size.rows) // (size.weights / size.h))) >= 1:
        size, smaller = replace(size, h=h), [*smaller, f"hidden_layer_sizes={h}"]
    if size.total <= room:
        return f"{', '.join(smaller)} fits ({in_words(size.total)})"
    return f"at most {int(size.m * room / size.total):,} rows fit, with {', '.join([*smaller, 'fewer hidden units'])}"


def in_words(n: float) -> str:
    """Bytes in readable units."""
    return f"{n / 1e9:.1f} GB" if n >= 1e9 else f"{n / 1e6:.1f} MB"


class Exceptional(NamedTuple):
    """A setting that some way to fit cannot support."""

    what: str
    why: str
    instead: str


EXCEPTIONS = {
    "cv+ with time": Exceptional(
        "calibration is 'cv+' and time is given",
        "'cv+' evaluates rows by networks that learned from later ones, so it cannot predict the error for future times",
        "choose calibration='split', which keeps the last fifth of the rows in time, or leave time out",
    ),
    "warm_start on disk": Exceptional(
        "warm_start is True, and the table is larger than max_memory",
        "training on disk always starts again",
        "leave warm_start out",
    ),
    "warm_start on Dask": Exceptional(
        "warm_start is True, on Dask",
        "it continues with networks and rows in memory",
        "choose warm_start=False, and checkpoint= to continue",
    ),
    "scoring elsewhere": Exceptional(
        "scoring is set, and rows are not in memory",
        "a scorer needs a network's held-out rows in one place after every epoch",
        "leave scoring out, or train on rows in memory",
    ),
    "calibration with shares": Exceptional(
        "calibration is set with share='own'",
        "each network learns from its own partitions, so that held-out rows evaluate some networks only",
        "choose share='whole'",
    ),
    "groups with shares": Exceptional(
        "groups or time is given with share='own'",
        "each network learns from its own partitions, and groups and times may cross partitions",
        "choose share='whole'",
    ),
}


def refuse(which: str) -> NoReturn:
    """Raise the error of an entry.

    Raises
    ------
    InvalidParameterError
    """
    found = EXCEPTIONS[which]
    raise InvalidParameterError(f"{found.what}, and {found.why}; {found.instead}")
