"""What an iteration of the full-batch solvers costs on small networks, and what it reaches, beside scikit-learn's L-BFGS.

    python benchmarks/full_batch.py [--rounds 5] [--iterations 200] [--csv benchmarks/full_batch.csv]

Each round fits every solver and scikit-learn's L-BFGS once, one after the other; the processor time of the thread that fits, with products
on one thread, is divided by the iterations, and the table has each one's least. Everything of a fit is in it: checks, scaling, initial
weights. Both L-BFGS have tanh units, no penalty, standardised columns and targets, and stop only where they find no lower loss; "loss" is
half the mean squared error over the target's variance, or the mean log loss, of the training rows after that many iterations; the
initial weights differ. "to the goal" is the time to an MSE of 0.002 on the sine of `benchmarks/sin.py`, medians of all starts.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sin import LOSS, SETTINGS, X, Y
from sklearn.neural_network import MLPClassifier, MLPRegressor

from shoal import ShoalClassifier, ShoalRegressor
from shoal.engine.threads import one_thread

SOLVERS = ("lbfgs", "scg", "rprop", "lm", "bayes")
STARTS = 30


def problems() -> dict[str, tuple[Any, Any, int, tuple[str, ...]]]:
    """Rows, targets, hidden units and the solvers that are measured, by name."""
    rng = np.random.default_rng(0)
    found: dict[str, tuple[Any, Any, int, tuple[str, ...]]] = {"sine 41 x 1, 5 units": (X, Y, 5, SOLVERS)}
    for m, n, h in ((200, 4, 8), (1000, 10, 8), (2000, 20, 32)):
        rows = rng.standard_normal((m, n))
        smooth = np.sin(rows[:, 0]) + rows[:, 1] * rows[:, 2] + 0.1 * rng.standard_normal(m)
        found[f"regression {m} x {n}, {h} units"] = rows, (smooth - smooth.mean()) / smooth.std(), h, SOLVERS if n * h < 50 else SOLVERS[:3]
    found["3 classes 300 x 4, 8 units"] = rows[:300, :4], np.digitize(rows[:300, 0] + rows[:300, 1] ** 2, [0.3, 1.5]), 8, SOLVERS[:3]
    return found


def fit(make: Callable[[], Any], X: Any, y: Any) -> tuple[float, int, float]:
    """Seconds of the processor, iterations and loss."""
    model = make()
    with one_thread():
        start = time.thread_time()
        model.fit(X, y)
        return time.thread_time() - start, int(model.n_iter_), float(model.loss_)


def makers(y: Any, h: int, solvers: tuple[str, ...], iterations: int) -> dict[str, Callable[[], Any]]:
    """What makes the estimator of each solver, and of scikit-learn."""
    ours, theirs = (ShoalRegressor, MLPRegressor) if y.dtype.kind == "f" else (ShoalClassifier, MLPClassifier)
    settings = SETTINGS | {"hidden_layer_sizes": h, "max_iter": iterations, "tol": 0.0, "random_state": 0, "n_networks": 1}
    own = {s: {k: v for k, v in settings.items() if s != "bayes" or k != "alpha"} for s in solvers}
    same = {"hidden_layer_sizes": (h,), "activation": "tanh", "solver": "lbfgs", "alpha": 0.0, "tol": 0.0, "random_state": 0}
    sklearn = {"scikit-learn lbfgs": lambda: theirs(**same, max_iter=iterations, max_fun=10**6)}
    return {s: (lambda s=s: ours(solver=s, **own[s])) for s in solvers} | sklearn  # type: ignore[misc]


def measured(rounds: int, iterations: int) -> pd.DataFrame:
    """The table: a line for every problem and solver."""
    lines = []
    for name, (rows, y, h, solvers) in problems().items():
        rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
        targets = y / y.std() if name.startswith("sine") else y
        kinds = makers(y, h, solvers, iterations)
        found: dict[str, list[tuple[float, int, float]]] = {kind: [] for kind in kinds}
        for turn in range(rounds + 1):
            for kind, make in kinds.items():
                one = fit(make, rows, targets)
                if turn:  # the first compiles
                    found[kind].append(one)
        least = {kind: min(seconds / n for seconds, n, _ in ones) for kind, ones in found.items()}
        for kind, ones in found.items():
            lines.append(
                {
                    "problem": name,
                    "solver": kind,
                    "us_an_iteration": 1e6 * least[kind],
                    "of_scikit_learns": least[kind] / least["scikit-learn lbfgs"],
                    "iterations": ones[0][1],
                    "loss": ones[0][2],
                }
            )
    return pd.DataFrame(lines)


class Reached(Exception):
    """The goal is reached: stop the clock."""


def to_the_goal(seed: int) -> tuple[float, float]:
    """Seconds of the processor from the first evaluation to the goal on the sine: ours, scikit-learn's."""
    start, end = 0.0, np.inf

    def look(event: Any) -> bool:
        nonlocal end
        end = time.thread_time() if event.loss[0] < LOSS else np.inf
        return bool(event.loss[0] < LOSS)

    model = ShoalRegressor(solver="lbfgs", n_networks=1, random_state=seed, callbacks=[look], **SETTINGS)
    whole = time.thread_time()
    model.fit(X, Y)
    ours = end - whole
    theirs = MLPRegressor(hidden_layer_sizes=(5,), activation="tanh", solver="lbfgs", alpha=0.0, max_iter=1000, tol=1e-9, random_state=seed)
    evaluate = theirs._loss_grad_lbfgs

    def watched(*arguments: Any) -> Any:
        found = evaluate(*arguments)
        if found[0] < LOSS:
            raise Reached
        return found

    theirs._loss_grad_lbfgs = watched
    start = time.thread_time()
    try:
        with one_thread():
            theirs.fit(X / X.std(), Y / Y.std())
    except Reached:
        return ours, time.thread_time() - start
    return ours, np.inf


def main() -> None:
    """Measure and print, and write the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--iterations", type=int, default=200)
    arguments.add_argument("--csv", type=Path)
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    table = measured(given.rounds, given.iterations)
    print(table.round(4).to_string(index=False))
    ours, theirs = np.median([to_the_goal(seed) for seed in range(STARTS)], axis=0)
    print(
        f"to the goal on the sine, whole fits: lbfgs {1e3 * ours:.2f} ms, scikit-learn's {1e3 * theirs:.2f} ms, ratio {ours / theirs:.2f}"
    )
    if given.csv:
        table.round(4).to_csv(given.csv, index=False)


if __name__ == "__main__":
    main()
