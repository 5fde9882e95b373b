"""From a raw table to numbers: reading, what each column is, scikit-learn's preparation, the target, and splits.

Stands on `shoal.errors` alone. The steps a model keeps are scikit-learn's own, behind one step that gives every
column its type (`TypedTable`); `MODEL_CLASSES` names what a model file must be allowed to hold beside them.
"""

from shoal.table.columns import Column, Kind, check_columns, coerce, describe_columns
from shoal.table.preparation import MODEL_CLASSES, TypedTable, feature_names, preparation
from shoal.table.reading import read, read_chunks
from shoal.table.splits import split_groups, split_rows, split_time
from shoal.table.target import Target, Task, targets_of, task_of

__all__ = [
    "MODEL_CLASSES",
    "Column",
    "Kind",
    "Target",
    "Task",
    "TypedTable",
    "check_columns",
    "coerce",
    "describe_columns",
    "feature_names",
    "preparation",
    "read",
    "read_chunks",
    "split_groups",
    "split_rows",
    "split_time",
    "targets_of",
    "task_of",
]
