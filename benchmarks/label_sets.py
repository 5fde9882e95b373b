"""How often the sets of `predict_set` contain the class of new rows, and how large they are, with the defaults.

    python benchmarks/label_sets.py [--repeats 20] [--coverages 0.8 0.9 0.95]

Every repeat draws training rows at random (300 of scikit-learn's `make_classification` with three classes of which 15 % are flipped, 300
of breast cancer, 600 of digits) and fits `ShoalClassifier(calibration=…, random_state=repeat)`; all other rows are new, 2,000 of the made
ones. Prints a table in Markdown: the mean share of new rows whose class is in its set, its standard error over the repeats, the least share
over the classes (mean over the repeats of each class), and the mean number of classes in a set; then the same with `by_class=True`.
"""

import argparse
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, make_classification

from shoal import OutsideWarning, ShoalClassifier
from shoal.errors import InvalidParameterError


def rows(name: str, repeat: int) -> tuple[np.ndarray, np.ndarray, int]:
    """X, y, and how many of them are learned from."""
    if name == "made":
        X, y = make_classification(2300, 6, n_informative=4, n_redundant=0, n_classes=3, flip_y=0.15, class_sep=0.8, random_state=repeat)
        return X, y, 300
    X, y = {"breast cancer": load_breast_cancer, "digits": load_digits}[name](return_X_y=True)
    return X, y, 300 if name == "breast cancer" else 600


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--coverages", type=float, nargs="+", default=[0.8, 0.9, 0.95])
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", OutsideWarning)
    print("| rows | calibration | by class | requested, % | contained, % | s.e. | of the worst class, % | classes in a set |")
    print("|---|---|---|---|---|---|---|---|")
    for name in ("made", "breast cancer", "digits"):
        for calibration in ("split", "cv+"):
            found: dict[tuple[bool, float], list[np.ndarray]] = {}
            for repeat in range(chosen.repeats):
                X, y, m = rows(name, repeat)
                order = np.random.default_rng(repeat).permutation(len(y))
                learned, new = order[:m], order[m:]
                model = ShoalClassifier(calibration=calibration, random_state=repeat).fit(X[learned], y[learned])
                for by_class in (False, True):
                    for coverage in chosen.coverages:
                        try:
                            sets = model.predict_set(X[new], coverage, by_class=by_class)
                        except InvalidParameterError:  # too few rows of a class
                            continue
                        inside = sets[np.arange(len(new)), y[new]]
                        of_class = [inside[y[new] == label].mean() for label in model.classes_]
                        line = np.array([inside.mean(), sets.sum(axis=1).mean(), *of_class])
                        found.setdefault((by_class, coverage), []).append(line)
            for (by_class, coverage), lines in sorted(found.items()):
                if len(lines) < chosen.repeats:
                    continue  # refused for some of the draws
                mean, error = np.mean(lines, axis=0), np.std([line[0] for line in lines], ddof=1) / np.sqrt(len(lines))
                numbers = f"{coverage:.0%} | {mean[0]:.1%} | {error:.1%} | {mean[2:].min():.1%}".replace("%", "")
                print(f"| {name} | {calibration} | {'yes' if by_class else ''} | {numbers} | {mean[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
