"""From a raw frame to a dense matrix: medians with indicators, one-hot levels with a column for the rare, target means, parts of dates.

What the training rows decided is one value, a `Preparation`: it is what the transformer applies, what a model file holds
and what exports read. Nothing is scaled here: shoal's estimators standardise inside and keep the scaling beside the
weights, where it folds into the network. One-hot columns stay 0 and 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.derived import cached_property
from shoal.table.cells import numbers_alike, whole_text
from shoal.table.columns import MISSING, MOST_LEVELS, Column, rare_below, typed_names, unused
from shoal.table.dates import Part as DatePart
from shoal.table.levels import SeenLevels, Variant, seen_levels
from shoal.table.marks import Mark
from shoal.table.target_means import MOST_MEANS, NO_ROLES, CrossFitted, RowRoles, TargetMeans, TargetSums, common_levels

FieldKind = Literal["number", "boolean", "category", "date"]
Part = Literal["value", "missing", "level", "target mean", DatePart]
REST = "infrequent_sklearn"  # ends the name of the column that rare and unknown levels share, as scikit-learn names it


@dataclass(frozen=True)
class Field:
    """One cell of a row as the caller gives it.

    Attributes
    ----------
    name : str
        The user's own.
    kind : {"number", "boolean", "category", "date"}
    levels : tuple of str
        Of a category: the texts with a column of their own, in the order of their columns; with target means those that have one too.
    has_other : bool
        Whether rare and unknown texts share one more column; without it they are 0 in all of them.
    low, high : float
        Range in training; of a date in days since 1970.
    has_times : bool
        Whether a date comes with the time of day.
    date_parts : tuple of str
        Of a date: its typed columns.
    mark : Mark or None
        Of a truth value that says where a mark stands in the number before it: that mark.
    variants : tuple of Variant
        Of a category: texts that are read as one of the levels.
    means : TargetMeans or None
        Of a category: the target means of its levels.
    """

    name: str
    kind: FieldKind = "number"
    levels: tuple[str, ...] = ()
    has_other: bool = False
    low: float = -1.0
    high: float = 1.0
    has_times: bool = False
    date_parts: tuple[DatePart, ...] = ()
    mark: Mark | None = None
    variants: tuple[Variant, ...] = ()
    means: TargetMeans | None = None

    @property
    def missing(self) -> int:
        """The place of an empty cell among a category's columns; len(levels) is that of the rest."""
        return self.levels.index(MISSING) if MISSING in self.levels else len(self.levels)

    @property
    def own(self) -> tuple[int, ...]:
        """The places of the levels with a column of their own, in the order of the columns; len(levels) is the rest."""
        if self.means is not None:
            return self.means.own
        return tuple(range(len(self.levels) + self.has_other))

    @property
    def parts(self) -> tuple[Part, ...]:
        """What its typed columns hold."""
        if self.kind == "date":
            return self.date_parts
        return ("value",)


@dataclass(frozen=True)
class Feature:
    """One prepared column: which field it is made of, and how.

    Attributes
    ----------
    name : str
        No two alike.
    field : int
        Place of its field.
    part : str
        "value", or a part of a date ("days" since 1970, "day of year" from 1, "weekday" from Monday = 0, "hour"), or
        the sine or cosine of where in a week or day it lies; "missing"
        is 1 for an empty cell, "level" is 1 for one level, "target mean" is that of the level.
    fill : float
        What stands for a missing value; NaN leaves it missing, as a bare estimator does. Of a target mean that of all rows.
    level : int
        Which level; len(levels) for the rest.
    output : int
        Of a target mean: what it is the mean of.
    """

    name: str
    field: int
    part: Part = "value"
    fill: float = float("nan")
    level: int = -1
    output: int = -1


