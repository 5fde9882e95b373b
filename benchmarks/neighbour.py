"""What a busy neighbour costs: the same fits alone, and beside one process a core that only computes.

    python benchmarks/neighbour.py [--repeats 5] [--csv benchmarks/neighbour.csv]

A fair share of the cores makes a fit take twice as long. scikit-learn's fits the same rows with the same epochs, batches and rate,
its matrix library's threads as they come.
"""

import argparse
import multiprocessing
import os
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from shoal import ShoalClassifier

WORKS = {
    "1000x10-8": (1000, 10, 8, 32, 50),
    "10000x30-32": (10_000, 30, 32, 200, 20),
    "10000x30-100": (10_000, 30, 100, 200, 40),
    "20000x784-100": (20_000, 784, 100, 200, 3),
}


def rows(m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and two classes."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((m, n)).astype(np.float32)
    return X, (X[:, :5].sum(axis=1) > 0).astype(int)


def fits(name: str) -> dict[str, Callable[[], object]]:
    """The same training by both."""
    m, n, h, batch, epochs = WORKS[name]
    X, y = rows(m, n)
    same = {"hidden_layer_sizes": (h,), "batch_size": batch, "max_iter": epochs, "learning_rate_init": 0.001, "random_state": 0}
    ours = ShoalClassifier(solver="adam", n_networks=1, ramps=False, early_stopping=False, learning_rate="constant", tol=0.0, **same)
    theirs = MLPClassifier(n_iter_no_change=epochs, **same)
    return {"shoal": lambda: ours.fit(X, y), "scikit-learn": lambda: theirs.fit(X, y)}


def compute() -> None:
    """What the neighbour does, on one core, until it is ended."""
    a = np.ones((200, 200))
    while True:
        a = np.tanh(a * 0.999)


def timed(name: str, repeats: int) -> dict[str, float]:
    """Median seconds of each, one after the other in turn; the first round is for warming up."""
    works = fits(name)
    seconds: dict[str, list[float]] = {who: [] for who in works}
    for turn in range(repeats + 1):
        for who, fit in works.items():
            begun = time.perf_counter()
            fit()
            if turn:
                seconds[who].append(time.perf_counter() - begun)
    return {who: statistics.median(taken) for who, taken in seconds.items()}


def main() -> None:
    """Alone, then with the neighbours, which are ended whatever happens."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--csv", type=Path, default=Path(__file__).with_name("neighbour.csv"))
    asked = arguments.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    found = []
    for name in WORKS:
        alone = timed(name, asked.repeats)
        neighbours = [multiprocessing.get_context("spawn").Process(target=compute, daemon=True) for _ in range(os.cpu_count() or 1)]
        for neighbour in neighbours:
            neighbour.start()
        try:
            time.sleep(2)  # they are up
            beside = timed(name, asked.repeats)
        finally:
            for neighbour in neighbours:
                neighbour.terminate()
                neighbour.join()
        found += [
            {"work": name, "tool": who, "alone_s": alone[who], "beside_s": beside[who], "slower": beside[who] / alone[who]} for who in alone
        ]
        print(pd.DataFrame(found[-2:]).to_string(index=False, float_format="%.3g"), flush=True)
    pd.DataFrame(found).round(4).to_csv(asked.csv, index=False)


if __name__ == "__main__":
    main()
