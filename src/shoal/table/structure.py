"""What the rows and columns of a table say of the way it was made: row numbers, names of groups, answers, repeated rows, order in time.

None of it is a measurement, and a network that learns from it scores well on rows held out at random and badly on new rows. Every
check reads whole columns once, as the places of their values among the different ones.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.table.coded_columns import CodedColumn, Codes, Numbers
from shoal.table.notes import ColumnNote

STRUCTURE_KINDS = frozenset({"identifier", "answer", "groups", "time order", "repeated rows"})  # kinds of notes about no measurement

FEW_ROWS = 30  # below this nearly every column of whole numbers may be all different by chance
DENSE = 2  # whole numbers all different within so many times the rows: by chance once in e^(rows / 4) tables
MOST_NUMBERS = 40  # columns that tell whether rows of one value resemble each other
MOST_ROWS = 20_000  # of them
FEW_TELL = 1_000  # rows that tell of most columns that they do not give the target away
SEVERAL = 3  # inputs: one that makes the target alone is what is to be learned if there are fewer
ALIKE_IN_TIME = 0.1  # correlation of the target in neighbouring rows, and four times what chance makes
GROUPS = 10  # values at least
ROWS_OF_A_GROUP = 4  # on average at least
ALIKE = 0.25  # share of the others' variance between values, beyond what neighbouring values explain
NAMED_DIFFERENT = 0.95  # share of different values in a column called "id"
REPEATED = 0.02  # share of rows
MANY = 30  # different values of a column that measures
BY_CHANCE = 0.1  # of the repeated rows may be expected of columns that have nothing to do with each other


@dataclass(frozen=True)
class Roles:
    """What is known of a table's columns and rows beside its inputs.

    `targets` are coded columns, `has_classes` says whether they hold classes; `groups` and `time` name the columns that the split goes
    by; `held` are the rows held out, where they are known; `is_split` says whether rows are held out from the table at all.
    """

    targets: Sequence[CodedColumn] = ()
    has_classes: bool = False
    groups: str = ""
    time: str = ""
    held: NDArray[np.bool_] | None = None
    is_split: bool = True


def structure_notes(inputs: Sequence[CodedColumn], roles: Roles) -> list[ColumnNote]:
    """What in a table is no measurement, column by column, and then of its rows.

    Parameters
    ----------
    inputs : the columns that are learned from, and those left out
    roles : the targets, and how rows are held out

    Returns
    -------
    list of ColumnNote
        Of the kinds "identifier", "answer", "groups", "time order" and "repeated rows", the last of no column.

    Examples
    --------
    >>> from shoal.table import describe_columns
    >>> from shoal.table.coded_columns import coded
    >>> frame = pd.DataFrame({"row": np.arange(40), "x": np.sin(np.arange(40.0) ** 2)})
    >>> for note in structure_notes([coded(column, frame[column.name]) for column in describe_columns(frame)], Roles()):
    ...     print(note)
    row: numbers the rows from 0 to 39, and is learned as a number (--drop row leaves it out)
    """
    notes, identifiers = [], set()
    for each in inputs:
        answer = next(filter(None, (answer_note(each, target, roles, len(inputs)) for target in roles.targets)), None)
        identifier = None if answer else identifier_note(each)
        if identifier is not None:
            identifiers.add(each.name)
        notes += [note for note in (answer, identifier) if note is not None]
    rest = [each for each in inputs if each.name not in identifiers and each.column.kind != "left out"]
    if not roles.groups and not roles.time and roles.is_split:
        noted = {note.column for note in notes}
        notes += [note for each in rest if each.name not in noted and (note := group_note(each, rest)) is not None]
        notes += [note for each in inputs if (note := time_note(each, roles)) is not None][:1]
    repeated = repeated_note([*rest, *roles.targets], roles)
    return [*notes, *([repeated] if repeated else [])]


def identifier_note(each: CodedColumn) -> ColumnNote | None:
    """A column that names rows: row numbers, or values that are different in all rows and written like names."""
    m, n = len(each.codes), each.n_distinct
    if m < FEW_ROWS or n < 2 or each.column.kind == "date":
        return None
    advice = f"--drop {each.name} leaves it out"
    if each.column.kind != "number" or not each.is_whole or each.is_time:
        return None
    if each.is_full and n == m:
        values = each.in_rows
        if (np.abs(np.diff(values)) == 1).all() and len(np.unique(np.diff(values))) == 1:
            return ColumnNote(
                each.name, "identifier", f"numbers the rows from {values[0]:.0f} to {values[-1]:.0f}, and is learned as a number", advice
            )
        if np.ptp(values) < DENSE * m:
            seen = f"a different whole number in each of the {m} rows, nearly all from {values.min():.0f} to {values.max():.0f}"
            return ColumnNote(each.name, "identifier", f"{seen}: row numbers, not a measurement", advice)
        if looks_drawn(values):
            return ColumnNote(each.name, "identifier", f"a different whole number of the same length in each of the {m} rows", advice)
    if each.is_called_id and n >= NAMED_DIFFERENT * m:
        return ColumnNote(each.name, "identifier", f"{n} different whole numbers in {m} rows, called {each.name!r}", advice)
    return None


def looks_drawn(values: Numbers) -> bool:
    """Whether whole numbers, all different, are like numbers given out: equally long, and equally often everywhere in their range.

    Measurements gather around a middle or thin out; the largest distance of their distribution function from a straight line then is
    above the bound, which equally spread values exceed in one of a thousand tables (Kolmogorov).
    """
    low, high = values.min(), values.max()
    if low < 1000 or len(str(int(low))) != len(str(int(high))) or high > 2**53 or (values % 10 == 0).all():
        return False
    m = len(values)
    span = np.sort((values - low) / (high - low))
    return bool(np.abs(span - (np.arange(m) + 0.5) / m).max() < 1.95 / np.sqrt(m)) and len(np.unique(values % 10)) == 10


def answer_note(each: CodedColumn, target: CodedColumn, roles: Roles, n_inputs: int) -> ColumnNote | None:
    """A column that is the target, or gives it away in every row."""
    both = (each.codes >= 0) & (target.codes >= 0)
    m = int(both.sum())
    if m < FEW_ROWS or each.n_distinct < 2 or target.n_distinct < 2 or each.column.kind == "left out":
        return None
    if not roles.has_classes:
        return number_answer(each, target, both, n_inputs)
    known = both if both.all() else target.codes >= 0
    n, n_classes = n_different(each.codes[known]), target.n_distinct
    advice = f"--drop {each.name}, if it is not known before {target.name} is"
    gaps = each.codes[known] < 0
    if n_classes == 2 and 0 < gaps.sum() < len(gaps) and n_different(gaps + 2 * target.codes[known]) == 2:
        return ColumnNote(each.name, "answer", f"empty in all rows of one class of {target.name!r} and in no others", advice)
    if n_classes > len(both) / 10 or not n_classes <= n <= max(n_classes, m / 10):
        return None
    pairs = n_different(target.codes[known] + n_classes * (each.codes[known] + 1))
    if pairs == n == n_classes:
        text = f"each of its {n} values stands with one class of {target.name!r} in all rows, and no other does"
        return ColumnNote(each.name, "answer", text, advice)
    if pairs == n and each.column.kind in ("category", "boolean"):
        return ColumnNote(each.name, "answer", f"each of its {n} values stands with one class of {target.name!r} in all rows", advice)
    return None


def n_different(codes: Codes) -> int:
    """How many different codes there are, the least being -1 or more."""
    return int(np.count_nonzero(np.bincount(codes + 1)))


@np.errstate(all="ignore")  # numbers near the largest overflow to infinity, which is no correlation of 1
def number_answer(each: CodedColumn, target: CodedColumn, both: NDArray[np.bool_], n_inputs: int) -> ColumnNote | None:
    """A number that gives a numeric target away."""
    rows = np.flatnonzero(both)
    few = spaced(rows, FEW_TELL)
    x, y = each.numbers_at(few), target.in_rows[few]
    if abs(correlation(x, y)) < 0.9 and each.n_distinct > 2 and not is_steady(x, y):
        return None  # as of most columns, whose other rows are not read then
    x, y = each.in_rows[both], target.in_rows[both]
    some = np.isfinite(x) & np.isfinite(y)
    x, y = x[some], y[some]
    if len(x) < FEW_ROWS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    advice = f"--drop {each.name}, if it is not known before {target.name} is"
    if np.array_equal(x, y):
        return ColumnNote(each.name, "answer", f"equal to the target {target.name!r} in all {len(x)} rows", advice)
    r = correlation(x, y)
    if abs(r) > 0.99999 and n_inputs >= SEVERAL:
        return ColumnNote(each.name, "answer", f"the target {target.name!r} in another unit: their correlation is {r:.6f}", advice)
    if n_inputs >= SEVERAL and each.n_distinct >= GROUPS and is_steady(x, y):
        return ColumnNote(each.name, "answer", f"rises or falls with the target {target.name!r} without an exception", advice)
    return None


def spaced(rows: Codes, most: int) -> Codes:
    """At most so many of these rows, evenly spaced."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def correlation(x: Numbers, y: Numbers) -> float:
    """Pearson's, of rows in which both are finite; NaN where one is constant."""
    some = np.isfinite(x) & np.isfinite(y)
    if not some.any():
        return float("nan")
    away, off = x[some] - x[some].mean(), y[some] - y[some].mean()
    return float((away * off).sum() / np.sqrt((away**2).sum() * (off**2).sum()))