@dataclass(frozen=True)
class Learned:
    """What the training rows decided of one column that is not left out.

    Attributes
    ----------
    fills : tuple of float
        Of every typed column of a number, boolean or date: the median, which stands for a missing value.
    indicator : bool
        Whether a prepared column says that the cell is empty: training saw empty ones.
    levels : tuple of str
        Of a category: the levels with a column of their own or a target mean, sorted.
    has_other : bool
        Whether rare and unknown levels share one more.
    means : TargetMeans or None
        Of a category: the target means of its levels.
    """

    fills: tuple[float, ...] = ()
    indicator: bool = False
    levels: tuple[str, ...] = ()
    has_other: bool = False
    means: TargetMeans | None = None


@dataclass(frozen=True)
class Preparation:
    """How a typed frame becomes a matrix. Frozen at fit.

    Attributes
    ----------
    columns : tuple of Column
        All columns of the training table, those that were left out too.
    learned : tuple of Learned
        Of every column that was not.
    """

    columns: tuple[Column, ...]
    learned: tuple[Learned, ...]

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The cells that a row is made of."""
        made = []
        for (column, names), known in zip(used_names(self.columns), self.learned, strict=True):
            made.append(_field(column, known))
            made += [Field(name, "boolean", low=0.0, high=1.0, mark=mark) for name, mark in zip(names[1:], column.indicated, strict=False)]
        return tuple(made)

    @cached_property
    def known(self) -> tuple[tuple[int, tuple[str, ...], Learned], ...]:
        """Of every column that is not left out: the place of its first field, its typed names, and what was learned of it."""
        names = [pair[1] for pair in used_names(self.columns)]
        first = np.cumsum([0, *(1 + len(column.indicated) for column in used(self.columns))])
        return tuple((int(j), each, learned) for j, each, learned in zip(first[:-1], names, self.learned, strict=True))

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """The prepared columns in order: values, indicators, the further parts of dates, levels with their target means."""
        numbers = [(j, self.fields[j], names, known) for j, names, known in self.known if self.fields[j].kind != "category"]
        made = [Feature(names[0], j, field.parts[0], known.fills[0]) for j, field, names, known in numbers]
        # The first part of a date says when it is missing; its other parts need not repeat that.
        made += [Feature(f"missingindicator_{names[0]}", j, "missing") for j, _, names, known in numbers if known.indicator]
        for j, field, names, known in numbers:
            further = zip(names[1:], field.parts[1:], known.fills[1:], strict=field.kind == "date")
            made += [Feature(name, j, part, fill) for name, part, fill in further]
        made += [Feature(field.name, j, "value", 0.0) for j, field in enumerate(self.fields) if field.mark is not None]
        for j, names, _ in self.known:
            field = self.fields[j]
            if field.kind == "category":
                texts = (*field.levels, REST)
                made += [Feature(f"{names[0]}_{texts[level]}", j, "level", level=level) for level in field.own]
                made += _mean_features(names[0], j, field)
        return tuple(_named_apart(made))

    @cached_property
    def first_of_category(self) -> dict[int, int]:
        """Of every field that is a category the first of its prepared columns, which stand side by side."""
        first: dict[int, int] = {}
        for i, feature in enumerate(self.features):
            if feature.part in ("level", "target mean"):
                first.setdefault(feature.field, i)
        return first

    @cached_property
    def seen(self) -> tuple[SeenLevels | None, ...]:
        """The levels that training rows had, of every category among the columns that are not left out."""
        return tuple(
            seen_levels((*known.levels, *column.levels), column.rare_levels) if column.kind == "category" else None
            for column, known in zip(used(self.columns), self.learned, strict=True)
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"columns": self.columns, "learned": self.learned}  # fields and features are made again where they are needed

    def apply(self, typed: pd.DataFrame, crossed: CrossFitted | None = None, roles: RowRoles = NO_ROLES) -> NDArray[np.float64]:
        """The matrix `(m, number of features)` of a frame that `coerce` made; `crossed` are the target means of training rows."""
        first = np.cumsum([0, *(len(field.parts) for field in self.fields)])
        numbers = _numbers_of(typed, self.fields)
        matrix = np.zeros((len(typed), len(self.features)))
        for i, feature in enumerate(self.features):
            field, at = self.fields[feature.field], first[feature.field]
            if field.kind == "category":
                continue
            values = numbers[:, at + (0 if feature.part == "missing" else field.parts.index(feature.part))]
            matrix[:, i] = np.isnan(values) if feature.part == "missing" else np.where(np.isnan(values), feature.fill, values)
        folds = None if crossed is None else crossed.rule.folds(typed, roles)
        for j, begin in self.first_of_category.items():
            field, cells = self.fields[j], typed.iloc[:, first[j]]
            places = _places(cells, field)
            columns = np.full(len(field.levels) + 1, -1)
            columns[list(field.own)] = begin + np.arange(len(field.own))
            rows = np.flatnonzero(columns[places] >= 0)
            matrix[rows, columns[places[rows]]] = 1.0
            if field.means is not None:
                means = field.means.table()[places] if crossed is None else crossed.tables[field.name][folds, places]
                begin += len(field.own)
                matrix[:, begin : begin + means.shape[1]] = means
        return matrix


def _mean_features(name: str, j: int, field: Field) -> list[Feature]:
    """The target means of a category's levels."""
    if field.means is None:
        return []
    pairs = zip(field.means.outputs, field.means.overall, strict=True)
    return [Feature(f"{name}, {output}", j, "target mean", fill, output=k) for k, (output, fill) in enumerate(pairs)]


