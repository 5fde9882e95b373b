"""Whether a column of text is one of numbers, and how its cells are then read: decided from its counted forms."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from shoal.table.cells import cell_refused
from shoal.table.marks import Extremes, Mark, MarkKind, is_known_mark, mark_key
from shoal.table.number_format import FEW, FormTally, Locale, NumberFormat, format_of

MANY = 20  # different numbers from which on they are measured, whatever marks stand between them
LEAST_MARKED = 3  # rows with the same text that nobody knows, from which on it is a mark and no slip
MOST_MARKS = 5  # different such texts
NUMBERS_A_MARK = 10  # different numbers that there must be for each of them


@dataclass(frozen=True)
class FoundNumbers:
    """What a column of numbers is made of.

    Attributes
    ----------
    format : NumberFormat
    locale : Locale
    marks : tuple of Mark
        Without what the number of rows decides: the indicator.
    n_known : int
        Cells that hold a number, limits not counted.
    extremes : Extremes
        Of these numbers.
    n_refused : int
        Cells that are neither number nor mark.
    refused : (int, str) or None
        The row and text of the first of them.
    """

    format: NumberFormat
    locale: Locale
    marks: tuple[Mark, ...]
    n_known: int
    extremes: Extremes
    n_refused: int = 0
    refused: tuple[int, str] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing is special: numbers as every program reads them, and perhaps a slip."""
        return self.format.is_plain and not self.marks

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest number, 0 for none."""
        return float(self.extremes.low or 0.0), float(self.extremes.high or 0.0)

    @property
    def reason(self) -> str:
        """What was seen, for a person."""
        low, high = self.range
        return f"numbers from {low:.6g} to {high:.6g}" + ("" if self.format.is_plain else f", {self.format}")

    def refuse_others(self, name: str, n_rows: int, advice: str) -> None:
        """Raise a `TableError` for the first cell that is neither number nor mark, if there is one."""
        if self.refused is not None:
            row, cell = self.refused
            raise cell_refused(name, cell, row, self.n_refused, n_rows, self.format.wanted, advice)


def numbers_found(tally: FormTally, n_different: int, hint: str = "", beside: FormTally | None = None) -> FoundNumbers | None:
    """How a column of text is read as numbers; None where it is none.

    Parameters
    ----------
    tally : all cells that are no marks of nothing such as NA
    n_different : different texts of the column
    hint : the decimal mark of the table's other columns
    beside : cells of further rows, which have a say in how numbers are spelled and in nothing else
    """
    n_different -= len(tally.others)
    every = tally if beside is None else tally.together(beside)
    decided = None if tally.is_text else format_of(every, n_different, hint)
    if decided is None:
        return None
    spelled, locale = decided
    read = {form: count for form, count in tally.numbers.items() if spelled.reads(form)}
    unread = [count for form, count in tally.forms.items() if not spelled.reads(form)]
    if not read:
        return None
    n_known = sum(count.n for count in read.values())
    marks, slips = marks_of(tally, spelled, n_different, n_known)
    is_measured = not spelled.is_plain or n_different > MANY or (n_different >= FEW and 2 * n_different >= n_known)
    if marks and not is_measured:
        return None
    refused = [(row, text) for text, (_, row) in tally.others.items() if text in slips] + [count.first for count in unread if count.first]
    n_refused = sum(tally.others[text][0] for text in slips) + sum(count.n for count in unread)
    extremes = Extremes()
    for form, count in read.items():
        extremes.join(count.extremes[spelled.mark_of(form)])
    return FoundNumbers(spelled, locale, marks, n_known, extremes, n_refused, min(refused, default=None))


def marks_of(tally: FormTally, spelled: NumberFormat, n_different: int, n_known: int) -> tuple[tuple[Mark, ...], set[str]]:
    """The marks among a column's texts, each with its rows, and the texts that are none."""
    n_rows: dict[str, int] = {}
    for text, (n, _) in tally.others.items():
        n_rows[mark_key(text)] = n_rows.get(mark_key(text), 0) + n
    known = {key for key in n_rows if is_known_mark(key)}
    least = max(LEAST_MARKED, (n_known + sum(n_rows.values())) // 200)
    new = {key for key in set(n_rows) - known if n_rows[key] >= least}
    if len(new) > MOST_MARKS or n_different < NUMBERS_A_MARK * len(new) or sum(n_rows[key] for key in new) > n_known:
        new = set()
    marks = [Mark(key, "gap", n, label=f"is {key}") for key, n in sorted(n_rows.items()) if key in known | new]
    kinds: dict[str, MarkKind] = {"<": "below", ">": "above"}
    for sign, kind in kinds.items():
        limits, n = Extremes(), 0
        for form, count in tally.forms.items():
            if form.limit == sign and spelled.reads(form):
                limits.join(count.extremes[spelled.mark_of(form)])
                n += count.n
        if limits.low is not None:
            label = f"{kind} {limits.low:.6g}" if limits.low == limits.high else f"{kind} a limit"
            marks.append(Mark(sign, kind, n, label=label))
    return tuple(marks), {text for text in tally.others if mark_key(text) not in known | new}


def indicated(marks: Collection[Mark], rare: int) -> tuple[Mark, ...]:
    """The marks, those in enough rows to learn from with an input of their own."""
    return tuple(replace(mark, indicator=mark.n_rows >= rare) for mark in marks)