def is_steady(x: Numbers, y: Numbers) -> bool:
    """Whether y rises, or falls, whenever x does, and only then."""
    order = np.lexsort((y, x))
    rise, other = np.diff(y[order]), np.diff(x[order])
    return bool(((rise >= 0).all() or (rise <= 0).all()) and ((rise == 0) == (other == 0)).all())


def group_note(each: CodedColumn, others: Sequence[CodedColumn]) -> ColumnNote | None:
    """A column whose values look like names of persons or things that were measured several times."""
    m, n = len(each.codes), each.n_distinct
    is_code = each.column.kind == "category" and has_digits(each.values)
    if not each.is_full or n < GROUPS or m < ROWS_OF_A_GROUP * n or each.is_time:
        return None
    if not (is_code or (each.is_whole and each.column.kind == "number") or each.is_called_who):
        return None
    runs = 1 + int(np.count_nonzero(np.diff(each.codes)))
    named = each.is_called_who or "id" in each.words[-1:]
    blocks = runs <= 1.5 * n
    shared = [other.name for other in others if other is not each and 2 < other.n_distinct <= n and is_constant_within(each, other)]
    dense = is_code or n > np.ptp(each.numbers) / DENSE
    if not (named or (blocks and shared) or (dense and alike(each, others) > ALIKE)):
        return None
    seen = f"{n} values with {m / n:.0f} rows each on average" + (", in blocks of equal values" if blocks else "")
    seen += f", in each of which {shared[0]!r} is the same" if shared else ""
    advice = f"--groups {each.name} scores on groups that training has not seen, --drop {each.name} leaves it out"
    return ColumnNote(each.name, "groups", f"{seen}: it looks like the name of a group of rows", advice)


