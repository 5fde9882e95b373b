"""Sizes that do not fit are refused before training, with the bytes needed and a setting that fits."""

import re
from threading import Event

import numpy as np
import pytest

from shoal import ShoalClassifier, ShoalRegressor, TooLargeError
from shoal.engine import threads as engine_threads
from shoal.fitting import limits as memory


def rows(m=400, n=6):
    X = np.random.default_rng(0).normal(size=(m, n))
    return X, X[:, 0]


def refused(free, **settings):
    """The words of the refusal on a machine with so many bytes free."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "free_bytes", lambda: int(free))
        patch.setattr(memory, "WORTH_ASKING", 0)
        with pytest.raises(TooLargeError) as error:
            ShoalRegressor(random_state=0, **settings).fit(*rows())
    assert isinstance(error.value, MemoryError)
    return str(error.value)


def test_the_bytes_needed_and_a_setting_that_fits_are_named():
    words = refused(0.8e6, n_networks=40)
    assert re.search(r"40 networks of 64 units on 400 rows with 54 encoded inputs needs about \d+\.\d MB, and 0\.8 MB are free", words)
    assert "ramps=False, dtype='float32', n_networks=1 fits" in words


@pytest.mark.parametrize("free", [5e5, 5e6])
def test_the_width_that_is_named_fits_and_a_wider_one_does_not(free):
    words = refused(free, n_networks=1, hidden_layer_sizes=2_000_000, ramps=False, dtype="float32")
    n_h = int(re.search(r"hidden_layer_sizes=(\d+) fits", words)[1])
    size = memory.Size(400, 6, 1, n_h, 1, 4, True)
    assert size.total <= 0.9 * free < size.total + size.weights / n_h


def test_where_no_setting_helps_the_rows_that_fit_are_named():
    assert re.search(r"at most \d+ rows fit, with ramps=False", refused(5e3))


@pytest.mark.parametrize("K", [10**8, 2**31 - 1])
def test_a_number_of_networks_beyond_memory_is_refused_before_anything_is_listed(K):  # lists of 10⁸ take minutes
    with pytest.raises(TooLargeError, match=rf"n_networks is {K:,}: they need at least"):
        ShoalRegressor(n_networks=K).fit(*rows())


def test_small_fits_do_not_ask(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda: pytest.fail("a fit of a few MB asked how much memory there is"))
    ShoalRegressor(max_iter=1, random_state=0).fit(*rows())


def test_the_system_says_how_much_is_free_where_it_can():
    free = memory.free_bytes()
    assert free is None or 1e6 < free < 1e14


@pytest.mark.parametrize("n_jobs", [1, 2, -1, None])
def test_the_number_of_threads_is_obeyed_and_changes_no_bit(n_jobs, monkeypatch):
    X, y = rows()
    seen = []
    monkeypatch.setattr(engine_threads, "all_cores", lambda: 8)
    monkeypatch.setattr("shoal.engine.minibatch.WORTH_A_THREAD", 0)
    monkeypatch.setattr("shoal.engine.minibatch.spread", lambda run, tasks: (seen.append(engine_threads.cores()), [run(t) for t in tasks]))
    model = ShoalClassifier(max_iter=3, random_state=0, n_jobs=n_jobs).fit(X, y > 0)
    assert set(seen) == ({8} if n_jobs in (None, -1) else {n_jobs} - {1})  # one thread needs no spreading
    alone = ShoalClassifier(max_iter=3, random_state=0, n_jobs=1).fit(X, y > 0)
    np.testing.assert_array_equal(model.coefs_[0], alone.coefs_[0])


def test_tasks_are_spread_over_as_many_threads_as_asked_for_and_each_runs_once():
    done = []
    with engine_threads.at_most(2):
        engine_threads.spread(done.append, range(50))
    assert sorted(done) == list(range(50))


def test_tasks_may_be_made_as_they_are_taken_and_their_results_keep_their_order():
    with engine_threads.at_most(3):
        assert engine_threads.spread(lambda i: i * i, (i for i in range(20))) == [i * i for i in range(20)]
        assert engine_threads.spread(abs, iter(())) == []


@pytest.mark.parametrize("threads", [1, 2])
def test_where_one_task_fails_no_further_one_is_begun_and_the_error_comes_out(threads):
    begun, stop = [], Event()

    def fail(i):
        begun.append(i)
        if i == 3:
            raise KeyboardInterrupt
        if i > 3:
            assert stop.wait(5), "who fails must tell the others"

    with engine_threads.at_most(threads), pytest.raises(KeyboardInterrupt):
        engine_threads.spread(fail, range(1000), stop)
    assert stop.is_set()
    assert len(begun) <= 4 + threads
