"""Accuracy of narrow networks on four toy tables in two dimensions, beside other solvers and scikit-learn, as in docs/defaults.md.

    python benchmarks/narrow.py [--widths 1 2 3 5 10 32] [--activations tanh relu]

The chapter's flower, moons, circles and two spirals of 400 points each, three held-out folds, one seed: `ShoalClassifier` with its
defaults, without ramps (so that the network sees the two numbers alone, as scikit-learn's does), with `solver="lbfgs"`, and the better of
scikit-learn's `MLPClassifier` with Adam and with L-BFGS (2,000 iterations at most, on z-scores). Prints Markdown.
"""

import argparse
import warnings

import numpy as np
from sklearn.datasets import make_circles, make_moons
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal import ShoalClassifier
from shoal.textbook import flower

FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


def spirals(m: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Two arms of one and a half turns, with a little noise."""
    rng, arm = np.random.default_rng(0), np.arange(m) % 2
    t = np.sqrt(rng.uniform(0, 1, m)) * 3 * np.pi
    return np.c_[t * np.cos(t + np.pi * arm), t * np.sin(t + np.pi * arm)] / 10 + rng.normal(0, 0.05, (m, 2)), arm


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--widths", type=int, nargs="*", default=[1, 2, 3, 5, 10, 32])
    arguments.add_argument("--activations", nargs="*", default=["tanh", "relu"])
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    X, Y = flower()
    tables = {
        "flower": (X.T, Y.ravel().astype(int)),
        "moons": make_moons(400, noise=0.2, random_state=0),
        "circles": make_circles(400, noise=0.1, factor=0.5, random_state=0),
        "spirals": spirals(),
    }
    print("| table, activation | units | defaults | without ramps | lbfgs, without ramps | scikit-learn |\n|---|---|---|---|---|---|")
    for name, (rows, y) in tables.items():
        for activation in given.activations:
            for n_h in given.widths:
                alike = {"hidden_layer_sizes": (n_h,), "activation": activation, "random_state": 0}
                ours = [ShoalClassifier(**alike, **more) for more in ({}, {"ramps": False}, {"ramps": False, "solver": "lbfgs"})]
                theirs = [
                    make_pipeline(StandardScaler(), MLPClassifier(max_iter=2000, solver=solver, **alike)) for solver in ("adam", "lbfgs")
                ]
                scores = [cross_val_score(model, rows, y, cv=FOLDS).mean() for model in ours + theirs]
                cells = [*scores[:3], max(scores[3:])]
                print(f"| {name}, {activation} | {n_h} | " + " | ".join(f"{v:.3f}" for v in cells) + " |", flush=True)


if __name__ == "__main__":
    main()