def has_digits(values: pd.Index) -> bool:
    """Whether all texts are codes: of one shape, with digits in it."""
    shapes = {re.sub(r"[^\W\d]", "a", re.sub(r"\d", "9", str(value))) for value in values[:1000]}
    return len({shape.replace("9", "") for shape in shapes}) == 1 and all("9" in shape for shape in shapes)


def is_constant_within(each: CodedColumn, other: CodedColumn) -> bool:
    """Whether another column has one value only in all rows of a value, and is not that value, rounded: it goes to and fro with it."""
    first = np.full(each.n_distinct, -2, np.int64)
    first[each.codes[::-1]] = other.codes[::-1]
    if not (first[each.codes] == other.codes).all():
        return False
    return int(np.count_nonzero(np.diff(first[each.order]))) >= other.n_distinct


def alike(each: CodedColumn, others: Sequence[CodedColumn]) -> float:
    """How much rows of one value resemble each other in the other columns, beyond what rows of neighbouring values do.

    The median, over columns of numbers, of the share of variance between the values less that between a few ranges of values. Of a
    measurement both are the same; names of groups are given out in no order.
    """
    columns = [other for other in others if other is not each and other.column.kind == "number" and other.n_distinct > GROUPS][
        :MOST_NUMBERS
    ]
    rows = spaced(np.arange(len(each.codes)), MOST_ROWS)
    rank = np.argsort(each.order)
    fine = each.codes[rows]
    coarse = rank[fine] // max(2, int(np.sqrt(each.n_distinct)))
    if len(columns) < 2:
        return 0.0
    return float(np.median([between(fine, x) - max(0.0, between(coarse, x)) for x in (other.in_rows[rows] for other in columns)]))


