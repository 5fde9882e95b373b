"""MATLAB's function-fitting problem: sin(πx) at 41 points of [−1, 1], five hidden units, goal MSE < 0.002, from 30 starts.

    python benchmarks/sin.py [--csv benchmarks/sin.csv]

Each solver trains from 30 starts and is timed inside its loop, from the start of training to the first loss below the goal;
the times of scikit-learn's L-BFGS (its own loop, inputs and targets standardised as ours are) are taken in the same process.
"lm, 30 together" trains all starts as one population, and counts the time of all of them over 30. The defaults (ShoalRegressor()
with nothing set but the seed) are judged by what they predict.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.neural_network import MLPRegressor

from shoal import ShoalRegressor

GOAL, STARTS = 0.002, 30
X = np.linspace(-1, 1, 41)[:, None]
Y = np.sin(np.pi * X[:, 0])
SETTINGS = {
    "hidden_layer_sizes": 5,
    "activation": "tanh",
    "early_stopping": False,
    "alpha": 0.0,
    "ramps": False,
    "max_iter": 1000,
    "tol": 1e-9,
}
LOSS = GOAL / (2 * np.var(Y))  # half the squared error in units of the standardised target: what both solvers call their loss
Row = dict[str, object]


class Reached(Exception):
    """The goal is reached: stop the clock."""


def shoal_start(solver: str, seed: int, n_networks: int) -> list[tuple[float, float]]:
    """Iterations and seconds of each network until its loss is below the goal, infinite if it never is."""
    found: dict[int, tuple[float, float]] = {}

    def look(event: object) -> None:
        for k, loss in enumerate(event.loss.tolist()):
            if loss < LOSS and k not in found:
                found[k] = event.epoch, event.seconds
        if len(found) == n_networks:
            raise KeyboardInterrupt  # as from the keyboard: the fit ends and keeps what it has

    settings = SETTINGS if solver != "bayes" else {k: v for k, v in SETTINGS.items() if k != "alpha"}
    ShoalRegressor(solver=solver, n_networks=n_networks, random_state=seed, callbacks=[look], **settings).fit(X, Y)
    return [found.get(k, (np.inf, np.inf)) for k in range(n_networks)]


def sklearn_start(seed: int) -> tuple[float, float]:
    """Evaluations and seconds of scikit-learn's L-BFGS from its first evaluation to the first loss below the goal."""
    x, y = X / X.std(), Y / Y.std()
    model = MLPRegressor(hidden_layer_sizes=(5,), activation="tanh", solver="lbfgs", alpha=0.0, max_iter=1000, tol=1e-9, random_state=seed)
    evaluate, state = model._loss_grad_lbfgs, {"begun": 0.0, "evaluations": 0}

    def watched(*arguments: object) -> object:
        state["begun"] = state["begun"] or time.perf_counter()
        loss, gradient = evaluate(*arguments)
        state["evaluations"] += 1
        if loss < LOSS:
            raise Reached
        return loss, gradient

    model._loss_grad_lbfgs = watched
    try:
        model.fit(x, y)
    except Reached:
        return state["evaluations"], time.perf_counter() - state["begun"]
    return np.inf, np.inf


def row(name: str, found: list[tuple[float, float]]) -> Row:
    """One solver's line of the table."""
    steps, seconds = np.array(found).T
    reached = np.isfinite(steps)
    return {
        "solver": name,
        "reached": int(reached.sum()),
        "of": len(steps),
        "median_iterations": float(np.median(steps)),
        "most_iterations": float(steps[reached].max()),
        "median_ms": 1e3 * float(np.median(seconds)),
    }


def defaults_row() -> Row:
    """How many of 30 fits with the defaults predict the points within the goal."""
    errors = np.array([np.mean((ShoalRegressor(random_state=s).fit(X, Y).predict(X) - Y) ** 2) for s in range(STARTS)])
    blank = {"median_iterations": np.nan, "most_iterations": np.nan, "median_ms": np.nan}
    return {"solver": "ShoalRegressor()", "reached": int(np.sum(errors < GOAL)), "of": STARTS, **blank}


def main() -> None:
    """Run all solvers and write the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--csv", type=Path, default=Path(__file__).with_name("sin.csv"))
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    shoal_start("lm", 0, 2)  # imports and compiled code
    rows = [row(solver, [shoal_start(solver, seed, 1)[0] for seed in range(STARTS)]) for solver in ("lm", "bayes", "lbfgs")]
    together = shoal_start("lm", 0, STARTS)
    longest = max(seconds for _, seconds in together)
    rows.append(row("lm, 30 together", [(steps, longest / STARTS) for steps, _ in together]))
    rows.append(row("scikit-learn lbfgs", [sklearn_start(seed) for seed in range(STARTS)]))
    rows.append(defaults_row())
    table = pd.DataFrame(rows)
    table["times_faster"] = table.loc[table.solver == "scikit-learn lbfgs", "median_ms"].iloc[0] / table.median_ms
    table.round(3).to_csv(given.csv, index=False)
    print(table.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
