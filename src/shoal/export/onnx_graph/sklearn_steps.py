"""scikit-learn's numeric steps as ONNX nodes, in double and in their own order of operations.

Those that stand here need nothing but ONNX; any other is left to skl2onnx (`foreign.py`). Each writer takes the graph, the fitted
step and the name of its input `(m, n)`, and returns the name of its output.

Other steps of scikit-learn's before a network, in the network's own graph.

Those that `sklearn_steps` knows it writes; Pipelines, unions and ColumnTransformers are taken apart here; any other step is left to
skl2onnx, and its nodes are taken in.
"""

import textwrap
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from shoal.errors import ExportError
from shoal.export.onnx_graph.nodes import Graph, onnx_extra, session
from shoal.export.steps import columns_of, does_nothing, is_dropped

Writer = Callable[[Graph, Any, str], str]
FUNCTIONS = {
    np.log: "Log",
    np.exp: "Exp",
    np.sqrt: "Sqrt",
    np.abs: "Abs",
    np.sin: "Sin",
    np.cos: "Cos",
    np.tanh: "Tanh",
    np.sign: "Sign",
    np.square: "Mul",
}


def row(values: Any) -> NDArray[np.float64]:
    """Numbers of columns, `(1, n)`."""
    return np.asarray(values, np.float64).reshape(1, -1)


def taken(graph: Graph, x: str, places: Any) -> str:
    """Some columns."""
    return graph("Gather", x, np.asarray(places, np.int64), axis=1)


def beside(graph: Graph, parts: list[str]) -> str:
    """Columns side by side."""
    return parts[0] if len(parts) == 1 else graph("Concat", *parts, axis=1)


def standard_scaler(graph: Graph, step: StandardScaler, x: str) -> str:
    """(x − mean) / scale."""
    x = x if step.mean_ is None or not step.with_mean else graph("Sub", x, row(step.mean_))
    return x if step.scale_ is None else graph("Div", x, row(step.scale_))


def min_max_scaler(graph: Graph, step: MinMaxScaler, x: str) -> str:
    """x · scale + min, held within the range where asked."""
    made = graph("Add", graph("Mul", x, row(step.scale_)), row(step.min_))
    return graph("Clip", made, *(np.array(float(end)) for end in step.feature_range)) if step.clip else made


def max_abs_scaler(graph: Graph, step: MaxAbsScaler, x: str) -> str:
    """x / scale, held within ±1 where asked."""
    made = graph("Div", x, row(step.scale_))
    return graph("Clip", made, np.array(-1.0), np.array(1.0)) if getattr(step, "clip", False) else made


def robust_scaler(graph: Graph, step: RobustScaler, x: str) -> str:
    """(x − median) / scale."""
    x = x if step.center_ is None else graph("Sub", x, row(step.center_))
    return x if step.scale_ is None else graph("Div", x, row(step.scale_))


def pca(graph: Graph, step: PCA, x: str) -> str:
    """Projections on the components, each divided by its standard deviation where asked."""
    made = graph("MatMul", graph("Sub", x, row(step.mean_)), step.components_.T.astype(np.float64))
    return graph("Div", made, row(np.sqrt(step.explained_variance_))) if step.whiten else made


def truncated_svd(graph: Graph, step: TruncatedSVD, x: str) -> str:
    """Projections on the components."""
    return graph("MatMul", x, step.components_.T.astype(np.float64))


def selector(graph: Graph, step: Any, x: str) -> str:
    """The columns that were chosen."""
    return taken(graph, x, step.get_support(indices=True))


def binarizer(graph: Graph, step: Binarizer, x: str) -> str:
    """1 above the threshold, else 0."""
    return graph.cast(graph("Greater", x, np.array(float(step.threshold))), np.float64)


def polynomial_features(graph: Graph, step: PolynomialFeatures, x: str) -> str:
    """Each output is a product of as many columns as its degree, filled up with a column of ones."""
    powers = step.powers_
    n, most = powers.shape[1], max(1, int(powers.sum(axis=1).max()))
    first = graph("IsNaN", taken(graph, x, [0]))
    wide = graph("Concat", x, graph("Where", first, np.ones((1, 1)), np.ones((1, 1))), axis=1)
    factors = np.full((len(powers), most), n)
    for k, exponents in enumerate(powers):
        columns = np.repeat(np.arange(n), exponents)
        factors[k, : len(columns)] = columns
    made = taken(graph, wide, factors[:, 0])
    for d in range(1, most):
        made = graph("Mul", made, taken(graph, wide, factors[:, d]))
    return made


