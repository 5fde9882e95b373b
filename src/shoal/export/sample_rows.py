"""Rows to compare a written model with the one it came from: made of what training saw, no data needed, the same every time."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.export.portable import Portable
from shoal.export.steps import rows_like_training
from shoal.network import in_units, predict_logits
from shoal.table import Field, prepared_rows

Cell = float | str | None
Row = tuple[Cell, ...]

GOLDEN = (5**0.5 - 1) / 2
SECONDS_A_DAY = 86_400
LIMIT = 0.5  # of a value that lies beyond what could be measured
EXTREMES = (1e30, -1e30, 5e-324, -1e-310)


def sample_rows(model: Portable, n: int = 24) -> list[Row]:
    """Rows whose cells fill each field's range evenly; in a prepared table some are empty, and texts may be unknown.

    Cells: a number, 0 or 1 for a boolean, seconds since 1970 for a date (NaN where empty), a text or None for a category.
    """
    if model.before is not None:
        return list(rows_like_training(model.before.steps, n))
    rows = (tuple(_cell(field, i, j, empty=not model.is_bare) for j, field in enumerate(model.fields)) for i in range(n))
    return [_marked(model, row) for row in rows]


def extreme_rows(model: Portable) -> list[Row]:
    """±1e30 and denormals in every number at once; other fields as in the first sample row."""
    first = sample_rows(model, 1)[0]
    rows = (tuple(x if field.kind == "number" else cell for field, cell in zip(model.fields, first, strict=True)) for x in EXTREMES)
    return [_marked(model, row) for row in rows]


def _marked(model: Portable, row: Row) -> Row:
    """The row with at most one mark in each number, whose value is then what the mark stands for."""
    cells, number, taken = list(row), -1, False
    for j, field in enumerate(model.fields):
        if field.mark is None:
            number, taken = j, False
            continue
        cells[j] = float(cells[j] == 1.0 and not taken)  # an empty cell says that no mark stands there
        if cells[j]:
            taken, cells[number] = True, float("nan") if field.mark.kind == "gap" else LIMIT / (1 + (field.mark.kind == "below"))
    return tuple(cells)


def _cell(field: Field, i: int, j: int, *, empty: bool) -> Cell:
    share = ((i + 1) * GOLDEN * (j + 1) + 0.37 * j) % 1.0  # Weyl's sequence: even, and different from field to field
    if empty and (i + 3 * j) % 7 == 3:
        return None if field.kind == "category" else float("nan")
    if field.kind == "category":
        texts = (*field.levels, *(variant.text for variant in field.variants), "a text that training never saw")
        return texts[int(share * len(texts))]
    if field.kind == "boolean":
        return float(share < 0.5)
    value = field.low + share * (field.high - field.low)
    if field.kind == "date":
        unit = 60 if field.has_times else SECONDS_A_DAY
        return float(round(value * SECONDS_A_DAY / unit) * unit)
    return value


def frame_of(model: Portable, rows: list[Row]) -> pd.DataFrame:
    """The rows as the raw frame that a model of `shoal.fit` takes."""
    columns: dict[str, Any] = {}
    number = ""
    for j, field in enumerate(model.fields):
        cells = [row[j] for row in rows]
        if field.mark is not None:
            column = columns[number]
            text = field.mark.text if field.mark.kind == "gap" else f"{field.mark.text}{LIMIT}"
            columns[number] = column.astype(object).mask(np.array(cells) == 1.0, text)
            continue
        number = field.name
        if field.kind == "category":
            columns[field.name] = pd.Series(cells, dtype=object)
        else:
            numbers = pd.Series(cells, dtype=np.float64)
            columns[field.name] = pd.to_datetime(numbers, unit="s") if field.kind == "date" else numbers
    return pd.DataFrame(columns)


def matrix_of(model: Portable, rows: list[Row]) -> NDArray[np.float64]:
    """The prepared columns of the rows, `(m, n)`."""
    if model.is_bare:
        X = np.array(rows, dtype=np.float64)
        if model.before is None:
            return X
        named = hasattr(model.before, "feature_names_in_")
        made = model.before.transform(pd.DataFrame(X, columns=[f.name for f in model.fields]) if named else X)
        return np.asarray(made.toarray() if hasattr(made, "toarray") else made, np.float64)
    return prepared_rows(model.prepare, frame_of(model, rows))


def answers(model: Portable, rows: list[Row]) -> NDArray[np.floating]:
    """What the model says of the rows, `(m, n_y)`: expected values, or the probability of every class."""
    network = model.network
    with np.errstate(over="ignore"):  # exp of 1e30 is infinite in every language
        p = in_units(network, network.g2(predict_logits(network, matrix_of(model, rows))))
    if model.is_classifier and not model.multilabel and p.shape[1] == 1:
        return np.hstack([1 - p, p])
    return p


def spread(model: Portable) -> NDArray[np.floating]:
    """The output's range, the unit of tolerances: 1 for a probability, 6 standard deviations of a scaled target."""
    if model.is_classifier or model.network.target is None:
        return np.ones(len(model.output_names))
    return np.asarray(6 * np.abs(model.network.target.scale), np.float64)
