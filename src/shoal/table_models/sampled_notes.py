"""Notes on what is no measurement in a table that is not held whole: of its first rows, and of a random sample.

Row numbers, names of groups, order in time and repeated rows are seen in rows that follow each other; a column that gives the target away
is seen in rows from everywhere, since a file may be sorted by its target.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import pandas as pd

from shoal.table import Column, Kind
from shoal.table.coded_columns import CodedColumn, coded
from shoal.table.notes import ColumnNote
from shoal.table.structure import Roles, answer_note, structure_notes

HEAD_SHARE = 10  # the first rows are so many times fewer than those of the sample: 5,000


def sampled_notes(
    head: pd.DataFrame, sample: pd.DataFrame, columns: Sequence[Column], targets: Collection[str], roles: Roles, n_rows: int
) -> tuple[ColumnNote, ...]:
    """What `structure_notes` finds, each note with the rows that it was seen in.

    Parameters
    ----------
    head : the first rows that have a target, raw
    sample : rows from everywhere
    columns : what becomes of each input
    targets : names of the targets
    roles : how rows are held out, and whether the targets are classes; the targets themselves are taken from the rows
    n_rows : rows of the whole table that have a target
    """
    in_head = replace(roles, targets=targets_in(head, targets, roles))
    first = structure_notes([coded(column, head[column.name]) for column in columns], in_head)
    known = {(note.column, note.kind) for note in first}
    answers = list(answers_in(sample, columns, replace(roles, targets=targets_in(sample, targets, roles))))
    return (
        *within(first, f"in the first {len(head):,}", len(head), n_rows),
        *within(
            [note for note in answers if (note.column, note.kind) not in known], f"in {len(sample):,} random ones", len(sample), n_rows
        ),
    )


def within(notes: Sequence[ColumnNote], where: str, n: int, n_rows: int) -> tuple[ColumnNote, ...]:
    """The notes with the rows that they are of, unless these are all."""
    return tuple(note if n == n_rows else replace(note, text=f"{note.text}; looked for {where} of {n_rows:,} rows") for note in notes)


def answers_in(rows: pd.DataFrame, columns: Sequence[Column], roles: Roles) -> Iterator[ColumnNote]:
    """Notes of columns that give a target away, one column in memory at a time."""
    for column in columns:
        each = coded(column, rows[column.name])
        found = (answer_note(each, target, roles, len(columns)) for target in roles.targets)
        yield from [note for note in found if note is not None][:1]


def targets_in(rows: pd.DataFrame, targets: Collection[str], roles: Roles) -> list[CodedColumn]:
    """The targets of some rows, as columns of numbers or of classes."""
    kind: Kind = "category" if roles.has_classes else "number"
    return [coded(Column(name, kind, "", len(rows), 0), rows[name]) for name in targets]
