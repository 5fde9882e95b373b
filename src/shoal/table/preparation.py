"""scikit-learn's own steps for a table: imputing with indicators, one-hot with rare and unknown levels.

Nothing is scaled here: shoal's estimators standardise inside and keep the scaling beside the weights, where it
folds into the network; scaling twice would only blur what a weight means. One-hot columns stay 0 and 1.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from shoal.errors import TableError
from shoal.table.cells import listed
from shoal.table.columns import MISSING, MOST_LEVELS, Column, check_columns, coerce, rare_below, typed_names, unused


class TypedTable(TransformerMixin, BaseEstimator):
    """First step of a model: a raw frame in, a frame whose columns have their types out, or a named error.

    Parameters
    ----------
    columns : tuple of Column
        What `describe_columns` decided at fit.
    allowed_extra : tuple of str
        Columns that may stand in the table without being inputs: the target, the groups.
    """

    def __init__(self, columns: tuple[Column, ...], allowed_extra: tuple[str, ...] = ()) -> None:
        self.columns = columns
        self.allowed_extra = allowed_extra

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Check the columns; there is nothing left to learn."""
        check_columns(X, self.columns, self.allowed_extra)
        self.feature_names_in_ = np.array([column.name for column in self.columns if column.kind != "left out"], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The typed frame; `ColumnsError` for lacking or added columns, `TableError` for cells of another type."""
        check_columns(X, self.columns, self.allowed_extra)
        return coerce(X, self.columns)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the typed columns."""
        used = zip(self.columns, typed_names(self.columns), strict=True)
        return np.array([name for column, names in used if column.kind != "left out" for name in names], dtype=object)


# What a model file holds of ours beside scikit-learn's steps.
MODEL_CLASSES: tuple[type, ...] = (TypedTable, Column)


def preparation(columns: Sequence[Column], allowed_extra: Collection[str] = ()) -> Pipeline:
    """The unfitted steps from a raw frame to a dense float64 matrix.

    Parameters
    ----------
    columns : what `describe_columns` decided
    allowed_extra : names of columns that may be there without being inputs

    Returns
    -------
    Pipeline of "typed" (`TypedTable`) and "columns" (a `ColumnTransformer` of scikit-learn's own steps)
    """
    used = [(column, names) for column, names in zip(columns, typed_names(columns), strict=True) if column.kind != "left out"]
    if not used:
        reasons = listed((f"{column.name}: {column.reason}" for column in columns), most=4)
        raise TableError(
            f"No column is left to learn from; all {len(columns)} were left out ({reasons}). Give the table an informative column."
        )
    categories = [column.name for column, _ in used if column.kind == "category"]
    # The first part of a date says when it is missing; its other parts need not repeat that.
    numbers = [names[0] for column, names in used if column.kind != "category"]
    parts = [name for column, names in used if column.kind == "date" for name in names[1:]]
    steps = [
        ("numbers", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), numbers),
        ("parts", SimpleImputer(strategy="median", keep_empty_features=True), parts),
        ("categories", _one_hot(rare_below(columns[0].n_rows)), categories),
    ]
    transformer = ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0)
    return Pipeline([("typed", TypedTable(tuple(columns), tuple(map(str, allowed_extra)))), ("columns", transformer)])


def _one_hot(rare: int) -> Pipeline:
    # An empty cell is a level of its own: the most frequent level in its place would hide that nothing was known
    # (Titanic's cabins are known for the upper decks only). An unknown level is treated as the rare ones are.
    return make_pipeline(
        SimpleImputer(strategy="constant", fill_value=MISSING, keep_empty_features=True),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=rare, max_categories=MOST_LEVELS, sparse_output=False),
    )


def fitted_preparation(
    columns: Sequence[Column], counts: Mapping[str, pd.Series], sample: pd.DataFrame, allowed_extra: Collection[str] = ()
) -> Pipeline:
    """The steps of `preparation` as rows would fit them that were counted and are not at hand.

    Parameters
    ----------
    columns : what was decided of the columns that were counted
    counts : of every category, how many rows have each level (`level_counts`)
    sample : some of the rows, raw; the medians are theirs
    allowed_extra : as for `preparation`

    Returns
    -------
    Pipeline, fitted to a few rows that stand for all: each median, a gap where a column has one, and every level as often as
    tells the rare from the others
    """
    prepare = preparation(columns, allowed_extra)
    typed = prepare["typed"].fit(sample).transform(sample)
    rare = rare_below(columns[0].n_rows)
    cells: dict[str, list[Any]] = {}
    gaps: list[str] = []
    for column, names in zip(columns, typed_names(columns), strict=True):
        if column.kind == "category":
            own, others = own_levels(counts[column.name], rare)
            cells[names[0]] = [*(own * rare), *others]
        elif column.kind != "left out":
            cells |= {name: [typed[name].median() if typed[name].notna().any() else 0.0] for name in names}
            gaps += names if column.n_missing else ()
    n_rows = max(2, *(len(column) for column in cells.values()))
    whole = {name: column + column[:1] * (n_rows - len(column)) for name, column in cells.items()}
    stand_in = pd.DataFrame({name: pd.Series(column, dtype=typed[name].dtype) for name, column in whole.items()})
    stand_in.loc[0, gaps] = np.nan
    prepare["columns"].fit(stand_in[list(typed.columns)])
    return prepare


def own_levels(counts: pd.Series, rare: int) -> tuple[list[str], list[str]]:
    """The levels that scikit-learn's OneHotEncoder gives a column of their own, and the others, which share one."""
    counts = counts.sort_index()
    frequent = counts[counts >= rare]
    n_columns = len(frequent) + (len(frequent) < len(counts))
    if n_columns > MOST_LEVELS:
        frequent = frequent.sort_values(kind="stable").iloc[-(MOST_LEVELS - 1) :]
    own = set(frequent.index)
    return [level for level in counts.index if level in own], [level for level in counts.index if level not in own]


def feature_names(prepare: Pipeline) -> tuple[str, ...]:
    """Names of the prepared columns, none of them twice, also where a level and a column are named alike.

    Parameters
    ----------
    prepare : a fitted `preparation`
    """
    names: list[str] = []
    taken: set[str] = set()
    for name in prepare.get_feature_names_out():
        free = unused(name.partition("__")[2], taken)
        names.append(free)
        taken.add(free)
    return tuple(names)
