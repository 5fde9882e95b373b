"""Columns of a raw table in which predictions must increase or decrease, and those in which the weights prove it."""

from collections.abc import Hashable, Mapping
from typing import Any

from shoal.errors import InvalidParameterError
from shoal.export import portable
from shoal.fitting.directions import DirectionsKind
from shoal.inspection.monotone import proven_directions
from shoal.nearest_names import nearest
from shoal.table.cells import brief, listed
from shoal.table.steps import preparation_of

NUMERIC = ("number", "boolean")  # columns of one prepared value that rises with the cell


def with_directions(settings: Mapping[str, Any] | None, directions: Mapping[Hashable, int] | None) -> Mapping[str, Any] | None:
    """The settings with `monotonic_cst`, which they must not contain too."""
    if directions is None:
        return settings
    if not isinstance(directions, Mapping):
        raise InvalidParameterError(f"monotonic_cst={brief(directions)} must be a dict of columns with 1 (increasing) or -1 (decreasing).")
    if settings is not None and settings.get("monotonic_cst") is not None:
        raise InvalidParameterError("monotonic_cst was given, and settings have it too. Set one of them.")
    wanted = DirectionsKind().read("monotonic_cst", directions)
    return {**(settings or {}), "monotonic_cst": wanted} if wanted else settings


def keep_directions(estimator: Any, prepare: Any) -> Any:
    """The estimator, with directions by columns of the table as those of the prepared columns.

    Parameters
    ----------
    estimator : ShoalClassifier or ShoalRegressor
    prepare : a fitted preparation of raw tables; of other steps the directions stay as they are

    Raises
    ------
    InvalidParameterError
        For a column that is not in the table, is left out, or is no number.
    """
    preparation, wanted = preparation_of(prepare), estimator.monotonic_cst
    if preparation is None or not isinstance(wanted, Mapping):
        return estimator
    kinds, directions = {column.name: column.kind for column in preparation.columns}, DirectionsKind().read("monotonic_cst", wanted)
    for name in directions:
        if name not in kinds:
            near = nearest(name, list(kinds))
            hint = f"the nearest names are {listed(near)}" if near else f"its columns are {listed(list(kinds))}"
            raise InvalidParameterError(f"monotonic_cst has {name!r}, which is no input of the model; {hint}.")
        if directions[name] and kinds[name] not in NUMERIC:
            kind = "left out" if kinds[name] == "left out" else f"a {kinds[name]}"
            raise InvalidParameterError(f"monotonic_cst has {name!r}, which is {kind}: only numbers and truth values have a direction.")
    features = [directions.get(preparation.fields[f.field].name, 0) if is_value(preparation, f) else 0 for f in preparation.features]
    return estimator.set_params(monotonic_cst=tuple(features))


def wanted_directions(model: Any) -> dict[str, int]:
    """The directions by columns of the table that a model made by `shoal.fit`, or a clone of it, was given; none for other steps."""
    preparation, given = preparation_of(model.steps[0][1]), getattr(model.steps[-1][1], "monotonic_cst", None)
    if isinstance(given, Mapping):
        return dict(given)
    if preparation is None or given is None or len(given) != len(preparation.features):
        return {}
    return {preparation.fields[f.field].name: c for f, c in zip(preparation.features, given, strict=True) if c}


def is_value(parts: Any, feature: Any) -> bool:
    """Whether a prepared column is the value of a number or a truth value; `parts` have `fields`."""
    field = parts.fields[feature.field]
    return bool(feature.part == "value" and field.kind in NUMERIC and field.mark is None)


def monotone_columns(model: Any) -> dict[str, int]:
    """The columns in which predictions increase (1) or decrease (−1) for every row, by the signs of the weights alone.

    Parameters
    ----------
    model : Pipeline made by `shoal.fit`, or a fitted estimator
    """
    found = portable(model, foreign=True)
    proven = zip(found.features, proven_directions(found.network), strict=True)
    return {found.fields[feature.field].name: c for feature, c in proven if c and is_value(found, feature)}


def in_words(columns: Mapping[str, int]) -> str:
    """The columns with their directions in a line; empty if there are none."""
    named = [(word, [name for name, c in columns.items() if c == sign]) for word, sign in (("increasing in", 1), ("decreasing in", -1))]
    return "; ".join(f"{word} {listed(names)}" for word, names in named if names)
