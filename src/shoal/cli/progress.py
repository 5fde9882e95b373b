"""Progress bars on stderr. If stderr is not a terminal, nothing is shown."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from shoal.training.events import Epoch

Rows = Callable[[str, int, int], None]


@contextmanager
def training_bar(label: str = "training", wanted: bool = True) -> Iterator[tuple[Callable[[Epoch], None], ...]]:
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

        def move(event: Epoch) -> None:
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

        def move(event: Epoch) -> None:
            loss = event.loss if event.validation_loss is None else event.validation_loss
            show(f"training, epoch {min(event.epoch + 1, event.n_epochs)}/{event.n_epochs}  loss {middle(loss):.4g}", 0, 0)

        yield {"callbacks": (move,), "progress": show}


@contextmanager
def rows_bar(wanted: bool = True) -> Iterator[Rows | None]:
    """A callback `(stage, rows done, all rows)` that updates a bar on stderr; 0 rows change the text alone. None without a terminal."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows"),
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


def figures(event: Epoch) -> str:
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
