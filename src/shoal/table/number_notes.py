"""What a person should know of how a column's cells became numbers, and of numbers that may be none."""

from shoal.table.cells import brief
from shoal.table.columns import Column
from shoal.table.marks import Extremes, Mark
from shoal.table.notes import ColumnNote
from shoal.table.number_columns import FoundNumbers
from shoal.table.number_format import FEW, Affixes, FormTally, affixes_of, is_plain, locale_of

NEARLY_ALL = 0.8  # of the filled cells look like numbers: then it is worth a word that they are read as text


def format_notes(name: str, found: FoundNumbers, advice: str) -> tuple[ColumnNote, ...]:
    """How the numbers of a column are spelled, and what could have been read in another way; `advice` says how to take cells as text."""
    notes = []
    if not found.format.is_plain:
        notes.append(ColumnNote(name, "read as", f"read as numbers: {found.format}", advice))
    if not found.locale.sure:
        taken, other = ("decimal", "thousands") if found.format.decimal == "," else ("thousands", "decimal")
        why = "nothing in the table tells" if found.locale.open else "the other columns tell"
        notes.append(ColumnNote(name, "ambiguous", f"the comma in '1,234' is taken for a {taken} mark, not for a {other} mark: {why}"))
    return tuple(notes)


def mark_notes(column: Column) -> list[ColumnNote]:
    """The marks that stand in a column, each with its rows and what is made of it."""
    notes = []
    for mark in column.marks:
        if mark.n_rows:
            kind = "missing mark" if mark.kind == "gap" else "limit"
            text = f"{_seen(mark)} in {mark.n_rows} of {column.n_rows} rows: {_made(mark)}"
            where = "; an input of its own says where" if mark.indicator else ""
            notes.append(ColumnNote(column.name, kind, text + where, ""))
    return notes


def _seen(mark: Mark) -> str:
    return brief(mark.text) if mark.kind == "gap" else f"values {mark.label}"


def _made(mark: Mark) -> str:
    return {"gap": "taken for a gap", "below": "half of the limit stands for them", "above": "the limit stands for them"}[mark.kind]


def sentinel_notes(name: str, extremes: Extremes, n_rows: int) -> list[ColumnNote]:
    """Numbers far from all others in many rows, which may mean that nothing was measured."""
    return [
        ColumnNote(
            name,
            "sentinel",
            f"{value:.10g} in {n} of {n_rows} rows is far from all others ({extremes.inner_low:.6g} to {extremes.inner_high:.6g}) and may "
            "mean that nothing was measured; it is learned as a number",
            f"--missing {value:.10g} takes it for a gap, --keep {name} says that it was measured",
        )
        for value, n in extremes.sentinels(n_rows)
    ]


def unread_notes(name: str, tally: FormTally, n_different: int) -> tuple[ColumnNote, ...]:
    """Why a column that looks like numbers is read as text."""
    n_numbers = sum(count.n for count in tally.forms.values())
    n_others = sum(n for n, _ in tally.others.values())
    is_odd = any(not is_plain(form) for form in tally.forms)
    n_different -= len(tally.others)
    if tally.is_text or n_different < FEW or n_numbers < NEARLY_ALL * (n_numbers + n_others):
        return ()
    units = affixes_of(tally)
    if not isinstance(units, Affixes):
        why = f"its numbers are in several units ({', '.join(units[:4])})"
    elif locale_of(tally) is None and is_odd:
        why = "its numbers are spelled in ways that contradict each other, such as 1,234.5 and 1.234,5"
    elif n_others:
        why = f"{n_numbers} cells are numbers, and {n_others} are texts such as {brief(next(iter(tally.others)))}"
    else:
        return ()
    advice = "write them in one way" if not n_others else "--missing TEXT takes a text for a gap"
    return (ColumnNote(name, "read as", f"read as text, as {why}", advice),)
