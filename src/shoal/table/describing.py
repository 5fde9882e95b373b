"""What becomes of each column: decided once, at fit, from the training rows, and obeyed ever after."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from shoal.errors import ColumnsError, TableError
from shoal.table.cells import best_date_format, brief, cell_refused, infinity, is_slip
from shoal.table.columns import MISSING, MOST_LEVELS, Column, known_names, rare_below
from shoal.table.date_formats import swapped
from shoal.table.dates import about_dates, order_note, written_day
from shoal.table.frames import as_frame, one_of
from shoal.table.levels import (
    MOST_RARE,
    Variant,
    further_variants,
    merged_counts,
    merged_spellings,
    spellings_of,
    variant_notes,
    variants_of,
)
from shoal.table.marks import Mark, marks_for
from shoal.table.notes import ColumnNote
from shoal.table.number_columns import FoundNumbers, indicated, numbers_found
from shoal.table.number_format import locale_of
from shoal.table.number_notes import format_notes, mark_notes, sentinel_notes, unread_notes
from shoal.table.tally import Tally, Typed
from shoal.table.target_means import common_levels

_EMPTY = "no value in any row"
# Target means are for categories of many levels, with rows enough for a mean: benchmarks/categories.py compares them with a column for
# each level.
MANY_LEVELS = 40
ROWS_PER_LEVEL = 2  # on average
ROWS_FOR_MEANS = 3_000  # in fewer rows columns of their own cost little, and scored better
MOST_SUMS = 100_000  # levels times outputs: their sums by fold take some 24 MB
MOST_OUTPUTS = 10  # with more classes, a column for each of them would be as many as the levels have
_SLIP_ADVICE = "Correct the cell, or leave it empty if the value is not known; a column of codes can be named a category."


def describe_columns(
    frame: pd.DataFrame,
    categories: Collection[str] = (),
    *,
    missing: Collection[object] = (),
    keep: Collection[str] = (),
    beside: pd.DataFrame | None = None,
    merge_case: bool | None = None,
    day_first: bool | None = None,
    n_outputs: int = 0,
) -> tuple[Column, ...]:
    """Decide what becomes of every input column.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns), or what `as_frame` takes
        The training rows, inputs only (no target, no group column).
    categories : names of columns that are categories even where every cell is a number.
    missing : texts and numbers that stand for no value, in any column
    keep : names of columns whose numbers are all measured, also those far from all others such as -999
    beside : further rows, of which nothing is used but how their numbers are spelled
    merge_case : whether levels that differ only in case, blanks or Unicode form are one; if None, where one of them is nearly all
    day_first : whether the day comes first, or the month, in dates that can be read in both orders; if None the day does, and a note
        says so
    n_outputs : how many target means a level has, if it gets them (`target_means.Outputs`); 0 for none

    Returns
    -------
    tuple of Column, in the frame's order

    Raises
    ------
    TableError
        For no rows or no columns, duplicate names, infinities, a few texts among numbers or dates, a type that is no table's.
    """
    frame = as_frame(frame)
    if not len(frame) or not len(frame.columns):
        raise TableError(
            f"Nothing to learn from: {len(frame)} rows and {len(frame.columns)} input columns. Give rows and a column beside the target."
        )
    named = one_of(frame.columns, categories, "categories")
    for name in named:
        if name not in frame.columns:
            raise ColumnsError(f"No column {brief(name)} to take for a category; {known_names(name, frame.columns)}.")
    marks = marks_for(missing)
    asked: dict[str, Any] = {"missing": marks, "merge_case": merge_case, "day_first": day_first}
    tallies = {name: Tally(name, name in named, is_kept=name in keep, **asked) for name in frame.columns}
    for name, tally in tallies.items():
        tally.see(frame[name])
        if beside is not None and name in beside.columns:
            tally.see_beside(beside[name])
    return described_columns([tally.finish() for tally in tallies.values()], n_outputs)


def described_columns(tallies: Sequence[Tally], n_outputs: int = 0) -> tuple[Column, ...]:
    """What becomes of the columns of a table that were counted to their end; "1,234" is what the other columns' marks make of it."""
    hint = decimal_mark(tallies)
    return tuple(with_target_means(described(tally, hint), tally, n_outputs) for tally in tallies)


def decimal_mark(tallies: Iterable[Tally]) -> str:
    """The decimal mark of a table, "" where its columns tell of none or of two."""
    marks = set()
    for tally in tallies:
        forms = tally.forms.together(tally.beside)
        found = None if forms.is_text or not forms.numbers else locale_of(forms)
        if found is not None and found.sure and {form.marks for form in forms.forms} - {"", "4", "typed", ".3"}:
            marks.add(found.decimal)
        if tally.has_fractions:
            marks.add(".")
    return marks.pop() if len(marks) == 1 else ""


