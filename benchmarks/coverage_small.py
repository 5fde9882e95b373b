"""How often intervals cover the targets of fresh rows, where rows are few.

    python benchmarks/coverage_small.py [--repeats 200] [--rows 30 50 100 300 1000] [--calibrations cv+ none]
        [--noises heteroscedastic t3] [--csv coverage_small.csv]
    python benchmarks/coverage_small.py --tables --rows 100 300 --repeats 20 --csv coverage_tables.csv

y = sin 2x₀ + x₁ plus noise over [−2, 2]²: of a standard deviation that grows from 0.1 to 0.5 along x₀, or of Student's t with 3 degrees
of freedom, 0.3 wide. Two more, of five inputs: "product", x₀x₁ + |x₂| plus uniform noise, and "linear" with normal noise. Every repeat
draws new training rows and 2,000 fresh ones, and fits `ShoalRegressor(random_state=repeat)`. Prints a table in Markdown: the mean
coverage in percent at 50, 80, 90 and 95 % asked, the standard error of that at 90 %, and the mean width of the 90 % intervals. Where
intervals are refused the row says so.

`--tables` takes the place of the functions by the tables with numbers as targets of both collections (SHOAL_DATA, default ../shared/data,
and data2 beside it; `compare_tables.py`, which lies there, reads and encodes them) that have twice as many rows: every repeat draws the
training rows anew, and at most 2,000 of the others are the fresh ones.
"""

import argparse
import importlib
import json
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from shoal import ShoalRegressor
from shoal.errors import ShoalError, UncalibratedWarning

COVERAGES = (0.5, 0.8, 0.9, 0.95)
NOISES = ("heteroscedastic", "t3")
OTHERS = ("product", "linear")  # by which no rule was chosen
FRESH = 2000
DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

Draw = Callable[[int, np.random.Generator], tuple[np.ndarray, ...]]


def made(noise: str, m: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """X (m, 2) and y (m,) to learn from, and as many as FRESH to judge by."""
    return *rows(noise, m, rng), *rows(noise, FRESH, rng)


def rows(noise: str, m: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """X (m, 2) and y (m,)."""
    if noise == "product":
        X = rng.uniform(-1, 1, (m, 5))
        return X, X[:, 0] * X[:, 1] + np.abs(X[:, 2]) + rng.uniform(-0.3, 0.3, m)
    if noise == "linear":
        X = rng.standard_normal((m, 5))
        return X, X @ np.array([1.0, -2.0, 0.5, 0.0, 3.0]) + 0.5 * rng.standard_normal(m)
    X = rng.uniform(-2, 2, (m, 2))
    e = (0.1 + 0.1 * (X[:, 0] + 2)) * rng.standard_normal(m) if noise == "heteroscedastic" else 0.3 * rng.standard_t(3, m)
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + e


def tables(least: int) -> dict[str, Draw]:
    """The tables with numbers as targets of at least twice as many rows, each as a function that draws rows."""
    sys.path.insert(0, str(DATA.parent))
    shared, found = importlib.import_module("compare_tables"), {}
    for folder in (DATA, DATA.parent / "data2"):
        for name, entry in json.loads((folder / "manifest.json").read_text())["datasets"].items():
            if entry["task"] == "regression" and not isinstance(entry["file"], dict):
                X, y, _, names = shared.load(folder, name, entry)
                if len(y) >= 2 * least:
                    found[name] = partial(drawn, shared, X, y, names)
    return found


def drawn(shared, X, y, names, m: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """As `made`, from a table's rows."""
    order = rng.permutation(len(y))
    train, test = order[:m], order[m : m + FRESH]
    A, B = shared.encode(X, names, train, test)
    return A, y[train], B, y[test]


def one(noise: str, draw: Draw, m: int, calibration: str, repeat: int) -> list[dict[str, object]]:
    """One fit's coverage and width at every coverage asked; NaN where it was refused."""
    X, y, X_new, y_new = draw(m, np.random.default_rng([repeat, m]))
    model = ShoalRegressor(calibration=None if calibration == "none" else calibration, random_state=repeat).fit(X, y)
    found: list[dict[str, object]] = []
    for asked in COVERAGES:
        covered = width = float("nan")
        try:
            lower, upper = model.predict_interval(X_new, asked)
            covered, width = float(np.mean((lower <= y_new) & (y_new <= upper))), float(np.mean(upper - lower))
        except ShoalError:
            pass
        at = {"noise": noise, "rows": m, "calibration": calibration, "repeat": repeat}
        found.append({**at, "asked": asked, "covered": covered, "width": width})
    return found


def line(part: pd.DataFrame) -> str:
    """The table's row for the repeats of one setting."""
    at_90 = part[part["asked"] == 0.9]
    if at_90["covered"].isna().any():
        return f"refused in {at_90['covered'].isna().sum()} of {len(at_90)} | | |"
    means = ", ".join(f"{100 * part.loc[part['asked'] == asked, 'covered'].mean():.1f}" for asked in COVERAGES)
    return f"{means} | {100 * at_90['covered'].std() / np.sqrt(len(at_90)):.1f} | {at_90['width'].mean():.3g} |"


def main() -> None:
    """Run, write the CSV, print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repeats", type=int, default=200)
    arguments.add_argument("--rows", type=int, nargs="*", default=(30, 50, 100, 300, 1000))
    arguments.add_argument("--calibrations", nargs="*", choices=("cv+", "split", "none"), default=("cv+",))
    arguments.add_argument("--noises", nargs="*", choices=(*NOISES, *OTHERS), default=NOISES)
    arguments.add_argument("--tables", action="store_true", help="the shared tables in place of functions")
    arguments.add_argument("--csv", type=Path, default=Path(__file__).with_suffix(".csv"))
    given = arguments.parse_args()
    warnings.simplefilter("ignore", UncalibratedWarning)
    found: list[dict[str, object]] = []
    print(f"| rows | noise | calibration | covered at 50, 80, 90, 95 % asked | s.e. at 90 | width at 90 |\n|{'---|' * 6}", flush=True)
    for m in given.rows:
        for noise, draw in (tables(m) if given.tables else {noise: partial(made, noise) for noise in given.noises}).items():
            for calibration in given.calibrations:
                for repeat in range(given.repeats):
                    found += one(noise, draw, m, calibration, repeat)
                    print(f"{m} {noise} {repeat + 1}/{given.repeats}", end="\r", file=sys.stderr, flush=True)
                here = pd.DataFrame(found[-given.repeats * len(COVERAGES) :])
                print(f"| {m} | {noise} | {calibration} | {line(here)}", flush=True)
    table = pd.DataFrame(found).groupby(["calibration", "rows", "noise", "asked"], sort=False)
    summary = table.agg(repeats=("covered", "size"), covered=("covered", "mean"), deviation=("covered", "std"), width=("width", "mean"))
    summary.reset_index().to_csv(given.csv, index=False, float_format="%.6g", lineterminator="\n")


if __name__ == "__main__":
    main()
