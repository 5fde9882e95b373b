"""What is to be learned: the target's rows, its task and its values."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from shoal.errors import SeveralTargetsError, TableError
from shoal.table.cells import (
    brief,
    check_finite,
    listed,
    no_column,
    number_cells,
    numbers_alike,
    refusal,
    text_cells,
    truth_cells,
    whole_text,
)
from shoal.table.columns import Column
from shoal.table.frames import as_frame, one_of
from shoal.table.levels import difference, resembled
from shoal.table.marks import marks_for
from shoal.table.tally import kind_of
from shoal.table.target_cells import (
    counted_target,
    described_target,
    one_model_each,
    read_targets,
    refuse_names_of_rows,
    refuse_no_row,
    with_gaps_noted,
)

Task = Literal["classification", "regression"]
Label = str | int | bool

MOST_CLASSES = 20  # whole numbers with more values than this are measured, not named
ROWS_A_CLASS = 10  # fewer rows a value, on average, and they are measured too

_EXACT = 2**53  # from here on neighbouring whole numbers are one floating-point number
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")


@dataclass(frozen=True)
class Target:
    """The target of a table.

    Attributes
    ----------
    names : tuple of str
        Its columns.
    task : {"classification", "regression"}
    y : ndarray
        Regression: float64 of shape (n,) or (n, n_targets). Classification: labels of shape (n,) as text, integers or
        booleans; several two-valued targets: int64 0 and 1 of shape (n, n_targets), 1 for the second of their classes.
    rows : ndarray of int
        Positions in the frame of the rows that have a target.
    n_left_out : int
        Rows without one.
    classes : tuple of tuples of labels
        One tuple a target, sorted; none for regression.
    columns : tuple of Column
        How the cells of each target are read, with notes for a person.
    """

    names: tuple[str, ...]
    task: Task
    y: np.ndarray
    rows: np.ndarray
    n_left_out: int
    classes: tuple[tuple[Label, ...], ...]
    columns: tuple[Column, ...] = ()


def targets_of(
    frame: pd.DataFrame,
    target: Any,
    task: str | None = None,
    classes: Sequence[Sequence[Label]] | None = None,
    *,
    columns: Sequence[Column] | None = None,
    missing: Collection[object] = (),
    keep: Collection[str] = (),
    merge_case: bool | None = None,
) -> Target:
    """Take the target out of a table; rows without one are left out and counted.

    Parameters
    ----------
    frame : DataFrame, or what `as_frame` takes
    target : name of the column, or a list of several
    task : {"classification", "regression"}, found from the values where None
    classes : the classes a model knows (`Target.classes`, of a regression none), to score it on another table: labels are matched by
        their text, one value alone is then no error, an unknown label is.
    columns : how the targets of the model were read (`Target.columns`); found from the cells where None
    missing : texts and numbers that stand for no value
    merge_case : whether labels that differ only in case, blanks or Unicode form are one; if None, where one of them is nearly all
    keep : targets whose numbers are all measured, also those far from all others such as -999, whose rows are else left out

    Returns
    -------
    Target

    Raises
    ------
    TableError
        For a missing column, no value at all, one value only, text or infinities where numbers must be; for dates, limits such as "<0.1"
        and names of rows unless the task is given.
    """
    frame = as_frame(frame)
    names = one_of(frame.columns, target, "target")
    check_names(frame, names)
    check_task(task)
    for name in names:
        kind_of(frame[name], name)
    if columns is None:
        marks = marks_for(missing)
        tallies = (counted_target(frame[name], marks, name in keep, merge_case) for name in names)
        columns = () if classes is not None else [described_target(tally, task) for tally in tallies]
    frame = read_targets(frame, columns)
    empty, lacking = without_target(frame, names), rows_with_gaps(frame, names)
    refuse_no_row(names, lacking, len(frame), int(np.count_nonzero(~empty)))
    if classes is None:
        columns = with_gaps_noted(columns, lacking, len(frame))
    rows = np.flatnonzero(~empty)
    kept = frame.iloc[rows]
    given, task = task, _task_of_several(kept, names) if task is None else task
    if classes is None:
        for name in names:
            _check_varies(kept[name], name, task, len(kept))
            if given is None and task == "classification":
                refuse_names_of_rows(kept[name], kept[name].nunique(), len(kept))
    columns = tuple(replace(column, kind="number" if task == "regression" else "category") for column in columns)
    if task == "regression":
        y = np.column_stack([_numbers(kept[name], name) for name in names])
        return Target(names, "regression", y[:, 0] if len(names) == 1 else y, rows, int(empty.sum()), (), columns)
    marked = [] if classes is not None else [name for name in names if has_marks(frame[name], empty)]
    labels = [_classes_of(kept[name], name, name in marked) for name in names] if classes is None else [tuple(known) for known in classes]
    y = _encode(kept, names, labels)
    return Target(names, "classification", y, rows, int(empty.sum()), tuple(labels), columns)


def check_task(task: str | None) -> None:
    """Refuse a task that there is not."""
    if task is not None and (not isinstance(task, str) or task not in ("classification", "regression")):
        raise TableError(f"task={brief(task)} is unknown; use 'classification' or 'regression'.")


def without_target(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Which rows lack a value in one of these columns, `(n,)`."""
    empty = np.zeros(len(frame), dtype=bool)
    for name in names:
        empty |= _empty(frame[name])
    return empty


