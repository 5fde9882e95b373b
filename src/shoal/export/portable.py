"""What every format writes: a model as its fields, the prepared columns made of them, and one network.

A model that `shoal.fit` made takes raw cells, and its preparation is read here once, step by step, into plain facts:
this column is that number, its median where it is missing; this one says whether it was missing; this one is 1 for one
level. A bare estimator takes a matrix, whose columns are the prepared ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from shoal.errors import ExportError
from shoal.network import Network
from shoal.table import Column, TypedTable, feature_names
from shoal.table.columns import MISSING, typed_names

FieldKind = Literal["number", "boolean", "category", "date"]
Part = Literal["value", "days", "day of year", "weekday", "hour", "missing", "level"]
PARTS_OF_DATE: tuple[Part, ...] = ("days", "day of year", "weekday", "hour")
UNKNOWN = "\0 a text that no table holds"


@dataclass(frozen=True)
class Field:
    """One cell of a row as the caller gives it.

    Attributes
    ----------
    name : str
        The user's own.
    kind : {"number", "boolean", "category", "date"}
    levels : tuple of str
        Of a category: the texts with a column of their own, in the order of their columns.
    has_other : bool
        Whether rare and unknown texts share one more column; without it they are 0 in all of them.
    low, high : float
        Range in training; of a date in days since 1970.
    has_times : bool
        Whether a date comes with the time of day.
    """

    name: str
    kind: FieldKind = "number"
    levels: tuple[str, ...] = ()
    has_other: bool = False
    low: float = -1.0
    high: float = 1.0
    has_times: bool = False

    @property
    def missing(self) -> int:
        """The place of an empty cell among a category's columns; len(levels) is that of the rest."""
        return self.levels.index(MISSING) if MISSING in self.levels else len(self.levels)


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
        "value", or a part of a date ("days" since 1970, "day of year" from 1, "weekday" from Monday = 0, "hour"); "missing"
        is 1 for an empty cell, "level" is 1 for one level.
    fill : float
        What stands for a missing value; NaN leaves it missing, as a bare estimator does.
    level : int
        Which level; len(levels) for the rest.
    """

    name: str
    field: int
    part: Part = "value"
    fill: float = float("nan")
    level: int = -1


@dataclass(frozen=True)
class Portable:
    """A fitted model, ready to be written in any format.

    Attributes
    ----------
    fields : tuple of Field
    features : tuple of Feature
        The network's inputs before encoding, in order.
    network : Network
        Its feature names are those of `features`.
    targets : tuple of str
        Names of what is predicted.
    classes : tuple of tuples of labels
        Of each target, in the order of the probabilities; none for regression.
    multilabel : bool
        Whether each target is a yes or no of its own.
    prepare : fitted preparation or None
        scikit-learn's steps that `fields` and `features` describe, to compare with.
    facts : object or None
        What `shoal.fit` says of its fit.
    one_column : bool
        Whether a regressor learned one target as a vector, and answers so.
    before : Pipeline or None
        Other steps of scikit-learn's that a matrix goes through first: ONNX alone writes them.
    """

    fields: tuple[Field, ...]
    features: tuple[Feature, ...]
    network: Network
    targets: tuple[str, ...]
    classes: tuple[tuple[Any, ...], ...]
    multilabel: bool
    prepare: Any = None
    facts: Any = None
    one_column: bool = True
    before: Pipeline | None = None

    @property
    def is_classifier(self) -> bool:
        """Whether it has classes."""
        return bool(self.classes)

    @property
    def is_bare(self) -> bool:
        """Whether it takes a matrix of numbers that nothing prepares."""
        return self.prepare is None

    @property
    def output_names(self) -> tuple[str, ...]:
        """What each number that comes out is: the target, or P(target=class)."""
        if not self.is_classifier:
            return self.targets
        if self.multilabel:
            return tuple(f"P({name}={labels[1]})" for name, labels in zip(self.targets, self.classes, strict=True))
        return tuple(f"P({self.targets[0]}={label})" for label in self.classes[0])


def portable(model: Any, form: str = "this format", *, foreign: bool = False) -> Portable:
    """Read a fitted model.

    Parameters
    ----------
    model : Pipeline made by `shoal.fit`, or a fitted `ShoalClassifier` or `ShoalRegressor`
    form : name of the format, for errors
    foreign : whether the format takes a Pipeline of other numeric steps of scikit-learn's too

    Raises
    ------
    ExportError
        For what is no fitted model, or a step that cannot be written; the message names it and the nearest that works.
    """
    estimator = model.steps[-1][1] if isinstance(model, Pipeline) and model.steps else model
    network = getattr(estimator, "network_", None)
    if not isinstance(network, Network):
        raise ExportError(
            f"This {type(estimator).__name__} is no fitted network of shoal's; fit it first, or take it over with from_fitted."
        )
    facts, one_column = getattr(model, "facts_", None), getattr(estimator, "_one_column", True)
    if not isinstance(model, Pipeline):
        return replace(named(network, *bare(network), facts), one_column=one_column)
    if not is_ours(model):
        before = Pipeline(model.steps[:-1])
        if not foreign or not before.steps:
            name, step = model.steps[0]
            _refuse(name, step, form)
        names = getattr(before, "feature_names_in_", [f"x{j}" for j in range(before.n_features_in_)])
        fields = tuple(Field(str(name)) for name in names)
        return replace(named(network, *bare(network), facts), fields=fields, one_column=one_column, before=before)
    prepare = model.steps[0][1]
    fields, features = described(prepare, form)
    network = replace(network, feature_names=tuple(feature.name for feature in features))
    return replace(named(network, fields, features, facts), prepare=prepare, one_column=one_column)


def is_ours(model: Pipeline) -> bool:
    """Whether its preparation is the one that `shoal.fit` builds."""
    first = model.steps[0][1]
    return len(model.steps) == 2 and isinstance(first, Pipeline) and isinstance(first.steps[0][1], TypedTable)


def _refuse(name: str, step: Any, form: str) -> NoReturn:
    raise ExportError(
        f"The step {name!r} ({type(step).__name__}) cannot be written as {form}. What can: the preparation that shoal.fit builds "
        "(medians with indicators, categories, dates), and scaling, which the networks do themselves. "
        "ONNX takes most of scikit-learn's steps (--to onnx)."
    )


def named(network: Network, fields: tuple[Field, ...], features: tuple[Feature, ...], facts: Any) -> Portable:
    """The parts with the names of targets and classes: those of the facts, or plain ones."""
    n_z = int(network.merged.W2.shape[0])
    n_y = n_z // 2 if network.output == "gaussian" else n_z
    if not network.classes:
        targets = tuple(facts.targets) if facts is not None else (("y",) if n_y == 1 else tuple(f"y{i + 1}" for i in range(n_y)))
        return Portable(fields, features, network, targets, (), False, facts=facts)
    labels = tuple(plain(label) for label in network.classes[0])
    multilabel = network.output == "sigmoid" and not (n_z == 1 and len(labels) == 2)
    if facts is not None:
        return Portable(fields, features, network, tuple(facts.targets), tuple(map(tuple, facts.classes)), multilabel, facts=facts)
    targets = tuple(f"y{i + 1}" for i in range(n_z)) if multilabel else ("y",)
    return Portable(fields, features, network, targets, ((0, 1),) * n_z if multilabel else (labels,), multilabel)


def plain(label: Any) -> Any:
    """A class label as Python's own type."""
    return label.item() if isinstance(label, np.generic) else label


