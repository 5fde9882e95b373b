"""How long `shoal.look` takes for a table of 200,000 rows × 50 columns: in memory, as Parquet and as CSV.

    python benchmarks/look.py [--rows 200000]

40 columns of measured numbers, of which the last is the target, 6 of texts, whole numbers, flags, and 2 of dates: one of times all
different, one of days. Medians of three looks, in seconds of processor time and by the clock, beside what pandas takes to read the file.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import shoal
from shoal.errors import TableWarning


def table(m: int) -> pd.DataFrame:
    """The table of m rows."""
    rng = np.random.default_rng(0)
    numbers = {f"measured {j}": rng.normal(size=m).round(4) for j in range(40)}
    texts = {f"kind {j}": rng.choice(["red", "green", "blue", "yellow", "white"], m) for j in range(6)}
    moments = pd.Series(pd.date_range("2020-01-01", periods=m, freq="min"))
    others = {"count": rng.integers(0, 1000, m), "flag": rng.random(m) < 0.3}
    dates = {"moment": moments.astype(str), "day": moments.dt.strftime("%d.%m.%Y")}
    return pd.DataFrame(numbers | texts | others | dates)


def seconds(run: Callable[[], object], repeats: int = 3) -> tuple[float, float]:
    """Median of a call, of the processor and by the clock."""
    times = []
    for _ in range(repeats):
        began = time.process_time(), time.perf_counter()
        run()
        times.append((time.process_time() - began[0], time.perf_counter() - began[1]))
    processor, clock = np.median(times, axis=0)
    return float(processor), float(clock)


def main() -> None:
    """Print the table of times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    frame = table(parser.parse_args().rows)
    warnings.simplefilter("ignore", TableWarning)
    shoal.look(frame.head(1000), "measured 39")  # imports
    with tempfile.TemporaryDirectory() as folder:
        csv, parquet = Path(folder) / "t.csv", Path(folder) / "t.parquet"
        frame.to_csv(csv, index=False)
        frame.to_parquet(parquet)
        for what, run in {
            "look at a frame": lambda: shoal.look(frame, "measured 39"),
            "look at Parquet": lambda: shoal.look(parquet, "measured 39"),
            "look at CSV": lambda: shoal.look(csv, "measured 39"),
            "pandas reads CSV": lambda: pd.read_csv(csv),
        }.items():
            processor, clock = seconds(run)
            print(f"{what:18} {processor:6.2f} s of the processor, {clock:6.2f} s by the clock", flush=True)


if __name__ == "__main__":
    main()
