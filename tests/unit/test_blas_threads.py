"""Products run on one thread wherever a fit runs, and the matrix library has its own number back when the last fit is done."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from shoal import ShoalRegressor
from shoal.engine.threads import Library, Limit, OneBlasThread, libraries, one_blas_thread

WAIT = 60  # seconds, for what takes a fraction of one
rng = np.random.default_rng(0)
X = rng.standard_normal((300, 8))
y = X[:, 0] + rng.standard_normal(300) / 9


def blas_threads():
    """The numbers that threadpoolctl finds, not ours."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture
def two():
    """Every library of this process on two threads, also on a machine of one core."""
    before = [library.get() for library in libraries()]
    for library in libraries():
        library.set(2)
    assert blas_threads() == {2}
    yield
    for library, n in zip(libraries(), before, strict=True):
        library.set(n)


def fit(seen):
    return ShoalRegressor(n_networks=2, max_iter=2, random_state=0, callbacks=[lambda epoch: seen.update(blas_threads())]).fit(X, y)


@pytest.mark.usefixtures("two")
def test_a_fit_in_any_thread_is_limited_also_when_another_thread_controls_the_library():
    threadpool_limits(2)  # from threadpoolctl 3.8 on, no other thread's limits count now
    here, there = set(), set()
    model = fit(here)
    with ThreadPoolExecutor(1) as other:
        again = other.submit(fit, there).result(WAIT)
        assert blas_threads() == {2}, "while the other thread lives"
    assert here == there == {1}
    assert np.array_equal(model.predict(X), again.predict(X))


@pytest.mark.parametrize("first_out", ["A", "B"])
@pytest.mark.usefixtures("two")
def test_of_two_fits_side_by_side_the_last_one_lifts_the_limit(first_out):
    begun, may_end, ended = ({name: Event() for name in "AB"} for _ in range(3))
    quit_, after_first = Event(), []

    def run(name):
        def wait(epoch):
            begun[name].set()
            assert may_end[name].wait(WAIT)

        ShoalRegressor(n_networks=1, max_iter=1, random_state=0, callbacks=[wait]).fit(X, y)
        ended[name].set()
        quit_.wait(WAIT)  # a server's threads live on

    threads = [Thread(target=run, args=name) for name in "AB"]
    for thread in threads:
        thread.start()
    assert all(event.wait(WAIT) for event in begun.values())
    for name in (first_out, "AB".replace(first_out, "")):
        may_end[name].set()
        assert ended[name].wait(WAIT)
        after_first.append(blas_threads())
    quit_.set()
    for thread in threads:
        thread.join(WAIT)
    assert after_first == [{1}, {2}]


@pytest.mark.usefixtures("two")
def test_holding_it_twice_in_one_thread_and_letting_go_out_of_order():
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)  # as a generator's end may come in the middle of another's step
    assert blas_threads() == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == {2}


def pretended(per_thread, n=4):
    """A library that is a list of one number."""
    number = [n]
    return number, Library(lambda: number[0], lambda n: number.__setitem__(0, n), per_thread)


def test_a_number_that_someone_sets_meanwhile_stays():
    number, library = pretended(per_thread=False)
    with OneBlasThread(Limit(lambda: (library,))):
        assert number == [1]
        number[0] = 3
    assert number == [3]


def test_a_library_with_a_limit_for_each_thread_is_limited_in_each():
    number, library = pretended(per_thread=True)
    limit = Limit(lambda: (library,))
    with OneBlasThread(limit):
        number[0] = 4  # what another thread would find
        with ThreadPoolExecutor(1) as other:
            other.submit(lambda: OneBlasThread(limit).__enter__()).result(WAIT)
        assert number == [1]
    assert number == [4]


FORKS = """
import json, os, sys, threading
import numpy as np
from threadpoolctl import threadpool_info
from shoal import ShoalRegressor
from shoal.engine.threads import libraries

X = np.random.default_rng(0).standard_normal((1000, 20)); y = X[:, 0]
blas = lambda: sorted({i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"})
fit = lambda **given: ShoalRegressor(n_networks=4, max_iter=2, random_state=0, early_stopping=False, **given).fit(X, y).predict(X)
for library in libraries(): library.set(2)
want = fit()

def forked(work):
    "What work gives in a forked child."
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(into, json.dumps(work()).encode()); os._exit(0)
    os.close(into)
    with os.fdopen(out) as answer: found = json.loads(answer.read())
    os.waitpid(pid, 0)
    return found

facts = {"child fits as its parent did": forked(lambda: bool(np.array_equal(fit(), want)))}
stop, more, done = threading.Event(), threading.Semaphore(0), []
def train():
    while not stop.is_set():
        fit(); more.release()
thread = threading.Thread(target=train, daemon=True); thread.start()
for _ in range(5):
    assert more.acquire(timeout=60)
    pid = os.fork()
    if pid == 0: os._exit(0)
    os.waitpid(pid, 0)
facts["the parent trains on"] = all(more.acquire(timeout=60) for _ in range(5))
facts["child's library while the parent trains"] = forked(blas)
facts["child fits while the parent trains"] = forked(lambda: bool(np.array_equal(fit(), want)))
stop.set(); thread.join(60)
facts["it ends"] = not thread.is_alive()
facts["parent's library"] = blas()
inside = []
fit(callbacks=[lambda epoch: inside.append(forked(blas)) if not inside else None])
facts["child of a fit's own thread"] = inside[0]
facts["then"] = blas()
print(json.dumps(facts))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_forks_while_a_thread_trains():
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKS], capture_output=True, text=True, timeout=4 * WAIT, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "child fits as its parent did": True,
        "the parent trains on": True,
        "child's library while the parent trains": [2],
        "child fits while the parent trains": True,
        "it ends": True,
        "parent's library": [2],
        "child of a fit's own thread": [1],
        "then": [2],
    }