def bare(network: Network) -> tuple[tuple[Field, ...], tuple[Feature, ...]]:
    """The columns of a matrix: every one is a number, and none may be missing."""
    encoding = network.encoding
    fields = []
    for name, center, scale, edges in zip(network.feature_names, encoding.center, encoding.scale, encoding.edges, strict=True):
        low, high = (edges[0], edges[-1]) if len(edges) else (center - 2 * scale, center + 2 * scale)
        fields.append(Field(name, low=float(low), high=float(high)))
    return tuple(fields), tuple(Feature(field.name, j) for j, field in enumerate(fields))


# --- the steps of a preparation -------------------------------------------------------------------------------------


def described(prepare: Pipeline, form: str) -> tuple[tuple[Field, ...], tuple[Feature, ...]]:
    """The fields and prepared columns of the steps that `shoal.table.preparation` builds."""
    if len(prepare.steps) != 2 or not isinstance(prepare.steps[1][1], ColumnTransformer):
        name, step = prepare.steps[-1]
        _refuse(name, step, form)
    columns = [(column, names) for column, names in _used(prepare.steps[0][1].columns)]
    fields = [_field(column) for column, _ in columns]
    typed = {name: (j, part) for j, (column, names) in enumerate(columns) for name, part in zip(names, _parts(column), strict=False)}
    made: list[Feature] = []
    for name, step, chosen in prepare.steps[1][1].transformers_:
        places = [typed[str(column)] for column in chosen]
        if isinstance(step, SimpleImputer):
            made.extend(_imputed(name, step, places, form))
        elif isinstance(step, Pipeline) and isinstance(step.steps[-1][1], OneHotEncoder) and isinstance(step.steps[0][1], SimpleImputer):
            made.extend(_levels(step, places, fields))
        elif not (name == "remainder" and not len(chosen)):
            _refuse(name, step, form)
    names = feature_names(prepare)
    return tuple(fields), tuple(replace(feature, name=name) for feature, name in zip(made, names, strict=True))


