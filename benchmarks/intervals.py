"""How often 90 % intervals cover the target of rows that nothing was learned from, on six tables with twenty fixed splits.

    python benchmarks/intervals.py [--splits 20] [--sets NAME ...] [--calibrations none split cv+] [--csv benchmarks/intervals.csv]

Each table (SHOAL_DATA, default ../shared/data) is learned with its published splits by `ShoalRegressor(hidden_layer_sizes=(50,),
activation="relu", ramps=False, n_networks=5, random_state=split, calibration=...)`, nothing else set, and the shares of its test rows
that lie inside are averaged over the splits: of all rows, and of the thirds with the lowest, middle and highest predictions.
The boston_housing table has a column made of people's race; it is here only because published comparisons use it.
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

from shoal import ShoalRegressor, UncalibratedWarning

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SETS = ("boston_housing", "concrete", "energy", "kin8nm", "naval", "power_plant")
RULE = {"hidden_layer_sizes": (50,), "activation": "relu", "ramps": False, "n_networks": 5}
KINDS = ("none", "split", "cv+")
COVERAGE = 0.9


def rows(name: str, split: int) -> list[np.ndarray]:
    """X and y to learn from, X and y to test on."""
    entry = json.loads((DATA / "manifest.json").read_text())["datasets"][name]
    frame = pd.read_csv(DATA / entry["file"])
    targets = [entry["target"]] if isinstance(entry["target"], str) else entry["target"]
    X, y = frame.drop(columns=targets).to_numpy(float), frame[targets[0]].to_numpy(float)
    sides = (np.loadtxt(DATA / name / "splits" / f"index_{side}_{split}.txt", dtype=int) for side in ("train", "test"))
    return [part for at in sides for part in (X[at], y[at])]


def figures(name: str, split: int, calibration: str) -> dict[str, object]:
    """One fit's shares of test rows inside their intervals, and how good it is."""
    X, y, X_test, y_test = rows(name, split)
    began = time.perf_counter()
    model = ShoalRegressor(**RULE, random_state=split, calibration=None if calibration == "none" else calibration).fit(X, y)
    seconds = time.perf_counter() - began
    mean, std = model.predict(X_test, return_std=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncalibratedWarning)
        lower, upper = model.predict_interval(X_test, COVERAGE)
    inside = (lower <= y_test) & (y_test <= upper)
    thirds = [inside[part].mean() for part in np.array_split(np.argsort(mean, kind="stable"), 3)]
    return {
        "set": name,
        "split": split,
        "calibration": calibration,
        "solver": model.solver_,
        "covered": inside.mean(),
        **dict(zip(("low_third", "middle_third", "high_third"), thirds, strict=True)),
        "width": (upper - lower).mean(),
        "rmse": np.sqrt(np.mean((mean - y_test) ** 2)),
        "nll": np.mean(np.log(std) + ((y_test - mean) / std) ** 2 / 2 + np.log(2 * np.pi) / 2),
        "fit_seconds": seconds,
    }


def main() -> None:
    """Run, write the CSV, print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--splits", type=int, default=20)
    arguments.add_argument("--sets", nargs="*", default=SETS)
    arguments.add_argument("--calibrations", nargs="*", choices=KINDS, default=KINDS)
    arguments.add_argument("--csv", type=Path, default=Path(__file__).with_suffix(".csv"))
    given = arguments.parse_args()
    found = []
    for name in given.sets:
        for split in range(given.splits):
            found += [figures(name, split, kind) for kind in given.calibrations]
            print(f"{name} {split + 1}/{given.splits}", end="\r", file=sys.stderr, flush=True)
    table = pd.DataFrame(found)
    table.to_csv(given.csv, index=False, float_format="%.6g", lineterminator="\n")
    print(f"| set | calibration | covered, % | in the low, middle, high third, % | mean width | RMSE | NLL |\n|{'---|' * 7}")
    for (name, kind), part in table.groupby(["set", "calibration"], sort=False):
        mean = part.mean(numeric_only=True)
        thirds = ", ".join(f"{100 * mean[third]:.1f}" for third in ("low_third", "middle_third", "high_third"))
        covered = f"{100 * mean['covered']:.1f}"
        print(f"| {name} | {kind} | {covered} | {thirds} | {mean['width']:.4g} | {mean['rmse']:.4g} | {mean['nll']:.3f} |")


if __name__ == "__main__":
    main()
