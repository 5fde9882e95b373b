"""Which rows are held out: at random (stratified), whole groups, or the last in time. The seed is the caller's."""

import numbers
import re

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from shoal.errors import TableError
from shoal.table.cells import brief, check_filled, check_finite, date_cells, date_format_of, listed, number_cells, text_cells, whole_text
from shoal.table.dates import microseconds
from shoal.table.levels import merged_names
from shoal.table.notes import ColumnNote

Split = tuple[np.ndarray, np.ndarray]

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}(\.0*)?")
_DRAWS = 10  # group splits drawn, of which the best is taken


def n_held_out(n: int, test_fraction: float) -> int:
    """How many of n rows are held out: the share, 2 at least on each side."""
    if isinstance(test_fraction, bool) or not isinstance(test_fraction, numbers.Real) or not 0 < test_fraction < 1:
        raise TableError(f"test_fraction={brief(test_fraction)} must lie between 0 and 1: it is the share of rows that is held out.")
    if n < 4:
        raise TableError(f"{n} rows are too few to hold some out: at least 4 are needed, 2 on each side. Give more rows.")
    return min(max(2, round(n * test_fraction)), n - 2)


def split_rows(n: int, y: np.ndarray | None = None, *, test_fraction: float = 0.2, seed: int = 0, stratify: bool = True) -> Split:
    """Hold out rows at random.

    Parameters
    ----------
    n : number of rows
    y : labels to stratify by, of shape (n,); None, measured numbers (floats) and several targets are not stratified
    test_fraction : share of rows held out
    seed : of the draw
    stratify : whether classes have equal frequencies on both sides

    Returns
    -------
    train, test : sorted positions

    Notes
    -----
    A class with a single row stays in training, where it can be learned; where the held-out rows are fewer than the
    classes the draw is not stratified, and a class that would be held out whole stays in training too.
    """
    rows, n_test = np.arange(n), n_held_out(n, test_fraction)
    if y is None or y.ndim > 1 or y.dtype.kind == "f" or not stratify:
        train, test = train_test_split(rows, test_size=n_test, random_state=seed)
        return np.sort(train), np.sort(test)
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    alone = counts[codes] == 1
    several, n_classes = rows[~alone], int((counts > 1).sum())
    n_test = min(n_test, len(several) - 1)
    if n_test < 1:
        raise TableError(
            f"Every class has one row only ({n} rows, {len(counts)} classes): none can be held out. Give more rows of each class."
        )
    strata = codes[several] if min(n_test, len(several) - n_test) >= n_classes else None
    train, test = train_test_split(several, test_size=n_test, random_state=seed, stratify=strata)
    train = np.concatenate([train, rows[alone]])
    lost = ~np.isin(codes[test], codes[train])
    train, test = np.concatenate([train, test[lost]]), test[~lost]
    if not len(test):
        raise TableError(f"{n} rows of {len(counts)} classes are too few to hold some out. Give more rows of each class.")
    return np.sort(train), np.sort(test)


def group_names(groups: pd.Series, merge_case: bool | None = None) -> tuple[pd.Series, tuple[ColumnNote, ...]]:
    """The names of groups with one spelling of each, and notes if there were several.

    Spellings that differ in case or blanks are merged (`levels.merged_names`), and so are those of one whole number, "05", "5" and "5.0":
    programs write and read one for the other, and two groups that are taken for one cost nothing. With `merge_case=False` each text is a
    group of its own.

    Examples
    --------
    >>> names, notes = group_names(pd.Series(["05", "5", "6"], name="site"))
    >>> print(names.tolist(), notes[0])
    ['5', '5', '6'] site: '05' and '5' are read as one group, the number (--keep-case keeps them apart)
    """
    names, notes = merged_names(groups, merge_case)
    if merge_case is False or pd.api.types.is_numeric_dtype(names.dtype):
        return names, notes
    texts = text_cells(names)
    spelled: dict[str, list[str]] = {}
    for text in texts.dropna().unique():
        spelled.setdefault(number_name(text), []).append(text)
    several = [found for found in spelled.values() if len(found) > 1]
    if several:
        shown = "; ".join(" and ".join(map(brief, sorted(found))) for found in several[:2])
        more = f" and {len(several) - 2} more" if len(several) > 2 else ""
        text, advice = f"{shown}{more} are read as one group, the number", "--keep-case keeps them apart"
        notes = (*notes, ColumnNote(str(groups.name), "variants", text, advice))
    return texts.map(number_name, na_action="ignore"), notes