def simple_imputer(graph: Graph, step: SimpleImputer, x: str) -> str:
    """What was learned where cells are missing, columns without a value left out; then the indicators."""
    numbers(step.statistics_, "values")
    statistics = np.asarray(step.statistics_, np.float64)
    missing = is_missing(graph, x, step.missing_values)
    filled = graph("Where", missing, row(np.nan_to_num(statistics)), x)
    empty = np.isnan(statistics) & (not step.keep_empty_features)
    parts = [taken(graph, filled, np.flatnonzero(~empty)) if empty.any() else filled]
    if step.indicator_ is not None:
        parts.append(graph.cast(taken(graph, missing, step.indicator_.features_), np.float64))
    return beside(graph, parts)


def is_missing(graph: Graph, x: str, value: Any) -> str:
    """Which cells are missing."""
    if not isinstance(value, float | int | np.number):
        raise ExportError(f"its missing_values is {value!r}, and a matrix of numbers holds none; choose numpy.nan or a number")
    return graph("IsNaN", x) if np.isnan(value) else graph("Equal", x, np.array(float(value)))


def numbers(values: Any, what: str) -> NDArray[np.float64]:
    """Learned values as numbers; text has no place in a matrix of them."""
    found = np.asarray(values)
    if any(isinstance(value, str | bytes) for value in found.ravel().tolist()):
        raise ExportError(f"its {what} are text, and ONNX gets a matrix of numbers; encode them before, or train with shoal.fit")
    return np.asarray(found, np.float64)


def one_hot_encoder(graph: Graph, step: OneHotEncoder, x: str) -> str:
    """The row of the first categories, and what each other value of a column changes in it: the encoder itself says what.

    So rare and dropped categories need no case of their own. A row with a value that scikit-learn refuses is NaN.
    """
    known = [numbers(values, "categories") for values in step.categories_]
    first = np.array([values[0] for values in known])
    plain = encoded(step, first[None])
    made, refused = graph("Mul", taken(graph, x, [0]), np.zeros((1, 1))), None
    made = graph("Where", graph("IsNaN", made), plain, plain)
    for i, values in enumerate(known):
        rows = np.tile(first, (len(values), 1))
        rows[:, i] = values
        is_value = graph.cast(equal(graph, taken(graph, x, [i]), values), np.float64)
        made = graph("Add", made, graph("MatMul", is_value, encoded(step, rows) - plain))
        is_new = graph("Less", summed(graph, is_value), np.array(0.5))
        if step.handle_unknown == "error":
            refused = is_new if refused is None else graph("Or", refused, is_new)
        else:
            new = first.copy()
            new[i] = np.nanmax(np.append(values, 0.0)) + 1.5
            change = encoded(step, new[None]) - plain
            made = graph("Add", made, graph("Mul", graph.cast(is_new, np.float64), change))
    return made if refused is None else graph("Where", refused, np.array(np.nan), made)


def ordinal_encoder(graph: Graph, step: OrdinalEncoder, x: str) -> str:
    """Each value's number; NaN where scikit-learn gives NaN, or refuses the value."""
    known = [numbers(values, "categories") for values in step.categories_]
    parts = []
    for i, values in enumerate(known):
        rows = np.tile([own[0] for own in known], (len(values), 1))
        rows[:, i] = values
        codes = np.asarray(step.transform(rows), np.float64)[:, i : i + 1]
        is_value = graph.cast(equal(graph, taken(graph, x, [i]), values), np.float64)
        unknown = np.nan if step.handle_unknown == "error" else float(step.unknown_value)
        made = graph("MatMul", is_value, np.nan_to_num(codes))
        made = graph("Where", graph("Greater", summed(graph, is_value), np.array(0.5)), made, np.array(unknown))
        bare = graph("Greater", graph("MatMul", is_value, np.isnan(codes).astype(np.float64)), np.array(0.5))
        parts.append(graph("Where", bare, np.array(np.nan), made))
    return beside(graph, parts)


def encoded(step: OneHotEncoder, rows: NDArray[Any]) -> NDArray[np.float64]:
    """What the encoder makes of rows, as an array, without a warning of values that it does not know."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = step.transform(rows)
    return np.asarray(made.toarray() if hasattr(made, "toarray") else made, np.float64)


def equal(graph: Graph, column: str, values: NDArray[np.float64]) -> str:
    """Whether a column `(m, 1)` is each of the values, `(m, k)`; a missing one is a missing one."""
    same = graph("Equal", column, row(values))
    return graph("Or", same, graph("And", graph("IsNaN", column), np.isnan(values)[None])) if np.isnan(values).any() else same


def summed(graph: Graph, x: str) -> str:
    """The sum of each row, `(m, 1)`."""
    return graph("ReduceSum", x, np.array([1], np.int64), keepdims=1)


def function_transformer(graph: Graph, step: FunctionTransformer, x: str) -> str:
    """A function of NumPy's that ONNX has too."""
    if step.func is None:
        return x
    if step.kw_args or step.func not in (*FUNCTIONS, np.log1p, np.expm1):
        name = getattr(step.func, "__name__", type(step.func).__name__)
        raise ExportError(
            f"its function {name!r} is Python code, which ONNX cannot hold; compute it before the model, or use one of "
            f"{', '.join(f.__name__ for f in (*FUNCTIONS, np.log1p, np.expm1))}"
        )
    one = np.array(1.0)
    if step.func is np.log1p:
        return graph("Log", graph("Add", x, one))
    if step.func is np.expm1:
        return graph("Sub", graph("Exp", x), one)
    return graph("Mul", x, x) if step.func is np.square else graph(FUNCTIONS[step.func], x)


