"""Which rows of a raw table are trained on and which are held out for the score; and the identity of the table."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from shoal.draws import Purpose, group_stream
from shoal.errors import ColumnsError, InvalidParameterError, TableError
from shoal.table import Column, Target, read, split_groups, split_rows, split_time, targets_of
from shoal.table.cells import ROW, brief, listed, no_column, text_cells
from shoal.table.filetypes import INNER, file_of
from shoal.table.frames import Table, as_frame, is_path, one_of
from shoal.table.marks import marks_for
from shoal.table.row_weights import check_total, row_weights, total_weight
from shoal.table.splits import group_names, moments
from shoal.table.target import Label
from shoal.table.target_means import outputs_of
from shoal.types import Floats


@dataclass(frozen=True)
class Side:
    """Rows of one side of a split: raw inputs and their target values, and by name their groups, times and weights (`sample_weight`)."""

    inputs: pd.DataFrame
    y: np.ndarray
    roles: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def weight(self) -> Floats | None:
        """The weight of each row, `(m,)`; None if each counts once."""
        return self.roles.get("sample_weight")


@dataclass(frozen=True)
class Split:
    """How the caller wants rows to be held out, and which columns are inputs; `drop` has all others where `inputs` names them."""

    task: str | None
    test: Table | None
    test_fraction: float
    groups: str | None
    time: str | None
    seed: int
    categories: tuple[str, ...] = ()
    weights: str | None = None
    drop: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    merge_case: bool | None = None
    day_first: bool | None = None
    target_means: bool = True
    inputs: tuple[str, ...] = ()

    @property
    def described(self) -> dict[str, Any]:
        """How cells are read, as `describe_columns` takes it: those of targets have no order of day and month."""
        return {**self.cells, "day_first": self.day_first}

    @property
    def cells(self) -> dict[str, Any]:
        """How cells are read, as `targets_of` takes it."""
        return {"missing": self.missing, "keep": self.keep, "merge_case": self.merge_case}

    def among(self, names: Collection[str]) -> "Split":
        """The same for a table with these columns, which may lack those that are no inputs."""
        groups, weights = (name if name in names else None for name in (self.groups, self.weights))
        return replace(self, groups=groups, weights=weights, drop=tuple(name for name in self.drop if name in names))

    def n_outputs(self, found: Target | None) -> int:
        """How many target means a level has, if it gets them; 0 if they are not wanted, or there is no target."""
        return len(outputs_of(found.task, found.names, found.classes).names) if self.target_means and found is not None else 0

    @property
    def coded(self) -> list[str]:
        """The group column, which is not an input and whose cells are names, never quantities."""
        return [] if self.groups is None else [self.groups]

    @property
    def no_inputs(self) -> list[str]:
        """The columns beside the targets that are no inputs: of groups and of weights, and those that are dropped."""
        return [*self.coded, *([] if self.weights is None else [self.weights]), *self.drop]

    @property
    def unread(self) -> tuple[str, ...]:
        """The columns that nothing uses: those dropped, without a column of times, which rows are held out by."""
        return tuple(name for name in self.drop if name != self.time)


def chosen_names(table: Table, names: Any, role: str) -> tuple[str, ...]:
    """The names that a caller gives to columns, as the table's own where it is a frame (`frames.one_of`)."""
    return one_of(tuple(table.columns) if isinstance(table, pd.DataFrame) else (), names, role)


def cells_of(
    table: Table, drop: Any, missing: Any, keep: Any, merge_case: Any, day_first: Any = None, target_means: Any = True, inputs: Any = None
) -> dict[str, Any]:
    """What a caller says of columns and cells, as a `Split` has it."""
    left_out, chosen = chosen_names(table, drop, "drop"), () if inputs is None else chosen_names(table, inputs, "inputs")
    if inputs is not None and not chosen:
        raise InvalidParameterError(f"inputs={brief(inputs)} names no column: name one at least, or leave it out to learn from all.")
    if chosen and left_out:
        raise InvalidParameterError("inputs names the columns to learn from, and drop those to leave out of all: set one of the two.")
    flags = {"merge_case": merge_case, "day_first": day_first}
    for name, flag in flags.items():
        if flag is not None and not isinstance(flag, bool | np.bool_):
            raise InvalidParameterError(f"{name}={brief(flag)} must be True, False or None.")
    if not isinstance(target_means, bool | np.bool_):
        raise InvalidParameterError(f"target_means={brief(target_means)} must be True or False.")
    cells = {"drop": left_out, "inputs": chosen, "missing": marks_for(missing), "keep": chosen_names(table, keep, "keep")}
    return {**cells, **{name: None if flag is None else bool(flag) for name, flag in flags.items()}, "target_means": bool(target_means)}


