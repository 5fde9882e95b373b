"""Levels of categories as people write them: texts that differ only in case, blanks or Unicode form are variants of one level."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from shoal.table.cells import numbers_alike, whole_text

MOST_RARE = 1_000  # rare levels whose names a model keeps; a column with more of them brings new ones with nearly every table

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


def by_key(levels: Iterable[str]) -> dict[str, str]:
    """Of every key the first of the levels that have it."""
    found: dict[str, str] = {}
    for level in levels:
        found.setdefault(level_key(level), level)
    return found


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
