"""(E5) The thread count changes nothing: groups are cut by the shapes alone, and each is one thread's whole work."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from problems import logits_of, population, rows
from shoal import ShoalClassifier
from shoal.engine import layout, minibatch
from shoal.engine import sums as engine_sums
from shoal.engine.kernels import dispatch_module, train_split
from shoal.engine.threads import executor
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.textbook.optimizers import Nesterov
from shoal.training.minibatch import Run
from shoal.training.rows import Validation


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_thread_and_two_give_the_same_bits(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 7))
    y = (X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=1500) > 0).astype(int)
    weights, looked, looked_up = [], [], minibatch.looked_up
    monkeypatch.setattr(minibatch, "looked_up", lambda state, group: looked.append(looked_up(state, group)) or looked[-1])
    for threads in (1, 2):
        monkeypatch.setattr(minibatch, "cores", lambda threads=threads: threads)
        monkeypatch.setattr(minibatch, "WORTH_A_THREAD", 0)  # hand over work of any size
        executor.cache_clear()
        model = ShoalClassifier(n_networks=8, max_iter=6, random_state=3, dtype=dtype).fit(X, y)
        weights.append([*model.coefs_, *model.intercepts_])
    assert {lookup.size > 0 for lookup in looked} == {True, False}  # of members with ramps and of those without
    for one, two in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("K", [1, 3])
def test_gradient_sums_are_the_same_bits_from_any_number_of_threads(K, dtype, monkeypatch):
    networks, (X, Y) = population((20,) * K, 5, 3).astype(np.dtype(dtype)), rows("softmax", 300, 5, 3)
    monkeypatch.setattr(engine_sums, "WORTH_A_THREAD", 0)  # hand over work of any size
    monkeypatch.setattr(engine_sums, "TINY", 0)
    monkeypatch.setattr(engine_sums, "BATCH", 16)
    monkeypatch.setattr(engine_sums, "BATCHES", 2)
    monkeypatch.setattr("shoal.engine.threads.executor", lambda: POOL)
    found = []
    for n in (1, 2, 4):
        monkeypatch.setattr("shoal.engine.threads.cores", lambda n=n: n)
        of_n = engine_sums.sums(networks, X.astype(dtype), Y.astype(dtype), "tanh", make_loss("softmax"), np.linspace(0, 2, 300))
        found.append([of_n.weight, of_n.loss, *of_n.gradient])
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(one, other)


POOL = ThreadPoolExecutor(4)
WIDE = 101  # hidden units: not a whole number of slices


def wide_run(out, monkeypatch, *, threads, parts, dtype=np.float64, pool=POOL, skip=False, **settings):
    """A run of one wide network whose hidden units are cut into so many slices; 1 leaves them together."""
    monkeypatch.setattr(minibatch, "cores", lambda: threads)
    monkeypatch.setattr(train_split, "cores", lambda: threads)
    monkeypatch.setattr(train_split, "executor", lambda: pool)
    monkeypatch.setattr(layout, "number_of_slices", lambda h, b, n: parts)
    X, Y = rows(out, 50, 5, 2)
    validation = Validation(*(a.astype(dtype) for a in rows(out, 20, 5, 2, seed=1)))
    recipe = Recipe(**{"batch_size": 16, "max_epochs": 4, "activation": "tanh", "learning_rate": 0.01} | settings)
    weight = np.random.default_rng(2).uniform(0, 2, 50)
    wide = population((WIDE,), 5, logits_of(out, 2), skip=skip)
    run = Run(recipe, wide, make_loss(out), X, Y, weight=weight, validation=validation, dtype=dtype)
    return run, list(run)


SETTINGS = {
    "plain": {},
    "penalty": {"lam": 0.5},
    "decay and average": {"decay": 0.1, "weight_average": 0.9},
    "dropout": {"dropout": 0.3},
    "momentum": {"rule": Nesterov(0.9)},
    "skip connections": {"skip": True},
    "skip connections, penalty, decay": {"skip": True, "lam": 0.5, "decay": 0.1, "weight_average": 0.9},
}


@pytest.mark.parametrize("out", ["sigmoid", "softmax", "gaussian"])
@pytest.mark.parametrize("what", SETTINGS)
@pytest.mark.parametrize("slices", [2, 4])
def test_a_wide_network_in_slices_is_the_whole_network(out, what, slices, monkeypatch):
    whole, expected = wide_run(out, monkeypatch, threads=1, parts=1, **SETTINGS[what])
    cut, found = wide_run(out, monkeypatch, threads=2, parts=slices, **SETTINGS[what])
    for e, f in zip(expected, found, strict=True):
        np.testing.assert_allclose(f.loss, e.loss, rtol=1e-9)  # sums in another order, carried through 16 updates
        np.testing.assert_allclose(f.validation_loss, e.validation_loss, rtol=1e-9)
    for a, b in zip(cut.result().population.parameters, whole.result().population.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)  # Adam's step of a gradient near 0 magnifies its rounding


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_slices_give_the_same_bits_on_one_thread_two_and_four(dtype, monkeypatch):
    settings = {"lam": 0.1, "decay": 0.01, "dropout": 0.2, "weight_average": 0.9, "skip": True}
    runs = [wide_run("softmax", monkeypatch, threads=t, parts=4, dtype=dtype, **settings)[0] for t in (1, 2, 3, 4)]
    for other in runs[1:]:
        for one, many in zip(runs[0].result().population.parameters, other.result().population.parameters, strict=True):
            np.testing.assert_array_equal(one, many)


class Busy:
    """Threads that never come to what they are asked for."""

    def submit(self, *work):
        return Future()


def test_slices_of_threads_that_do_not_come_are_done_by_the_others_with_the_same_bits(monkeypatch):
    alone, expected = wide_run("sigmoid", monkeypatch, threads=1, parts=4)
    left, found = wide_run("sigmoid", monkeypatch, threads=3, parts=4, pool=Busy())
    for e, f in zip(expected, found, strict=True):
        np.testing.assert_array_equal(f.loss, e.loss)
    for one, other in zip(alone.result().population.parameters, left.result().population.parameters, strict=True):
        np.testing.assert_array_equal(other, one)


def test_an_error_in_another_thread_is_raised(monkeypatch):
    class Broken:
        def submit(self, *work):
            future = Future()
            future.set_exception(MemoryError("no room"))
            return future

    with pytest.raises(MemoryError, match="no room"):
        wide_run("sigmoid", monkeypatch, threads=2, parts=2, pool=Broken())


def test_when_this_thread_fails_the_others_give_up_and_nobody_computes_any_more(monkeypatch):
    compiled, started = train_split.train_slices, Event()

    def train_slices(*taken):
        if taken[-3] == 0:
            assert started.wait(60)
            raise KeyboardInterrupt
        started.set()
        return compiled(*taken)

    monkeypatch.setattr(train_split, "train_slices", train_slices)
    with pytest.raises(KeyboardInterrupt):
        wide_run("sigmoid", monkeypatch, threads=2, parts=2, max_epochs=10**6)
    assert POOL._work_queue.empty()
    assert POOL.submit(lambda: "free").result(timeout=60) == "free"


@pytest.mark.parametrize(("n_bytes", "slices"), [(64, 1), (32, 2), (0, 2)])
def test_networks_are_cut_by_their_shape_and_the_kind_of_processor(n_bytes, slices, monkeypatch):
    monkeypatch.setattr(dispatch_module(), "product_bytes", lambda: n_bytes)
    assert [layout.number_of_slices(h, 200, 784) for h in (63, 64, 767, 768)] == [1, 2, 2, 4]
    assert layout.number_of_slices(200, 200, 30) == 2
    assert layout.number_of_slices(100, 200, 30) == 2
    assert layout.number_of_slices(64, 200, 30) == slices  # with registers of 512 bits one core is nearly as fast as two
    assert layout.number_of_slices(32, 200, 30) == 1  # half of what a second core saves would go into meeting
    assert layout.number_of_slices(64, 32, 30) == 1
