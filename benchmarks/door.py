"""What `fit` costs beside its arithmetic: the door (checks, scaling, set-up, folding back), and an epoch's event.

    python benchmarks/door.py

The door: a fit of one epoch in one batch on 1000 × 10 rows, without what scikit-learn's `validate_data` alone costs. An
event: a fit of 2,000 epochs on 40 rows (one update each, a few µs of arithmetic), divided by their number, when nobody
listens and with one callback. Medians; processor time of the thread.
"""

import time
import warnings
from collections.abc import Callable

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from shoal import ShoalClassifier


def microseconds(run: Callable[[], object], repeats: int) -> float:
    """Median of a call."""
    run()
    times = []
    for _ in range(repeats):
        began = time.thread_time()
        run()
        times.append(time.thread_time() - began)
    return float(np.median(times) * 1e6)


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 10))
    y = (X[:, 0] > 0).astype(int)
    settings = {
        "hidden_layer_sizes": 8, "solver": "adam", "learning_rate": "constant", "n_iter_no_change": 10**6, "early_stopping": False,
        "ramps": False, "n_networks": 1, "dropout": 0.0, "random_state": 0,
    }  # fmt: skip
    one = ShoalClassifier(**settings, max_iter=1, batch_size=1000)
    fit = microseconds(lambda: one.fit(X, y), 200)
    checks = microseconds(lambda: validate_data(BaseEstimator(), X, y, dtype=[np.float64, np.float32]), 200)
    print(f"fit of one epoch {fit:.0f} µs, of which scikit-learn's validate_data {checks:.0f}: {fit - checks:.0f} µs beyond it")
    X, y = X[:40], y[:40]
    epochs = 2000
    seconds = {}
    for name, callbacks in (("nobody listens", None), ("one callback", [lambda event: None])):
        many, few = (ShoalClassifier(**settings, max_iter=n, batch_size=40, callbacks=callbacks) for n in (epochs, 1))
        seconds[name] = (microseconds(lambda many=many: many.fit(X, y), 15) - microseconds(lambda few=few: few.fit(X, y), 15)) / epochs
    for name, each in seconds.items():
        print(f"an epoch of one small update, {name}: {each:.1f} µs")


if __name__ == "__main__":
    main()
