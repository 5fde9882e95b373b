"""What a longer training does to the error on new rows, and whether held-out rows decide rightly about it, as in docs/defaults.md.

    python benchmarks/longer.py [--folds N] [--sets NAME ...]

For every set with 100 to 5,000 training rows of both collections (SHOAL_DATA, default ../shared/data, and data2 beside it;
`compare_tables.py`, which lies there, reads and encodes them): the error on test rows with the planned epochs, with four times as many, and
with the rule of the defaults, which decides by held-out rows. Prints Markdown; errors are ratios to that with the planned epochs (log loss;
RMSE), geometric means over the folds.
"""

import argparse
import importlib
import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from shoal import ShoalClassifier, ShoalRegressor
from shoal.fitting.plan import SMALL, WIDE_FROM, plan
from shoal.fitting.settings import settings_of

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def errors(tables, task, X, y, names, fold, epochs):
    """The error with each of some `max_iter`, None for the default, and whether the default trained longer."""
    train, test = fold
    A, B = tables.encode(X, names, train, test)
    kind = ShoalClassifier if task == "classification" else ShoalRegressor
    planned = plan(settings_of(kind()), len(train), 0, own_validation=False).recipe.max_epochs
    found, longer = [], False
    for times in epochs:
        model = kind(random_state=0, max_iter="auto" if times is None else times * planned).fit(A, y[train])
        longer = longer or (times is None and model.n_iter_ > planned)
        scores = tables.score(task, model, B, y[test], len(np.unique(y)))
        found.append(scores.get("log_loss", scores.get("rmse")))
    return found, longer


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folds", type=int, default=2)
    arguments.add_argument("--sets", nargs="*")
    given = arguments.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    sys.path.insert(0, str(DATA.parent))
    tables = importlib.import_module("compare_tables")
    print("| set | rows | 4 × the epochs | by held-out rows | trained longer in |\n|---|---|---|---|---|")
    ratios = []
    for folder in (DATA, DATA.parent / "data2"):
        for name, entry in json.loads((folder / "manifest.json").read_text())["datasets"].items():
            if isinstance(entry["file"], dict) or (given.sets and name not in given.sets):  # several files: no set of the comparison
                continue
            X, y, _, names = tables.load(folder, name, entry)
            if not SMALL <= 0.8 * len(X) < WIDE_FROM:
                continue
            some = [
                errors(tables, entry["task"], X, y, names, fold, (1, 4, None)) for fold in tables.folds(entry["task"], y)[: given.folds]
            ]
            logs = np.log([found for found, _ in some])
            four, chosen = np.exp(np.mean(logs[:, 1:] - logs[:, :1], axis=0))
            ratios.append((four, chosen))
            print(f"| {name} | {len(X)} | {four:.2f} | {chosen:.2f} | {sum(longer for _, longer in some)} of {len(some)} |", flush=True)
    print("| mean | | " + " | ".join(f"{v:.3f}" for v in np.exp(np.mean(np.log(ratios), axis=0))) + " | |")


if __name__ == "__main__":
    main()
