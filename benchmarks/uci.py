"""UCI regression with one hidden layer of 50 ReLU units and five members, all 20 fixed splits, beside the published figures.

    python benchmarks/uci.py [--sets boston_housing concrete …] [--splits 20] [--plain] [--csv benchmarks/uci.csv]

The rule is the estimator's own, `ShoalRegressor(hidden_layer_sizes=(50,), activation="relu", ramps=False, n_networks=5,
random_state=split)`, nothing else set; `--plain` adds the plain defaults. Mean test RMSE and mean test negative log-likelihood
of a Gaussian with the mean and spread of `predict(X, return_std=True)`. boston_housing holds a column on racial composition
and is used only because published comparisons use it. Splits: Hernandez-Lobato & Adams 2015, as the shared tables have them.
"""

import argparse
import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from shoal import ShoalRegressor

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
# Best known with this architecture (RMSE, NLL; published, or measured with five tuned scikit-learn L-BFGS networks), and
# Deep Ensembles (Lakshminarayanan et al. 2017, table 1).
TO_BEAT = {
    "boston_housing": (2.79, 2.40, 3.28, 2.41),
    "concrete": (4.30, 2.87, 6.03, 3.06),
    "energy": (0.42, 0.57, 2.09, 1.38),
    "kin8nm": (0.073, -1.20, 0.09, -1.20),
    "power_plant": (3.89, 2.78, 4.11, 2.79),
    "naval": (0.0005, -5.63, 0.00, -5.63),
}
RULE = {"hidden_layer_sizes": (50,), "activation": "relu", "ramps": False, "n_networks": 5}


def rows_of(name: str, split: int) -> tuple[np.ndarray, ...]:
    """Training and test rows of one split."""
    entry = json.loads((DATA / "manifest.json").read_text())["datasets"][name]
    frame = pd.read_csv(DATA / entry["file"])
    X, y = frame.drop(columns=[entry["target"]]).to_numpy(float), frame[entry["target"]].to_numpy(float)
    train, test = (np.loadtxt(DATA / name / "splits" / f"index_{part}_{split}.txt", dtype=int) for part in ("train", "test"))
    return X[train], y[train], X[test], y[test]


def one_fit(name: str, split: int, column: str, settings: dict[str, object]) -> dict[str, object]:
    """Fit on one split and judge on its test rows."""
    X, y, X_test, y_test = rows_of(name, split)
    begun = time.perf_counter()
    model = ShoalRegressor(**settings, random_state=split).fit(X, y)
    seconds = time.perf_counter() - begun
    mean, std = model.predict(X_test, return_std=True)
    nll = np.mean(np.log(2 * np.pi * std**2) / 2 + (y_test - mean) ** 2 / (2 * std**2))
    rmse = np.sqrt(np.mean((y_test - mean) ** 2))
    return {"set": name, "split": split, "rule": column, "rmse": rmse, "nll": nll, "seconds": seconds, "solver": model.solver_}


def summary(found: pd.DataFrame) -> str:
    """The table of the documentation, in Markdown."""
    lines = ["| set | rule | splits | RMSE | to beat | NLL | to beat | Deep Ensembles | fit, s |", "|---|---|---|---|---|---|---|---|---|"]
    for (name, rule), part in found.groupby(["set", "rule"], sort=False):
        rmse, nll, deep_rmse, deep_nll = TO_BEAT[name]
        error, likelihood = part.rmse.mean(), part.nll.mean()
        won = ["won" if mine <= theirs else "lost" for mine, theirs in ((error, rmse), (likelihood, nll))]
        deep = f"{deep_rmse} / {deep_nll}"
        lines.append(
            f"| {name} | {rule} | {len(part)} | {error:.4g} {won[0]} | {rmse} | {likelihood:.3f} {won[1]} | {nll} | {deep} "
            f"| {part.seconds.median():.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the sets, smallest first, with progress on stderr; the CSV grows with every set."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sets", nargs="*", default=list(TO_BEAT), choices=list(TO_BEAT))
    arguments.add_argument("--splits", type=int, default=20)
    arguments.add_argument("--plain", action="store_true")
    arguments.add_argument("--csv", type=Path, default=Path(__file__).with_name("uci.csv"))
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    columns = {"50 ReLU, 5 members": RULE} | ({"defaults": {}} if given.plain else {})
    rows = []
    for name in given.sets:
        for split in range(given.splits):
            rows += [one_fit(name, split, column, settings) for column, settings in columns.items()]
            print(f"\r{name} {split + 1}/{given.splits}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        pd.DataFrame(rows).round(6).to_csv(given.csv, index=False)
    print(summary(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
