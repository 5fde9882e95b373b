"""Wide tables: the error and the processor's seconds of shoal, ridge regression and partial least squares, on the same five held-out folds.

python benchmarks/wide.py [--bayes]      # some minutes; prints the table of docs/defaults.md

The spectra of meat and the fingerprints of permeability are read from $SHOAL_DATA/../data2 where they are; the others are drawn here.
RidgeCV chooses its penalty, PLS its number of components (1 to 12), by cross-validation within the training rows.
"""

import argparse
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal import ShoalClassifier, ShoalRegressor

DATA = Path(os.environ.get("SHOAL_DATA", "../shared/data")).parent / "data2"
Table = tuple[str, np.ndarray, np.ndarray]


def spectra(m: int, n: int, seed: int, *, curved: bool = False, noise: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """Six overlapping bands in random amounts, with a random baseline, slope and path length; the target depends on three of them."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, n)
    bands = np.exp(-((t - rng.uniform(0, 1, (6, 1))) ** 2) / 2 / rng.uniform(0.03, 0.15, (6, 1)) ** 2)
    amount = rng.gamma(2, 1, (m, 6))
    X = (amount @ bands) * (1 + 0.1 * rng.standard_normal((m, 1)))
    X += 0.3 * rng.standard_normal((m, 1)) + 0.3 * rng.standard_normal((m, 1)) * t + noise * rng.standard_normal((m, n))
    y = 10 * np.sqrt(amount[:, 0]) + amount[:, 1] * amount[:, 2] if curved else amount[:, 0] + amount[:, 1] / 2
    return X, y + 0.05 * np.std(y) * rng.standard_normal(m)


def factors(m: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten factors and as much noise in every column; the target is linear in the columns."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 10)) @ rng.standard_normal((10, n)) + rng.standard_normal((m, n))
    y = X @ rng.standard_normal(n)
    return X, y + 0.3 * np.std(y) * rng.standard_normal(m)


def genes(m: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes that differ in the mean of 40 of n independent columns."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, m)
    X = rng.standard_normal((m, n))
    X[:, :40] += 0.7 * (2 * y[:, None] - 1) * rng.choice([-1, 1], 40)
    return X, y


def tables() -> Iterator[Table]:
    """Name, rows, and targets, which are classes where they are whole numbers."""
    for name in ("meats_nir", "permeability"):
        if (file := DATA / name / f"{name}.csv").exists():
            table = pd.read_csv(file)
            yield name, table.iloc[:, :-1].to_numpy(float), table.iloc[:, -1].to_numpy(float)
    yield "spectra, linear", *spectra(60, 700, 1)
    yield "spectra, curved", *spectra(60, 700, 2, curved=True)
    yield "spectra, noisy", *spectra(50, 1000, 3, noise=0.1)
    yield "spectra, curved", *spectra(150, 400, 4, curved=True)
    yield "factors", *factors(60, 400, 0)
    yield "factors", *factors(30, 10_000, 1)
    yield "genes", *genes(60, 2000, 0)


def peers(classes: bool) -> dict[str, object]:
    """The linear models."""
    if classes:
        linear = LogisticRegressionCV(Cs=10, scoring="neg_log_loss", max_iter=2000)
        return {"ridge": make_pipeline(StandardScaler(), linear)}
    pls = make_pipeline(StandardScaler(), PLSRegression(scale=False))
    folds = KFold(5, shuffle=True, random_state=1)
    chosen = GridSearchCV(pls, {"plsregression__n_components": range(1, 13)}, cv=folds, scoring="neg_mean_squared_error")
    return {"ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-6, 4, 41))), "PLS": chosen}


def measured(model: object, X: np.ndarray, y: np.ndarray, classes: bool) -> tuple[float, float]:
    """The mean over folds of RMSE over the target's standard deviation, or of the log loss; and of the processor's seconds of a fit."""
    folds = (StratifiedKFold if classes else KFold)(5, shuffle=True, random_state=0)
    errors, seconds = [], 0.0
    for train, test in folds.split(X, y):
        began = time.process_time()
        fitted = clone(model).fit(X[train], y[train])
        seconds += time.process_time() - began
        if classes:
            errors.append(log_loss(y[test], fitted.predict_proba(X[test])))
        else:
            errors.append(root_mean_squared_error(y[test], np.ravel(fitted.predict(X[test]))) / np.std(y))
    return float(np.mean(errors)), seconds / len(errors)


def main() -> None:
    """Print a line for each table."""
    options = argparse.ArgumentParser()
    options.add_argument("--bayes", action="store_true", help="also solver='bayes' with tanh units")
    options.add_argument("--tables", default="", help="only tables whose names begin so")
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    ShoalRegressor(max_iter=2).fit(np.eye(8), np.arange(8))  # compiled code is loaded here
    names = ["ridge", "PLS", "shoal", *["bayes"] * asked.bayes]
    print("| table | rows × columns | " + " | ".join(names) + " |")
    print("|---|" + "---|" * (len(names) + 1))
    for name, X, y in tables():
        if not name.startswith(asked.tables):
            continue
        classes = np.issubdtype(y.dtype, np.integer)
        kind = ShoalClassifier if classes else ShoalRegressor
        models = peers(classes) | {"shoal": kind(random_state=0), "bayes": kind(random_state=0, solver="bayes", activation="tanh")}
        found = {which: measured(models[which], X, y, classes) for which in names if which in models}
        cells = [f"{found[which][0]:.3f} ({found[which][1]:.2f} s)" if which in found else "–" for which in names]
        print(f"| {name} | {X.shape[0]} × {X.shape[1]:,} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
