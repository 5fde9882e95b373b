"""A wheel brings the machine code of every kernel: the first fit after installing it compiles nothing."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import shoal
from shoal.engine.ahead import all_code
from shoal.engine.jit.processor import level

ROOT = Path(__file__).parents[2]
pytest.importorskip("hatchling", reason="the build backend is not installed: pip install hatchling")

FITS = """
import hashlib, json
import numpy as np
from shoal.engine.jit import waiting

compiled, begin = [], waiting.begin
def recorded(name, *, announced=True):
    compiled.extend([name] * announced)
    begin(name, announced=announced)
waiting.begin = recorded

import shoal
from shoal.engine import predict
predict.WORTH_COMPILING = 0
rng = np.random.default_rng(0)
X = rng.normal(size=(600, 14))
y = np.digitize(X[:, 0] + X[:, 1] ** 2, [0, 1, 2, 3])
found = {}
for dtype in ("float32", "float64"):
    settings = dict(dtype=dtype, max_iter=4, random_state=0)
    models = {
        "a shoal": shoal.ShoalClassifier(activation="tanh", **settings).fit(X, y),
        "in slices": shoal.ShoalClassifier(n_networks=1, hidden_layer_sizes=128, batch_size=256, **settings).fit(X, y > 0),
        "ramps": shoal.ShoalRegressor(ramps=True, hidden_layer_sizes=32, batch_size=64, loss="huber", **settings).fit(X, X[:, 0]),
        "sums": shoal.ShoalRegressor(solver="rprop", activation="silu", **settings).fit(X, X[:, 0]),
        "Levenberg-Marquardt": shoal.ShoalRegressor(solver="lm", hidden_layer_sizes=3, **settings).fit(X[:, :2], X[:, 0]),
    }
    for name, model in models.items():
        answers = getattr(model, "predict_proba", model.predict)(X[:, : model.n_features_in_])
        weights = [array.tobytes() for array in model.network_.population.parameters.named().values() if array is not None]
        found[f"{name}, {dtype}"] = hashlib.sha256(b"".join([*weights, answers.tobytes()])).hexdigest()
print(json.dumps({"shoal": shoal.__file__, "compiled": compiled, "found": found}))
"""


def built(folder, **environment):
    """The wheel that pip makes of this checkout, without a network."""
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", str(folder)]
    subprocess.run(command, check=True, env=os.environ | environment, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def fitted(package, cache):
    """What a process finds that has this package and this cache folder."""
    environment = os.environ | {"PYTHONPATH": str(package), "XDG_CACHE_HOME": str(cache)}
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", FITS], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert Path(found["shoal"]).parents[1] == package
    return found


def test_a_wheel_for_no_level_is_for_every_platform_and_brings_no_code(tmp_path):
    wheel = built(tmp_path, SHOAL_LEVELS="")
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert "shoal/engine/ahead.py" in names
    assert not [name for name in names if "machine_code" in name]


@pytest.mark.slow
def test_the_first_fit_after_installing_a_wheel_compiles_nothing_and_gives_the_bits_that_compiling_gives(tmp_path):
    if level() is None:
        pytest.skip("no code is brought along for this processor")
    wheel = built(tmp_path / "wheels", SHOAL_LEVELS=level())
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert f"-{python}-" in wheel.name
    assert "-any" not in wheel.name
    package, cache = tmp_path / "package", tmp_path / "cache"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "-q", "--target", str(package), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    assert len(list(package.rglob("machine_code/*/*.nbc"))) == len(all_code())
    installed = fitted(package, cache)
    assert installed["compiled"] == []
    assert not list(cache.rglob("*")), "nor is a folder made for it"
    checkout = fitted(Path(shoal.__file__).parents[1], tmp_path / "empty")
    assert checkout["compiled"]
    assert installed["found"] == checkout["found"]
