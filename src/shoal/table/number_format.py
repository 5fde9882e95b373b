"""How the cells of one column of numbers are spelled: decided once from all of them, kept in the model, obeyed ever after."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.table.cells import row_number
from shoal.table.marks import Extremes
from shoal.table.spelling import CURRENCIES, Form, spelled

MOST_FORMS, MOST_OTHERS = 200, 1_000  # forms, and texts that are no numbers, beyond which a column is text
FEW = 10  # different numbers, below which "36 months" and "3+" are names of a few levels
LEAST_FLAGGED, MOST_FLAGGED = (
    3,
    0.2,
)  # cells, and the share of cells, that may have a letter behind the number that is no unit: "12.3 e" for an estimate
MOST_SLIPS, MOST_BARE = 0.05, 0.5  # of the cells must have a currency or percent sign, or a unit, lest it be a slip
SECOND_UNIT = 0.02  # of the cells with a unit may have another one, which is then a slip

MARK_NAMES = {",": "commas", ".": "points", " ": "spaces", "'": "apostrophes", "_": "underscores"}  # between groups of digits

_SAME = {"EUR": "€", "Euro": "€", "EURO": "€", "euro": "€", "USD": "$", "US$": "$", "Dollar": "$", "GBP": "£", "JPY": "¥", "CNY": "¥"}
_SAME |= {"RMB": "¥", "INR": "₹", "Rs": "₹", "Rs.": "₹", "kr.": "kr", "Kr": "kr"}
_STYLES = {
    "(…)": "brackets for negative numbers",
    "…-": "a minus sign behind",
    "K": "K, M and the like",
    "*": "footnote marks, which are left aside",
    "±": "an error behind ±, which is left aside",
    "~": "about (~), which is left aside",
    "=": "quotes of a spreadsheet",
    "e": "exponents such as D+02 or ×10^2",
    "…+": "a plus sign behind, which is left aside",
    "a": "single letters behind, which are left aside",
    "u": "signs or digits of another script",
}
_WEAK = frozenset({"*", "±", "~", "…+", "a"})  # by these alone a few levels become no numbers


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are spelled. Plain numbers, "1234.5" and "1e-3", are read beside any format.

    Attributes
    ----------
    decimal : {".", ","}
    thousands : str
        The marks between groups of digits, one character each.
    affixes : tuple of str
        Currencies, units and percent signs that stand before or behind.
    styles : tuple of str
        What else was seen, as `spelling.Form` has it.

    Examples
    --------
    >>> from shoal.table.number_format import NumberFormat
    >>> NumberFormat(",", ".", ("€",)).values(["1.234,50 €", "12.5"]).tolist()
    [1234.5, 12.5]
    """

    decimal: str = "."
    thousands: str = ""
    affixes: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether these are the numbers that every program reads."""
        return self == PLAIN

    @property
    def wanted(self) -> str:
        """What an error says that cells should be."""
        return "numbers" if self.is_plain else f"numbers ({self})"

    def __str__(self) -> str:
        parts = ["decimal comma"] if self.decimal == "," else []
        parts += [f"thousands by {MARK_NAMES[mark]}" for mark in self.thousands]
        parts += ["percent" if affix == "%" else f"in {affix}" for affix in self.affixes]
        return ", ".join([*parts, *(_STYLES[style] for style in self.styles if style in _STYLES)])

    def reads(self, form: Form) -> bool:
        """Whether a form is one of this format's."""
        if any(affix and affix not in self.affixes for affix in (form.lead, form.tail)):
            return False
        marks = form.marks
        if marks in ("", "4", "typed", ".", ".3"):
            return True
        if marks == ",":
            return self.decimal == ","
        if marks == ",3":
            return self.decimal == "," or "," in self.thousands
        return marks[0] in self.thousands and (marks[1] == marks[0] or marks[1] == "." or marks[1] == self.decimal)

    def mark_of(self, form: Form) -> str:
        """The decimal mark that decides what one mark before three digits is."""
        if form.marks == ".3":
            return "," if "." in self.thousands else "."
        return "." if "," in self.thousands else self.decimal

    def values(self, texts: Sequence[str], limits: bool = False) -> NDArray[np.float64]:
        """What the texts say, `(m,)`, NaN for one that this format cannot read, and for limits such as "<0.1" unless they are asked for."""
        read = pd.to_numeric(pd.Series(list(texts), dtype=object), errors="coerce").to_numpy(np.float64, copy=True)
        if self.is_plain and not limits:
            return read
        apart = spelled(texts)
        if apart is None:
            return read
        order, bounds = by_place(apart.places, len(apart.spellings))
        for place, known in enumerate(apart.spellings):
            rows = order[bounds[place] : bounds[place + 1]]
            if known is not None and self.reads(known.form) and bool(known.form.limit) == limits:
                read[rows] = known.numbers([apart.normal[row] for row in rows], self.mark_of(known.form))
            elif known is not None:
                read[rows] = np.nan
        return read


