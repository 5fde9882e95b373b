"""Rows outside the range of the rows that were learned from."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.network import value_range

QUICK = {"n_networks": 2, "hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
X = np.array([[0.0, 5.0], [1.0, -5.0], [0.5, 0.0]] * 40)
y = np.arange(120.0)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, lambda rows: rows.astype(np.float32)])
@pytest.mark.parametrize("kind", [ShoalRegressor, ShoalClassifier])
def test_only_values_beyond_the_ends_are_outside(kind, make):
    model = kind(**QUICK).fit(make(X), y > 50 if kind is ShoalClassifier else y)
    new = np.array([[0.0, 5.0], [1.0, -5.0], [1.5, 0.0], [0.5, -6.0], [-1.0, 6.0]])
    np.testing.assert_array_equal(model.outside(make(new)), [False, False, True, True, True])
    wanted = [[False, False], [False, False], [True, False], [False, True], [True, True]]
    np.testing.assert_array_equal(model.outside(make(new), columns=True), wanted)


def test_no_training_row_is_outside():
    rows = np.random.default_rng(0).standard_normal((150, 4)).astype(np.float32)
    assert not ShoalRegressor(**QUICK).fit(rows, rows[:, 0]).outside(rows).any()


def test_rows_of_weight_0_widen_no_range():
    weight = np.ones(120)
    weight[0] = 0.0
    changed = X.copy()
    changed[0] = 100.0
    model = ShoalRegressor(**QUICK).fit(changed, y, weight)
    np.testing.assert_array_equal(model.network_.highest, [1.0, 5.0])


def test_frames_are_asked_by_name():
    frame = pd.DataFrame(X, columns=["a", "b"])
    model = ShoalRegressor(**QUICK).fit(frame, y)
    np.testing.assert_array_equal(model.outside(pd.DataFrame({"a": [2.0], "b": [0.0]}), columns=True), [[True, False]])


def test_zeros_that_a_sparse_table_does_not_store_count():
    lowest, highest = value_range(sparse.csr_array(np.array([[0.0, 3.0], [2.0, 4.0]])))
    np.testing.assert_array_equal(lowest, [0.0, 3.0])
    np.testing.assert_array_equal(highest, [2.0, 4.0])
