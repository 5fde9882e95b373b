"""What a table holds, column by column, before anything is trained: how it is read, examples, gaps, and what is no measurement.

`shoal look`, the lines that `shoal fit` prints first, its `TableWarning`, `columns_` of a model and the page come from the same `Look`.
"""

import warnings
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.errors import ColumnsError, TableError, TableWarning
from shoal.files import reading_once
from shoal.table import Column, Target, describe_columns, targets_of
from shoal.table.coded_columns import CodedColumn, coded
from shoal.table.frames import Table, frame_or_path, is_path, one_of
from shoal.table.notes import ColumnNote
from shoal.table.reading import notes_of as file_notes
from shoal.table.splits import group_names
from shoal.table.structure import Roles, structure_notes
from shoal.table.target import check_names
from shoal.table.target_cells import read_targets
from shoal.table_models.splits import Split, cells_of, chosen_inputs, column_roles, frame_of, name_of

EXAMPLES = 3
LONGEST = 24  # characters of an example
REFUSED = "refused"  # the kind of a note on what a fit would stop at


@dataclass(frozen=True)
class LookedColumn:
    """A column of a table, and what was made of it.

    Attributes
    ----------
    name : str
    read_as : str
        "number", "boolean", "category", "date" or "left out", with what is special, after "target: " for a target; "groups", "weights",
        "time" for one that is no input, "dropped", "refused", or "target" for one that no network learns.
    examples : tuple of str
        The first different cells.
    n_missing, n_distinct : int
        Rows without a value, and different values.
    reason : str
        What was seen, for a person.
    notes : tuple of ColumnNote
    """

    name: str
    read_as: str
    examples: tuple[str, ...]
    n_missing: int
    n_distinct: int
    reason: str
    notes: tuple[ColumnNote, ...] = ()


@dataclass(frozen=True)
class Look:
    """What `look` found.

    Attributes
    ----------
    table : str
        Name of the file, or "a frame".
    n_rows : int
    columns : tuple of LookedColumn, in the table's order
    notes : tuple of ColumnNote
        All of them: those of the columns, and those of the rows.
    file_notes : tuple of str
        How the file is read: separator, encoding, lines left out.
    n_left_out : int
        Rows without a target, which are not among `n_rows`.
    """

    table: str
    n_rows: int
    columns: tuple[LookedColumn, ...]
    notes: tuple[ColumnNote, ...]
    file_notes: tuple[str, ...] = ()
    n_left_out: int = 0

    @property
    def refused(self) -> tuple[ColumnNote, ...]:
        """The notes on what a fit would stop at."""
        return tuple(note for note in self.notes if note.kind == REFUSED)

    @property
    def title(self) -> str:
        """The table, its size, and how many rows have no target."""
        left_out = f"; {self.n_left_out} more rows have no target and are left out" if self.n_left_out else ""
        return f"{self.table}: {self.n_rows} rows, {len(self.columns)} columns{left_out}"

    def __str__(self) -> str:
        lines = [self.title, *self.file_notes]
        return "\n".join([*lines, *lines_of(self.notes)])

    def with_notes(self, notes: Sequence[ColumnNote]) -> "Look":
        """The same with other notes."""
        columns = (replace(each, notes=tuple(note for note in notes if note.column == each.name)) for each in self.columns)
        return replace(self, notes=tuple(notes), columns=tuple(columns))

    def to_frame(self) -> pd.DataFrame:
        """The columns as a DataFrame: one row a column, with "read as", "examples", "missing", "distinct" and "note"."""
        cells = [
            ("; ".join(each.examples), "; ".join(note.text for note in each.notes) or (each.reason if each.read_as == "left out" else ""))
            for each in self.columns
        ]
        return pd.DataFrame(
            {
                "read as": [each.read_as for each in self.columns],
                "examples": [shown for shown, _ in cells],
                "missing": [each.n_missing for each in self.columns],
                "distinct": [each.n_distinct for each in self.columns],
                "note": [note for _, note in cells],
            },
            index=pd.Index([each.name for each in self.columns], name="column"),
        )


