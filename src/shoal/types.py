"""Types that stand in many signatures, and the functions that arrays of any kind have in common."""

from typing import Any

import array_api_compat
import numpy as np
from array_api_compat import numpy as of_numpy
from numpy.typing import NDArray

Array = Any  # any array of the array API standard: NumPy, PyTorch, CuPy
Floats = NDArray[np.floating]  # float32 or float64


def array_namespace(*arrays: Array) -> Any:
    """The functions of the array API standard for arrays of one kind.

    `array_api_compat.array_namespace`, but for NumPy's arrays, for which it takes a tenth of the time that one row's prediction has.
    """
    if all(type(a) is np.ndarray for a in arrays):
        return of_numpy
    return array_api_compat.array_namespace(*arrays)
