"""Minibatches from blocks: a run over blocks is the run over their rows, update by update."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from problems import logits_of, population, rows
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.textbook.optimizers import Adam
from shoal.training.minibatch import Run
from shoal.training.rows import Validation
from shoal.training.streamed import InBlocks, RowBlock, Streamed

M, N_X, N_Y, K, BATCH = 96, 3, 2, 3, 8


@dataclass(frozen=True)
class Cut:
    """Rows in memory, cut into blocks."""

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray
    ends: tuple[int, ...]
    n_y: int = N_Y

    sizes = property(lambda self: tuple(np.diff(self.ends).tolist()))
    total = property(lambda self: self.weights.sum(axis=1))

    def block(self, number, dtype):
        s = slice(*list(pairwise(self.ends))[number])
        return RowBlock(self.X[s].astype(dtype), self.Y[s].astype(dtype), self.weights[:, s].astype(dtype))


def problem(out="softmax", ends=(0, M)):
    X, Y = rows(out, M, N_X, N_Y)
    weights = np.ones((K, M))
    weights[1, ::5] = 0.0  # rows that a network holds out
    return Cut(X, Y, weights, ends), population((5, 4, 5), N_X, logits_of(out, N_Y))


def recipe(**more):
    plain = {"activation": "tanh", "rule": Adam(0.9, 0.99, 1e-8), "batch_size": BATCH, "max_epochs": 4, "shuffle": False}
    return Recipe(**{**plain, "schedule": "cosine", "lam": 0.1, "dropout": 0.2, **more})


def streamed(cut, networks, out="softmax", progress=lambda n: None, **more):
    settings = {"validation": more.pop("validation", None)}
    return Streamed(recipe(**more), networks, make_loss(out), cut, dtype=np.float64, progress=progress, **settings)


@pytest.mark.parametrize("ends", [(0, M), (0, 32, 40, M)])
@pytest.mark.parametrize(
    "more", [{}, {"weight_average": 0.5, "patience": 2, "tol": 0.0}, {"schedule": "adaptive", "patience": 1, "tol": 1.0}]
)
def test_blocks_in_order_make_the_updates_of_all_rows(ends, more):
    """Blocks that end where batches end: dropout, schedules, averages and the rule's memory go on from block to block."""
    cut, networks = problem(ends=ends)
    validation = Validation(
        cut.X, cut.Y, None, tuple(np.flatnonzero(w == 0) if k == 1 else np.arange(10) for k, w in enumerate(cut.weights))
    )
    memory = Run(recipe(**more), networks, make_loss("softmax"), cut.X, cut.Y, weight=cut.weights, validation=validation)
    blocks = streamed(cut, networks, validation=validation, **more)
    for one, two in zip(memory, blocks, strict=True):
        np.testing.assert_allclose(two.loss, one.loss, rtol=1e-12)
        np.testing.assert_array_equal(two.validation_loss, one.validation_loss)
        np.testing.assert_array_equal(two.learning_rate, one.learning_rate)
        assert (two.epoch, two.t, two.active.tolist()) == (one.epoch, one.t, one.active.tolist())
    one, two = memory.result(), blocks.result()
    for there, here in zip(one.population.parameters, two.population.parameters, strict=True):
        np.testing.assert_array_equal(here, there)
    assert two.rows == one.rows


def test_every_epoch_takes_blocks_and_rows_in_another_order_and_every_row_once():
    ends = (0, 10, 30, 37, 60, M)
    cut, networks = problem(ends=ends)
    run = streamed(cut, networks, shuffle=True, max_epochs=3)
    seen = []
    for run.now.done in (0, 1):
        of_pass = list(run.orders_of_pass())
        assert sorted(number for number, _ in of_pass) == list(range(5))
        for number, order in of_pass:
            np.testing.assert_array_equal(np.sort(order), np.arange(ends[number + 1] - ends[number]))
        seen.append([number for number, _ in of_pass] + [o for _, order in of_pass for o in order.tolist()])
    assert seen[0] != seen[1]
    run.now.done = 0
    assert [number for number, _ in run.orders_of_pass()] == seen[0][:5]


def test_a_shuffled_run_over_blocks_learns():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((M, N_X))
    Y = np.column_stack([np.sin(X[:, 0]), X[:, 1]])
    cut = Cut(X, Y, np.ones((K, M)), (0, 50, M))
    progress = []
    run = streamed(
        cut, population((8, 8, 8), N_X, N_Y), "squared_error", progress.append, shuffle=True, max_epochs=60, dropout=0.0, lam=0.0
    )
    losses = [event.loss for event in run]
    assert np.all(losses[-1] < 0.2 * losses[0])
    assert sum(progress) == 60 * M
    assert set(progress) == {50, M - 50}


def test_a_network_that_diverges_leaves_and_the_others_go_on():
    cut, networks = problem("squared_error", ends=(0, 40, M))
    run = streamed(cut, networks, "squared_error", learning_rate=(0.01, 1e200, 0.01), dropout=0.0)
    events = list(run)
    assert run.result().diverged.tolist() == [0, 1, 0]
    assert np.isfinite(events[-1].loss[[0, 2]]).all()


def test_full_batch_solvers_are_told_the_sums_of_blocks():
    cut, _ = problem(ends=(0, 11, 12, M))
    progress = []
    found = InBlocks(cut, progress.append).total_of(lambda X, Y, weights: np.array([X.sum(), (weights @ Y).sum(), len(X)]))
    np.testing.assert_allclose(found, [cut.X.sum(), (cut.weights @ cut.Y).sum(), M], rtol=1e-12)
    assert progress == [11, 1, 84]