def _used(columns: Iterable[Column]) -> list[tuple[Column, tuple[str, ...]]]:
    columns = list(columns)
    return [(column, names) for column, names in zip(columns, typed_names(columns), strict=True) if column.kind != "left out"]


def _field(column: Column) -> Field:
    low, high = (0.0, 1.0) if column.low is None or column.high is None else (column.low, column.high)
    assert column.kind != "left out"
    return Field(column.name, column.kind, low=float(low), high=float(high), has_times=column.has_times)


def _parts(column: Column) -> tuple[Part, ...]:
    return PARTS_OF_DATE if column.kind == "date" else ("value",)


def _imputed(name: str, step: SimpleImputer, places: list[tuple[int, Part]], form: str) -> list[Feature]:
    """The values, their fills where they are missing, then the indicators."""
    if step.missing_values is not np.nan and not np.isnan(step.missing_values):
        _refuse(name, step, form)
    values = [Feature("", j, part, float(fill)) for (j, part), fill in zip(places, step.statistics_, strict=True)]
    indicators = [] if step.indicator_ is None else [Feature("", places[i][0], "missing") for i in step.indicator_.features_]
    return [*values, *indicators]


def _levels(step: Pipeline, places: list[tuple[int, Part]], fields: list[Field]) -> list[Feature]:
    """The columns of each category, as the encoder itself says where each text goes; `fields` learn their levels."""
    encoder = step.steps[-1][1]
    made: list[Feature] = []
    for i, ((j, _), known) in enumerate(zip(places, encoder.categories_, strict=True)):
        texts = [str(level) for level in known]
        where = _columns_of(encoder, i, [*texts, UNKNOWN])
        other = where.pop()
        own = sorted((column, text) for column, text in zip(where, texts, strict=True) if column not in (None, other))
        fields[j] = replace(fields[j], levels=tuple(text for _, text in own), has_other=other is not None)
        made.extend(Feature("", j, "level", level=level) for level in range(len(own) + (other is not None)))
        assert [column for column, _ in own] == list(range(len(own))), "levels stand first, the rest last"
        assert other in (None, len(own)), "levels stand first, the rest last"
    return made


def _columns_of(encoder: OneHotEncoder, i: int, texts: list[str]) -> list[int | None]:
    """For every text of category i the place of its 1 among the category's columns; None where it has none."""
    rows = np.array([[known[0] for known in encoder.categories_]] * len(texts), dtype=object)
    rows[:, i] = texts
    first = sum(_widths(encoder)[:i])
    block = encoder.transform(rows)[:, first : first + _widths(encoder)[i]]
    return [int(np.argmax(row)) if row.any() else None for row in block]


def _widths(encoder: OneHotEncoder) -> list[int]:
    """How many columns each category has."""
    rare = encoder.infrequent_categories_
    return [len(known) - (0 if few is None else len(few) - 1) for known, few in zip(encoder.categories_, rare, strict=True)]