PLAIN = NumberFormat()


def by_place(places: NDArray[np.int64], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions sorted by their place, and where each place begins, `(n + 1,)`."""
    return np.argsort(places, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(places, minlength=n))])


def is_plain(form: Form) -> bool:
    """Whether a form alone does not tell that its numbers are spelled in any special way."""
    return form.marks in ("", "4", ".", ".3") and not (form.lead or form.tail or form.limit or form.styles)


@dataclass
class FormCount:
    """Cells of one form: how many, their range under each decimal mark, and the first, its row and text."""

    n: int = 0
    extremes: dict[str, Extremes] = field(default_factory=lambda: {mark: Extremes() for mark in ".,"})
    first: tuple[int, str] | None = None

    def see(self, counts: NDArray[np.int64], values: Mapping[str, NDArray[np.float64]], first: tuple[int, str]) -> None:
        """Count cells with these values, `counts` of each."""
        self.n += int(counts.sum())
        self.first = first if self.first is None else min(self.first, first)
        for mark, numbers in values.items():
            self.extremes[mark].see(numbers, counts)


@dataclass
class FormTally:
    """The forms of a column's cells, counted chunk by chunk; `others` are texts that are no number, each with its rows and its first.

    `is_text` says that there are too many of either for a column of numbers.
    """

    forms: dict[Form, FormCount] = field(default_factory=dict)
    others: dict[str, tuple[int, int]] = field(default_factory=dict)
    is_text: bool = False

    def see(self, texts: Sequence[str], counts: NDArray[np.int64], first: NDArray[np.int64], index: pd.Index) -> None:
        """Count different texts, each with how many cells hold it and the position of the first in an index; in the order of these."""
        if self.is_text:
            return
        apart = spelled(texts)
        if apart is None or sum(known is None for known in apart.spellings) > MOST_OTHERS:
            self._give_up()
            return
        order, bounds = by_place(apart.places, len(apart.spellings))
        for place, known in enumerate(apart.spellings):
            at = order[bounds[place] : bounds[place + 1]]
            if known is None:
                if len(at) > MOST_OTHERS:
                    self._give_up()
                    return
                for i in at.tolist():
                    n, row = self.others.get(texts[i], (0, row_number(index, first[i])))
                    self.others[texts[i]] = (n + int(counts[i]), row)
            else:
                form, normal = known.form, [apart.normal[i] for i in at.tolist()]
                if is_plain(form) and np.isnan(PLAIN.values([texts[i] for i in at.tolist()])).any():
                    form = replace(form, styles=(*form.styles, "u"))
                both = {mark: known.numbers(normal, mark) for mark in (".,")} if known.form.marks in (".3", ",3") else {}
                values = both or dict.fromkeys(".,", known.numbers(normal, "."))
                where = row_number(index, first[at[0]]), texts[at[0]]
                self.forms.setdefault(form, FormCount()).see(counts[at], values, where)
            if len(self.forms) > MOST_FORMS or len(self.others) > MOST_OTHERS:
                self._give_up()
                return

    def see_numbers(self, values: NDArray[np.float64], row: int) -> None:
        """Count cells that are numbers already, not texts."""
        if len(values) and not self.is_text:
            self.forms.setdefault(Form("typed"), FormCount()).see(np.ones(len(values), np.int64), dict.fromkeys(".,", values), (row, ""))

    def together(self, other: "FormTally") -> "FormTally":
        """How many cells of each form both have; of each form nothing else."""
        if not other.forms or self.is_text:
            return self
        n = Counter({form: count.n for form, count in self.forms.items()}) + Counter({form: count.n for form, count in other.forms.items()})
        return FormTally({form: FormCount(many) for form, many in n.items()}, self.others)

    def _give_up(self) -> None:
        self.is_text, self.forms, self.others = True, {}, {}

    @property
    def numbers(self) -> dict[Form, FormCount]:
        """The forms that are no limits."""
        return {form: count for form, count in self.forms.items() if not form.limit}


@dataclass(frozen=True)
class Locale:
    """The decimal and thousands marks of a column; `sure` unless "1,234" may be either, and `open` where nothing at all tells."""

    decimal: str
    thousands: str
    sure: bool = True
    open: bool = False


def locale_of(tally: FormTally, hint: str = "") -> Locale | None:
    """The marks that explain all cells, None where they contradict each other; `hint` is the decimal mark of the other columns."""
    n: Counter[str] = Counter()
    for form, count in tally.forms.items():
        n[form.marks] += count.n
    grouped = {mark: n[mark * 2] + sum(n[mark + point] for point in ".," if point != mark) for mark in MARK_NAMES}
    comma = n[","] + sum(n[mark + ","] for mark in ". '_")
    point = n["."] + sum(n[mark + "."] for mark in ", '_")
    if (comma and grouped[","]) or (n["."] and grouped["."]) or (comma and point and (grouped[","] or grouped["."])):
        return None
    thousands = {mark for mark, many in grouped.items() if many}
    decimal = "," if comma else "."
    if n[".3"] and not point and (comma or grouped["."] or (hint == "," and not n["typed"])):
        thousands.add(".")
    if not n[",3"] or decimal == ",":
        return Locale(decimal, "".join(sorted(thousands)))
    if n[".3"] and not (point or grouped[","]):
        return None
    if point or grouped[","] or n["typed"]:
        return Locale(".", "".join(sorted({*thousands, ","})))
    if hint == ",":
        return Locale(",", "".join(sorted(thousands)), sure=False)
    small = n[""] > 0 and not n["4"]  # 999 without a mark beside 1,000 with one
    return Locale(".", "".join(sorted({*thousands, ","})), sure=small or hint == ".", open=not small and not hint)


def affix_of(form: Form) -> list[str]:
    """Currency, unit and percent sign of a form, one name for each however it is written."""
    return [_SAME.get(text, text if text in CURRENCIES else _unit(text)) for text in (form.lead, form.tail) if text]


def _unit(text: str) -> str:
    """A unit without regard to its plural and a point behind it."""
    bare = text.rstrip(".").casefold()
    return bare[:-1] if len(bare) > 3 and bare.endswith("s") else bare


@dataclass(frozen=True)
class Affixes:
    """What stands before and behind a column's numbers: every `spelled` one, the one `unit` that they name, and whether they are
    `flags`, single letters behind few of the numbers."""

    spelled: tuple[str, ...] = ()
    unit: str = ""
    flags: bool = False


def affixes_of(tally: FormTally) -> Affixes | tuple[str, ...]:
    """The one unit of a column; where there are several their names."""
    n, total = Counter[str](), 0
    texts: dict[str, dict[str, None]] = {}
    for form, count in tally.forms.items():
        total += count.n
        for name, text in zip(affix_of(form), [text for text in (form.lead, form.tail) if text], strict=True):
            n[name] += count.n
            texts.setdefault(name, {})[text] = None
    letters = sum(n.values()) if all(len(name) == 1 and name.isalpha() for name in n) else 0
    if max(LEAST_FLAGGED, total // 100) <= letters <= MOST_FLAGGED * total:
        return Affixes(tuple(text for name in n for text in texts[name]), flags=True)
    named = [(name, many) for name, many in n.most_common() if many >= (MOST_SLIPS if is_money(name) else MOST_BARE) * total]
    if not named:
        return Affixes()  # those few are slips
    main, most = named[0]
    second = [name for name, many in n.items() if name != main and many > SECOND_UNIT * most]
    return (main, *second) if second else Affixes(tuple(texts[main]), main)


def is_money(name: str) -> bool:
    """Whether what stands beside a number is a currency or a percent sign, which nothing but numbers has."""
    return name in CURRENCIES or name in ("%", "‰")


def format_of(tally: FormTally, n_different: int, hint: str = "") -> tuple[NumberFormat, Locale] | None:
    """The one format that the numbers of a column are spelled in, with its locale; None where there is none.

    Parameters
    ----------
    tally : all cells of the column
    n_different : how many different numbers there are
    hint : the decimal mark of the other columns, "" where they do not tell
    """
    locale, affixes = locale_of(tally, hint), affixes_of(tally)
    if locale is None or not isinstance(affixes, Affixes) or not tally.numbers:
        return None
    styles = {style for form in tally.forms for style in form.styles if {form.lead, form.tail} - {""} <= set(affixes.spelled)} | (
        {"a"} if affixes.flags else set()
    )
    found = NumberFormat(locale.decimal, locale.thousands, affixes.spelled, tuple(style for style in _STYLES if style in styles))
    is_weak = (bool(affixes.unit) and not is_money(affixes.unit)) or bool(styles & _WEAK)
    return None if is_weak and n_different < FEW else (found, locale)
