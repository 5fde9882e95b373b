"""Whether an ONNX model agrees with the network, computed in ONNX Runtime."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.errors import ExportError
from shoal.export.onnx_graph.nodes import session
from shoal.export.portable import Portable
from shoal.export.sample_rows import Row, answers, sample_rows, spread

TOLERANCE = {"double": 1e-12, "float": 1e-5}  # fractions of the output's range: (E6) in docs/architecture.md


def feeds(model: Portable, rows: list[Row]) -> dict[str, NDArray[Any]]:
    """The rows as the model's inputs."""
    if model.is_bare:
        return {"X": np.array(rows, np.float64)}
    given: dict[str, NDArray[Any]] = {}
    for j, field in enumerate(model.fields):
        cells = [row[j] for row in rows]
        if field.kind == "category":
            given[field.name] = np.array([["" if cell is None else cell] for cell in cells], object)
        else:
            given[field.name] = np.array(cells, np.float64)[:, None]
    return given


def onnx_answers(proto: Any, model: Portable, rows: list[Row]) -> tuple[NDArray[Any] | None, NDArray[np.floating]]:
    """The results of ONNX Runtime: the labels (None for regression), and the probabilities or predictions `(m, n)`."""
    given = session(proto).run(None, feeds(model, rows))
    return (None if len(given) == 1 else given[0]), np.asarray(given[-1], np.float64)


def asked(model: Portable, rows: list[Row]) -> NDArray[np.floating]:
    """The model's own predictions of the rows."""
    try:
        return answers(model, rows)
    except Exception as error:
        if model.before is None:
            raise
        raise ExportError(
            f"The steps before the network refuse the rows that it was to be compared on ({error}). Nothing was written. Compare it on "
            "rows of your own, and export it with no check."
        ) from error


def check_onnx(proto: Any, model: Portable, precision: str) -> float:
    """Compare on rows like those of training.

    Returns
    -------
    float: the largest difference, as a fraction of the output's range

    Raises
    ------
    ExportError
        If they differ by more than the precision allows: 1e-5 of the range in float, 1e-12 in double.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import portable
    >>> from shoal.export.onnx_graph import check_onnx, model_onnx
    >>> check_onnx(model_onnx(portable(model), "double"), portable(model), "double") < 1e-12
    True
    """
    rows = sample_rows(model)
    wanted = asked(model, rows)
    _, predicted = onnx_answers(proto, model, rows)
    middle = 0.0 if model.is_classifier or model.network.target is None else model.network.target.center
    single = np.finfo(np.float32).eps * np.abs(wanted) if precision == "float" else 0.0  # predictions are rounded to float
    difference = np.maximum(np.abs(predicted - wanted) - single, 0) / (spread(model) + np.abs(wanted - middle))
    difference = np.where(np.isnan(predicted) & np.isnan(wanted), 0.0, difference)  # neither has a value
    worst = float(difference.max())
    if not worst <= TOLERANCE[precision]:
        row, output = np.unravel_index(int(np.argmax(np.where(np.isnan(difference), np.inf, difference))), difference.shape)
        raise ExportError(
            f"ONNX Runtime gives {predicted[row, output]:.9g} for {model.output_names[output]} where the network gives "
            f"{wanted[row, output]:.9g}. Nothing was written. Export it in double, or with no check."
        )
    return worst