def _numbers_of(typed: pd.DataFrame, fields: Sequence[Field]) -> NDArray[np.float64]:
    """A typed frame's numbers, all at once, and NaN in the columns of categories."""
    is_number = np.array([field.kind != "category" for field in fields for _ in field.parts], bool)
    numbers = np.full(typed.shape, np.nan)
    numbers[:, is_number] = (typed if is_number.all() else typed.iloc[:, np.flatnonzero(is_number)]).to_numpy(np.float64)
    return numbers


def used(columns: Sequence[Column]) -> list[Column]:
    """The columns that are inputs."""
    return [column for column in columns if column.kind != "left out"]


def _field(column: Column, known: Learned) -> Field:
    low, high = (0.0, 1.0) if column.low is None or column.high is None else (column.low, column.high)
    assert column.kind != "left out"
    variants = tuple(variant for variant in column.variants if variant.level in known.levels)
    dates = column.has_times, column.date_parts
    texts = known.levels, known.has_other
    return Field(column.name, column.kind, *texts, float(low), float(high), *dates, variants=variants, means=known.means)


def _named_apart(features: list[Feature]) -> list[Feature]:
    """The features under names no two of which are alike, also where a level and a column are named alike."""
    taken: set[str] = set()
    apart = []
    for feature in features:
        free = unused(feature.name, taken)
        taken.add(free)
        apart.append(replace(feature, name=free))
    return apart


def _places(cells: pd.Series, field: Field) -> NDArray[np.int64]:
    """Of every cell of a category the place of its level, len(levels) for the rest."""
    rest = len(field.levels)
    known = {text: place for place, text in enumerate(field.levels)}
    alike = {text: known[level] for text, level in numbers_alike(field.levels).items()}
    codes, texts = pd.factorize(cells)
    # An empty cell is a level of its own: the most frequent level in its place would hide that nothing was known
    # (Titanic's cabins are known for the upper decks only). An unknown level is treated as the rare ones are.
    places = np.array([*(known.get(text, alike.get(whole_text(text), rest)) for text in texts), known.get(MISSING, rest)], np.int64)
    return places[codes]  # the code of an empty cell is -1: the last


def fit_preparation(columns: Sequence[Column], typed: pd.DataFrame, sums: TargetSums | None = None) -> Preparation:
    """What a typed frame of training rows decides, with sums of their targets where a column has target means."""
    counts = {
        column.name: typed[names[0]].fillna(MISSING).value_counts()
        for column, names in zip(columns, typed_names(columns), strict=True)
        if column.kind == "category"
    }
    gaps = {column.name: _has_gaps(typed, names) for column, names in used_names(columns) if column.kind != "category"}
    return decided(columns, typed, counts, gaps, sums)


