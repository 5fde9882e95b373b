"""Types that stand in many signatures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = Any  # any array of the array API standard: NumPy, PyTorch, CuPy
Floats = NDArray[np.floating]  # float32 or float64
