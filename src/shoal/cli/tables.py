"""Output of the commands on stdout: tables for people, one JSON object for scripts."""

import json
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shoal.metrics import METRICS

WIDTH_WITHOUT_TERMINAL = 120


def print_json(value: Any) -> None:
    """Print one JSON value on stdout. NaN becomes null, because JSON has no NaN."""
    print(json.dumps(_plain(value), allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", numbers: Collection[int] = ()) -> None:
    """Print a table; the columns at the positions `numbers` are right-aligned."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for position, name in enumerate(header):
        table.add_column(Text(name), justify="right" if position in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False)
    if not sys.stdout.isatty():
        console = Console(highlight=False, width=WIDTH_WITHOUT_TERMINAL)
    console.print(table)


def print_metrics(metrics: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Print the model's scores and those of the simple models; the best of a line is marked."""
    columns: dict[str, Mapping[str, float]] = {
        "shoal": metrics,
        **{name: baselines[name] for name in ("linear", "trivial") if name in baselines},
    }
    rows = []
    for metric in metrics:
        values = [scores.get(metric, math.nan) for scores in columns.values()]
        finite = [value for value in values if math.isfinite(value)]
        best = METRICS[metric].best(finite)
        marked = [number(value) + ("*" if value == best and len(values) > 1 else " ") for value in values]
        rows.append([metric, *marked, METRICS[metric].meaning])
    print_table(["", *columns, ""], rows, title, numbers=range(1, len(columns) + 1))
    if len(columns) > 1:
        print("* best of the line. linear: logistic or ridge regression; trivial: always the class frequencies, or the mean.")


def print_sureness(found: Mapping[str, float]) -> None:
    """Print how reliable probabilities or intervals are, in one line."""
    if "coverage_90" in found:
        print(
            f"how sure: 90 % intervals cover {found['coverage_90']:.1%} of these rows; they are {number(found['width_90'])} wide on average"
        )
    if "calibration_error" in found:
        print(
            f"how sure: the probability of the most likely class is wrong by {found['calibration_error']:.1%} on average "
            f"(expected calibration error); Brier score {number(found['brier_score_loss'])}"
        )


def number(value: float) -> str:
    """Four significant digits, without an exponent if that is shorter."""
    return f"{value:.4g}" if math.isfinite(value) else "-"
