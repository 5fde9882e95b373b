"""What commands print: tables, JSON, numbers and bars of progress."""

import json
import math
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.metrics import METRICS

if TYPE_CHECKING:
    from shoal.training.progress import Epoch

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


def print_lines(lines: Iterable[object]) -> None:
    """Print each on a line of its own, such as how a file is read."""
    for line in lines:
        print(line)


def print_how_read(model: Any, table: Any) -> None:
    """Print how a table's file is read by a model that `shoal.fit` made; `table` is a path or a `TablePath`."""
    from shoal.table.reading import notes_of
    from shoal.table_models.within_memory import used_names

    print_lines(notes_of(table, expected=used_names(model)))


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
    Console(highlight=False, width=width()).print(table)


def width() -> int:
    """Characters of a line on stdout."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL


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
    if "interval_score_90" in found:  # files of earlier versions have the line above alone
        crps = f", CRPS {number(found['crps'])}" if "crps" in found else ""
        print(f"interval score {number(found['interval_score_90'])}{crps} in the target's unit; smaller is better")
    if "calibration_error" in found:
        print(
            f"how sure: the probability of the most likely class is wrong by {found['calibration_error']:.1%} on average "
            f"(expected calibration error); Brier score {number(found['brier_score_loss'])}"
        )


def number(value: float) -> str:
    """Four significant digits, without an exponent if that is shorter."""
    return f"{value:.4g}" if math.isfinite(value) else "-"


Rows = Callable[[str, int, int], None]


@contextmanager
def training_bar(label: str = "training", wanted: bool = True) -> Iterator[tuple[Callable[["Epoch"], None], ...]]:
    """Callbacks for a fit: one that updates a bar on stderr, or none."""
    if not (wanted and sys.stderr.isatty()):
        yield ()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("epoch {task.completed:.0f}/{task.total:.0f}  {task.fields[figures]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(label, total=1, figures="")

        def move(event: "Epoch") -> None:
            progress.update(bar, completed=event.epoch, total=event.n_epochs, figures=figures(event))

        yield (move,)


@contextmanager
def fit_bar(*, by_rows: bool) -> Iterator[dict[str, Any]]:
    """The arguments of `fit` that show progress: by epochs, or by rows if the table may be read in chunks."""
    if not by_rows:
        with training_bar() as callbacks:
            yield {"callbacks": callbacks}
        return
    with rows_bar() as show:
        if show is None:
            yield {}
            return

        def move(event: "Epoch") -> None:
            loss = event.loss if event.validation_loss is None else event.validation_loss
            show(f"training, epoch {min(event.epoch + 1, event.n_epochs)}/{event.n_epochs}  loss {middle(loss):.4g}", 0, 0)

        yield {"callbacks": (move,), "progress": show}


@contextmanager
def rows_bar(wanted: bool = True, unit: str = "rows") -> Iterator[Rows | None]:
    """A callback `(stage, rows done, all rows)`, of rows or another unit, that updates a bar on stderr.

    0 rows change the text alone. None without a terminal.
    """
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("reading", total=None)
        epoch, before = "", ("", 0)

        def show(what: str, done: int, rows: int) -> None:
            nonlocal epoch, before
            if not rows:
                epoch = what
                return
            if what != before[0] or done < before[1]:
                progress.reset(bar)  # another stage, or the next epoch: its time starts at 0
            before = what, done
            progress.update(bar, description=epoch if what == "training" and epoch else what, completed=done, total=rows)

        yield show


def figures(event: "Epoch") -> str:
    """The median loss of the networks, and how many are still training."""
    parts = [f"loss {middle(event.loss):.4g}"]
    if event.validation_loss is not None:
        parts.append(f"validation {middle(event.validation_loss):.4g}")
    if len(event.active) > 1:
        parts.append(f"{int(event.active.sum())} of {len(event.active)} networks")
    return "  ".join(parts)


def middle(values: np.ndarray) -> float:
    """The median of the finite values."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")