@np.errstate(all="ignore")
def between(codes: Codes, x: Numbers) -> float:
    """The share of the variance of x that lies between the values coded, corrected for their number (epsilon squared)."""
    known = np.isfinite(x)
    codes, x = codes[known], x[known]
    if len(x) < FEW_ROWS or np.ptp(x) == 0:
        return 0.0
    x = x - x.mean()
    counts = np.bincount(codes)
    sums = np.bincount(codes, x)
    there = counts > 0
    n, total = int(there.sum()), float((x**2).sum())
    inner = total - float((sums[there] ** 2 / counts[there]).sum())
    return 1 - (inner / max(1, len(x) - n)) / (total / (len(x) - 1))


def time_note(each: CodedColumn, roles: Roles) -> ColumnNote | None:
    """A column of times by which the rows are sorted, if the target of neighbouring rows is alike, or none is known."""
    m, n = len(each.codes), each.n_distinct
    if n < GROUPS or m < FEW_ROWS or not each.is_moment or (each.column.kind != "date" and n < m / GROUPS):
        return None
    filled = np.flatnonzero(each.codes >= 0)
    if len(filled) < m / 2 or not is_sorted(each.numbers_at(spaced(filled, FEW_TELL))):
        return None
    values = each.in_rows
    values = values[np.isfinite(values)]
    if len(values) < m / 2 or not is_sorted(values):
        return None
    if roles.targets and not any(is_alike_in_time(target, roles.has_classes) for target in roles.targets):
        return None
    advice = f"--time {each.name} holds out the last rows"
    return ColumnNote(
        each.name, "time order", "the rows are in its order, and rows held out at random lie between those learned from", advice
    )


def is_sorted(values: Numbers) -> bool:
    """Whether values never fall, or never rise; those that are no numbers aside."""
    steps = np.diff(values[np.isfinite(values)])
    return bool((steps >= 0).all() or (steps <= 0).all())


@np.errstate(all="ignore")
def is_alike_in_time(target: CodedColumn, has_classes: bool) -> bool:
    """Whether the targets of neighbouring rows are alike, by their correlation; of classes the one of the most frequent class."""
    y = (target.codes == np.bincount(target.codes + 1)[1:].argmax()).astype(np.float64) if has_classes else target.in_rows
    y = y - y.mean()
    r = float((y[1:] * y[:-1]).sum() / (y**2).sum())
    return bool(r > max(ALIKE_IN_TIME, 4 / len(y) ** 0.5))


def repeated_note(columns: Sequence[CodedColumn], roles: Roles) -> ColumnNote | None:
    """Rows that are the same in all columns as a row on the other side of the split, more than chance makes."""
    m = len(columns[0].codes) if columns else 0
    if m < FEW_ROWS or not roles.is_split:
        return None
    keys = row_keys(columns)
    _, where, counts = np.unique(keys, return_inverse=True, return_counts=True)
    repeated = m - len(counts)
    many = [each for each in columns if each.n_distinct >= MANY]  # of columns with few values rows are often the same
    if repeated <= REPEATED * m or len(many) < 2 or by_chance(many) > BY_CHANCE * repeated:
        return None
    advice = "keep one of each, or name the column of what they belong to with --groups"
    if roles.held is None:
        text = f"{repeated} of {m} rows are the same as an earlier row in all columns: some are learned from and scored on"
        return ColumnNote("", "repeated rows", text, advice)
    learned = np.zeros(len(counts), bool)
    learned[where[~roles.held]] = True
    twice, n_held = int(learned[where[roles.held]].sum()), int(roles.held.sum())
    if twice < REPEATED * n_held:
        return None
    text = f"{twice} of {n_held} held-out rows are the same in all columns as a row that was learned from"
    return ColumnNote("", "repeated rows", text, advice)


def row_keys(columns: Sequence[CodedColumn]) -> NDArray[np.uint64]:
    """One number for each row, the same for rows that are the same in all columns."""
    keys = np.zeros(len(columns[0].codes), np.uint64)
    factor = np.uint64(0x9E3779B97F4A7C15)
    for each in columns:
        keys = (keys ^ (each.codes.astype(np.uint64) + np.uint64(2))) * factor
        keys ^= keys >> np.uint64(29)
    return keys


def by_chance(columns: Sequence[CodedColumn]) -> float:
    """Pairs of equal rows to be expected of columns that have nothing to do with each other."""
    m = len(columns[0].codes)
    log = 0.0
    for each in columns:
        shares = np.bincount(each.codes + 1) / m
        log += float(np.log((shares**2).sum()))
    return float(m * (m - 1) / 2 * np.exp(log))