@reading_once()
def look(
    table: Table,
    target: Hashable | Sequence[Hashable] | None = None,
    *,
    groups: Hashable = None,
    time: Hashable = None,
    categories: Collection[Hashable] = (),
    drop: Collection[Hashable] = (),
    missing: Collection[Hashable] = (),
    keep: Collection[Hashable] = (),
    merge_case: bool | None = None,
    day_first: bool | None = None,
    target_means: bool = True,
    inputs: Collection[Hashable] | None = None,
) -> Look:
    """Look at a table as `shoal.fit` does before it trains.

    Parameters
    ----------
    table : as for `shoal.fit`
    target : name of the column to predict, or a list; without it nothing is found about columns that give it away
    groups, time, categories, drop, missing, keep, merge_case, day_first, target_means, inputs : as for `shoal.fit`

    Returns
    -------
    Look
        What `shoal.fit` would refuse of the cells of a target or of an input is among the notes, of the kind "refused".

    Raises
    ------
    TableError, ColumnsError
        For a file that is no table, and for a column that is not there.

    Examples
    --------
    >>> import pandas as pd, shoal
    >>> frame = pd.DataFrame({"Id": range(1, 51), "x": [i % 7 / 2 for i in range(50)], "y": [i % 5 / 3 for i in range(50)]})
    >>> found = shoal.look(frame, "y")
    >>> print(found.notes[0])
    Id: numbers the rows from 1 to 50, and is learned as a number (--drop Id leaves it out)
    >>> found.to_frame()["read as"].tolist()
    ['number', 'number', 'target: number']
    """
    table = frame_or_path(table)
    names, roles, coded_as = column_roles(table, () if target is None else target, {"groups": groups, "time": time}, categories)
    cells = cells_of(table, drop, missing, keep, merge_case, day_first, target_means, inputs)
    split = Split(None, None, 0.2, roles["groups"], roles["time"], 0, coded_as, None, **cells)
    frame = frame_of(table, texts=split.categories, codes=[*names, *split.coded])
    split = chosen_inputs(split, frame.columns, names)
    found, refused = targets_or_why_not(frame, names, split)
    frame = frame if found is None else frame.iloc[found.rows]
    columns, more = columns_or_why_not(inputs_of(frame, names, split), split, split.n_outputs(found))
    return looked(table, frame, columns, found, split, names=names, refused=(*refused, *more))


def targets_or_why_not(frame: pd.DataFrame, names: tuple[str, ...], split: Split) -> tuple[Target | None, list[ColumnNote]]:
    """The target, or a note on why no network learns it: the other columns are there to be looked at all the same."""
    if not names:
        return None, []
    check_names(frame, names)
    try:
        return targets_of(frame, names, **split.cells), []
    except TableError as error:
        return None, [refusal_note(names[0] if len(names) == 1 else "", error)]


def columns_or_why_not(inputs: pd.DataFrame, split: Split, n_outputs: int) -> tuple[tuple[Column, ...], list[ColumnNote]]:
    """What becomes of each input; one whose cells a fit refuses is left out here, with a note on why."""
    one_of(inputs.columns, split.categories, "categories")
    cells = {**split.described, "n_outputs": n_outputs}
    try:
        return describe_columns(inputs, split.categories, **cells), []
    except ColumnsError:
        raise
    except TableError as error:
        whole = error
    refused: dict[str, TableError] = {}
    for name in inputs.columns if len(inputs) else ():
        try:
            describe_columns(inputs[[name]], [each for each in split.categories if each == name], **cells)
        except TableError as error:
            refused[name] = error
    if not refused:  # no rows, or no columns
        return tuple(Column(name, "left out", "no row", 0, 0) for name in inputs.columns), [refusal_note("", whole)]
    rest = inputs.drop(columns=list(refused))
    columns = describe_columns(rest, [name for name in split.categories if name in rest], **cells) if len(rest.columns) else ()
    known = {column.name: column for column in columns}
    lost = {name: Column(name, "left out", "refused", len(inputs), int(inputs[name].isna().sum())) for name in refused}
    return tuple((known | lost)[name] for name in inputs.columns), [refusal_note(name, error) for name, error in refused.items()]


def refusal_note(name: str, error: TableError) -> ColumnNote:
    """What an error says, as a note of a column, or of all rows where the name is empty."""
    return ColumnNote(name, REFUSED, str(error).rstrip("."))


def inputs_of(frame: pd.DataFrame, names: Sequence[str], split: Split) -> pd.DataFrame:
    """The columns that are neither target nor groups nor dropped."""
    return frame.drop(columns=[*names, *split.no_inputs])


Looked = Callable[[Look], None]