def column_roles(
    table: Table, target: Any, given: Mapping[str, Any], categories: Any
) -> tuple[tuple[str, ...], dict[str, str | None], tuple[str, ...]]:
    """The names of the targets, of the column of each role (None if there is none), and of the categories."""
    names = chosen_names(table, target, "target")
    roles: dict[str, str | None] = {}
    for role, chosen in given.items():
        found = (None,) if chosen is None else chosen_names(table, chosen, role)
        if len(found) != 1:
            raise TableError(f"{role}={brief(chosen)} names {len(found)} columns; set one.")
        if found[0] in names:
            raise TableError(f"The column {brief(found[0])} is the target and cannot be the {role} column too. Name another.")
        taken = next((other for other, name in roles.items() if name is not None and name == found[0] and role == "weights"), None)
        if taken is not None:
            raise TableError(f"The column {brief(found[0])} is the {taken} column and cannot be the weights column too. Name another.")
        roles[role] = found[0]
    if roles["groups"] is not None and roles["time"] is not None:
        raise TableError(f"groups={brief(given['groups'])} and time={brief(given['time'])}: rows are held out by one of them. Set one.")
    return names, roles, () if categories is None else chosen_names(table, categories, "categories")


def chosen_by(inputs: Collection[str]) -> str:
    """The argument that chose the columns of a fit; with `inputs` given, `drop` only follows from them."""
    return "inputs" if inputs else "drop"


def chosen_inputs(split: Split, columns: Collection[str], targets: Sequence[str]) -> Split:
    """The split of a table with these columns: if it names the inputs, all columns without another role are dropped.

    Raises
    ------
    ColumnsError
        For a column to drop, or an input, that is not there.
    TableError
        For dropping a column that has a role, and for an input that has one that no input can have.
    """
    for name in split.drop:
        if name not in columns:
            raise ColumnsError(no_column(name, columns, "to drop"))
        if name in (*targets, split.groups, split.time, split.weights, *split.categories):
            raise TableError(f"The column {brief(name)} cannot be dropped: it is the target, the groups, the time or a category.")
    if not split.inputs:
        return split
    roles = dict.fromkeys(targets, "target") | {split.groups: "groups", split.weights: "weights"}
    for name in split.inputs:
        if name not in columns:
            raise ColumnsError(no_column(name, columns, "to be an input"))
        if name in roles:
            raise TableError(f"The column {brief(name)} is the {roles[name]} column and cannot be an input too: leave it out of inputs.")
    for name in split.categories:
        if name not in split.inputs:
            raise TableError(f"The column {brief(name)} is among the categories but not among the inputs: add it, or leave it out there.")
    return replace(split, drop=tuple(name for name in columns if name not in (*split.inputs, *roles)))


def frame_of(
    table: Table,
    columns: Sequence[Column] = (),
    *,
    texts: Collection[str] = (),
    codes: Collection[str] = (),
    expected: Collection[str] = (),
) -> pd.DataFrame:
    """The table, its rows numbered from 1, so that an error names the caller's row also after a split.

    `columns`, `texts` and `codes` select what is read as text from a file, `expected` which names it should have (`shoal.table.read`).
    """
    if is_path(table):
        return read(table, columns, texts=texts, codes=codes, expected=expected)
    frame = as_frame(table)
    return frame.set_axis(pd.RangeIndex(1, 1 + len(frame), name=ROW), axis=0)


def text_targets(names: Sequence[str], classes: Sequence[Sequence[Label]], columns: Sequence[Column] = ()) -> list[str]:
    """The targets whose classes are texts, which a file's cells are then too: "007" is no 7; and numbers in a spelling of their own."""
    labels = [name for name, labels in zip(names, classes, strict=False) if all(isinstance(label, str) for label in labels)]
    return labels + [column.name for column in columns if not column.number_format.is_plain]


def named_column(frame: pd.DataFrame, name: str, role: str) -> pd.Series:
    """The column of a role; `ColumnsError` if it is missing."""
    if name not in frame.columns:
        raise ColumnsError(no_column(name, frame.columns, f"to be the {role} column"))
    return frame[name]


def known_rows(frame: pd.DataFrame, names: tuple[str, ...], split: Split) -> tuple[Target, pd.DataFrame, pd.DataFrame]:
    """The target, the rows that have it, and their inputs."""
    for role, column in (("group", split.groups), ("time", split.time), ("weights", split.weights)):
        if column is not None:
            named_column(frame, column, role)
    found = targets_of(frame, names, split.task, **split.cells)
    known = frame.iloc[found.rows]
    return found, known, known.drop(columns=[*names, *split.no_inputs])


def both_sides(
    inputs: pd.DataFrame, y: np.ndarray, roles: Mapping[str, np.ndarray], split: Split, places: Sequence[np.ndarray]
) -> tuple[Side, Side]:
    """The rows to learn from and those to score on, by their places."""
    train, test = (Side(inputs.iloc[i], y[i], {name: column[i] for name, column in roles.items()}) for i in places)
    for side, what in ((train, LEARNED_FROM), (test, SCORED_ON)):
        if side.weight is not None and split.weights is not None:
            check_total(split.weights, total_weight(side.weight), what)
    return train, test


