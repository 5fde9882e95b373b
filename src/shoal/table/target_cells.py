"""How the cells of a target are read: its numbers as people write them, what in it is no value, and what is no target at all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from shoal.errors import SeveralTargetsError, TableError
from shoal.table.cells import brief, cell_refused, is_slip, listed, text_cells
from shoal.table.columns import Column
from shoal.table.levels import Variant, further_variants, merged_cells, merged_spellings, spellings_of, variant_notes, variants_of
from shoal.table.marks import Extremes, Mark
from shoal.table.notes import ColumnNote
from shoal.table.number_cells import marked_cells, read_numbers, without_marks
from shoal.table.number_columns import FoundNumbers, numbers_found
from shoal.table.number_notes import format_notes, mark_notes
from shoal.table.tally import Tally

_SLIP_ADVICE = (
    "Correct the cell, or name its text with --missing to leave such rows out; a target of names is learned with --task classification."
)
AS_IT_STANDS = "as it stands"
MOST_NAMES, MANY_NAMES = 20, 1_000  # classes that may be rare, and that are too many wherever they come from
ROWS_A_NAME = 4  # rows of a class on the average


def counted_target(column: pd.Series, missing: Sequence[str] = (), is_kept: bool = False, merge_case: bool | None = None) -> Tally:
    """The cells of a target, counted; `missing` are marks of nothing (`marks_for`)."""
    tally = Tally(str(column.name), missing=tuple(missing), is_kept=is_kept, merge_case=merge_case)
    tally.see(column)
    return tally


def described_target(tally: Tally, task: str | None) -> Column:
    """How a target that was counted is read: as it stands (a category), or as numbers in a format and with marks between them.

    Raises
    ------
    TableError
        For limits such as "<0.1", for slips among numbers that are spelled in a special way, and for dates.
    """
    if task is None:
        _refuse_dates(tally)
    chosen = tuple(Mark(text, "gap", n, label=f"is {text}") for text, n in tally.marked.items())
    variants, notes = _label_variants(tally)
    plain = Column(
        tally.name, "category", AS_IT_STANDS, max(1, tally.n_rows), tally.n_missing, marks=chosen, variants=variants, notes=notes
    )
    is_measured = tally.kinds == {"number"} or (task != "classification" and len(tally.texts) > MOST_NAMES)
    as_numbers = _sentinels(tally.numbers.extremes, tally) if is_measured and not tally.is_kept else []
    if task == "classification" or not tally.kinds <= {"number", "text"}:
        return _noted(plain, as_numbers)
    found = numbers_found(tally.forms, len(tally.texts)) if "text" in tally.kinds else None
    if found is not None and (found.is_plain or not is_slip(found)):
        found = None
    if found is None and tally.numbers.n_refused:
        return _noted(plain)
    if found is not None and task is None and are_names(tally, found):
        return _noted(plain)
    if found is None:
        return _noted(plain, as_numbers)
    column = _of_numbers(plain, found, (*chosen, *found.marks))
    _refuse_limits(column, tally)
    return _noted(column, [] if tally.is_kept else _sentinels(found.extremes, tally))


def _label_variants(tally: Tally) -> tuple[tuple[Variant, ...], tuple[ColumnNote, ...]]:
    """Spellings of one label, unless the cells are numbers or truth values, with notes."""
    if not tally.kinds <= {"text", "category"} or not tally.numbers.n_refused or (tally.truths.n_known and not tally.truths.n_refused):
        return (), ()
    merged, apart = merged_spellings(spellings_of(tally.texts), tally.merge_case)
    variants = variants_of(merged)
    if tally.merge_case and len(tally.texts) <= MANY_NAMES:
        levels = [text for text in tally.texts.index if text not in {variant.text for variant in variants}]
        variants += further_variants(map(str, levels), tally.texts.index)
    return variants, variant_notes(tally.name, merged, apart, "class")


def _refuse_dates(tally: Tally) -> None:
    """A date is neither a class nor a number that is learned."""
    tally.finish()
    dates = [typed for typed in tally.dates.values() if is_slip(typed)]
    if dates and not (tally.kinds == {"text"} and is_slip(tally.numbers)):
        raise TableError(
            f"The target {brief(tally.name)} holds dates in {dates[0].n_known} of {tally.n_rows} rows. Give what is to be learned of them "
            "as a number, such as days, name another target, or learn them as classes with --task classification (task='classification')."
        )


def _refuse_limits(column: Column, tally: Tally) -> None:
    """Limits such as "<0.1" are no values to learn."""
    limits = [mark for mark in column.marks if mark.kind != "gap"]
    if limits:
        n = sum(mark.n_rows for mark in limits)
        first = min(count.first for form, count in tally.forms.forms.items() if form.limit and count.first is not None)
        option, seen = brief(limits[0].text), f"limits such as {brief(first[1])} in row {first[0]} ({n} of {column.n_rows} cells)"
        raise TableError(
            f"The target {brief(column.name)} holds {seen}, which are no values to learn. Leave these rows out with --missing {option} "
            f"(missing=[{option}]), put numbers there, or learn all cells as names with --task classification."
        )


def are_names(tally: Tally, found: FoundNumbers) -> bool:
    """Whether few whole numbers such as "5%" and "10%" are the names of classes."""
    whole = all(form.marks in ("", "4", ".3", ",3") for form in tally.forms.numbers) and not found.marks
    n = len(tally.texts)
    return whole and (n <= 2 or n <= min(MOST_NAMES, found.n_known // 10))


def _of_numbers(plain: Column, found: FoundNumbers, marks: tuple[Mark, ...]) -> Column:
    found.refuse_others(plain.name, plain.n_rows, _SLIP_ADVICE)
    low, high = found.range
    known: dict[str, Any] = {"low": low, "high": high, "number_format": found.format, "marks": marks, "variants": ()}
    notes = format_notes(plain.name, found, "--task classification takes the cells as names")
    return replace(plain, kind="number", reason=found.reason, n_missing=plain.n_rows - found.n_known, **known, notes=notes)


def _sentinels(extremes: Extremes, tally: Tally) -> list[tuple[Mark, ColumnNote]]:
    """Numbers far from all others in many rows: no value to learn, unless the caller keeps them."""
    found = []
    for value, n in extremes.sentinels(tally.n_rows - tally.n_missing):
        text = f"{value:.10g}"
        seen = f"{text} in {n} of {tally.n_rows} rows is far from all others ({extremes.inner_low:.6g} to {extremes.inner_high:.6g})"
        advice = f"--keep {tally.name} learns it as a number"
        note = ColumnNote(tally.name, "sentinel", f"{seen} and is taken for a missing target: these rows are left out", advice)
        found.append((Mark(text, "gap", n, label=f"is {text}"), note))
    return found


def _noted(column: Column, more: Sequence[tuple[Mark, ColumnNote]] = ()) -> Column:
    """The column with its further marks, and with a note of each."""
    rows = [replace(note, text=f"{note.text}; these rows are left out") for note in mark_notes(column) if note.kind == "missing mark"]
    marks = (*column.marks, *(mark for mark, _ in more))
    return replace(column, marks=marks, notes=(*column.notes, *rows, *(note for _, note in more)))


def read_targets(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The table with those targets as numbers that were spelled in a special way, and with empty cells where marks of nothing stand."""
    changed = {}
    for column in columns:
        if column.name not in frame.columns or not column.is_special:
            continue
        cells = frame[column.name]
        if column.kind == "number":
            read, _ = read_numbers(cells, column.number_format, column.marks)
            if read.refused.any():
                first = int(np.flatnonzero(read.refused)[0])
                row = int(cells.index[first]) if pd.api.types.is_integer_dtype(cells.index.dtype) else first + 1
                n_refused, wanted = int(read.refused.sum()), column.number_format.wanted
                raise cell_refused(column.name, str(cells.iloc[first]), row, n_refused, len(cells), wanted, _SLIP_ADVICE)
            changed[column.name] = read.values
        else:
            cells = without_marks(cells, marked_cells(cells, [mark.text for mark in column.marks]))
            changed[column.name] = merged_cells(text_cells(cells), column.variants) if column.variants else cells
    return frame.assign(**changed) if changed else frame


