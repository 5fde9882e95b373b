"""Categories of many levels: target means against a column for each level, scikit-learn's TargetEncoder, and trees.

    python benchmarks/categories.py                # the tables of data and data2 with such columns, and generated ones
    python benchmarks/categories.py --rows 100000  # the generated table of shops, products and streets alone, with so many rows
    python benchmarks/categories.py --formula      # the two ways of smoothing, by rows of a level

Log loss, or RMSE over the target's standard deviation, of a fifth of the rows, and the processor's seconds of a fit, means over splits;
after ± the standard error of the difference from the first column.
"""

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.table import describing, read
from shoal.table.target_means import shrunken

DATA = Path(os.environ.get("SHOAL_DATA", "../shared/data"))
SHARED = ("mlc_churn", "lending_club", "adult")  # the tables with a category of 40 levels or more, and rows enough
SIZES = {"shop": 68, "brand": 150, "street": 312, "postcode": 500, "product": 1000}
Fitted = tuple[float, float]


def sales(m: int, seed: int, *, number: bool = False) -> pd.DataFrame:
    """Five categories whose levels add to the target, four numbers, and a category of three levels."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    z = np.zeros(m)
    for name, n in SIZES.items():
        p = rng.permutation(1 / np.arange(1, n + 1) ** 0.7)
        codes = rng.choice(n, m, p=p / p.sum())
        columns[name] = [f"{name} no. {code}" for code in codes]
        z += 0.5 * rng.standard_normal(n)[codes]
    x = rng.standard_normal((m, 4))
    size = rng.integers(0, 3, m)
    z += 0.7 * x[:, 0] + np.sin(2 * x[:, 1]) + 0.4 * x[:, 2] ** 2 + 0.3 * (size - 1)
    frame = pd.DataFrame(columns | {f"x{j}": x[:, j] for j in range(4)} | {"size": np.array(["s", "m", "l"])[size]})
    return frame.assign(y=z + rng.standard_normal(m) if number else drawn(z, rng))


def slopes(m: int, seed: int) -> pd.DataFrame:
    """A category of 100 levels in each of which another slope of a number holds: no mean of a level tells of that."""
    rng = np.random.default_rng(seed)
    p = 1 / np.arange(1, 101)
    code, x = rng.choice(100, m, p=p / p.sum()), rng.standard_normal((m, 3))
    z = 0.7 * rng.standard_normal(100)[code] + 1.2 * rng.standard_normal(100)[code] * x[:, 0] + x[:, 1]
    frame = pd.DataFrame({"machine": [f"machine no. {i}" for i in code], **{f"x{j}": x[:, j] for j in range(3)}})
    return frame.assign(y=drawn(z, rng))


def drawn(z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Classes with these log-odds."""
    return np.where(rng.random(len(z)) < 1 / (1 + np.exp(-z)), "yes", "no")


def tables(rows: int | None) -> Iterator[tuple[str, Callable[[int], pd.DataFrame], str, int]]:
    """Name, rows by seed, target, and number of splits."""
    if rows is not None:
        yield f"sales, {rows:,} rows", lambda seed: sales(rows, seed), "y", 1
        return
    for name in SHARED:
        for folder in (DATA, DATA.parent / "data2"):
            manifest = folder / "manifest.json"
            entry = json.loads(manifest.read_text())["datasets"].get(name) if manifest.exists() else None
            if entry is not None:
                whole = read(folder / entry["file"])
                yield name, lambda seed, whole=whole: whole, entry["target"], 2 if len(whole) > 10_000 else 10
    for m, splits in ((2_000, 6), (5_000, 4), (20_000, 1)):
        yield f"sales, {m:,} rows", lambda seed, m=m: sales(m, seed), "y", splits
    yield "sales, a number, 5,000 rows", lambda seed: sales(5_000, seed, number=True), "y", 4
    yield "slopes, 5,000 rows", lambda seed: slopes(5_000, seed), "y", 4


def scored(actual: pd.Series, answer: np.ndarray) -> float:
    """The log loss of probabilities, or the RMSE in standard deviations."""
    if pd.api.types.is_float_dtype(actual.dtype):
        return float(root_mean_squared_error(actual, answer) / actual.std())
    return float(log_loss(actual, answer))


def shoal_fit(train: pd.DataFrame, test: pd.DataFrame, target: str, seed: int, *, target_means: bool) -> Fitted:
    """The score of `shoal.fit` and its seconds, scores of baselines included."""
    began = time.process_time()
    model = shoal.fit(train, target, test=test, seed=seed, target_means=target_means)
    seconds = time.process_time() - began
    rows = test.drop(columns=target)
    return scored(test[target], model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)), seconds


