"""Do limits for cells far from all others help? The error of five held-out folds with and without them, on tables that have such cells.

    python benchmarks/wild.py [--data FOLDER ...] [--sets glass skillcraft ...] [--csv benchmarks/wild.csv]

Rows, folds and matrices are those of `compare_tables.py`, which lies beside the shared tables (SHOAL_DATA, default ../shared/data);
tables in which no training fold has a column with limits are left out. Prints the table of docs/defaults.md: RMSE, or log loss of classes.
"""

import argparse
import importlib
import json
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from shoal import ShoalClassifier, ShoalRegressor
from shoal.input_limits import fit_limits, limited

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def tables(folders: list[Path], sets: list[str]) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Folder, name and description of every table, small ones first."""
    found = []
    for folder in folders:
        entries = json.loads((folder / "manifest.json").read_text())["datasets"]
        found += [(folder, name, entry) for name, entry in entries.items() if (not sets or name in sets) and name != "mnist"]
    yield from sorted(found, key=lambda each: each[2]["n_rows"])


def far_cells(X: np.ndarray) -> tuple[int, int]:
    """How many columns have limits, and how many cells are beyond these."""
    limits = fit_limits(X)
    return (0, 0) if limits is None else (int(np.isfinite(limits[0]).sum()), int((limited(limits, X) != X).sum()))


def error(task: str, seed: int, train: tuple[Any, Any], test: tuple[Any, Any], n_classes: int) -> float:
    """The RMSE of a default fit, or the log loss of classes."""
    model = (ShoalClassifier if task == "classification" else ShoalRegressor)(random_state=seed).fit(*train)
    found = importlib.import_module("compare_tables").score(task, model, *test, n_classes)
    return float(found.get("log_loss", found.get("rmse")))


def main() -> None:
    """Print a line for each table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", nargs="*", type=Path, default=[DATA])
    arguments.add_argument("--sets", nargs="*", default=[])
    arguments.add_argument("--csv", type=Path, default=Path(__file__).with_suffix(".csv"))
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(DATA.parent))
    compare = importlib.import_module("compare_tables")
    rows: list[dict[str, Any]] = []
    print("| table | training rows | columns with limits, first fold | cells beyond | z-scores alone | limits | ratio |")
    print("|---|---|---|---|---|---|---|")
    for folder, name, entry in tables(given.data, given.sets):
        X, y, _, categories = compare.load(folder, name, entry)
        folds = compare.folds(entry["task"], y)
        matrices = [tuple(map(np.asarray, compare.encode(X, categories, train, test))) for train, test in folds]
        if not any(far_cells(A)[0] for A, _ in matrices):
            continue
        errors = []
        for k, ((train, test), (A, B)) in enumerate(zip(folds, matrices, strict=True)):
            fit = (entry["task"], k, (A, y[train]), (B, y[test]), len(np.unique(y)))
            with mock.patch("shoal.encoding.fit_limits", return_value=None):
                without = error(*fit)
            errors.append((without, error(*fit)))
            n_columns, n_cells = far_cells(A)
            rows.append({"set": name, "fold": k, "columns": n_columns, "cells": n_cells, "without": without, "with": errors[-1][1]})
        pd.DataFrame(rows).to_csv(given.csv, index=False, float_format="%.6g")
        without, ours = np.mean(errors, axis=0)
        ratio = np.exp(np.mean(np.log([b / a for a, b in errors])))
        n_columns, n_cells = far_cells(matrices[0][0])
        print(f"| {name} | {len(folds[0][0])} | {n_columns} | {n_cells} | {without:.4g} | {ours:.4g} | {ratio:.3f} |", flush=True)


if __name__ == "__main__":
    main()
