"""Scores and fit times beside scikit-learn's networks, on the tables that ship with scikit-learn.

    python benchmarks/fit_times.py [--out benchmarks/fit_times.csv]

Every row is a mean over the same five folds (KFold or StratifiedKFold, shuffle, random_state 0), all tools one after the
other inside each fold, so that a busy machine slows them alike. Defaults everywhere; `mlp scaled` is scikit-learn's MLP
behind its StandardScaler (for regression with the target scaled too). Times are medians over the folds, in seconds.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn import datasets
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal import ShoalClassifier, ShoalRegressor

TABLES = {
    "iris": (datasets.load_iris, "classification"),
    "wine": (datasets.load_wine, "classification"),
    "breast cancer": (datasets.load_breast_cancer, "classification"),
    "digits": (datasets.load_digits, "classification"),
    "diabetes": (datasets.load_diabetes, "regression"),
}


def tools(task: str) -> dict[str, object]:
    """The estimators compared, by name."""
    if task == "classification":
        return {
            "shoal": ShoalClassifier(random_state=0),
            "mlp": MLPClassifier(random_state=0),
            "mlp scaled": make_pipeline(StandardScaler(), MLPClassifier(random_state=0)),
            "linear": make_pipeline(StandardScaler(), LogisticRegression()),
            "boosting": HistGradientBoostingClassifier(random_state=0),
        }
    scaled = make_pipeline(StandardScaler(), MLPRegressor(random_state=0))
    return {
        "shoal": ShoalRegressor(random_state=0),
        "mlp": MLPRegressor(random_state=0),
        "mlp scaled": TransformedTargetRegressor(scaled, transformer=StandardScaler()),
        "linear": make_pipeline(StandardScaler(), Ridge()),
        "boosting": HistGradientBoostingRegressor(random_state=0),
    }


def measure(name: str) -> list[dict[str, object]]:
    """One row a tool: mean score over the folds, median fit time."""
    load, task = TABLES[name]
    X, y = load(return_X_y=True)
    folds = (StratifiedKFold if task == "classification" else KFold)(5, shuffle=True, random_state=0)
    scores: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    for train, test in folds.split(X, y):
        for tool, estimator in tools(task).items():
            model = clone(estimator)
            began = time.perf_counter()
            model.fit(X[train], y[train])
            seconds.setdefault(tool, []).append(time.perf_counter() - began)
            if task == "classification":
                error = log_loss(y[test], model.predict_proba(X[test]), labels=np.unique(y))
            else:
                error = root_mean_squared_error(y[test], model.predict(X[test]))
            scores.setdefault(tool, []).append(error)
    metric = "log loss" if task == "classification" else "RMSE"
    return [
        {"table": name, "metric": metric, "tool": tool, "error": np.mean(scores[tool]), "fit seconds": np.median(seconds[tool])}
        for tool in scores
    ]


def main() -> None:
    """Measure, print the table, write it as CSV where asked."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path)
    out = arguments.parse_args().out
    warnings.simplefilter("ignore")
    ShoalClassifier(max_iter=1).fit([[0.0], [1.0]], [0, 1])  # one fit before the clock: imports, and compiling where there is any
    rows = pd.DataFrame([row for name in TABLES for row in measure(name)])
    for column, form in (("error", "{:.4g}"), ("fit seconds", "{:.3f}")):
        table = rows.pivot_table(index=["table", "metric"], columns="tool", values=column, sort=False)
        print(f"\n{column}\n{table.to_string(float_format=form.format)}")
    print(f"\nscikit-learn {sklearn.__version__}, NumPy {np.__version__}")
    if out:
        rows.to_csv(out, index=False, float_format="%.5g")


if __name__ == "__main__":
    main()