def refuse_names_of_rows(column: pd.Series, n_classes: int, n_rows: int) -> None:
    """Refuse a target of text that is another in most rows: an ID, a date, a remark."""
    if n_classes > MOST_NAMES and (n_classes > n_rows / ROWS_A_NAME or n_classes > MANY_NAMES):
        raise TableError(
            f"The target {brief(column.name)} holds {n_classes} different texts in {n_rows} rows, such as {brief(str(column.iloc[0]))}: "
            "names of rows, dates or remarks, and hardly classes. Name another target, or learn them as classes with --task classification "
            "(task='classification')."
        )


LEFT_OUT = "have no value here but one of another target, and are left out"
EACH = "--each trains one model for each target, on all rows that have it"


def refuse_no_row(names: Sequence[str], lacking: Mapping[str, int], n_rows: int, n_known: int) -> None:
    """Refuse targets that no row has."""
    if n_known:
        return
    if any(lacking.values()):
        gaps = ", ".join(f"{n} of them lack {brief(name)}" for name, n in lacking.items())
        raise SeveralTargetsError(f"No row of {n_rows} has a value of each of the targets {listed(names)}: {gaps}. {one_model_each(names)}")
    raise TableError(f"The target {listed(names)} has no value in any of {n_rows} rows. Name another column, or fill it.")


def with_gaps_noted(columns: Sequence[Column], lacking: Mapping[str, int], n_rows: int) -> tuple[Column, ...]:
    """The targets with a note where rows are left out that have another target."""
    return tuple(
        replace(column, notes=(*column.notes, ColumnNote(column.name, "gaps", f"{n} of {n_rows} rows {LEFT_OUT}", EACH)))
        if (n := lacking.get(column.name, 0))
        else column
        for column in columns
    )


def one_model_each(names: Sequence[str]) -> str:
    """What to do with targets that one network does not learn together."""
    others = ", ".join(repr(name) for name in names[1:])
    return f"Train one model for each (--each; in Python shoal.fit(table, {names[0]!r}, drop=[{others}]) and so on)."