def rows_with_gaps(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, int]:
    """How many rows lack each of several targets and have another."""
    if len(names) < 2:
        return {}
    empty = np.stack([_empty(frame[name]) for name in names])
    return {name: int(np.count_nonzero(own & ~empty.all(axis=0))) for name, own in zip(names, empty, strict=True)}


def has_marks(column: pd.Series, empty: np.ndarray) -> bool:
    """Whether texts such as NA stand where there is no value: the mark of numbers or truth values that were written as text."""
    return bool(text_cells(column[empty]).notna().any())


def kind_of_target(
    sample: pd.DataFrame,
    distinct: Mapping[str, pd.Series | None],
    names: Sequence[str],
    task: str | None,
    n_rows: int,
    marked: Collection[str] = (),
) -> tuple[Task, tuple[tuple[Label, ...], ...]]:
    """The task and the classes of a table that is not held whole, as `targets_of` finds them.

    Parameters
    ----------
    sample : rows that have a target
    distinct : every value that each target has in the whole table; None where these are more than classes can be
    names, task : as for `targets_of`
    n_rows : rows of the whole table that have a target
    marked : targets with texts that stand for no value (`has_marks`)
    """
    crowded = [name for name in names if distinct[name] is None]
    if task is None:
        is_measured = crowded and len(names) == 1 and number_cells(sample[crowded[0]]).n_known
        task = "regression" if is_measured else _task_of_several(sample, tuple(names))
        numbers = [number_cells(column).values for column in distinct.values() if column is not None]
        if task == "classification" and len(numbers) == 1 and numbers[0].notna().all() and numbers[0].nunique() > 2:
            task = "classification" if numbers[0].nunique() <= min(MOST_CLASSES, n_rows // ROWS_A_CLASS) else "regression"
    known = {name: column for name, column in distinct.items() if column is not None}
    for name, column in known.items():
        _check_varies(column, name, task, n_rows)
    if task == "regression":
        return "regression", ()
    if crowded:
        raise TableError(f"The target {crowded[0]!r} has too many classes to learn them; is it a number, or a name of each row?")
    return "classification", tuple(_classes_of(known[name], name, name in marked) for name in names)


def check_names(frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Refuse targets that are not named, named twice, or not there."""
    if not names or len(set(names)) < len(names):
        raise TableError(f"The targets are {listed(names) or 'not named'}; name one or more columns, each once.")
    for name in names:
        if name not in frame.columns:
            raise TableError(no_column(name, frame.columns, "to be the target"))


def _empty(column: pd.Series) -> np.ndarray:
    """Rows without a value: empty cells, and in a column that is otherwise of numbers or truth values also marks such as NA."""
    for read_as in (number_cells, truth_cells):  # the second takes a millisecond for a thousand numbers
        cells = read_as(column)
        if cells.n_known and not cells.refused.any():
            return cells.values.isna().to_numpy()
    return text_cells(column).isna().to_numpy()


def task_of(column: pd.Series) -> Task:
    """The task that a target column asks for.

    Text, booleans and pandas categories are classes. So are whole numbers with two values, or with at most 20 values
    that each have 10 rows on average. Every other number is measured: regression.
    """
    filled = column[~_empty(column)]
    numbers = number_cells(filled)
    if not numbers.n_known:  # texts such as NA are the names of classes where there is nothing else
        return "classification"
    if isinstance(column.dtype, pd.CategoricalDtype) or _is_truth(filled) or numbers.refused.any():
        # A few slips among measured numbers must not turn thousands of values into classes.
        slips = numbers.refused.any() and numbers.refused.sum() <= len(filled) // 20 and numbers.values.nunique() > MOST_CLASSES
        return "regression" if slips and not isinstance(column.dtype, pd.CategoricalDtype) else "classification"
    values = numbers.values
    if not (np.isfinite(values) & (values % 1 == 0)).all() or _is_inexact(filled, values):
        return "regression"
    n_values = filled.nunique() if pd.api.types.is_integer_dtype(filled.dtype) else values.nunique()
    return "classification" if n_values <= 2 or n_values <= min(MOST_CLASSES, len(values) // ROWS_A_CLASS) else "regression"


def _is_inexact(column: pd.Series, values: pd.Series) -> bool:
    """Whether these are floating-point numbers so large that each stands for many whole ones."""
    return pd.api.types.is_float_dtype(column.dtype) and bool((values.abs() >= _EXACT).any())


def _task_of_several(frame: pd.DataFrame, names: tuple[str, ...]) -> Task:
    """One target's own task; several are labels when each has two values, else they must be numbers."""
    if len(names) == 1:
        return task_of(frame[names[0]])
    two_valued = (text_cells(frame[name]).nunique() == 2 and task_of(frame[name]) == "classification" for name in names)
    if all(two_valued):
        return "classification"
    named = [name for name in names if task_of(frame[name]) == "classification" and number_cells(frame[name]).refused.any()]
    if named:
        raise SeveralTargetsError(
            f"The targets {listed(names)} are not all numbers, nor all of two classes, as one network learns them: {listed(named)} "
            f"{'has' if len(named) == 1 else 'have'} classes. {one_model_each(names)}"
        )
    return "regression"


def _check_varies(column: pd.Series, name: str, task: str, n_rows: int) -> None:
    if column.nunique() > 1 and pd.api.types.is_numeric_dtype(column.dtype):  # as texts these are as many
        return
    values = text_cells(column)
    if values.nunique() == 1:
        what = "class" if task == "classification" else "value"
        raise TableError(
            f"The target {brief(name)} has one {what} only: {brief(values.iloc[0])} in all {n_rows} rows. There is nothing to learn."
        )


def _numbers(column: pd.Series, name: str) -> np.ndarray:
    numbers = number_cells(column)
    if numbers.refused.any():
        raise refusal(
            name, column, numbers.refused, "numbers", "Correct the cells; a target of names is learned with the task classification."
        )
    check_finite(name, numbers.values)
    if not numbers.n_known:
        raise TableError(f"The target {brief(name)} holds no number, but {brief(text_cells(column).iloc[0])} and the like. Choose another.")
    return numbers.values.to_numpy()


def _is_truth(column: pd.Series) -> bool:
    """Booleans, also as objects or the texts true and false; the numbers 0 and 1 are no truth values here."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return False
    return not truth_cells(column).refused.any() and bool(number_cells(column.astype(object)).refused.any())


def _classes_of(column: pd.Series, name: str, marked: bool) -> tuple[Label, ...]:
    """The sorted labels: booleans, whole numbers, or text.

    Texts stay texts, "007" beside "7", so that labels are those that the caller has. Where texts such as NA stand for no value
    (`marked`) the others are the numbers or truth values that they say; so are truth values spelled in several ways.
    """
    texts = text_cells(column).unique()
    cells = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
    is_text = pd.api.types.infer_dtype(cells, skipna=True) in ("string", "bytes")
    if _is_truth(column) and (marked or not is_text or len(texts) > 2):
        return tuple(sorted(bool(value) for value in truth_cells(column).values.unique()))
    numbers = number_cells(column)
    if numbers.n_known and not numbers.refused.any() and (marked or not is_text):
        check_finite(name, numbers.values)
        whole = bool((numbers.values % 1 == 0).all())
        if whole and _is_inexact(column, numbers.values):
            raise TableError(
                f"The target {brief(name)} holds floating-point numbers from 2^53 on, which stand for many whole numbers each and name no "
                "class. Give them as integers or as text."
            )
        labels = {int(whole_text(text)) for text in texts} if whole else set()
        if labels and len(labels) == len(texts) and not (is_text and any(_has_zeros(text) for text in texts)) and _fits(labels):
            return tuple(sorted(labels))
    if any("\0" in text for text in texts):
        raise TableError(f"The target {brief(name)} holds a label with a zero byte, which no label can keep. Remove it.")
    return tuple(sorted(texts))


def _has_zeros(text: str) -> bool:
    """Whether a whole number is written with zeros before it, as codes are."""
    return len(text.lstrip("+-")) > 1 and text.lstrip("+-").startswith("0") and bool(_WHOLE.fullmatch(text))


def _fits(labels: Collection[int]) -> bool:
    """Whether one of NumPy's types of integers holds all of them."""
    return integer_type(labels) is not None


def integer_type(labels: Collection[int]) -> type[np.integer] | None:
    """The type that holds whole numbers exactly; None where there is none."""
    low, high = min(labels), max(labels)
    if low >= -(2**63) and high < 2**63:
        return np.int64
    return np.uint64 if low >= 0 and high < 2**64 else None


def labels_array(classes: Sequence[Label]) -> np.ndarray:
    """Classes as an array of their type, `(c,)`: NumPy alone makes floating-point numbers of integers from 2^63 on."""
    is_whole = all(isinstance(label, int) and not isinstance(label, bool) for label in classes)
    return np.array(classes, dtype=integer_type(classes) if is_whole and classes else None)  # type: ignore[arg-type]


def _encode(frame: pd.DataFrame, names: tuple[str, ...], classes: list[tuple[Label, ...]]) -> np.ndarray:
    """Labels of one target; 0 and 1 for each of several."""
    if len(classes) != len(names):
        raise TableError(f"There are {len(names)} targets and classes for {len(classes)}; they must be those of one model.")
    codes: np.ndarray = np.column_stack([_codes(frame[name], name, known) for name, known in zip(names, classes, strict=True)])
    if len(names) == 1:
        labels: np.ndarray = labels_array(classes[0])[codes[:, 0]]
        return labels
    for name, known in zip(names, classes, strict=True):
        if len(known) > 2:
            lead = f"The target {brief(name)} has {len(known)} classes, and several targets have two each."
            raise SeveralTargetsError(f"{lead} {one_model_each(names)}")
    return codes


def _codes(column: pd.Series, name: str, known: tuple[Label, ...]) -> np.ndarray:
    """The place of each row's label among the known ones, matched by text: 1, 1.0 and "1" are one label."""
    place = {str(label).casefold() if isinstance(label, bool) else str(label): code for code, label in enumerate(known)}
    truth = any(isinstance(label, bool) for label in known)
    text = text_cells(column)
    keys = text.map({"1": "true", "0": "false"}).fillna(text.str.casefold()) if truth else _number_text(text, known)
    keys = keys.where(keys.isin(list(place)), keys.map(numbers_alike(list(place))))  # the label "007" is 7 in a frame of numbers
    unknown = ~keys.isin(list(place)).to_numpy()
    if unknown.any():
        labels = list(dict.fromkeys(text[unknown]))
        near = list(resembled(labels, map(str, known)).items())
        hint = f" {brief(near[0][0])} differs from {brief(near[0][1])} only in {difference(*near[0])}." if near else ""
        raise TableError(
            f"The target {brief(name)} holds {listed(labels)} in {int(unknown.sum())} of {len(text)} rows, which the model does not know; "
            f"its classes are {listed(known)}.{hint} Correct the labels, or train with them."
        )
    return keys.map(place).to_numpy(dtype=np.int64)


def _number_text(text: pd.Series, known: tuple[Label, ...]) -> pd.Series:
    """Labels that are numbers in one spelling: "1.0" in a text column is the class 1."""
    return text.map(whole_text) if all(isinstance(label, int) for label in known) else text
