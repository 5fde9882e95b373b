"""The weights of a table's rows, from the cells of one column."""

import numpy as np
import pandas as pd

from shoal.errors import TableError
from shoal.table.cells import brief, listed, number_cells, row_number
from shoal.types import Floats


def row_weights(column: pd.Series, name: str) -> Floats:
    """The weights of rows `(m,)`, from 0 on.

    Parameters
    ----------
    column : the cells, numbered as the caller's rows
    name : of the column

    Raises
    ------
    TableError
        For a cell that is empty, no number, infinite or below 0; it names the first such row.

    Examples
    --------
    >>> row_weights(pd.Series(["2", 0.5], index=[1, 2]), "w").tolist()
    [2.0, 0.5]
    """
    cells = number_cells(column)
    if cells.refused.any():
        seen = listed(dict.fromkeys(column[cells.refused].astype(str)), 3)
        raise _refused(column, name, cells.refused, f"holds {seen}, which is no number,", "Write the weights as numbers")
    weights = cells.values.to_numpy()
    if np.isnan(weights).any():
        raise _refused(column, name, np.isnan(weights), "is empty", "Fill the cells, with 0 for rows that must not count,")
    wrong = (weights < 0) | np.isinf(weights)
    if wrong.any():
        raise _refused(column, name, wrong, f"holds {weights[wrong][0]:g}", "A weight is a finite number of 0 or more: correct it,")
    return weights


def _refused(column: pd.Series, name: str, wrong: np.ndarray, what: str, advice: str) -> TableError:
    row = row_number(column.index, int(np.flatnonzero(wrong)[0]))
    n = f"{int(wrong.sum())} of {len(column)} rows"
    return TableError(f"The weights column {brief(name)} {what} in row {row} ({n}). {advice} or remove the rows.")


def total_weight(weights: Floats) -> float:
    """The sum, infinite where it is beyond the largest number.

    Examples
    --------
    >>> total_weight(np.asarray([1.0, 0.5]))
    1.5
    """
    with np.errstate(over="ignore"):
        return float(weights.sum())


def check_total(name: str, total: float, what: str) -> None:
    """Refuse weights of rows that add up to nothing, or to more than the largest number; `what` says of the rows which they are.

    Raises
    ------
    TableError

    Examples
    --------
    >>> check_total("w", 3.0, "rows to learn from")
    """
    if total == 0:
        raise TableError(f"The weights column {brief(name)} is 0 in all {what}: none of them counts. Give some of them a weight above 0.")
    if not np.isfinite(total):
        raise TableError(f"The weights column {brief(name)} adds up to more than the largest number. Divide all weights by a constant.")
