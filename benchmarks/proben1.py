"""PROBEN1's fixed partitions: classification error of the defaults beside the published means of networks without shortcuts.

    python benchmarks/proben1.py [--seeds 10] [--csv benchmarks/proben1.csv]

`ShoalClassifier(random_state=seed)`, nothing else set, the partition's validation rows given as `X_val`; the mean test error of
ten seeds in percent. Published: Prechelt, PROBEN1 (Technical Report 21/94, Karlsruhe 1994), networks without shortcuts.
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

from shoal import ShoalClassifier

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PUBLISHED = {
    ("cancer", 1): 1.38,
    ("cancer", 2): 4.77,
    ("cancer", 3): 3.70,
    ("glass", 1): 32.70,
    ("diabetes", 1): 24.10,
    ("diabetes", 3): 22.59,
    ("card", 1): 14.05,
    ("card", 2): 18.91,
}


def one_fit(name: str, part: int, seed: int) -> dict[str, object]:
    """Fit one seed on one partition and count its errors on the test rows, in percent."""
    entry = json.loads((DATA / "manifest.json").read_text())["datasets"][f"proben1_{name}"]
    frame = pd.read_csv(DATA / entry["file"])
    X, y = frame.drop(columns=[entry["target"]]).to_numpy(float), frame[entry["target"]].to_numpy()
    folder = DATA / f"proben1_{name}" / "splits"
    train, valid, test = (np.loadtxt(folder / f"index_{rows}_{part}.txt", dtype=int) for rows in ("train", "valid", "test"))
    begun = time.perf_counter()
    model = ShoalClassifier(random_state=seed).fit(X[train], y[train], X_val=X[valid], y_val=y[valid])
    seconds = time.perf_counter() - begun
    error = 100 * np.mean(model.predict(X[test]) != y[test])
    return {"set": name, "partition": part, "seed": seed, "error": error, "seconds": seconds}


def summary(found: pd.DataFrame) -> str:
    """The table of the documentation, in Markdown."""
    lines = ["| partition | error, % (sd) | published | |", "|---|---|---|---|"]
    for (name, part), of_seeds in found.groupby(["set", "partition"], sort=False):
        published = PUBLISHED[name, part]
        won = "won" if of_seeds.error.mean() <= published else "lost"
        lines.append(f"| {name}{part} | {of_seeds.error.mean():.2f} ({of_seeds.error.std():.2f}) | {published:.2f} | {won} |")
    return "\n".join(lines)


def main() -> None:
    """Run every partition, with progress on stderr, and write the CSV."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--csv", type=Path, default=Path(__file__).with_name("proben1.csv"))
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for name, part in PUBLISHED:
        rows += [one_fit(name, part, seed) for seed in range(given.seeds)]
        print(f"{name}{part}", file=sys.stderr, flush=True)
    found = pd.DataFrame(rows)
    found.round(4).to_csv(given.csv, index=False)
    print(summary(found))


if __name__ == "__main__":
    main()
