"""What rows to predict bring that no training row had: levels never seen, columns without any value, and columns to ignore."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from shoal.errors import UnseenWarning
from shoal.table.cells import brief, listed
from shoal.table.columns import Column
from shoal.table.levels import SeenLevels, difference, resembled
from shoal.table.preparation import Learned, Preparation, used, used_names

NAMED = 3  # levels that a sentence names
MOST_KEPT = 100  # different levels of a column that are kept for it
BY_CHANCE = 1e-3  # below it, that all rows lack a value is no chance, as often as training rows lacked one


def about_ignored(names: Sequence[str]) -> list[str]:
    """The sentence about columns that are ignored; none for none."""
    if not names:
        return []
    are = "column that the model was not trained on is" if len(names) == 1 else "columns that the model was not trained on are"
    return [f"{len(names)} {are} ignored: {listed(names)}"]


def warn_ignored(names: Sequence[str], stacklevel: int) -> None:
    """Give one `UnseenWarning` of columns that are ignored; none for none."""
    for about in about_ignored(names):
        warnings.warn(UnseenWarning(about), stacklevel=stacklevel + 1)


@dataclass
class Unseen:
    """Counts of what training never saw, chunk by chunk: they add up.

    Attributes
    ----------
    preparation : Preparation
    n_rows : int
        Rows so far.
    n_empty : dict
        Of every input, rows without a value.
    n_unseen : dict
        Of every category, rows with levels that are not among those seen.
    levels : dict
        Of every category, the first of these levels.
    ignored : dict
        The columns that the model was not trained on, where it ignores them.
    """

    preparation: Preparation
    n_rows: int = 0
    n_empty: dict[str, int] = field(default_factory=dict)
    n_unseen: dict[str, int] = field(default_factory=dict)
    levels: dict[str, dict[str, None]] = field(default_factory=dict)
    ignored: dict[str, None] = field(default_factory=dict)

    def see(self, typed: pd.DataFrame, ignored: Sequence[str] = ()) -> None:
        """Count the rows of a typed frame, and keep the names of columns that are ignored."""
        self.n_rows += len(typed)
        self.ignored.update(dict.fromkeys(ignored))
        place = 0
        for (column, names), seen in zip(used_names(self.preparation.columns), self.preparation.seen, strict=True):
            cells = typed.iloc[:, place]
            place += len(names)
            self.n_empty[column.name] = self.n_empty.get(column.name, 0) + int(cells.isna().sum())
            if seen is not None:
                self._see_levels(cells, column.name, seen)

    def _see_levels(self, cells: pd.Series, name: str, seen: SeenLevels) -> None:
        found = [text for text in cells.unique() if isinstance(text, str) and not seen.has(text)]
        if found:
            self.n_unseen[name] = self.n_unseen.get(name, 0) + int(cells.isin(found).sum())
            kept = self.levels.setdefault(name, {})
            kept.update(dict.fromkeys(found[: MOST_KEPT - len(kept)]))

    def warn(self, stacklevel: int) -> None:
        """Give one `UnseenWarning`, if there is anything to say."""
        for warning in self.warnings():
            warnings.warn(warning, stacklevel=stacklevel)

    def warnings(self) -> list[UnseenWarning]:
        """The one warning with all that there is to say, none for nothing."""
        return [UnseenWarning(about)] if (about := "; ".join(self.sentences())) else []

    def sentences(self) -> list[str]:
        """What there is to say of each column, none for nothing."""
        found = about_ignored(tuple(self.ignored))
        for column, known, seen in zip(used(self.preparation.columns), self.preparation.learned, self.preparation.seen, strict=True):
            n_empty = self.n_empty.get(column.name, 0)
            if self.n_rows and n_empty == self.n_rows:
                found += self._of_empty(column)
            elif seen is not None and column.name in self.n_unseen:
                found += self._of_levels(column.name, known, seen)
        return found

    def _of_empty(self, column: Column) -> list[str]:
        if (column.n_missing / column.n_rows) ** self.n_rows >= BY_CHANCE:
            return []
        rows = "the one row" if self.n_rows == 1 else f"all {self.n_rows} rows"
        stands = "" if column.kind == "category" else "; the median of the training rows stands for the values"
        return [f"{brief(column.name)} is empty in {rows} (in {column.n_missing} of {column.n_rows} training rows){stands}"]

    def _of_levels(self, name: str, known: Learned, seen: SeenLevels) -> list[str]:
        n = self.n_unseen[name]
        if not seen.complete and n + self.n_empty[name] < self.n_rows:
            return []  # levels that were rare in training are among them
        what = "never seen in training" if seen.complete else "that are not among the frequent ones of training, as no other row has"
        kept = list(self.levels[name])
        near = list(resembled(kept, seen.named).items())
        shown = [text for text, _ in near[:NAMED]] or kept[:NAMED]
        more = ", …" if len(kept) > len(shown) else ""
        treated = "they are treated as its rare levels are" if known.has_other else "they count as none of its levels"
        treated = treated if known.means is None else "they get the mean of all training rows"
        line = f"{n} of {self.n_rows} rows have levels of {brief(name)} {what} ({', '.join(map(brief, shown))}{more}); {treated}"
        if near:
            text, level = near[0]
            line += f"; {brief(text)} differs from {brief(level)}, which is known, only in {difference(text, level)}"
        return [line]
