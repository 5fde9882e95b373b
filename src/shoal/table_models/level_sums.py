"""Target means of a table that is not held whole: sums over one more pass, and the rows with the means of other folds."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from shoal.table import coerce, prepared_rows, targets_of
from shoal.table.reading import TableFile
from shoal.table.steps import row_numbers, training_rows
from shoal.table.target import without_target
from shoal.table.target_cells import read_targets
from shoal.table.target_means import CrossFitted, RowRoles, TargetSums, fold_rule, target_sums, with_means
from shoal.table_models.cut import Cut, Progressed, naming_rows
from shoal.table_models.survey import Survey


def no_sums(found: Survey, sample: pd.DataFrame, cut: Cut) -> TargetSums | None:
    """Sums of no rows yet, their folds decided from a sample of the rows to learn from; None if no column has target means."""
    columns = with_means(found.columns)
    if not columns:
        return None
    rule = fold_rule(coerce(sample, found.columns), roles_of_rows(cut, sample), max(len(found.counts[column.name]) for column in columns))
    return target_sums(columns, found.outputs, rule, found.outputs.numbers(targets_in(sample, found)))


def sums_over(
    table: TableFile, found: Survey, sample: pd.DataFrame, cut: Cut, piece_rows: int, progressed: Progressed
) -> TargetSums | None:
    """The sums over all rows to learn from; None if no column has target means, and then there is no pass."""
    sums = no_sums(found, sample, cut)
    if sums is None:
        return None
    for whole in table.pieces(piece_rows, found.texts):
        with naming_rows(table.file.name, whole):
            piece = read_targets(whole, found.target_columns)
            some = piece[~without_target(piece, found.targets)]
            see_rows(sums, found, some[~cut.held(some)] if len(some) else some, cut)
        progressed(len(piece))
    return sums


def see_rows(sums: TargetSums, found: Survey, some: pd.DataFrame, cut: Cut, numbers: NDArray[np.int64] | None = None) -> None:
    """Take in raw rows to learn from."""
    if len(some):
        roles = roles_of_rows(cut, some)._replace(**({} if numbers is None else {"numbers": numbers}))
        sums.see(coerce(some, found.columns), targets_in(some, found), roles, cut.weigh(some))


def roles_of_rows(cut: Cut, some: pd.DataFrame) -> RowRoles:
    """What decides the folds of raw rows."""
    groups = None if cut.groups is None else cut.names(some).to_numpy(str)
    return RowRoles(groups, None if cut.time is None else cut.moments(some), row_numbers(some))


def targets_in(some: pd.DataFrame, found: Survey) -> NDArray[Any]:
    """The targets of raw rows, as `Target.y` has them."""
    return targets_of(some, found.targets, found.task, found.classes, columns=found.target_columns).y


def prepared_piece(prepare: Pipeline, some: pd.DataFrame, held: NDArray[np.bool_], cut: Cut, crossed: CrossFitted | None) -> Any:
    """The matrix of raw rows, those to learn from with the target means of other folds, `(m, n)`."""
    X = prepared_rows(prepare, some)
    if crossed is not None and not held.all():
        X[~held] = training_rows(prepare, some[~held], crossed, roles_of_rows(cut, some[~held]))
    return X
