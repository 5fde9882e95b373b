"""Levels of categories as people write them: texts that differ only in case, blanks or Unicode form are variants of one level."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from shoal.derived import cached_property
from shoal.table.cells import brief, numbers_alike, text_cells, whole_text
from shoal.table.notes import ColumnNote

MOST_RARE = 1_000  # rare levels whose names a model keeps; a column with more of them brings new ones with nearly every table

# Of a level's rows a twentieth may have another spelling of it: as few as may be slips among numbers (`cells.is_slip`). Then nobody
# tells two things apart by case, and the spellings are merged without being asked for.
NEARLY_ALL = 20
MOST_DIFFERENT = 20_000  # texts of a column, beyond which nothing is compared: they are remarks or names of rows
MOST_VARIANTS = 4_096  # spellings that a model keeps of a column

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))  # they have no width, and split does not know them


def with_single_blanks(text: str) -> str:
    """A text without blanks at its ends, and with one for several inside."""
    return " ".join(text.translate(_INVISIBLE).split())


def level_key(text: str) -> str:
    """What all variants of a level have in common.

    Parameters
    ----------
    text : a level, or the text of a class

    Examples
    --------
    >>> level_key("New  York ") == level_key("new york")
    True
    """
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFD", text).casefold()
    return with_single_blanks(unicodedata.normalize("NFC", folded))


def difference(text: str, other: str) -> str:
    """In what two variants of one level differ: "case", "blanks", "Unicode form", or several of these."""
    without: dict[str, Callable[[str], str]] = {  # each aspect is what is left when the two others are the same
        "case": lambda each: with_single_blanks(unicodedata.normalize("NFC", each)),
        "blanks": lambda each: unicodedata.normalize("NFC", unicodedata.normalize("NFD", each).casefold()),
        "Unicode form": lambda each: with_single_blanks(each.casefold()),
    }
    return " and ".join(name for name, rest in without.items() if rest(text) != rest(other))


def resembled(texts: Iterable[str], levels: Iterable[str]) -> dict[str, str]:
    """Of every text that is a variant of some levels that one from which it differs in the fewest aspects."""
    keys: dict[str, list[str]] = {}
    for level in levels:
        keys.setdefault(level_key(level), []).append(level)
    alike = {text: keys.get(level_key(text), []) for text in texts}
    return {text: min(found, key=lambda level: (len(difference(text, level)), level)) for text, found in alike.items() if found}


@dataclass(frozen=True)
class SeenLevels:
    """The levels of a category that training rows had.

    `named` are their texts; `complete` says that these are all: of a column with very many rare levels, and in files of earlier shoals,
    the rare ones are not known by name.
    """

    named: tuple[str, ...]
    complete: bool

    @cached_property
    def texts(self) -> frozenset[str]:
        """The texts, and the whole numbers that a reader makes of codes such as "05"."""
        return frozenset((*self.named, *numbers_alike(self.named)))

    def has(self, text: str) -> bool:
        """Whether a text is one of them, as the preparation reads it."""
        return text in self.texts or whole_text(text) in self.texts


def seen_levels(frequent: Iterable[str], rare: Iterable[str] | None) -> SeenLevels:
    """The levels that training rows had; `rare` is None where their names are not known."""
    return SeenLevels(tuple(dict.fromkeys((*frequent, *(rare or ())))), rare is not None)


@dataclass(frozen=True)
class Variant:
    """A text that is read as a level from which it differs only in case, blanks or Unicode form."""

    text: str
    level: str


@dataclass(frozen=True)
class Spellings:
    """A level with the texts that differ from it only in case, blanks or Unicode form, the most frequent being the level.

    `n_rows` has the rows of each, the level first.
    """

    n_rows: dict[str, int]

    @property
    def level(self) -> str:
        """The most frequent spelling, of equally frequent ones that which came first."""
        return next(iter(self.n_rows))

    @property
    def others(self) -> list[str]:
        """The other spellings."""
        return list(self.n_rows)[1:]

    @property
    def total(self) -> int:
        """Rows of all."""
        return sum(self.n_rows.values())

    @property
    def are_slips(self) -> bool:
        """Whether nearly all rows have the level itself."""
        return (self.total - self.n_rows[self.level]) * NEARLY_ALL <= self.total

    def __str__(self) -> str:
        n, shown = self.total - self.n_rows[self.level], ", ".join(map(brief, self.others[:3]))
        more = ", …" if len(self.others) > 3 else ""
        return f"{shown}{more} ({n} row{'s' * (n != 1)}) and {brief(self.level)} ({self.n_rows[self.level]})"


def spellings_of(counts: pd.Series) -> list[Spellings]:
    """The levels of a column that are spelled in several ways.

    Parameters
    ----------
    counts : rows by text, in the order in which the texts came

    Examples
    --------
    >>> [found.level for found in spellings_of(pd.Series({"yes": 20, "no": 9, "Yes": 1}))]
    ['yes']
    """
    if len(counts) > MOST_DIFFERENT:
        return []
    places: dict[str, list[int]] = {}
    for place, text in enumerate(counts.index):
        places.setdefault(level_key(text), []).append(place)
    several = [counts.iloc[at].sort_values(ascending=False, kind="stable") for at in places.values() if len(at) > 1]
    return [Spellings({str(text): int(n) for text, n in found.items()}) for found in several]


def merged_spellings(found: Iterable[Spellings], merge_case: bool | None) -> tuple[list[Spellings], list[Spellings]]:
    """Those that become one level, and those that stay several: all or none, if `merge_case` says so, else those that are slips."""
    found = list(found)
    merged = [each for each in found if (each.are_slips if merge_case is None else merge_case)]
    n = 0
    for place, each in enumerate(merged):
        n += len(each.others)
        if n > MOST_VARIANTS:
            merged = merged[:place]
            break
    return merged, [each for each in found if each not in merged]


def variants_of(merged: Iterable[Spellings]) -> tuple[Variant, ...]:
    """The texts that are read as another."""
    return tuple(Variant(text, each.level) for each in merged for text in each.others)


def further_variants(levels: Iterable[str], taken: Iterable[str]) -> tuple[Variant, ...]:
    """Common spellings of levels that no row has: in small letters, in capitals, as titles, in the other Unicode form."""
    levels, known = list(levels), set(taken)
    found: dict[str, str] = {}
    for level in levels:
        for cased in (level, level.lower(), level.upper(), level.title(), level.capitalize()):
            for form in ("NFC", "NFD"):
                text = unicodedata.normalize(form, cased)
                if text not in known and level_key(text) == level_key(level):
                    found.setdefault(text, level)
    return tuple(Variant(text, level) for text, level in found.items())[:MOST_VARIANTS]


def merged_counts(counts: pd.Series, variants: Iterable[Variant]) -> pd.Series:
    """Rows by text, those of variants counted for their level; the order of the levels stays."""
    found = counts.copy()
    for variant in variants:
        if variant.text in found.index and variant.level in found.index:
            found[variant.level] += found[variant.text]
    return found.drop([variant.text for variant in variants if variant.text in found.index])


def merged_cells(cells: pd.Series, variants: Iterable[Variant]) -> pd.Series:
    """Text cells with the level where one of its variants stands."""
    by_text = {variant.text: variant.level for variant in variants}
    if not by_text:
        return cells
    changed = cells.isin(list(by_text))
    return cells.where(~changed, cells.map(by_text)) if changed.any() else cells


def in_words(aspects: Iterable[str]) -> str:
    """Aspects in which texts differ, each once."""
    return " or ".join(dict.fromkeys(aspects))


def variant_notes(name: str, merged: Iterable[Spellings], apart: Iterable[Spellings], what: str = "level") -> tuple[ColumnNote, ...]:
    """What a person should know of spellings of one level, or of one class."""
    notes = []
    for found, text, advice in (
        (list(merged), f"are read as one {what}, the more frequent", "--keep-case keeps them apart"),
        (list(apart), f"are not the same {what}", "--merge-case merges them"),
    ):
        if found:
            more = f" and {len(found) - 2} more" if len(found) > 2 else ""
            aspects = in_words(" and ".join(difference(other, each.level) for each in found for other in each.others).split(" and "))
            notes.append(
                ColumnNote(name, "variants", f"{'; '.join(map(str, found[:2]))}{more} differ only in {aspects} and {text}", advice)
            )
    return tuple(notes)


def merged_names(cells: pd.Series, merge_case: bool | None) -> tuple[pd.Series, tuple[ColumnNote, ...]]:
    """A column of names of groups with one spelling of each, and a note if there were several.

    Names are merged unless `merge_case` is False: two groups that are taken for one are held out together, which costs nothing, while
    one group that is taken for two is learned from and scored on.
    """
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells, ()
    texts = text_cells(cells)
    found = spellings_of(texts.value_counts(sort=False))
    merged, apart = merged_spellings(found, merge_case is not False)
    notes = variant_notes(str(cells.name), merged, apart, "group")
    return (merged_cells(texts, variants_of(merged)) if merged else cells), notes
