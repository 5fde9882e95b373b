"""Rows in blocks: every full-batch solver finds over blocks what it finds in memory, for it asks for sums alone."""

import pickle
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest

from problems import OUTPUTS, logits_of, population, rows
from shoal.engine.predict import logits
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.training.full_batch import FullBatch
from shoal.training.rows import ArrayRows, Validation, ValidationElsewhere, in_memory

M, N_X, N_Y, K = 70, 3, 2, 3
SOLVERS = ("lbfgs", "scg", "rprop", "lm", "bayes")
# Where 70 rows are cut: one block, two, seven of which one is empty, and one row alone.
CUTS = [(), (31,), (10, 10, 20, 21, 50, 60)]


@dataclass(frozen=True)
class InBlocks:
    """Rows cut into blocks, each of which gets a copy of the work as another process would."""

    whole: ArrayRows
    cuts: tuple[int, ...]

    m = property(lambda self: self.whole.m)
    n_y = property(lambda self: self.whole.n_y)
    total = property(lambda self: self.whole.total)

    def total_of(self, work):
        work, w = pickle.loads(pickle.dumps(work)), self.whole
        ends = [0, *self.cuts, w.m]
        return reduce(add, (work(w.X[a:b], w.Y[a:b], w.weights[:, a:b]) for a, b in pairwise(ends)))


def run_over(cuts, solver, out="squared_error", *, steps=6, weight=None, validation=None, X=None, Y=None):
    """A run whose rows are cut there; `None` for rows in memory."""
    drawn = rows(out, M, N_X, N_Y)
    X, Y = drawn if X is None else (X, Y)
    whole = in_memory(X, Y, K, weight)
    recipe = Recipe(activation="tanh", max_epochs=steps, lam=0.0 if solver == "bayes" else 0.5, tol=0.0)
    networks = population((4, 3, 4), N_X, logits_of(out, N_Y))
    there = whole if cuts is None else InBlocks(whole, cuts)
    return FullBatch(recipe, networks, make_loss(out), there, solver=solver, validation=validation)


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize(("solver", "out"), [("lbfgs", o) for o in OUTPUTS] + [("lm", "softmax"), ("bayes", "squared_error")])
def test_blocks_of_rows_give_what_all_rows_give(solver, out, cuts):
    weight = np.random.default_rng(3).uniform(0, 2, (K, M))
    weight[1, :40] = 0.0  # a network that learns from none of the rows of some blocks
    runs = [run_over(c, solver, out, weight=weight) for c in (None, cuts)]
    for run in runs:
        list(run)
    memory, blocks = (run.result() for run in runs)
    np.testing.assert_allclose(blocks.loss, memory.loss, rtol=1e-9)
    for there, here in zip(blocks.population.parameters, memory.population.parameters, strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-9, atol=1e-12)  # the same sums in another order
    if solver == "bayes":
        np.testing.assert_allclose(blocks.evidence.log_evidence, memory.evidence.log_evidence, rtol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_block_of_one_class_and_blocks_of_the_others_give_what_all_rows_give(solver):
    X, Y = rows("sigmoid", M, N_X, N_Y)
    order = np.argsort(Y[:, 0], kind="stable")
    cut = int((Y[:, 0] == 0).sum())
    runs = [run_over(c, solver, "sigmoid", X=X[order], Y=Y[order]) for c in (None, (cut,))]
    for run in runs:
        list(run)
    np.testing.assert_allclose(runs[1].loss, runs[0].loss, rtol=1e-9)


@pytest.mark.parametrize("cuts", CUTS)
def test_networks_are_judged_on_blocks_of_their_own_rows_as_in_memory(cuts):
    """Rows that a network holds out weigh 0 in its training and their own weight in its judgement."""
    X, Y = rows("sigmoid", M, N_X, N_Y)
    own, importance = np.random.default_rng(5).permutation(M).reshape(-1, 10)[:K], np.random.default_rng(6).uniform(0.5, 2, M)
    learns, counts = np.tile(importance, (K, 1)), np.zeros((K, M))
    for k, mine in enumerate(own):
        learns[k, mine], counts[k, mine] = 0.0, importance[mine]
    memory = Validation(X, Y, importance, tuple(own))
    blocks = InBlocks(in_memory(X, Y, K, counts), cuts)
    scores = []
    for where, validation in ((None, memory), (cuts, ValidationElsewhere(blocks))):
        run = run_over(where, "lbfgs", "sigmoid", weight=learns, validation=validation, X=X, Y=Y)
        scores.append([(event.validation_loss, event.validation_score) for event in run])
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-9)
    there = logits(run.population, X, "tanh")
    right = np.all((there > 0) == (Y.T > 0.5), axis=1)
    for k, mine in enumerate(own):  # by hand: the weighted share of rows whose every label is right
        assert scores[0][-1][1][k] == pytest.approx(importance[mine] @ right[k, mine] / importance[mine].sum())


@pytest.mark.parametrize("out", OUTPUTS)
def test_an_output_unit_travels_to_another_process(out):
    g2 = make_loss(out, delta=0.3, q=0.9)
    again = pickle.loads(pickle.dumps(g2))
    _, Y = rows(out, M, N_X, N_Y)
    Z2 = np.random.default_rng(0).standard_normal((logits_of(out, N_Y), M))
    np.testing.assert_array_equal(again.loss(Z2, Y.T), g2.loss(Z2, Y.T))
    assert (again.name, again.settings) == (g2.name, g2.settings)
