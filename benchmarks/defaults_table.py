"""The defaults beside seven established tools on 36 shared tables, and on 25 others, as the tables in docs/defaults.md.

    python benchmarks/defaults_table.py [--data FOLDER] [--set PARAMETER=VALUE ...] [--csv FILE]

Runs `compare_tables.py`, which lies beside the shared tables (SHOAL_DATA, default ../shared/data; the others are in data2 beside it)
together with the peers' figures, or reads the CSV of an earlier run of it, and prints Markdown: every set, won or lost.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PEERS = ["linear", "mlp_default", "mlp_lbfgs_cv", "rf300", "hgb", "lightgbm", "svm_rbf_cv"]
METRICS = {"log_loss": ("classification", 1), "accuracy": ("classification", -1), "rmse": ("regression", 1)}


def compare(folder: Path, settings: list[str], out: Path) -> None:
    """Run the comparison with these settings; its own report goes to stderr."""
    command = [sys.executable, str(DATA.parent / "compare_tables.py"), "--data", str(folder), "--out", str(out)]
    subprocess.run(command + (["--set", *settings] if settings else []), check=True, stdout=sys.stderr)


def ranks(both: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Mean of the metric over the folds, set by tool, rounded to five digits as compare_tables.py does before it ranks."""
    task, _ = METRICS[metric]
    table = both[both.task == task].groupby(["set", "model"])[metric].mean().unstack()
    return table.map(lambda v: float(f"{v:.5g}"))


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--set", dest="settings", nargs="*", default=[])
    arguments.add_argument("--data", type=Path, default=DATA)
    arguments.add_argument("--csv", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        csv = given.csv or Path(folder) / "ours.csv"
        if given.csv is None:
            compare(given.data, given.settings, csv)
        ours = pd.read_csv(csv)
    baselines = given.data / "baselines.csv"
    peers = pd.read_csv(baselines if baselines.exists() else DATA.parent / "baselines.csv", dtype={"test_crc32": str})
    both = pd.concat([peers[peers.model.isin(PEERS)], ours])
    both = both[both["set"].isin(ours["set"].unique())]
    print("| mean rank of eight | " + " | ".join(["shoal", *PEERS]) + " | error / best peer |")
    print("|---|" + "---|" * (len(PEERS) + 2))
    for metric, (_, sign) in METRICS.items():
        table = ranks(both, metric)
        rank = (sign * table).rank(axis=1).mean()
        ratio = "" if metric == "accuracy" else f"{np.exp(np.clip(np.log(table['ours'] / table[PEERS].min(axis=1)), -0.7, 0.7).mean()):.3f}"
        print(f"| {metric} ({len(table)} sets) | " + " | ".join(f"{rank[m]:.2f}" for m in ["ours", *PEERS]) + f" | {ratio} |")
    seconds = ours.groupby("set").fit_seconds.median()
    rows = ours.groupby("set").size().index
    print("\n| set | metric | shoal | best peer | ratio | place of 8 | fit, s |\n|---|---|---|---|---|---|---|")
    for metric in ("log_loss", "rmse"):
        table = ranks(both, metric)
        for name in [n for n in rows if n in table.index]:
            line = table.loc[name]
            best = line[PEERS].idxmin()
            print(
                f"| {name} | {metric} | {line['ours']:.4g} | {line[best]:.4g} {best} | {line['ours'] / line[best]:.2f} "
                f"| {int(line.rank()['ours'])} | {seconds[name]:.2f} |"
            )


if __name__ == "__main__":
    main()
