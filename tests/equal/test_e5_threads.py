"""(E5) The thread count changes nothing: groups are cut by the shapes alone, and each is one thread's whole work."""

import numpy as np
import pytest

from shoal import ShoalClassifier
from shoal.engine import advance as door


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_thread_and_two_give_the_same_bits(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 7))
    y = (X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=600) > 0).astype(int)
    weights = []
    for threads in (1, 2):
        monkeypatch.setattr(door, "cores", lambda threads=threads: threads)
        monkeypatch.setattr(door, "WORTH_A_THREAD", 0)  # hand over work of any size
        door.executor.cache_clear()
        model = ShoalClassifier(n_networks=8, max_iter=6, random_state=3, dtype=dtype).fit(X, y)
        weights.append([*model.coefs_, *model.intercepts_])
    for one, two in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, two)
