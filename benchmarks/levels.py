"""What it costs that kernels are compiled for a level of processors and not for the one at hand.

    python benchmarks/levels.py [--names NAME NAME] [--rounds 4]

Two names of processors as LLVM has them, by default this one's and its level's, each with features behind a colon
(`x86-64-v4:-prefer-256-bit`). Processes of both take turns,
on one core; each gives the least processor time of 4 runs of every piece of work. Printed are the least of all, their ratio, and the
median of the ratios within the rounds: beside other work these still mean something.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
from llvmlite.binding import get_host_cpu_name

from shoal.engine.jit.processor import FEATURES, level

SINGLE = {  # rows, inputs, hidden units, batch, epochs, activation, networks, classes, precision
    "1000 x 10 -> 8, ReLU": (1000, 10, 8, 32, 40, "relu", 1, 2, "float32"),
    "1000 x 10 -> 8, tanh": (1000, 10, 8, 32, 40, "tanh", 1, 2, "float32"),
    "10000 x 30 -> 32, ReLU": (10_000, 30, 32, 200, 6, "relu", 1, 2, "float32"),
    "10000 x 30 -> 32, tanh": (10_000, 30, 32, 200, 6, "tanh", 1, 2, "float32"),
    "10000 x 30 -> 32, ReLU, float64": (10_000, 30, 32, 200, 3, "relu", 1, 2, "float64"),
    "10000 x 30 -> 32, tanh, float64": (10_000, 30, 32, 200, 3, "tanh", 1, 2, "float64"),
    "10000 x 30 -> 100, ReLU": (10_000, 30, 100, 200, 3, "relu", 1, 2, "float32"),
    "10000 x 30 -> 100, tanh": (10_000, 30, 100, 200, 3, "tanh", 1, 2, "float32"),
    "16 networks 10000 x 30 -> 16, ReLU": (10_000, 30, 16, 200, 2, "relu", 16, 2, "float32"),
    "16 networks 10000 x 30 -> 16, tanh": (10_000, 30, 16, 200, 2, "tanh", 16, 2, "float32"),
    "16 networks 2000 x 10 -> 8, SiLU": (2000, 10, 8, 32, 4, "silu", 16, 2, "float32"),
    "10000 x 30 -> 32, 5 classes": (10_000, 30, 32, 200, 4, "relu", 1, 5, "float32"),
    "4000 x 784 -> 100, ReLU": (4000, 784, 100, 200, 2, "relu", 1, 2, "float32"),
}


def fit(m: int, n: int, h: int, b: int, epochs: int, activation: str, K: int, classes: int, dtype: str) -> Callable[[], object]:
    """A fit of so many epochs."""
    from shoal import ShoalClassifier

    X = np.random.default_rng(0).normal(size=(m, n)).astype(dtype)
    z = X[:, 0] + X[:, 1] * X[:, 2]
    y = np.digitize(z, np.quantile(z, np.linspace(0, 1, classes + 1)[1:-1]))
    model = ShoalClassifier(
        h, activation, solver="adam", batch_size=b, max_iter=epochs, learning_rate="constant", alpha=0.0, tol=0.0, n_iter_no_change=10**6,
        early_stopping=False, dropout=0.0, weight_average=0.0, ramps=False, n_networks=K, dtype=dtype, random_state=0,
    )  # fmt: skip
    return lambda: model.fit(X, y)


def work() -> dict[str, Callable[[], object]]:
    """Everything that is timed."""
    from shoal import ShoalClassifier, ShoalRegressor

    rng = np.random.default_rng(0)
    X, rows = rng.normal(size=(2000, 20)), rng.normal(size=(30_000, 30))
    y = X[:, 0] > 0
    ramps = ShoalRegressor(hidden_layer_sizes=64, activation="tanh", solver="adam", max_iter=10, batch_size=200, early_stopping=False,
                           n_networks=2, ramps=True, dtype="float32", random_state=0)  # fmt: skip
    wide = ShoalClassifier(100, "tanh", solver="adam", max_iter=2, n_networks=1, random_state=0, ramps=False)
    wide.fit(rows[:500], rows[:500, 0] > 0)
    lbfgs = ShoalClassifier(16, "tanh", solver="lbfgs", max_iter=30, random_state=0, ramps=False)
    lm = ShoalClassifier(4, "tanh", solver="lm", max_iter=40, random_state=0, ramps=False)
    return {name: fit(*sizes) for name, sizes in SINGLE.items()} | {
        "2000 x 6 -> 64, ramps": lambda: ramps.fit(X[:, :6], np.sin(X[:, 0]) + X[:, 1]),
        "2000 x 20 -> 16, L-BFGS": lambda: lbfgs.fit(X, y),
        "500 x 3 -> 4, Levenberg-Marquardt": lambda: lm.fit(X[:500, :3], y[:500]),
        "predict 30000 x 30, 100 units": lambda: wide.predict(rows),
    }


def worker() -> None:
    """Print the least processor time of each."""
    warnings.simplefilter("ignore")
    os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
    least = {}
    for name, run in work().items():
        run()
        seconds = []
        for _ in range(4):
            began = time.process_time()
            run()
            seconds.append(time.process_time() - began)
        least[name] = min(seconds)
    print(json.dumps(least))


def main() -> None:
    """Take turns and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", nargs=2, default=[f"{get_host_cpu_name()}:", f"{level()}:{FEATURES.get(str(level()), '')}"])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--worker", action="store_true")
    chosen = parser.parse_args()
    if chosen.worker:
        worker()
        return
    found: dict[str, list[dict[str, float]]] = {name: [] for name in chosen.names}
    for turn in range(chosen.rounds):
        for name in chosen.names[:: 1 if turn % 2 == 0 else -1]:
            cpu, _, features = name.partition(":")
            environment = os.environ | {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": features}
            ran = subprocess.run([sys.executable, __file__, "--worker"], env=environment, stdout=subprocess.PIPE, text=True, check=True)
            found[name].append(json.loads(ran.stdout.splitlines()[-1]))
    one, other = found.values()
    medians = []
    print(f"processor time in ms: {', then '.join(chosen.names)}, ratio of the least, median ratio")
    for name in one[0]:
        a, b = (np.array([each[name] for each in tool]) for tool in (one, other))
        medians.append(np.median(b / a))
        print(f"{name:36s} {a.min() * 1e3:8.1f} {b.min() * 1e3:8.1f}  {b.min() / a.min():.3f}  {medians[-1]:.3f}")
    print(f"geometric mean of the median ratios: {np.exp(np.mean(np.log(medians))):.3f}")


if __name__ == "__main__":
    main()
