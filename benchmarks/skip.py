"""Do skip connections help? The error of five held-out folds with and without them, on small tables, linear ones and others.

python benchmarks/skip.py            # some minutes; prints the table of docs/defaults.md
"""

import warnings
from collections.abc import Iterator

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine, make_friedman1
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal import ShoalClassifier, ShoalRegressor

SEEDS = 1
FEW_UNITS = {"solver": "lbfgs", "hidden_layer_sizes": 3, "activation": "tanh", "ramps": False, "n_networks": 5}


def plane_and_bump(m: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten inputs, all of which count straight, and a bump over two of them; noise of a fifth of the plane's spread."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 10))
    plane = X @ rng.standard_normal(10)
    return X, plane + 3 * np.exp(-(X[:, 0] ** 2 + X[:, 1] ** 2)) + 0.2 * plane.std() * rng.standard_normal(m)


def tables() -> Iterator[tuple[str, np.ndarray, np.ndarray, bool]]:
    """Name, rows, targets, and whether these are classes."""
    yield "diabetes", *load_diabetes(return_X_y=True), False
    yield "plane and bump, 150 rows", *plane_and_bump(150, 0), False
    yield "plane and bump, 400 rows", *plane_and_bump(400, 1), False
    yield "friedman1, 300 rows", *make_friedman1(300, noise=1.0, random_state=0), False
    yield "breast cancer", *load_breast_cancer(return_X_y=True), True
    yield "wine", *load_wine(return_X_y=True), True


def error(model: object, X: np.ndarray, y: np.ndarray, classes: bool) -> float:
    """The mean over folds of the RMSE, or of the log loss of classes."""
    folds = (StratifiedKFold if classes else KFold)(5, shuffle=True, random_state=0)
    found = []
    for train, test in folds.split(X, y):
        fitted = clone(model).fit(X[train], y[train])
        if classes:
            found.append(log_loss(y[test], fitted.predict_proba(X[test])))
        else:
            found.append(root_mean_squared_error(y[test], fitted.predict(X[test])))
    return float(np.mean(found))


def main() -> None:
    """Print a line for each table."""
    warnings.simplefilter("ignore")
    print("| table | linear | default | default, skip | 3 units | 3 units, skip |")
    print("|---|---|---|---|---|---|")
    for name, X, y, classes in tables():
        kind = ShoalClassifier if classes else ShoalRegressor
        linear = LogisticRegression(max_iter=5000) if classes else LinearRegression()
        errors = [error(make_pipeline(StandardScaler(), linear), X, y, classes)]
        for settings in ({}, FEW_UNITS):
            for skip in (False, True):
                of_seeds = [error(kind(skip=skip, random_state=seed, **settings), X, y, classes) for seed in range(SEEDS)]
                errors.append(float(np.mean(of_seeds)))
        print(f"| {name} | " + " | ".join(f"{value:.4g}" for value in errors) + " |", flush=True)


if __name__ == "__main__":
    main()
