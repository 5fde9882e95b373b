"""What directions cost or gain: held-out errors with and without them, beside scikit-learn's boosting, which has the same parameter.

    python benchmarks/monotone.py [--folds 3]

RMSE on held-out folds of two tables of SHOAL_DATA, of ShoalRegressor and HistGradientBoostingRegressor with their defaults; and the share
of held-out rows whose prediction moves against the direction when the column alone moves by a tenth of its range.
"""

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import KFold

from shoal import ShoalRegressor

DATA = Path(os.environ.get("SHOAL_DATA", "../shared/data"))
TABLES = {  # what is known of them without looking at their rows
    "concrete": ("strength", {"cement": 1, "age": 1}),
    "auto_mpg": ("mpg", {"weight": -1, "model_year": 1}),
}


def against(model, X, j, direction):
    """The share of rows whose prediction moves against the direction."""
    moved = X.copy()
    moved[:, j] += np.ptp(X[:, j]) / 10
    change = direction * (model.predict(moved) - model.predict(X))
    return np.mean(change < -1e-9 * np.ptp(model.predict(X)))


def main() -> None:
    """Print a line for each table and model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folds", type=int, default=3)
    folds = parser.parse_args().folds
    warnings.simplefilter("ignore")
    print("table | model | RMSE free | RMSE with directions | against them, free | with them | processor s free | with")
    for name, (target, wanted) in TABLES.items():
        frame = pd.read_csv(DATA / name / f"{name}.csv").dropna(subset=target)
        numbers = frame.drop(columns=target).select_dtypes("number")
        numbers = numbers.fillna(numbers.median())
        X, y = numbers.to_numpy(float), frame[target].to_numpy(float)
        c = [wanted.get(column, 0) for column in numbers.columns]
        assert sum(map(bool, c)) == len(wanted), list(numbers.columns)
        for kind in (ShoalRegressor, HistGradientBoostingRegressor):
            found = {}
            for directions in (None, c):
                start, squares, wrong = time.process_time(), [], []
                for train, test in KFold(folds, shuffle=True, random_state=0).split(X):
                    model = kind(random_state=0, monotonic_cst=directions).fit(X[train], y[train])
                    squares.append((model.predict(X[test]) - y[test]) ** 2)
                    wrong += [against(model, X[test], j, direction) for j, direction in enumerate(c) if direction]
                rmse = np.sqrt(np.mean(np.concatenate(squares)))
                found[directions is None] = f"{rmse:.3f}", f"{100 * np.mean(wrong):.1f} %", f"{time.process_time() - start:.1f}"
            pairs = (f"{found[True][i]} | {found[False][i]}" for i in range(3))
            print(f"{name} | {kind.__name__} | {' | '.join(pairs)}", flush=True)


if __name__ == "__main__":
    main()
