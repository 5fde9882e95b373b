"""How often intervals cover, and what a temperature is worth, if a fitted model is calibrated on new rows: by the number of rows.

    python benchmarks/new_rows.py [--draws 200]

One model is fitted to 300 rows, by `ShoalRegressor(random_state=0)` of sin 2x₀ + x₁ with noise that grows along x₀, and by
`ShoalClassifier(early_stopping=False, dropout=0, alpha=0, random_state=0)` of two classes of which 15 % are flipped, which is far too sure.
Every draw of new rows calibrates it, and 5,000 further rows show the result. Prints two tables in Markdown: the mean coverage of 90 %
intervals over the draws with its standard error, what is expected, and the range of nine draws in ten; and the log loss.
"""

import argparse
import warnings
from math import ceil

import numpy as np
from sklearn.metrics import log_loss

from shoal import OutsideWarning, ShoalClassifier, ShoalRegressor

SIZES = (9, 19, 50, 100, 300)


def numbers(m: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A curve with noise that grows."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (m, 2))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + 0.3 * np.exp(X[:, 0] / 2) * rng.standard_normal(m)


def classes(m: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes of which some are flipped."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 4))
    return X, (X[:, 0] + X[:, 1] * X[:, 2] > 0) ^ (rng.random(m) < 0.15)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200)
    draws = parser.parse_args().draws
    warnings.simplefilter("ignore", OutsideWarning)
    model, (X, y) = ShoalRegressor(random_state=0).fit(*numbers(300, 0)), numbers(5000, 1)
    print("| rows | covered, % | s.e. | expected, % | nine draws in ten, % |\n|---|---|---|---|---|")
    for n in SIZES:
        found = []
        for draw in range(draws):
            lower, upper = model.calibrate(*numbers(n, 1000 + draw)).predict_interval(X, 0.9)
            found.append(100 * np.mean((lower <= y) & (y <= upper)))
        low, high = np.quantile(found, [0.05, 0.95])
        expected = 100 * ceil(0.9 * (n + 1) - 1e-9) / (n + 1)
        print(f"| {n} | {np.mean(found):.1f} | {np.std(found) / np.sqrt(draws):.1f} | {expected:.1f} | {low:.0f} to {high:.0f} |")
    (X, y), sure = classes(5000, 1), {"early_stopping": False, "dropout": 0.0, "alpha": 0.0}
    many = ShoalClassifier(**sure, random_state=0).fit(*classes(300, 0))
    print(f"\nlog loss before: {log_loss(y, many.predict_proba(X)):.3f}\n\n| rows | log loss, mean | nine draws in ten |\n|---|---|---|")
    for n in SIZES:
        found = []
        for draw in range(draws):
            again = ShoalClassifier(**sure, random_state=0)
            vars(again).update(vars(many))  # each draw calibrates the same fit
            found.append(log_loss(y, again.calibrate(*classes(n, 1000 + draw)).predict_proba(X)))
        low, high = np.quantile(found, [0.05, 0.95])
        print(f"| {n} | {np.mean(found):.3f} | {low:.3f} to {high:.3f} |")


if __name__ == "__main__":
    main()
