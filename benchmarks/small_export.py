"""What `shoal export --small` saves and costs.

    python benchmarks/small_export.py [--units 4 16 32] [--sets titanic penguins concrete abalone]

Fits `shoal.fit(file, target, seed=0)` on sets of the data folder (SHOAL_DATA), distils it to one network of each size, and prints a
table in Markdown: bytes of the tables and texts of the C in float for Cortex-M, multiplications of an answer, and the main score on
the held-out rows: log loss of classes, rmse of numbers.
"""

import argparse
import json
import os
import warnings
from pathlib import Path

import shoal
from shoal.errors import ShoalWarning
from shoal.export import portable, size_of
from shoal.table_models.distill import distilled


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="+", default=[4, 16, 32])
    parser.add_argument("--sets", nargs="+", default=["titanic", "penguins", "concrete", "abalone"])
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", ShoalWarning)
    folder = Path(os.environ["SHOAL_DATA"])
    known = json.loads((folder / "manifest.json").read_text("utf-8"))["datasets"]
    known = known if isinstance(known, dict) else {each["name"]: each for each in known}
    print("| set | network | flash, bytes | multiplications | score |")
    print("|---|---|---|---|---|")
    for name in chosen.sets:
        file = folder / known[name]["file"]
        model = shoal.fit(file, known[name]["target"], seed=0)
        metric = "log_loss" if model.facts_.task == "classification" else "rmse"
        lines = {"the shoal": (model, model.facts_.metrics[metric])}
        for units in chosen.units:
            small = distilled(model, file, units=units)
            lines[f"{units} units"] = small.model, small.after[metric]
        for key, (each, score) in lines.items():
            size = size_of(portable(each), "float")
            print(f"| {name} | {key} | {size.flash:,} | {size.multiplications:,} | {metric} {score:.4g} |", flush=True)


if __name__ == "__main__":
    main()
