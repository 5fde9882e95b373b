"""What `scoring` costs: fits that choose each network's best epoch by a score in Python, beside those that do so by the loss.

    python benchmarks/scoring.py [--repeats 5]

`ShoalClassifier(max_iter=60, n_iter_no_change=inf, random_state=0)` on rows of scikit-learn's `make_classification` with a rare class, the
scores in turn within each repeat. Prints a table in Markdown: the least processor time of a fit, and what a score of one network costs, the
difference divided by the scores.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning

from shoal import ShoalClassifier

EPOCHS = 60


def right(model, X, y) -> float:
    """A function as users write it."""
    return float(np.mean(model.predict(X) == y))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| rows | scoring | processor time of a fit, s | of a score, ms |\n|---|---|---|---|")
    for m in (300, 3000):
        X, y = make_classification(m, 10, weights=[0.9], random_state=0)
        least: dict = {}
        for _ in range(repeats):
            for scoring in (None, right, "accuracy", "roc_auc", "average_precision"):
                began = time.process_time()
                model = ShoalClassifier(max_iter=EPOCHS, n_iter_no_change=np.inf, scoring=scoring, random_state=0).fit(X, y)
                assert model.n_iter_ == EPOCHS
                least[scoring] = min(least.get(scoring, np.inf), time.process_time() - began)
        for scoring, seconds in least.items():
            each = "" if scoring is None else f"{1000 * (seconds - least[None]) / (8 * EPOCHS):.2f}"
            print(f"| {m:,} | {getattr(scoring, '__name__', scoring) or 'None'} | {seconds:.2f} | {each} |", flush=True)


if __name__ == "__main__":
    main()