def sides(frame: pd.DataFrame, names: tuple[str, ...], split: Split) -> tuple[Side, Side, Target, str]:
    """The training rows, the rows to score on, the target, and how the rows were chosen."""
    found, known, inputs = known_rows(frame, names, split)
    if split.test is not None:
        return _given_sides(Side(inputs, found.y, weighed(known, split.weights, LEARNED_FROM)), found, split)
    if split.groups is not None:
        named, _ = group_names(known[split.groups], split.merge_case)
        places = split_groups(named, found.y, test_fraction=split.test_fraction, seed=split_seed(split.seed))
        how = f"whole groups of {split.groups!r}"
    elif split.time is not None:
        places = split_time(known[split.time], found.y, test_fraction=split.test_fraction, day_first=split.day_first)
        how = f"the last rows by {split.time!r}"
    else:
        places = split_rows(len(found.y), found.y, test_fraction=split.test_fraction, seed=split_seed(split.seed))
        how = "rows drawn at random" + (" in each class" if found.task == "classification" and found.y.ndim == 1 else "")
    return *both_sides(inputs, found.y, roles_of(known, split), split, places), found, how


def roles_of(frame: pd.DataFrame, split: Split) -> dict[str, np.ndarray]:
    """The groups or the times of rows, by which the networks hold rows out too, and their weights."""
    known = {} if split.weights is None else {"sample_weight": row_weights(frame[split.weights], split.weights)}
    if split.groups is not None:
        return {**known, "groups": named_groups(frame[split.groups], split.merge_case)}
    return known if split.time is None else {**known, "time": moments(frame[split.time], split.time, None, split.day_first)}


def named_groups(column: pd.Series, merge_case: bool | None) -> np.ndarray:
    """The group of each row as text, `(m,)`."""
    named, _ = group_names(column, merge_case)
    return np.asarray(text_cells(named).to_numpy(str))


LEARNED_FROM, SCORED_ON = "training rows", "rows to score on"


def weighed(frame: pd.DataFrame, weights: str | None, what: str = SCORED_ON) -> dict[str, np.ndarray]:
    """The weights of rows as `Side.roles` has them, by the column of this name; errors call the rows `what`.

    Raises
    ------
    ColumnsError, TableError
        For a table without the column; for weights that no fit and no score can use.
    """
    if weights is None:
        return {}
    weights_column(frame, weights)
    values = row_weights(frame[weights], weights)
    check_total(weights, total_weight(values), what)
    return {"sample_weight": values}


def weights_column(frame: pd.DataFrame, weights: str | None) -> str | None:
    """The name of the column of weights; None if the model has none.

    Raises
    ------
    ColumnsError
        For a table without the column.
    """
    if weights is not None and weights not in frame.columns:
        raise ColumnsError(
            f"The table has no column {brief(weights)} of weights, with which the model was trained and scored; its columns are "
            f"{listed(frame.columns)}. Add it; a column of ones counts every row once."
        )
    return weights


def refuse_two_cuts(split: Split) -> None:
    """Refuse a second way to hold rows out: a test table determines it already."""
    if split.test is not None and (split.groups is not None or split.time is not None):
        chosen = "groups" if split.groups is not None else "time"
        raise TableError(f"A test table and {chosen}= were both given; the test table already determines the held-out rows. Set one.")


def _given_sides(train: Side, found: Target, split: Split) -> tuple[Side, Side, Target, str]:
    refuse_two_cuts(split)
    assert split.test is not None
    texts = [*split.categories, *text_targets(found.names, found.classes, found.columns)]
    frame = frame_of(split.test, texts=texts, expected=[*train.inputs.columns, *found.names])
    other = targets_of(frame, found.names, found.task, found.classes, columns=found.columns)
    held = frame.iloc[other.rows]
    lacking = [name for name in train.inputs.columns if name not in held.columns]
    if lacking:
        raise ColumnsError(f"The test table lacks {len(lacking)} of the columns learned from: {listed(lacking)}. Add or rename.")
    found = replace(found, n_left_out=found.n_left_out + other.n_left_out)
    roles = weighed(held, split.weights)
    return (
        train,
        Side(held.drop(columns=[*found.names, *(name for name in split.no_inputs if name in held)]), other.y, roles),
        found,
        f"all rows of the test table, {name_of(split.test)}",
    )


def split_seed(seed: int) -> int:
    """scikit-learn's splitters draw from a number: the stream's first."""
    return int(group_stream(seed, Purpose.SPLIT).integers(2**32))


def fingerprint(table: Table) -> str:
    """SHA-256 of a file with the sheet that was named in it, or of a frame's names and cells; empty if cells cannot be hashed."""
    if is_path(table):
        path, inner = file_of(table)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        digest.update(f"{INNER}{inner}".encode() if inner else b"")  # another sheet is another table
        return digest.hexdigest()
    frame = as_frame(table)
    try:
        cells = pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
    except (TypeError, ValueError, NotImplementedError):  # cells of a type that pandas cannot hash
        return ""
    return hashlib.sha256(repr(list(frame.columns)).encode() + cells).hexdigest()


def name_of(table: Table) -> str:
    """A table's name in messages."""
    if not is_path(table):
        return "a frame"
    path, inner = file_of(table)
    return f"{path.name}{INNER}{inner}" if inner else path.name