WRITERS: dict[type, Writer] = {
    StandardScaler: standard_scaler,
    MinMaxScaler: min_max_scaler,
    MaxAbsScaler: max_abs_scaler,
    RobustScaler: robust_scaler,
    PCA: pca,
    TruncatedSVD: truncated_svd,
    SelectorMixin: selector,
    Binarizer: binarizer,
    PolynomialFeatures: polynomial_features,
    SimpleImputer: simple_imputer,
    OneHotEncoder: one_hot_encoder,
    OrdinalEncoder: ordinal_encoder,
    FunctionTransformer: function_transformer,
}


def writer_of(step: Any) -> Writer | None:
    """Who writes a step; None for one that is left to skl2onnx. A class that someone derived may do anything."""
    if isinstance(step, SelectorMixin):
        return selector
    return WRITERS.get(type(step))


PREPARED = "prepared"
DOMAINS = ("", "ai.onnx.ml")


def write_steps(graph: Graph, steps: Sequence[tuple[str, Any]], x: str, opset: int) -> str:
    """Fitted steps one after the other, from x `(m, n)` in double to what the last one makes.

    Raises
    ------
    ExportError
        For a step that cannot be written; the message names it and what to do.
    """
    for name, step in steps:
        if not does_nothing(step):
            x = write_step(graph, name, step, x, opset)
    return x


def write_step(graph: Graph, name: str, step: Any, x: str, opset: int) -> str:
    """One fitted step; its parts, where it has any."""
    if isinstance(step, Pipeline):
        return write_steps(graph, step.steps, x, opset)
    if isinstance(step, ColumnTransformer):
        chosen = [(part, of, columns_of(step, columns)) for part, of, columns in step.transformers_ if not is_dropped(of)]
        parts = [write_steps(graph, [(part, of)], taken(graph, x, places), opset) for part, of, places in chosen if places]
        return beside(graph, parts)
    if isinstance(step, FeatureUnion):
        weights = step.transformer_weights or {}
        made = [(part, write_steps(graph, [(part, of)], x, opset)) for part, of in step.transformer_list if not is_dropped(of)]
        return beside(graph, [graph("Mul", y, np.array(float(weights[part]))) if part in weights else y for part, y in made])
    try:
        writer = writer_of(step)
        return taken_in(graph, name, step, x, opset) if writer is None else writer(graph, step, x)
    except Exception as error:
        why = textwrap.shorten(str(error) or type(error).__name__, 200, placeholder=" …")
        raise ExportError(
            f"The step {name!r} ({type(step).__name__}) cannot be written as ONNX ({why}). What can: the preparation that shoal.fit "
            "builds, scaling, imputing, polynomials, categories that are numbers, selection, PCA, ColumnTransformer and most other steps "
            "that skl2onnx lists. Export the network alone (model[-1]), or take this step out."
        ) from error


def taken_in(graph: Graph, name: str, step: Any, x: str, opset: int) -> str:
    """What skl2onnx writes of a step, among our nodes; the runtime must know all of it."""
    with onnx_extra():
        import onnx.compose
        import onnx.version_converter
    made = onnx.version_converter.convert_version(converted(name, step, opset), opset)
    domains = {node.domain for node in made.graph.node} - set(DOMAINS)
    if domains:
        raise ExportError(f"skl2onnx writes it with nodes of {', '.join(sorted(domains))}, which not every runtime knows")
    session(made)  # some nodes are not there in double
    made = onnx.compose.add_prefix(made, f"{graph.name('step')}/")
    (given,), (left,) = made.graph.input, made.graph.output
    graph("Identity", x, into=given.name)
    graph.nodes.extend(made.graph.node)
    graph.constants.extend(made.graph.initializer)
    return str(left.name)


def converted(name: str, step: Any, opset: int) -> Any:
    """skl2onnx's own graph, from X `(m, n)` in double to "prepared"."""
    with onnx_extra():
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import DoubleTensorType as double
    return convert_sklearn(
        Pipeline([(name, step)]),
        initial_types=[("X", double([None, step.n_features_in_]))],
        final_types=[(PREPARED, double([None, None]))],
        target_opset={"": opset, "ai.onnx.ml": 3},
    )
