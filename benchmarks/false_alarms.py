"""What `diagnose` says of the defaults on the shared tables: a healthy network should give it nothing to say.

    nice python benchmarks/false_alarms.py [--most-rows 5000] [--seed 0] [--only NAME,NAME] [-o benchmarks/false_alarms.csv]

Every table is fitted with the defaults (larger ones on an evenly spread part of their rows) and diagnosed on the fifth that was
held out. A line a set: rows, seconds of the fit and of the diagnosis, and the kinds of the findings. Findings are read by a
person: a table can deserve one. `docs/diagnosis.md` says which do.
"""

import argparse
import csv
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np

import shoal
from shoal.table import read
from shoal.table_models.inspect import diagnose_table

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def parts(frame, seed):
    """Four fifths of the rows, and the fifth that is left."""
    order = np.random.default_rng(seed).permutation(len(frame))
    cut = len(frame) // 5
    return frame.iloc[np.sort(order[cut:])], frame.iloc[np.sort(order[:cut])]


def line(name, entry, most_rows, seed):
    """One set: fitted, diagnosed."""
    frame = read(DATA / entry["file"])
    frame = frame.iloc[np.linspace(0, len(frame) - 1, min(len(frame), most_rows)).astype(int)]
    train, held = parts(frame, seed)
    task = "regression" if entry["task"] == "regression" else "classification"
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = shoal.fit(train, entry["target"], task=task, seed=seed)
    middle = time.perf_counter()
    found = diagnose_table(model, held)
    done = time.perf_counter()
    for f in found:
        print(f"    {name}: {f.title}: {f.evidence}", flush=True)
    return [name, len(frame), round(middle - start, 1), round(done - middle, 2), len(found), " ".join(f.kind for f in found)]


def main():
    """Fit, diagnose, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most-rows", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).with_suffix(".csv"))
    chosen = parser.parse_args()
    sets = json.loads((DATA / "manifest.json").read_text())["datasets"]
    names = chosen.only.split(",") if chosen.only else [name for name in sets if name != "mnist"]
    lines = []
    for name in names:
        lines.append(line(name, sets[name], chosen.most_rows, chosen.seed))
        print(*lines[-1], flush=True)
    with chosen.output.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["set", "rows", "seconds_of_fit", "seconds_of_diagnosis", "findings", "kinds"])
        writer.writerows(lines)
    alarms = sum(1 for each in lines if each[4])
    print(f"{alarms} of {len(lines)} sets with a finding, {sum(each[4] for each in lines)} findings")


if __name__ == "__main__":
    main()
