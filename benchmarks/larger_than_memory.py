"""A table larger than the memory it may take: trained in pieces, beside a tenth of it trained in memory.

    python benchmarks/larger_than_memory.py [--rows 20000000] [--columns 30] [--max-memory 1GB] [--folder DIR] [--keep]

Makes a Parquet file of float32 numbers in row groups (2.4 GB of 2e7 × 30) and one of 200,000 more rows to score on. Each fit runs
in a process of its own and makes about as many updates: two epochs of the whole table, twenty of a tenth. Printed are the scores on
the same rows, the seconds, and the peak memory (VmHWM) above that of the interpreter with the library imported. It ends with 1
where the memory is not kept or the score of the tenth not reached.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TEST_ROWS, GROUP_ROWS = 200_000, 250_000
SETTINGS = {"hidden_layer_sizes": 64}
EPOCHS = {"whole": 2, "tenth": 20}
NOISE = 0.3


def rows_of(n: int, columns: int, seed: int) -> pa.Table:
    """Numbers, and a target that bends and joins them, with noise of a tenth of its variance."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, columns), dtype=np.float32)
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + np.maximum(X[:, 3], X[:, 4]) + 0.3 * X[:, 5:].sum(axis=1) / np.sqrt(columns)
    y += 0.5 * np.sin(X[:, 6] * X[:, 7]) + NOISE * rng.standard_normal(n)
    named = {f"x{j}": X[:, j] for j in range(columns)}
    return pa.table({**named, "y": y.astype(np.float32)})


def write(path: Path, n: int, columns: int, seed: int) -> None:
    """A Parquet file, a row group at a time."""
    writer = None
    for group, start in enumerate(range(0, n, GROUP_ROWS)):
        table = rows_of(min(GROUP_ROWS, n - start), columns, seed + group)
        writer = writer or pq.ParquetWriter(path, table.schema, use_dictionary=False)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def memory_kb(name: str) -> int:
    """VmRSS or VmHWM of this process."""
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # type: ignore[index]


def fit(path: str, test: str, epochs: int, max_memory: str) -> None:
    """Fit one model and print what it took, for the process that asked."""
    import shoal

    train = shoal.fit  # what a user who calls it has imported
    before, start = memory_kb("VmRSS"), time.perf_counter()
    stages: dict[str, tuple[float, float]] = {}

    def told(what: str, done: int, rows: int) -> None:
        stages[what] = round(time.perf_counter() - start), round((memory_kb("VmHWM") - before) / 1e6, 2)

    settings = {**SETTINGS, "max_iter": epochs}
    given = {"max_memory": max_memory, "progress": told} if max_memory else {}
    model = train(path, "y", test=test, settings=settings, **given)
    seconds, peak = time.perf_counter() - start, (memory_kb("VmHWM") - before) * 1024
    said = {"r2": model.facts_.metrics["r2"], "rmse": model.facts_.metrics["rmse"], "seconds": seconds, "peak": peak}
    print(json.dumps({**said, "rows": model.facts_.n_train, "pieces": bool(model.facts_.max_memory), "stages": stages}))


def in_process(*arguments: str) -> dict[str, float]:
    """What `fit` said in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--fit", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def told_of(name: str, said: dict[str, float]) -> dict[str, float]:
    """Print what a fit took as soon as it is done."""
    print(
        f"{name:>20}: {said['rows']:>12,} rows  R2 {said['r2']:.5f}  RMSE {said['rmse']:.5f}  {said['seconds']:7.0f} s"
        f"  peak {said['peak'] / 1e9:.2f} GB",
        flush=True,
    )
    return said


def main() -> int:
    """Make the tables, fit both, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--max-memory", default="1GB")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--fit", nargs=4, metavar=("TABLE", "TEST", "EPOCHS", "MAX_MEMORY"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.fit:
        fit(asked.fit[0], asked.fit[1], int(asked.fit[2]), asked.fit[3])
        return 0
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        whole, tenth, test = (str(Path(folder) / f"{name}.parquet") for name in ("whole", "tenth", "test"))
        write(Path(whole), asked.rows, asked.columns, seed=1000)
        write(Path(tenth), asked.rows // 10, asked.columns, seed=1000)  # its first rows
        write(Path(test), TEST_ROWS, asked.columns, seed=0)
        size = Path(whole).stat().st_size
        print(f"{asked.rows:,} rows x {asked.columns} float32, {size / 1e9:.2f} GB; scored on {TEST_ROWS:,} more; {SETTINGS}")
        pieces = told_of("in pieces", in_process(whole, test, str(EPOCHS["whole"]), asked.max_memory))
        memory = told_of("a tenth, in memory", in_process(tenth, test, str(EPOCHS["tenth"]), ""))
    print("in pieces, after each stage (seconds, peak in GB so far):", pieces["stages"])
    from shoal.table_models.memory import parse_size

    kept = pieces["peak"] <= parse_size(asked.max_memory)
    print(f"memory kept: {kept}; score reached: {pieces['r2'] >= memory['r2']}")
    return 0 if kept and pieces["r2"] >= memory["r2"] else 1


if __name__ == "__main__":
    sys.exit(main())