def peer(steps: Any, train: pd.DataFrame, test: pd.DataFrame, target: str) -> Fitted:
    """The score of a pipeline of scikit-learn's and its seconds."""
    X, Z = train.drop(columns=target), test.drop(columns=target)
    began = time.process_time()
    model = steps.fit(X, train[target])
    seconds = time.process_time() - began
    return scored(test[target], model.predict_proba(Z) if hasattr(model, "predict_proba") else model.predict(Z)), seconds


def encoded(train: pd.DataFrame, test: pd.DataFrame, target: str, seed: int) -> Fitted:
    """TargetEncoder of the categories with more than 40 levels, and the same estimator."""
    X = train.drop(columns=target)
    texts = [name for name in X if not pd.api.types.is_numeric_dtype(X[name].dtype)]
    many = [name for name in texts if X[name].nunique() >= 40]
    few = [name for name in texts if name not in many]
    kind = ShoalRegressor if pd.api.types.is_float_dtype(train[target].dtype) else ShoalClassifier
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer((TargetEncoder(), many), (one_hot, few), remainder="passthrough")
    filled = [frame.fillna(dict.fromkeys(texts, "missing")) for frame in (train, test)]
    return peer(make_pipeline(columns, kind(random_state=seed)), *filled, target)


def trees(train: pd.DataFrame, test: pd.DataFrame, target: str, seed: int) -> Fitted:
    """LightGBM with its own categories where it is installed, else scikit-learn's histogram boosting with ordinal codes."""
    number = pd.api.types.is_float_dtype(train[target].dtype)
    texts = make_column_selector(dtype_exclude="number")
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((codes, texts), remainder="passthrough")
    try:
        import lightgbm
    except ImportError:
        kind = HistGradientBoostingRegressor if number else HistGradientBoostingClassifier
        return peer(make_pipeline(columns, kind(random_state=seed)), train, test, target)
    n = len(texts(train.drop(columns=target)))
    model = (lightgbm.LGBMRegressor if number else lightgbm.LGBMClassifier)(
        random_state=seed, categorical_feature=list(range(n)), verbose=-1
    )
    return peer(make_pipeline(columns, model), train, test, target)


WAYS: dict[str, Callable[[pd.DataFrame, pd.DataFrame, str, int], Fitted]] = {
    "own columns": lambda *given: shoal_fit(*given, target_means=False),
    "target means": lambda *given: shoal_fit(*given, target_means=True),
    "TargetEncoder + shoal": encoded,
    "trees": trees,
}


def formula() -> None:
    """The error of a level's mean by the smoothing of all levels together, and by scikit-learn's "auto"."""
    print("| rows of a level | mean of its rows | smooth of all levels | TargetEncoder's auto |")
    print("|---|---|---|---|")
    rng = np.random.default_rng(0)
    for each in (1, 2, 5, 20, 100):
        codes = np.repeat(np.arange(2_000), each)
        expected = 0.5 * rng.standard_normal(2_000)
        y = expected[codes] + rng.standard_normal(len(codes))
        sums = np.stack([np.bincount(codes, part) for part in (np.ones(len(y)), y, y * y)], axis=1)
        auto = TargetEncoder(target_type="continuous").fit(codes[:, None], y).encodings_[0]
        found = sums[:, 1] / sums[:, 0], shrunken(sums, None)[:-1, 0], auto
        print(f"| {each} | " + " | ".join(f"{root_mean_squared_error(expected, means):.3f}" for means in found) + " |")


def main() -> None:
    """Print a line for each table."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, help="the generated table alone, with so many rows")
    options.add_argument("--formula", action="store_true", help="the two ways of smoothing")
    options.add_argument("--anyway", action="store_true", help="target means in tables of any number of rows")
    options.add_argument("--tables", default="", help="only tables whose names begin so")
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    if asked.formula:
        formula()
        return
    if asked.anyway:
        describing.ROWS_FOR_MEANS = 0
    ShoalRegressor(max_iter=2).fit(np.eye(8), np.arange(8))  # compiled code is loaded here
    print("| table | " + " | ".join(WAYS) + " |")
    print("|---|" + "---|" * len(WAYS))
    for name, made, target, splits in tables(asked.rows):
        if not name.startswith(asked.tables):
            continue
        found: dict[str, list[Fitted]] = {way: [] for way in WAYS}
        for seed in range(splits):
            frame = made(seed).dropna(subset=[target])
            labels = None if pd.api.types.is_float_dtype(frame[target].dtype) else frame[target]
            train, test = train_test_split(frame, test_size=0.2, random_state=seed, stratify=labels)
            for way, fit in WAYS.items():
                found[way].append(fit(train, test, target, seed))
        first = np.array(found["own columns"])
        cells = []
        for each in map(np.array, found.values()):
            score, seconds = each.mean(axis=0)
            error = (each - first)[:, 0].std(ddof=1) / np.sqrt(splits) if splits > 1 else 0.0
            cells.append(f"{score:.4f}{f' ± {error:.4f}' if error else ''} ({seconds:.1f} s)")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
