"""Waiting for the compiler is no training: a clock stands still, and a line says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import shoal
from shoal.engine.jit import waiting


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets, and nothing waited for yet."""
    now = [100.0]
    monkeypatch.setattr(waiting.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(waiting, "_waited", [0.0])
    monkeypatch.setattr(waiting, "APART", 1.0)
    monkeypatch.setattr(waiting, "_last", [-1.0])
    monkeypatch.setattr(waiting, "_waits", waiting.Waits())
    return now


def test_the_clock_stands_still_while_a_kernel_compiles_and_those_that_it_calls(clock):
    before = waiting.training_clock()
    waiting.begin("outer")
    clock[0] += 3.0
    waiting.begin("inner")
    clock[0] += 2.0
    waiting.end("inner")
    clock[0] += 1.0
    waiting.end("outer")
    assert waiting.training_clock() == before
    clock[0] += 0.5
    assert waiting.training_clock() == before + 0.5
    assert waiting.seconds_waited() == 6.0


def test_a_compilation_that_failed_counts_from_its_last_start(clock):
    waiting.begin("kernel")
    clock[0] += 50.0
    waiting.begin("kernel")
    clock[0] += 2.0
    waiting.end("kernel")
    waiting.end("kernel")  # of no wait
    assert waiting.seconds_waited() == 2.0


def test_a_wait_is_announced_once_however_many_kernels_it_compiles_and_again_later(clock):
    lines = []
    with waiting.waits_announced(lines.append):
        waiting.begin("import", announced=False)
        assert lines == []
        for name in ("one", "other"):
            waiting.begin(name)
            clock[0] += 8.0
            waiting.end(name)
        waiting.end("import")
        assert lines == [waiting.LINE]
        clock[0] += 2.0
        waiting.begin("later")
        waiting.end("later")
    assert lines == [waiting.LINE] * 2


FIT = """
import numpy as np
from shoal import ShoalRegressor
from shoal.engine.jit.waiting import seconds_waited
X = np.random.default_rng(0).normal(size=(60, 3))
events = []
ShoalRegressor(n_networks=1, max_iter=3, random_state=0, verbose=True, callbacks=[events.append]).fit(X, X[:, 0])
print(f"waited {seconds_waited():.6f}, trained {events[-1].seconds:.6f}")
"""


@pytest.mark.slow
def test_a_fit_that_compiles_says_so_and_does_not_count_it(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(shoal.__file__).parents[1]), "XDG_CACHE_HOME": str(tmp_path)}

    def printed():
        command = [sys.executable, "-W", "ignore", "-c", FIT]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()

    first, second = printed(), printed()
    assert waiting.LINE in first
    assert waiting.LINE not in second
    waited, trained = (float(part.split()[1]) for part in first[-1].split(","))
    assert trained < waited  # three epochs of 60 rows take milliseconds, the compiler seconds
