"""Compiled code is kept, found again, and never older than its sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import shoal

TRAIN = """
from shoal import ShoalClassifier
model = ShoalClassifier(n_networks=1, activation="tanh", max_iter=1, random_state=0, ramps=False).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
print(float(model.coefs_[0].sum()))
"""


def trained(package: Path, cache: Path) -> str:
    """What a fresh process prints whose only shoal is the one in `package`."""
    environment = {**os.environ, "PYTHONPATH": str(package), "XDG_CACHE_HOME": str(cache)}
    ran = subprocess.run([sys.executable, "-c", TRAIN], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_an_empty_cache_is_filled_and_an_edit_of_the_mathematics_is_seen(tmp_path):
    package, cache = tmp_path / "package", tmp_path / "cache"
    shutil.copytree(Path(shoal.__file__).parent, package / "shoal", ignore=shutil.ignore_patterns("__pycache__", "static"))
    first = trained(package, cache)
    kept = sorted(p for p in cache.rglob("*.nbc"))
    assert kept
    assert trained(package, cache) == first
    assert sorted(p for p in cache.rglob("*.nbc")) == kept  # nothing was compiled again
    source = package / "shoal" / "engine" / "vecmath.py"
    text = source.read_text()
    assert "    return e / (e + two)\n" in text
    source.write_text(text.replace("    return e / (e + two)\n", "    return e / (e + two) / two\n"))
    assert trained(package, cache) != first
