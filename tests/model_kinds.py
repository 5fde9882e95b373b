"""A small fitted model of every kind that a model file can hold, and all that each of them answers."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.estimators.estimator import with_thresholds
from shoal.table import describe_columns, preparation
from shoal.table_models.model import model_of

ROWS = 60
FAST: dict[str, Any] = {"n_networks": 2, "hidden_layer_sizes": 3, "max_iter": 3, "random_state": 0}
X = np.random.default_rng(0).normal(size=(ROWS, 3))


def numbers() -> np.ndarray:
    """A target that depends on X."""
    return X[:, 0] - X[:, 1] ** 2 + 0.1 * np.random.default_rng(1).normal(size=ROWS)


@cache
def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Inputs of every kind of column, with gaps, and targets."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"size": X[:, 0], "text": rng.choice(["é, ü", "b", "c"], ROWS), "ok": rng.random(ROWS) < 0.5})
    frame["when"] = pd.date_range("2024-01-01 05:00", periods=ROWS, freq="7h")
    frame["code"] = rng.choice([*"abcdef"], ROWS, p=[0.4, 0.4, 0.14, 0.02, 0.02, 0.02])
    frame = frame.astype({"ok": object, "text": object})
    for j, name in enumerate(("size", "text", "ok", "when")):
        frame.loc[j :: 9 + j, name] = None
    y = numbers()
    targets = pd.DataFrame({"n": y, "n2": X[:, 2], "kind": np.array(["low", "mid", "high"])[np.digitize(y, [-0.8, 0.3])]})
    return frame.assign(empty=None), targets.assign(up=y > 0, left=np.where(X[:, 0] > 0, "l", "r"))


def of_table(*targets: str) -> Pipeline:
    """A model of raw rows."""
    inputs, known = table()
    return shoal.fit(pd.concat([inputs, known[list(targets)]], axis=1), targets if len(targets) > 1 else targets[0], settings=FAST)


def of_means() -> Pipeline:
    """A model of raw rows that reads a category by target means, though it has few levels."""
    inputs, known = table()
    columns = [
        replace(column, levels=("a", "b", "c"), rare_levels=("d", "e", "f"), target_means=True) if column.name == "code" else column
        for column in describe_columns(inputs)
    ]
    prepare = preparation(columns, (), "classification", ("kind",))
    return model_of(prepare, ShoalClassifier(**FAST)).fit(inputs, known["kind"].to_numpy())


def of_matrix(y: Callable[[], Any], **settings: Any) -> Callable[[], Any]:
    """A model of a matrix: a classifier but for numbers."""

    def made() -> Any:
        target = y()
        kind = ShoalRegressor if np.asarray(target).dtype.kind == "f" else ShoalClassifier
        return kind(**{**FAST, **settings}).fit(X, target)

    return made


def three() -> np.ndarray:
    return np.digitize(numbers(), [-0.8, 0.3])


def two_numbers() -> np.ndarray:
    return np.column_stack([numbers(), 100 + 7 * X[:, 2]])


def with_far_cells() -> Any:
    """A model of rows like X, of which two columns have cells far from all others."""
    far = X.copy()
    far[5, 0], far[7, 2] = 1e4, -500.0
    return ShoalRegressor(**FAST, ramps="auto").fit(far, numbers())


KINDS: dict[str, Callable[[], Any]] = {
    "table": lambda: of_table("kind"),
    "table of a number": lambda: of_table("n"),
    "table of target means": of_means,
    "table of flags": lambda: of_table("up", "left"),
    "classifier": of_matrix(lambda: np.where(numbers() > 0, "yes", "no")),
    "classifier, weighted": of_matrix(lambda: numbers() > 0, class_weight={True: 1.0, False: 30.0}),
    "ramps": of_matrix(three, ramps=True, dtype="float32"),
    "multilabel": of_matrix(lambda: np.column_stack([numbers() > 0, X[:, 0] > 0]).astype(int)),
    "temperature": of_matrix(three, calibration="temperature"),
    "label sets, split": of_matrix(three, calibration="split"),
    "label sets, cv+": of_matrix(lambda: np.where(numbers() > 0, "yes", "no"), calibration="cv+", n_networks=4),
    "label sets, labels": of_matrix(lambda: np.column_stack([numbers() > 0, X[:, 0] > 0]).astype(int), calibration="cv+", n_networks=3),
    "regressor": of_matrix(numbers),
    "regressor, ramps": of_matrix(numbers, ramps="auto", dtype="float32"),
    "outputs": of_matrix(two_numbers),
    "one column": of_matrix(lambda: numbers()[:, None]),
    "unscaled": of_matrix(numbers, standardize=False),
    "split": of_matrix(numbers, calibration="split"),
    "cv+": of_matrix(two_numbers, calibration="cv+"),
    "gaussian": of_matrix(numbers, loss="gaussian"),
    "poisson": of_matrix(lambda: np.abs(numbers()).round(), loss="poisson"),
    "quantile": of_matrix(numbers, loss="quantile", quantile=0.8),
    "huber": of_matrix(numbers, loss="huber", huber_delta=0.7),
    "bayes": of_matrix(numbers, solver="bayes"),
    "skip": of_matrix(numbers, skip=True),
    "skip, ramps": of_matrix(three, skip=True, ramps="auto", dtype="float32"),
    "skip, bayes": of_matrix(numbers, skip=True, solver="bayes"),
    "skip, temperature": of_matrix(three, skip=True, calibration="temperature"),
    "named": lambda: ShoalClassifier(**FAST).fit(pd.DataFrame(X, columns=["a", "b", "c"]), three()),
    "threshold": lambda: with_thresholds(of_matrix(lambda: numbers() > 0)(), (0.3,)),
    "thresholds": lambda: with_thresholds(KINDS["multilabel"](), (0.3, 0.6)),
    "limits": with_far_cells,
    "in pieces": lambda: ShoalRegressor(**FAST).partial_fit(X, numbers()).partial_fit(X, numbers()),
}


@cache
def fitted(name: str) -> Any:
    """The model of a kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # three epochs settle nothing
        return KINDS[name]()


def answers(model: Any) -> dict[str, np.ndarray]:
    """All that a model answers of its rows."""
    last, rows = (model[-1], table()[0]) if isinstance(model, Pipeline) else (model, X)
    if hasattr(last, "feature_names_in_"):
        rows = pd.DataFrame(X, columns=last.feature_names_in_)
    inner = model[0].transform(rows) if isinstance(model, Pipeline) else rows
    found = {"predict": model.predict(rows), "outside": last.outside(inner, columns=True)}
    if hasattr(last, "classes_"):
        sets = {} if last.network_.calibration is None else {"sets": model.predict_set(rows, 0.7)}
        return found | {"predict_proba": model.predict_proba(rows)} | sets
    if last.network_.noise is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", shoal.UncalibratedWarning)
            found["mean"], found["std"] = last.predict(inner, return_std=True)
            try:
                found["lower"], found["upper"] = last.predict_interval(inner, 0.5)
                found["quantiles"] = last.predict_quantiles(inner, [0.3, 0.6])
            except shoal.InvalidParameterError as refused:  # few rows judge it, and nothing calibrates it
                found["refused"] = np.array(str(refused))
    return found


def same_answers(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Bit for bit."""
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, strict=True)