def _has_gaps(typed: pd.DataFrame, names: Sequence[str]) -> bool:
    """Whether the first of a column's typed ones has empty cells, in which no mark stands that an input of its own, another, tells of."""
    empty = typed[names[0]].isna().to_numpy()
    for name in names[1:] if empty.any() else ():
        empty = empty & (typed[name] != 1).to_numpy()
    return bool(empty.any())


def decided(
    columns: Sequence[Column],
    typed: pd.DataFrame,
    counts: Mapping[str, pd.Series],
    gaps: Mapping[str, bool],
    sums: TargetSums | None = None,
) -> Preparation:
    """What medians of a typed frame, the counts of each category's levels, the empty cells of the other columns, and sums decide."""
    rare = rare_below(columns[0].n_rows)
    learned = []
    for column, names in used_names(columns):
        if column.target_means:
            learned.append(_with_means(column.name, counts[column.name], sums))
        elif column.kind == "category":
            own, others = own_levels(counts[column.name], rare)
            learned.append(Learned(levels=tuple(own), has_other=bool(others)))
        else:
            values = names if column.kind == "date" else names[:1]
            learned.append(Learned(tuple(median(typed[name].to_numpy(np.float64)) for name in values), gaps[column.name]))
    return Preparation(tuple(columns), tuple(learned))


def _with_means(name: str, counts: pd.Series, sums: TargetSums | None) -> Learned:
    """What is learned of a category with target means: those of its levels, and which have a column beside."""
    assert sums is not None, "refuse_without_target was called"
    own = common_levels(counts)
    often = counts.sort_index().sort_values(ascending=False, kind="stable").index[:MOST_MEANS]
    levels = sorted({*own, *often} - ({MISSING} - set(own)))
    means, _ = sums.found(name, levels, own)
    places = tuple(place for place, level in enumerate(levels) if level in own)
    by_output = tuple(map(tuple, means[:-1].T.tolist()))
    return Learned(levels=tuple(levels), means=TargetMeans(sums.outputs.names, tuple(means[-1].tolist()), by_output, places))


def crossed(preparation: Preparation, sums: TargetSums) -> CrossFitted:
    """The target means that training rows get."""
    fields = [field for field in preparation.fields if field.means is not None]
    own = {field.name: [field.levels[place] for place in field.own] for field in fields}
    return CrossFitted(sums.rule, {field.name: sums.found(field.name, field.levels, own[field.name])[1] for field in fields})


def used_names(columns: Sequence[Column]) -> list[tuple[Column, tuple[str, ...]]]:
    """The columns that are inputs, each with its names after `coerce`."""
    return [pair for pair in zip(columns, typed_names(columns), strict=True) if pair[0].kind != "left out"]


def median(values: NDArray[np.float64]) -> float:
    """The median of the numbers that are known, 0 where none is."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0
    half = len(known) // 2
    if len(known) % 2:
        return float(np.partition(known, half)[half])
    low, high = np.partition(known, (half - 1, half))[half - 1 : half + 1].tolist()
    whole = low + high
    return float(whole / 2 if np.isfinite(whole) else low / 2 + high / 2)


def own_levels(counts: pd.Series, rare: int) -> tuple[list[str], list[str]]:
    """The levels that get a column of their own, sorted, and the others, which share one.

    Own: levels of `rare` rows or more; where these are too many the most frequent of them, of equally frequent ones the later.
    """
    counts = counts.sort_index()
    frequent = counts[counts >= rare]
    n_columns = len(frequent) + (len(frequent) < len(counts))
    if n_columns > MOST_LEVELS:
        frequent = frequent.sort_values(kind="stable").iloc[-(MOST_LEVELS - 1) :]
    own = set(frequent.index)
    return [level for level in counts.index if level in own], [level for level in counts.index if level not in own]
