"""From a raw table to numbers: reading, what each column is, its preparation, the target, and splits.

Stands on `shoal.errors` alone. What a model keeps of its training table is one value, a `Preparation`, behind two steps of
scikit-learn's kind (`TypedTable`, `PreparedTable`).
"""

from shoal.table.columns import Column, Kind, check_columns, coerce
from shoal.table.describing import describe_columns
from shoal.table.filetypes import TablePath
from shoal.table.notes import ColumnNote
from shoal.table.preparation import Feature, Field, Learned, Preparation
from shoal.table.reading import read, read_chunks
from shoal.table.splits import split_groups, split_rows, split_time
from shoal.table.steps import PreparedTable, TypedTable, feature_names, preparation, preparation_of, prepared_by, prepared_rows, unseen_by
from shoal.table.target import Target, Task, targets_of, task_of

__all__ = [
    "Column",
    "ColumnNote",
    "Feature",
    "Field",
    "Kind",
    "Learned",
    "Preparation",
    "PreparedTable",
    "TablePath",
    "Target",
    "Task",
    "TypedTable",
    "check_columns",
    "coerce",
    "describe_columns",
    "feature_names",
    "preparation",
    "preparation_of",
    "prepared_by",
    "prepared_rows",
    "read",
    "read_chunks",
    "split_groups",
    "split_rows",
    "split_time",
    "targets_of",
    "task_of",
    "unseen_by",
]