def looked(
    table: Table,
    frame: pd.DataFrame,
    columns: Sequence[Column],
    found: Target | None,
    split: Split,
    held: NDArray[np.bool_] | None = None,
    *,
    names: Sequence[str] = (),
    refused: Sequence[ColumnNote] = (),
) -> Look:
    """The `Look` at a frame whose columns are decided.

    Parameters
    ----------
    table : what the caller gave
    frame : its rows with a target
    columns : what becomes of each input
    found : the target, if there is one
    split : how rows are held out, and what is dropped
    held : which rows are, `(m,)`, if that is known
    names : the targets, where no network learns them
    refused : what a fit would refuse
    """
    inputs = [coded(column, frame[column.name]) for column in columns]
    names = names if found is None else found.names
    is_class = found is not None and found.task == "classification"
    read = frame if found is None else read_targets(frame, found.columns)
    targets = [coded(target_column(name, read[name], is_class), read[name]) for name in names]
    roles = Roles(targets if found is not None else (), is_class, split.groups or "", split.time or "", held, split.test is None)
    own = [note for column in (*(() if found is None else found.columns), *columns) for note in column.notes]
    grouped = [note for name in split.coded for note in group_names(frame[name], split.merge_case)[1]]
    notes = (*refused, *own, *grouped, *structure_notes(inputs, roles))
    others = {name: coded(target_column(name, frame[name], True), frame[name]) for name in split.no_inputs}
    by_name = others | {each.name: each for each in (*inputs, *targets)}
    prefix = (
        dict.fromkeys((note.column for note in refused), REFUSED)
        | dict.fromkeys(names, "target" if found is None else "target: ")
        | dict.fromkeys(split.no_inputs, "weights")
        | dict.fromkeys(split.coded, "groups")
        | dict.fromkeys(split.drop, "dropped")
        | dict.fromkeys(set(split.drop) - set(split.unread), "time")
    )
    seen = tuple(seen_column(by_name[name], prefix.get(name, ""), notes) for name in frame.columns)
    of_file = tuple(map(str, file_notes(table))) if is_path(table) else ()
    return Look(name_of(table), len(frame), seen, notes, of_file, 0 if found is None else found.n_left_out)


def announce(seen: Look, strict: bool, look: Looked | None) -> None:
    """Hand a look at the table on, and warn of what there is to know, or raise it.

    Parameters
    ----------
    seen : the look
    strict : whether notes are an error
    look : what takes the look, if anything does; then there is no warning
    """
    if look is not None:
        look(seen)
    if strict:
        refuse_notes(seen.notes)
    if look is None:
        warn_of(seen.notes, stacklevel=4)


def refuse_notes(notes: Sequence[ColumnNote]) -> None:
    """Raise the notes as an error, if there are any."""
    lines = lines_of(notes)
    if lines:
        raise TableError(f"The table has {len(lines)} notes, and strict=True makes them an error: {'; '.join(lines)}.")


def lines_of(notes: Sequence[ColumnNote]) -> list[str]:
    """The notes as lines; those of rows name no column."""
    return [str(note) if note.column else str(note).removeprefix(": ") for note in notes]


def warn_of(notes: Sequence[ColumnNote], stacklevel: int) -> None:
    """One warning with all notes, if there are any."""
    if notes:
        lead = "What you may want to know of the table before you use the model:"
        warnings.warn(TableWarning("\n".join([lead, *lines_of(notes)])), stacklevel=stacklevel + 1)


def target_column(name: str, cells: pd.Series, is_class: bool) -> Column:
    """A column that is no input, as far as its values count."""
    return Column(name, "category" if is_class else "number", "", max(1, len(cells)), int(cells.isna().sum()))


def seen_column(each: CodedColumn, prefix: str, notes: Sequence[ColumnNote]) -> LookedColumn:
    """A column as people see it; `prefix` says what it is beside an input."""
    own = tuple(note for note in notes if note.column == each.name)
    read_as = f"{prefix}classes" if prefix and each.column.kind == "category" else prefix + kind_in_words(each.column)
    shown = tuple(short(value) for value in each.cells.dropna().unique()[:EXAMPLES])
    return LookedColumn(
        each.name,
        prefix if prefix in ("groups", "dropped", "time", "weights", "target", REFUSED) else read_as,
        shown,
        int(np.count_nonzero(each.codes < 0)),
        each.n_distinct,
        each.column.reason,
        own,
    )


def kind_in_words(column: Column) -> str:
    """What a column is read as, with what is special about it."""
    if column.kind == "number" and not column.number_format.is_plain:
        return f"number, {column.number_format}"
    if column.kind == "date" and column.date_format:
        return f"date, {column.date_format}"
    return f"{column.kind}, {column.about_means}" if column.target_means else column.kind


def short(value: Any) -> str:
    """A cell in few characters."""
    text = f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
