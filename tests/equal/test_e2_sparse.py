"""E2: sparse rows give what the same dense rows give, through every door of the engine, and never become dense whole."""

import numpy as np
import pytest
from scipy import sparse

from problems import population, rows
from shoal.encoding import SparseRows, encode, fit_encoding, plain
from shoal.engine.minibatch import advance, begin, current
from shoal.engine.predict import logits
from shoal.engine.sums import sums
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.training.minibatch import Run
from shoal.training.rows import Validation

SAME = 1e-12  # the same numbers, perhaps added in another order
M, N_X = 40, 6


def sparse_and_dense(standardized):
    X, Y = rows("squared_error", M, N_X, 1)
    X = np.where(X > 0.5, X, 0.0)
    S = sparse.csr_array(X)
    encoding = fit_encoding(S, ramps=False) if standardized else plain(N_X)
    return encode(encoding, S), encode(encoding, X), Y


@pytest.mark.parametrize("input_dropout", [0.0, 0.3, np.array([0.0, 0.5])], ids=["all inputs", "some dropped", "of one network"])
@pytest.mark.parametrize("standardized", [False, True])
def test_steps_sums_and_logits_of_sparse_rows_are_those_of_the_dense_ones(standardized, input_dropout):
    S, X, Y = sparse_and_dense(standardized)
    assert isinstance(S, SparseRows)
    assert S.shape == X.shape
    networks, g2 = population((4, 3), N_X, 1), make_loss("squared_error")
    recipe = Recipe(batch_size=16, input_dropout=input_dropout)
    after = []
    for values in (S, X):
        state = begin(networks, recipe, g2, np.full(2, float(M)), np.float64)
        batches = [np.arange(0, 16), np.arange(16, 32), np.arange(32, M)]
        costs = advance(state, values, Y, batches, np.full((3, 2), 0.01))
        of_sums = sums(networks, values, Y, "relu", g2)
        after.append([costs, *current(state).parameters, of_sums.loss, *of_sums.gradient, logits(networks, values, "relu")])
    for of_sparse, of_dense in zip(*after, strict=True):
        np.testing.assert_allclose(of_sparse, of_dense, rtol=SAME, atol=SAME)


def test_no_more_rows_than_a_batch_or_a_block_are_dense_at_once(monkeypatch):
    S, _, Y = sparse_and_dense(True)
    largest = []
    whole = SparseRows.__getitem__

    def watched(self, chosen):
        dense = whole(self, chosen)
        largest.append(len(dense))
        return dense

    monkeypatch.setattr(SparseRows, "__getitem__", watched)
    monkeypatch.setattr("shoal.engine.sums.DENSE_ROWS", 5)
    validation = Validation(S, Y, rows=(np.arange(20), np.arange(20)))
    for _ in Run(Recipe(batch_size=8, max_epochs=2), population((4, 3), N_X, 1), make_loss("squared_error"), S, Y, validation=validation):
        pass
    assert set(largest) == {8, 5}
    monkeypatch.setattr("shoal.engine.predict.BLOCK_ROWS", 7)
    monkeypatch.setattr("shoal.engine.sums.BATCH", 7)
    largest.clear()
    sums(population((4,), N_X, 1), S, Y, "relu", make_loss("squared_error"))
    logits(population((4,), N_X, 1), S, "relu")
    assert max(largest) == 7