def number_name(text: str) -> str:
    """A group's name, of one that is a whole number in its plain spelling."""
    return whole_text(text) if _WHOLE.fullmatch(text) else text


def split_groups(groups: pd.Series, y: np.ndarray | None = None, *, test_fraction: float = 0.2, seed: int = 0) -> Split:
    """Hold out whole groups: all rows of one thing stay on one side.

    Of ten draws the one whose held-out rows come nearest to the fraction is taken, since groups differ in size.

    Parameters
    ----------
    groups : the column that names each row's group
    y : labels of shape (n,), to refuse a split whose training rows lack a class
    test_fraction, seed : as for `split_rows`

    Returns
    -------
    train, test : sorted positions
    """
    name, n = str(groups.name), len(groups)
    n_test = n_held_out(n, test_fraction)
    check_filled(name, groups, "group")
    codes, labels = pd.factorize(text_cells(groups))  # 1, 1.0 and True are one value to pandas
    if len(labels) < 2:
        raise TableError(f"The group column {brief(name)} has one group only, {labels[0]!r} in all {n} rows: no group can be held out.")
    draws = GroupShuffleSplit(
        n_splits=_DRAWS, test_size=min(max(1, round(len(labels) * test_fraction)), len(labels) - 1), random_state=seed
    )
    train, test = min(draws.split(codes, groups=codes), key=lambda split: (len(_unseen(y, *split)), abs(len(split[1]) - n_test)))
    _check_classes(y, train, test, f"the groups of {brief(name)} that were held out; choose another seed or column")
    return np.sort(train), np.sort(test)


def split_time(times: pd.Series, y: np.ndarray | None = None, *, test_fraction: float = 0.2, day_first: bool | None = None) -> Split:
    """Hold out the last rows in time; rows of the same time stay together.

    Parameters
    ----------
    times : a column of dates or numbers
    y, test_fraction : as for `split_groups`
    day_first : as for `describe_columns`

    Returns
    -------
    train, test : sorted positions
    """
    name, n = str(times.name), len(times)
    n_test = n_held_out(n, test_fraction)
    check_filled(name, times, "time")
    order = moments(times, name, day_first=day_first)
    border = np.sort(order)[n - n_test]
    sides = [held for held in (order >= border, order > border) if 0 < held.sum() < n]
    if not sides:
        raise TableError(f"The time column {brief(name)} has one value only, {times.iloc[0]!s} in all {n} rows: there are no last rows.")
    held = min(sides, key=lambda side: abs(int(side.sum()) - n_test))
    train, test = np.flatnonzero(~held), np.flatnonzero(held)
    _check_classes(y, train, test, f"the last rows by {brief(name)}; hold out another share of rows")
    return train, test


def moments(times: pd.Series, name: str, written: str | None = None, day_first: bool | None = None) -> np.ndarray:
    """Dates or numbers as numbers that sort; `written` is the format of dates in text, found from these cells where None."""
    if not pd.api.types.is_datetime64_any_dtype(times.dtype):
        numbers = number_cells(times)
        if not numbers.refused.any() and numbers.n_known == len(times):
            check_finite(name, numbers.values)
            return numbers.values.to_numpy()
    date_format = written or date_format_of(times, day_first) or "ISO8601"
    dates = date_cells(times, date_format)
    if dates.n_known < len(times):
        wrong = dates.values.isna().to_numpy()
        seen = listed(dict.fromkeys(times[wrong].astype(str)), 3)
        raise TableError(
            f"The time column {brief(name)} must hold dates or numbers; {int(wrong.sum())} of {len(times)} rows hold {seen}. "
            "Write dates like 2024-01-31."
        )
    return microseconds(dates.values)


def _unseen(y: np.ndarray | None, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Labels that only the held-out rows have; numbers that are measured, and several targets, are no labels."""
    if y is None or y.ndim > 1 or y.dtype.kind == "f":
        return np.array([])
    return np.setdiff1d(y[test], y[train])


def _check_classes(y: np.ndarray | None, train: np.ndarray, test: np.ndarray, where: str) -> None:
    unseen = _unseen(y, train, test)
    if y is not None and len(unseen):
        raise TableError(f"The classes {listed(unseen.tolist())} ({int(np.isin(y, unseen).sum())} rows) stand only in {where}.")
