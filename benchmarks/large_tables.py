"""How long the defaults take on shared tables of more than 4,800 rows, beside scikit-learn's MLP with its own defaults.

    python benchmarks/large_tables.py [--repeats 3] [--csv benchmarks/large_tables.csv]

The first of five folds of each table (SHOAL_DATA, default ../shared/data), prepared as `compare_tables.py`, which lies beside the
tables, prepares it for every tool; both fit the same encoded rows one after the other, targets of a regression standardised
for the MLP. Medians of the repeats.
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
from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from shoal import ShoalClassifier, ShoalRegressor

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
MORE_THAN = 4_800  # rows


def fits(task: str, seed: int) -> dict[str, object]:
    """Both, before they are fitted."""
    if task == "classification":
        return {"shoal": ShoalClassifier(random_state=seed), "mlp": MLPClassifier(random_state=seed)}
    mlp = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
    return {"shoal": ShoalRegressor(random_state=seed), "mlp": mlp}


def main() -> None:
    """Measure, write the CSV, print a table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--csv", type=Path, default=Path(__file__).with_suffix(".csv"))
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(DATA.parent))
    import compare_tables

    found = []
    for name, entry in json.loads((DATA / "manifest.json").read_text())["datasets"].items():
        if not isinstance(entry["file"], str) or entry["n_rows"] <= MORE_THAN:  # the digits are a set of images in several files
            continue
        X, y, _, categorical = compare_tables.load(DATA, name, entry)
        train, test = compare_tables.folds(entry["task"], y)[0]
        rows = np.asarray(compare_tables.encode(X, categorical, train, test)[0], float)
        seconds: dict[str, list[float]] = {}
        for seed in range(given.repeats):
            for tool, model in fits(entry["task"], seed).items():
                began = time.perf_counter()
                model.fit(rows, y[train])  # type: ignore[attr-defined]
                seconds.setdefault(tool, []).append(time.perf_counter() - began)
        medians = {tool: round(float(np.median(s)), 3) for tool, s in seconds.items()}
        ratio = round(medians["shoal"] / medians["mlp"], 2)
        found.append({"set": name, "rows": len(rows), "inputs": rows.shape[1], **medians, "ratio": ratio})
        print(f"{name}: {medians}", file=sys.stderr, flush=True)
    table = pd.DataFrame(found)
    table.to_csv(given.csv, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
