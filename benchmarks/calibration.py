"""Whether probabilities are right: the defaults beside scikit-learn's classifiers, as in docs/how-sure.md.

    python benchmarks/calibration.py [--folds N] [--rows N] [--csv FILE]

For every set of classes of both collections (SHOAL_DATA, default ../shared/data, and data2 beside it; `compare_tables.py`, which lies
there, reads and encodes them) of at most `--rows` rows, by default 6,000: log loss, Brier score (the sum over the classes of (p − y)², mean
over the rows) and expected calibration error (15 equally full bins of the highest probability: mean |accuracy − confidence|, by rows), on
held-out folds. Prints the mean rank of each tool and the geometric mean of its score divided by the best one's of the set (at most 2), as
Markdown.
"""

import argparse
import importlib
import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from shoal import ShoalClassifier

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
TOOLS = {
    "shoal": lambda seed: ShoalClassifier(random_state=seed),
    "logistic regression": lambda seed: LogisticRegression(max_iter=1000),
    "MLP": lambda seed: MLPClassifier(random_state=seed),
    "random forest, 300": lambda seed: RandomForestClassifier(300, random_state=seed),
    "hist. boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
}
SCORES = ("log loss", "Brier score", "calibration error")
BINS = 15
LEAST = 1e-15


def scores_of(p: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """The three scores of probabilities `(m, n_classes)` for the class numbers y."""
    p = np.clip(p, LEAST, None)
    p = p / p.sum(axis=1, keepdims=True)
    own, sure, right = p[np.arange(len(y)), y], p.max(axis=1), p.argmax(axis=1) == y
    parts = np.array_split(np.argsort(sure, kind="stable"), min(BINS, len(y)))
    error = sum(len(part) * abs(right[part].mean() - sure[part].mean()) for part in parts) / len(y)
    return float(-np.log(own).mean()), float(np.mean((p**2).sum(axis=1) - 2 * own + 1)), float(error)


def measured(tables, name, entry, folder, n_folds, most):
    """A row for each fold and tool."""
    X, y, _, names = tables.load(folder, name, entry)
    if len(X) > most:
        return
    for k, (train, test) in enumerate(tables.folds("classification", y)[:n_folds]):
        A, B = tables.encode(X, names, train, test)
        for tool, make in TOOLS.items():
            model = make(k).fit(A, y[train])
            p = np.zeros((len(test), len(np.unique(y))))
            p[:, np.asarray(model.classes_, int)] = model.predict_proba(B)
            yield {"set": name, "fold": k, "tool": tool} | dict(zip(SCORES, scores_of(p, y[test]), strict=True))


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folds", type=int, default=5)
    arguments.add_argument("--rows", type=int, default=6_000)
    arguments.add_argument("--csv", type=Path)
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(DATA.parent))
    tables = importlib.import_module("compare_tables")
    found = []
    for folder in (DATA, DATA.parent / "data2"):
        for name, entry in json.loads((folder / "manifest.json").read_text())["datasets"].items():
            if entry["task"] == "classification" and not isinstance(entry["file"], dict):
                found += measured(tables, name, entry, folder, given.folds, given.rows)
    table = pd.DataFrame(found)
    if given.csv is not None:
        table.to_csv(given.csv, index=False)
    means = table.groupby(["set", "tool"])[list(SCORES)].mean()
    print(f"| {table['set'].nunique()} sets | " + " | ".join(f"{s}: rank | / best" for s in SCORES) + " |")
    print("|---|" + "---|---|" * len(SCORES))
    for tool in TOOLS:
        cells = []
        for s in SCORES:
            wide = means[s].unstack("tool")
            ratio = np.exp(np.clip(np.log(wide[tool] / wide.min(axis=1)), 0, np.log(2)).mean())
            cells.append(f"{wide.rank(axis=1)[tool].mean():.2f} | {ratio:.3f}")
        print(f"| {tool} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
