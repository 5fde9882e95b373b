"""Compiled code is kept, found again, and never older than its sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

import shoal

TRAIN = """
import numpy as np
from shoal import ShoalClassifier
X = np.random.default_rng(0).normal(size=(60, 7))
model = ShoalClassifier(n_networks=2, activation="tanh", max_iter=3, random_state=0, ramps=False).fit(X, X[:, 0] > 0)
print(model.predict_proba(X).tobytes().hex())
"""


def started(package: Path, cache: Path) -> subprocess.Popen:
    """A fresh process whose only shoal is the one in `package`."""
    environment = {**os.environ, "PYTHONPATH": str(package), "XDG_CACHE_HOME": str(cache)}
    return subprocess.Popen([sys.executable, "-W", "error", "-c", TRAIN], env=environment, stdout=PIPE, stderr=PIPE, text=True)


def printed(process: subprocess.Popen) -> str:
    """What it prints."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def trained(package: Path, cache: Path) -> str:
    """What a fresh process prints."""
    return printed(started(package, cache))


@pytest.mark.slow
def test_an_empty_cache_is_filled_and_an_edit_of_the_mathematics_is_seen(tmp_path):
    package, cache = tmp_path / "package", tmp_path / "cache"
    shutil.copytree(Path(shoal.__file__).parent, package / "shoal", ignore=shutil.ignore_patterns("__pycache__", "static"))
    first = trained(package, cache)
    kept = sorted(p for p in cache.rglob("*.nbc"))
    assert kept
    assert trained(package, cache) == first
    assert sorted(p for p in cache.rglob("*.nbc")) == kept  # nothing was compiled again
    source = package / "shoal" / "engine" / "kernels" / "vecmath.py"
    text = source.read_text()
    assert "    return tanh_of(x)\n" in text
    source.write_text(text.replace("    return tanh_of(x)\n", "    return tanh_of(x) / of(x, 2.0)\n"))
    assert trained(package, cache) != first


@pytest.mark.slow
def test_two_processes_fill_one_empty_cache_at_once_and_a_damaged_one_is_filled_again(tmp_path):
    package, cache = Path(shoal.__file__).parents[1], tmp_path / "cache"
    both = [started(package, cache) for _ in range(2)]
    first, second = (printed(process) for process in both)
    assert first == second == trained(package, cache)  # whoever compiles runs the code that later processes load, to the bit
    kept = sorted(cache.rglob("*.nbc"))
    for i, path in enumerate(kept):
        content = path.read_bytes()
        middle = len(content) // 2
        path.write_bytes((b"", content[:middle], content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])[i % 3])
    assert trained(package, cache) == first
    assert trained(package, cache) == first
    assert sorted(cache.rglob("*.nbc")) == kept
