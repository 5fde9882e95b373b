"""A model as C99: one header and one source, no dependency, no heap, constant weights; and a program that tests them.

The network is one hidden layer of all members' units. Cells and predictions are double. Scaling and ramps are computed in double, so that
a large offset loses no digits, and so is the output layer. The hidden layer, which has nearly all the weights and all the work, has the
requested type. Every formula is the textbook's (`textbook/activations.py`, `textbook/losses.py`), in its safe form.
"""

from shoal.errors import ExportError
from shoal.export.c99.parts import Precision, c_names, header, test_program
from shoal.export.c99.source import source
from shoal.export.portable import Portable


def c99(model: Portable, name: str = "model", precision: Precision = "double") -> dict[str, str]:
    """The model as C99: name → content of a header, a source, and a test program with vectors.

    Parameters
    ----------
    model : Portable
    name : what files, types and functions begin with
    precision : {"double", "float"}, of the hidden layer

    Raises
    ------
    ExportError
        For a weight that a float cannot hold, or an unknown precision.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import c99, portable
    >>> sorted(c99(portable(model), "squares"))
    ['squares.c', 'squares.h', 'squares_test.c']
    """
    if precision not in ("double", "float"):
        raise ExportError(f"The precision is {precision!r}; C is written in 'double' or 'float'.")
    names = c_names(model, name)
    return {
        f"{names.prefix}.h": header(model, names),
        f"{names.prefix}.c": source(model, names, precision),
        f"{names.prefix}_test.c": test_program(model, names, precision),
    }
