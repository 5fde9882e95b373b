"""One-hot columns as lists of what is not 0 against products over all inputs: whole fits, and where lists begin to be faster.

    python benchmarks/lists.py [--repeats 5]        # default fits of generated tables, paired, and of the kernels by the share filled
    python benchmarks/lists.py --scikit-learn       # beside scikit-learn's MLPClassifier with its own defaults

Each pair of fits follows one another in one process, so that a neighbour slows both alike; times are the processor's seconds (all cores)
and seconds of the clock, medians.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from shoal import ShoalClassifier
from shoal.engine import lists
from shoal.engine.lists import lists_of
from shoal.engine.minibatch import advance_in_order, begin
from shoal.population import stack
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.textbook.initialization import unit_variance

TABLES = {"60 columns × 5 levels": (60, 5), "60 columns × 4 levels": (60, 4), "10 columns × 30 levels": (10, 30)}
ROWS = 2_900


def one_hot(columns: int, levels: int, m: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of categories as columns of 0 and 1, and two classes of which levels tell."""
    rng = np.random.default_rng(seed)
    codes, effects = rng.integers(0, levels, (m, columns)), rng.standard_normal((columns, levels))
    X = (codes[:, :, None] == np.arange(levels)).reshape(m, -1).astype(float)
    z = 2 * effects[np.arange(columns), codes].sum(axis=1) / np.sqrt(columns)
    return X, (rng.random(m) < 1 / (1 + np.exp(-z))).astype(int)


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """The result, the processor's seconds and those of the clock."""
    busy, clock = time.process_time(), time.perf_counter()
    found = work()
    return found, time.process_time() - busy, time.perf_counter() - clock


def fits(repeats: int, *, peer: bool) -> None:
    """A line for each table."""
    print("| table of 2,900 rows | log loss: lists, products" + (", MLP" * peer) + " | processor, s | clock, s | products / lists |")
    print("|---|---|---|---|---|")
    for name, (columns, levels) in TABLES.items():
        X, y = one_hot(columns, levels, ROWS + 2_000)
        ways: dict[str, Callable[[], Any]] = {
            "lists": lambda X=X, y=y: by_lists(lambda: ShoalClassifier(random_state=0).fit(X[:ROWS], y[:ROWS])),
            "products": lambda X=X, y=y: by_products(lambda: ShoalClassifier(random_state=0).fit(X[:ROWS], y[:ROWS])),
        }
        if peer:
            ways["MLP"] = lambda X=X, y=y: MLPClassifier(random_state=0).fit(X[:ROWS], y[:ROWS])
        times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        losses = {}
        for i in range(repeats + 1):
            for way, fit in ways.items():
                model, busy, clock = timed(fit)
                losses[way] = log_loss(y[ROWS:], model.predict_proba(X[ROWS:]))
                if i:  # the first loads compiled code
                    times[way].append((busy, clock))
        busy, clock = ({way: median(t[k] for t in times[way]) for way in ways} for k in (0, 1))
        cells = [", ".join(f"{found[way]:.{digits}f}" for way in ways) for found, digits in ((losses, 4), (busy, 2), (clock, 2))]
        print(f"| {name} | " + " | ".join(cells) + f" | {busy['products'] / busy['lists']:.2f} |", flush=True)


def by_lists(fit: Callable[[], Any]) -> Any:
    """A fit by lists, also where this processor's products are faster."""
    with patch.object(lists, "FASTER_BELOW", lists.LISTED_BELOW):
        return fit()


def by_products(fit: Callable[[], Any]) -> Any:
    """A fit without lists."""
    with patch.object(lists, "LISTED_BELOW", -1.0):
        return fit()


def kernels(repeats: int) -> None:
    """Microseconds of an update of one group of two networks with 64 units, batches of 128 rows, float32."""
    print("\n| inputs | share that is not 0 | by product, µs | by lists, µs | product / lists |\n|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    for n in (50, 100, 300, 1_000, 3_000):
        for share in (0.02, 0.05, 0.1, 0.2, 0.25, 0.33):
            X = (rng.random((1_280, n)) < share).astype(np.float32)
            Y = rng.integers(0, 2, (len(X), 1)).astype(np.float32)
            networks = stack([unit_variance(np.random.default_rng(k), n, 64, 1, n * share) for k in range(2)])
            recipe, order, ends = Recipe(batch_size=128, decay=0.1, dropout=0.1), rng.permutation(len(X)), np.arange(0, 1_281, 128)
            rates, least = np.full((10, 2), 0.001, np.float32), []
            for listed in (False, True):
                state = begin(networks, recipe, make_loss("sigmoid"), np.full(2, 1_280.0), np.float32, by_input=listed)
                given, found = lists_of(X, np.float32) if listed else X, []
                for _ in range(4 * repeats):
                    found.append(timed(lambda: advance_in_order(state, given, Y, order, ends, rates))[1])  # noqa: B023 - called at once
                least.append(min(found) / 10 * 1e6)
            print(f"| {n} | {share} | {least[0]:.0f} | {least[1]:.0f} | {least[0] / least[1]:.2f} |", flush=True)


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--scikit-learn", action="store_true", dest="peer")
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    fits(asked.repeats, peer=asked.peer)
    kernels(asked.repeats)


if __name__ == "__main__":
    main()