def described(tally: Tally, hint: str = "") -> Column:
    """What becomes of a column that was counted to its end; `hint` is the decimal mark of the others.

    Raises
    ------
    TableError
        For infinities, or a few texts among numbers or dates.
    """
    column = _decided(tally, hint)
    is_number = column.kind == "number"
    chosen = tuple(Mark(text, "gap", tally.marked.get(text, 0), label=f"is {text}") for text in tally.missing)
    marks = indicated((*column.marks, *chosen), rare_below(tally.n_rows) if is_number else tally.n_rows + 1)
    column = replace(column, marks=marks)
    return replace(column, notes=(*column.notes, *mark_notes(column), *_sentinels(tally, column)))


def _sentinels(tally: Tally, column: Column) -> list[ColumnNote]:
    """Notes of numbers that may stand for no value."""
    if column.kind != "number" or tally.is_kept:
        return []
    extremes = tally.numbers.extremes
    return sentinel_notes(column.name, extremes, tally.numbers.n_known)


def _decided(tally: Tally, hint: str) -> Column:
    if tally.n_missing == tally.n_rows:
        return _left_out(tally, _EMPTY, tally.n_rows)
    if "category" in tally.kinds:
        return _category(tally)
    if tally.kinds == {"boolean"}:
        return _truth(tally)
    if tally.kinds == {"number"}:
        return _number(tally)
    if tally.kinds == {"date"}:
        return _date(tally, "")
    return _describe_text(tally, hint)


def _describe_text(tally: Tally, hint: str) -> Column:
    """One column of text, by what the text says."""
    numbers = tally.numbers
    if not tally.truths.n_refused and numbers.n_refused:  # all 1 and 0 are numbers
        return _truth(tally)
    found = numbers_found(tally.forms, len(tally.texts), hint, tally.beside)
    if found is not None and not found.is_plain and is_slip(found):
        return _spelled_number(tally, found)
    if is_slip(numbers) or not numbers.n_refused:  # the latter: marks of missing values only
        _refuse(tally, numbers, "numbers")
        return _number(tally)
    if tally.dates:
        date_format = best_date_format({form: tally.dates[form] for form in tally.formats}, tally.day_first)
        dates = tally.dates[date_format]
        if is_slip(dates):
            _refuse(tally, dates, f"dates ({date_format})")
            return _date(tally, date_format)
    column = _category(tally)
    return replace(column, notes=(*column.notes, *unread_notes(tally.name, tally.forms, len(tally.texts))))


def _spelled_number(tally: Tally, found: FoundNumbers) -> Column:
    """A number whose cells are spelled in a way of their own, or with marks between them."""
    name = tally.name
    found.refuse_others(name, tally.n_rows, _SLIP_ADVICE)
    if tally.numbers.infinite is not None:
        raise infinity(name, tally.numbers.infinite, tally.numbers.n_infinite, tally.n_rows)
    low, high = found.range
    n_missing = tally.n_rows - found.n_known - sum(mark.n_rows for mark in found.marks if mark.kind != "gap")
    known: dict[str, Any] = {"low": low, "high": high, "number_format": found.format, "marks": found.marks}
    if low == high and not n_missing and not found.marks:
        return _left_out(tally, f"one value only: {low:.6g}", low=low, high=high)
    return Column(
        name,
        "number",
        found.reason,
        tally.n_rows,
        n_missing,
        **known,
        notes=format_notes(name, found, f"--category {name} takes the cells as text"),
    )


def _refuse(tally: Tally, typed: Typed, wanted: str) -> None:
    if typed.refused is not None:
        row, cell = typed.refused
        raise cell_refused(tally.name, cell, row, typed.n_refused, tally.n_rows, wanted, _SLIP_ADVICE)


def _left_out(tally: Tally, reason: str, n_missing: int = 0, **known: Any) -> Column:
    return Column(tally.name, "left out", reason, tally.n_rows, n_missing, **known)


def _number(tally: Tally) -> Column:
    numbers, n_missing = tally.numbers, tally.n_rows - tally.numbers.n_known
    if not numbers.n_known:
        return _left_out(tally, _EMPTY, n_missing)
    if numbers.infinite is not None:
        raise infinity(tally.name, numbers.infinite, numbers.n_infinite, tally.n_rows)
    low, high = float(numbers.low or 0.0), float(numbers.high or 0.0)
    if low == high and not n_missing:
        return _left_out(tally, f"one value only: {low:.6g}", low=low, high=high)
    reason = f"numbers from {low:.6g} to {high:.6g}"
    return Column(tally.name, "number", reason, tally.n_rows, n_missing, low=low, high=high)


