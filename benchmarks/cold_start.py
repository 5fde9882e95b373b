"""What a user waits for before the first step, and what training takes of memory.

    python benchmarks/cold_start.py [--memory]

`import shoal` beside `import sklearn.neural_network`; the first fit on a machine, which compiles (an empty cache); a whole
process that fits the breast-cancer table with a warm one; and with --memory the peak of training on 1e6 × 30 rows of
float32 above the interpreter with the library imported, as a multiple of the table's size. Medians of five processes,
one after the other.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

BREAST_CANCER = """
from sklearn.datasets import load_breast_cancer
from shoal import ShoalClassifier
X, y = load_breast_cancer(return_X_y=True)
print(ShoalClassifier(random_state=0).fit(X, y).score(X, y))
"""
FIRST_FIT = """
import time
import numpy as np
from shoal import ShoalClassifier
import numba
rng = np.random.default_rng(0)
X = rng.normal(size=(1000, 10))
y = (X[:, 0] > 0).astype(int)
began, cpu = time.perf_counter(), time.process_time()
ShoalClassifier(random_state=0, max_iter=20).fit(X, y)
first, first_cpu = time.perf_counter() - began, time.process_time() - cpu
began, cpu = time.perf_counter(), time.process_time()
ShoalClassifier(random_state=0, max_iter=20).fit(X, y)
print(first - (time.perf_counter() - began), first_cpu - (time.process_time() - cpu))
"""
MEMORY = """
import resource
import numpy as np
from shoal import ShoalClassifier
from shoal.engine.kernels import dispatch_module, train_module
rng = np.random.default_rng(0)
small = rng.normal(size=(600, 30)).astype(np.float32)
settings = dict(solver="adam", ramps=False, early_stopping=False, n_networks=1, hidden_layer_sizes=100, batch_size=200, dtype="float32",
                random_state=0, max_iter=2, dropout=0.0)
ShoalClassifier(**settings).fit(small, (small[:, 0] > 0).astype(int))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
X = np.empty((1_000_000, 30), np.float32)
for s in range(0, len(X), 10_000):
    X[s : s + 10_000] = rng.normal(size=(10_000, 30))
y = (X[:, 0] > 0).astype(np.int64)
ShoalClassifier(**settings).fit(X, y)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before) / X.nbytes)
"""


def process(code: str, cache: str | None = None) -> tuple[float, list[float]]:
    """Seconds of a whole process, and the numbers that it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as installed packages have it
    environment |= {} if cache is None else {"XDG_CACHE_HOME": cache}
    began = time.perf_counter()
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, env=environment)
    return time.perf_counter() - began, [float(word) for word in out.stdout.split()]


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--memory", action="store_true")
    chosen = arguments.parse_args()
    if chosen.memory:
        print(f"peak of training on 1e6 x 30 float32 above the library: {process(MEMORY)[1][0]:.2f} times the table")
        return
    process(BREAST_CANCER)
    seconds: dict[str, list[float]] = {"import shoal": [], "import sklearn.neural_network": [], "breast cancer": []}
    for _ in range(5):
        seconds["import shoal"].append(process("import shoal; shoal.ShoalClassifier")[0])
        seconds["import sklearn.neural_network"].append(process("import sklearn.neural_network")[0])
        seconds["breast cancer"].append(process(BREAST_CANCER)[0])
    for name, values in seconds.items():
        print(f"{name}: {np.median(values):.2f} s")
    ratio = np.median(np.array(seconds["import shoal"]) / seconds["import sklearn.neural_network"])
    print(f"import ratio: {ratio:.2f}")
    with tempfile.TemporaryDirectory() as cache:
        wall, cpu = process(FIRST_FIT, cache)[1]
    print(f"compiling at the first fit: {wall:.1f} s, {cpu:.1f} s of processor time")


if __name__ == "__main__":
    main()
