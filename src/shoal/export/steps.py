"""Other steps of scikit-learn's before a network: which columns they take, and rows like those that they learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler

from shoal.errors import ExportError

Floats = NDArray[np.floating]


@dataclass
class SeenColumn:
    """What the steps say of one input column: its range, or its only values, and whether cells may be missing."""

    low: float = -1.0
    high: float = 1.0
    values: tuple[float, ...] = ()
    missing: float | None = None  # what stands in a cell that is missing


def does_nothing(step: Any) -> bool:
    """Whether a step passes on what it gets."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def is_dropped(step: Any) -> bool:
    """Whether a step's columns end here."""
    return isinstance(step, str) and step == "drop"


def inputs_of(steps: Sequence[tuple[str, Any]]) -> list[str]:
    """Names of the columns that fitted steps take, x0, x1, … where they learned none."""
    name, first = steps[0]
    names = getattr(first, "feature_names_in_", None)
    n = len(names) if names is not None else getattr(first, "n_features_in_", None)
    if n is None:
        raise ExportError(f"The step {name!r} ({type(first).__name__}) does not say how many columns it takes. Fit it with validate=True.")
    return [f"x{j}" for j in range(n)] if names is None else [str(column) for column in names]


def columns_of(step: ColumnTransformer, chosen: Any) -> list[int]:
    """The places of the columns that a fitted ColumnTransformer gives to one of its steps."""
    n = int(step.n_features_in_)
    names = [] if getattr(step, "feature_names_in_", None) is None else list(step.feature_names_in_)

    def place(column: Any) -> int:
        return names.index(column) if isinstance(column, str) else int(column) % n

    if isinstance(chosen, slice):
        ends = [names.index(end) if isinstance(end, str) else end for end in (chosen.start, chosen.stop)]
        last = ends[1] + 1 if isinstance(chosen.stop, str) else ends[1]  # a slice of names holds its last one
        return list(range(n))[slice(ends[0], last, chosen.step)]
    if isinstance(chosen, str | int | np.integer):
        return [place(chosen)]
    listed = list(chosen)
    if listed and all(isinstance(item, bool | np.bool_) for item in listed):
        return [j for j, taken in enumerate(listed) if taken]
    return [place(column) for column in listed]


def rows_like_training(steps: Sequence[tuple[str, Any]], n_rows: int) -> list[tuple[float, ...]]:
    """Rows `(n_rows, n)` of what the steps say of their columns: values that they know, ranges, a missing cell now and then."""
    seen = [SeenColumn() for _ in inputs_of(steps)]
    look_along(steps, list(range(len(seen))), seen)
    rng = np.random.default_rng(0)
    columns = []
    for j, column in enumerate(seen):
        if column.values:
            cells = np.array([column.values[(i + j) % len(column.values)] for i in range(n_rows)])
        else:
            cells = rng.uniform(column.low, column.high, n_rows)
        if column.missing is not None:
            cells[(3 * j) % 7 :: 7] = column.missing
        columns.append(cells)
    return [tuple(float(cell) for cell in row) for row in np.column_stack(columns)]


def look_along(steps: Sequence[tuple[str, Any]], places: list[int] | None, seen: list[SeenColumn]) -> None:
    """Learn from steps one after the other, as long as their columns are still those of the table."""
    for _, step in steps:
        if places is None:
            return
        if not does_nothing(step):
            places = look_at(step, places, seen)


def look_at(step: Any, places: list[int], seen: list[SeenColumn]) -> list[int] | None:
    """Learn from one step, which takes the columns `places`; returns where its own columns come from, None where they are new."""
    columns = [seen[j] for j in places]
    if isinstance(step, Pipeline):
        look_along(step.steps, places, seen)
    elif isinstance(step, ColumnTransformer):
        for name, part, chosen in step.transformers_:
            if not (does_nothing(part) or is_dropped(part)):
                look_along([(name, part)], [places[j] for j in columns_of(step, chosen)], seen)
    elif isinstance(step, FeatureUnion):
        for name, part in step.transformer_list:
            if not is_dropped(part):
                look_along([(name, part)], places, seen)
    elif isinstance(step, OneHotEncoder | OrdinalEncoder):
        for column, known in zip(columns, step.categories_, strict=True):
            if known.dtype.kind in "biuf":
                column.values = tuple(float(value) for value in known)
    elif isinstance(step, SelectorMixin):
        return [places[j] for j in step.get_support(indices=True)]
    elif isinstance(step, SimpleImputer):
        return imputed(step, places, columns)
    else:
        scaled(step, columns)
    return None


def imputed(step: SimpleImputer, places: list[int], columns: list[SeenColumn]) -> list[int] | None:
    """What an imputer says: the value that it fills in is one of the column's, and cells may be missing."""
    number = isinstance(step.missing_values, float | int | np.number)
    for column, fill in zip(columns, step.statistics_, strict=True):
        if number:
            column.missing = float(step.missing_values)
        if isinstance(fill, float | int | np.number) and np.isfinite(fill):
            column.low, column.high = float(fill) - 1, float(fill) + 1
    kept = len(step.get_feature_names_out()) if hasattr(step, "n_features_in_") else 0
    return places if kept == len(places) else None


def scaled(step: Any, columns: list[SeenColumn]) -> None:
    """What a scaler says of the ranges of its columns."""
    n = len(columns)
    if isinstance(step, MinMaxScaler):
        ends = step.data_min_, step.data_max_
    elif isinstance(step, MaxAbsScaler):
        ends = -step.max_abs_, step.max_abs_
    elif isinstance(step, StandardScaler | RobustScaler):
        center = getattr(step, "mean_", None) if isinstance(step, StandardScaler) else step.center_
        middle = np.zeros(n) if center is None else center
        wide = np.ones(n) if step.scale_ is None else 2 * step.scale_
        ends = middle - wide, middle + wide
    else:
        return
    for column, low, high in zip(columns, *ends, strict=True):
        column.low, column.high = float(low), float(high)