def _truth(tally: Tally) -> Column:
    n_known, n_true = tally.truths.n_known, int(tally.truths.total)
    n_missing = tally.n_rows - n_known
    if n_true in (0, tally.n_rows) and not n_missing:
        return _left_out(tally, f"one value only: {n_true > 0}")
    return Column(tally.name, "boolean", f"true in {n_true} of {n_known} rows", tally.n_rows, n_missing)


def _date(tally: Tally, date_format: str) -> Column:
    dates = tally.dates[date_format]
    n_missing, written = tally.n_rows - dates.n_known, date_format or "ISO8601"
    low, high = float(dates.low or 0.0), float(dates.high or 0.0)
    if low == high and not n_missing:
        return _left_out(tally, f"one value only: {written_day(low)}", low=low, high=high, date_format=written)
    other = tally.dates.get(swapped(written) or "no other")
    is_open = tally.day_first is None and other is not None and other.n_refused <= dates.n_refused
    known: dict[str, Any] = {"low": low, "high": high, "date_format": written, "has_times": not dates.whole, "cyclic": True}
    notes = (order_note(tally.name, written),) if is_open else ()
    return Column(tally.name, "date", about_dates(written, low, high), tally.n_rows, n_missing, **known, notes=notes)


def _category(tally: Tally) -> Column:
    """A category, unless its one-hot columns would all be constant: one level only, or every level rare."""
    merged, apart = merged_spellings(spellings_of(tally.texts), tally.merge_case)
    variants = variants_of(merged)
    counts, n_rows, n_missing = level_counts(tally, variants), tally.n_rows, tally.n_empty
    rare = rare_below(n_rows)
    if n_missing == n_rows:
        return _left_out(tally, _EMPTY, n_missing)
    if len(counts) == 1:
        return _left_out(tally, f"one value only: {counts.index[0]!r}", n_missing)
    frequent = counts[counts >= rare]
    texts = f"more than {tally.most_texts:,}" if tally.crowded else f"{len(counts)}"
    if frequent.empty:
        return _left_out(tally, f"{texts} texts, none of them in {rare} rows or more", n_missing)
    n_levels, n_rare = len(tally.texts) - len(variants), len(counts) - len(frequent)
    own = MOST_LEVELS if len(counts) <= MOST_LEVELS else MOST_LEVELS - 1  # one column is for the rest
    reason = texts + " levels" if tally.crowded else f"{n_levels} level{'s' if n_levels != 1 else ''}"
    reason += f", {n_rare} of them in fewer than {rare} rows" if n_rare and not tally.crowded else ""
    levels = tuple(map(str, frequent.index[:own]))
    others = rare_levels(tally, counts, levels)
    if tally.merge_case:
        variants += further_variants(levels, tally.texts.index)
    notes = variant_notes(tally.name, merged, [each for each in apart if each.total >= rare])
    return Column(tally.name, "category", reason, n_rows, n_missing, levels=levels, rare_levels=others, variants=variants, notes=notes)


def rare_levels(tally: Tally, counts: pd.Series, levels: Collection[str]) -> tuple[str, ...] | None:
    """The levels without a column of their own; None where these are too many."""
    too_many = tally.crowded or len(counts) > len(levels) + MOST_RARE
    return None if too_many else tuple(map(str, counts.index.difference(list(levels))))


def with_target_means(column: Column, tally: Tally, n_outputs: int) -> Column:
    """The column, read by target means if it is a category of many levels with rows enough for them."""
    if column.kind != "category" or not 0 < n_outputs <= MOST_OUTPUTS or tally.crowded:
        return column
    counts = level_counts(tally, column.variants)
    too_many = len(counts) * ROWS_PER_LEVEL > tally.n_rows or len(counts) * n_outputs > MOST_SUMS
    if len(counts) < MANY_LEVELS or too_many or tally.n_rows < ROWS_FOR_MEANS:
        return column
    levels = tuple(common_levels(counts))
    column = replace(column, levels=levels, rare_levels=rare_levels(tally, counts, levels), target_means=True)
    return replace(column, reason=f"{column.reason}, {column.about_means}")


def level_counts(tally: Tally, variants: Sequence[Variant] = ()) -> pd.Series:
    """How many rows have each level of a category, the most frequent first; rows without a text count for the level `MISSING`."""
    counts = merged_counts(tally.texts, variants) if variants else tally.texts
    if tally.n_empty:
        missing = counts.get(MISSING, 0) + tally.n_empty
        counts = pd.concat([counts.drop(MISSING, errors="ignore"), pd.Series({MISSING: missing})])
    return counts.sort_values(ascending=False, kind="stable")
