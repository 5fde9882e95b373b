"""Two single-threaded Dask workers beside one: full-batch training, the cost of a pass, and a search.

    python benchmarks/dask_scale.py [--rows 5000000] [--columns 30] [--steps 4] [--only fit|pass|search]

The table is generated on the workers, 16 partitions, and never leaves them. Printed, and written to dask_scale.csv: seconds of
L-BFGS for a population of 8 with 16 hidden units each (R² of rows of the first partition beside it), milliseconds of a pass
that computes nothing and what it brings back, and seconds of a search of 48 candidates × 5 folds (its best score beside it).
"""

import argparse
import csv
import pickle
import statistics
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import shoal
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.dask.partitions import checked_spans, over_spans, source_of
from shoal.engine.threads import all_cores
from shoal.estimators.estimator import for_prediction
from shoal.training.solvers.solver import Slope

PARTITIONS, NETWORKS, UNITS, PASSES = 16, 8, 16, 40


@contextmanager
def cluster(n: int) -> Iterator[Any]:
    """A client of n single-threaded processes."""
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0", silence_logs="CRITICAL") as local, Client(local) as client:
        yield client


def rows_of(place: int, rows: int, columns: int) -> np.ndarray:
    """A partition: inputs, and in the last column a target that bends and joins them."""
    rng = np.random.default_rng(place)
    table = rng.standard_normal((rows, columns + 1))
    y = np.sin(2 * table[:, 0]) + table[:, 1] * table[:, 2] + 0.3 * table[:, 3:-1].sum(axis=1) / np.sqrt(columns)
    table[:, -1] = y + 0.3 * table[:, -1]
    return table


def table_of(rows: int, columns: int) -> Any:
    """All partitions, made where they are needed."""
    import dask.array as da
    from dask.delayed import delayed

    each = rows // PARTITIONS
    parts = [da.from_delayed(delayed(rows_of)(i, each, columns), (each, columns + 1), float) for i in range(PARTITIONS)]
    return da.concatenate(parts)


def fit_seconds(n: int, rows: int, columns: int, steps: int) -> dict[str, float]:
    """L-BFGS on n workers; the seconds are those between the first and the last event."""
    with cluster(n) as client:
        table = client.persist(table_of(rows, columns))
        client.gather(client.map(len, client.futures_of(table)))
        ends: list[float] = []
        settings: dict[str, Any] = {"solver": "lbfgs", "n_networks": NETWORKS, "hidden_layer_sizes": UNITS, "early_stopping": False}
        model = ShoalRegressor(
            **settings, ramps=False, max_iter=steps, random_state=0, callbacks=[lambda event: ends.append(time.perf_counter())]
        )
        start = time.perf_counter()
        shoal.dask.fit(model, table[:, :columns], table[:, columns], client=client)
        seconds = time.perf_counter() - start
        first = rows_of(0, min(rows // PARTITIONS, 20_000), columns)
        return {"seconds": seconds, "a step": (ends[-1] - ends[0]) / max(1, len(ends) - 1), "r2": model.score(first[:, :-1], first[:, -1])}


def nothing(slope: Slope, block: Any) -> Slope:
    """What a pass brings back, without computing it."""
    return slope


def pass_milliseconds(n: int, columns: int) -> dict[str, float]:
    """The median pass over 16 partitions that computes nothing, but sends as much as L-BFGS does."""
    p = UNITS * (columns + 2) + 1
    slope = Slope(np.zeros(NETWORKS), np.zeros((NETWORKS, p)))
    with cluster(n) as client:
        table = table_of(PARTITIONS * 100, columns)
        spans = checked_spans(client, for_prediction(ShoalRegressor()), source_of(client, table[:, :columns], table[:, columns]))
        times = []
        for _ in range(PASSES):
            start = time.perf_counter()
            over_spans(client, partial(nothing, slope), spans)
            times.append(1000 * (time.perf_counter() - start))
        kilobytes = len(pickle.dumps(slope)) / 1000
        return {"milliseconds": statistics.median(times), "least": min(times), "kilobytes a task": kilobytes, "tasks": len(spans)}


def search_seconds(n: int) -> dict[str, float]:
    """48 candidates × 5 folds on n workers."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4000, 20))
    y = (X[:, 0] * X[:, 1] + X[:, 2] + 0.5 * rng.standard_normal(4000) > 0).astype(int)
    grid = {"alpha": [0.0, 0.03, 0.3, 1.0], "learning_rate_init": [0.001, 0.003, 0.01], "hidden_layer_sizes": [16, 32, 48, 64]}
    with cluster(n) as client:
        model = ShoalClassifier(n_networks=2, max_iter=20, random_state=0)
        search = ShoalSearchCV(model, grid, cv=5, scoring="neg_log_loss", refit=False, client=client)
        ShoalSearchCV(model, {"alpha": [0.0, 0.1]}, cv=2 * n, refit=False, client=client).fit(X[:400], y[:400])  # workers import once
        start = time.perf_counter()
        search.fit(X, y)
        return {"seconds": time.perf_counter() - start, "log loss": -float(search.best_score_)}


def main() -> None:
    """Measure, print, write."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rows", type=int, default=5_000_000)
    words.add_argument("--columns", type=int, default=30)
    words.add_argument("--steps", type=int, default=4)
    words.add_argument("--only", choices=("fit", "pass", "search"))
    given = words.parse_args()
    warnings.simplefilter("ignore")
    kinds = {
        "fit": lambda n: fit_seconds(n, given.rows, given.columns, given.steps),
        "pass": lambda n: pass_milliseconds(n, given.columns),
        "search": search_seconds,
    }
    lines = []
    for kind, measure in kinds.items():
        if given.only in (None, kind):
            found = {n: measure(n) for n in (1, 2)}
            for name in found[1]:
                ratio = found[1][name] / found[2][name]
                lines.append([kind, name, f"{found[1][name]:.4g}", f"{found[2][name]:.4g}", f"{ratio:.2f}"])
                print(f"{kind:8}{name:20}{lines[-1][2]:>12} with 1 worker {lines[-1][3]:>12} with 2   {ratio:.2f} times", flush=True)
    if given.only is None:
        with Path(__file__).with_suffix(".csv").open("w", newline="") as out:
            csv.writer(out).writerows([["what", "number", "1 worker", "2 workers", "ratio"], *lines])
    print(f"{given.rows:,} rows × {given.columns}, {all_cores()} cores")


if __name__ == "__main__":
    main()
