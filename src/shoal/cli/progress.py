"""The bars that show long work on a terminal; where stderr is no terminal nothing is shown."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from shoal.training.events import Epoch

Rows = Callable[[str, int, int], None]


@contextmanager
def training_bar(label: str = "training", wanted: bool = True) -> Iterator[tuple[Callable[[Epoch], None], ...]]:
    """Callbacks for a fit: one that moves a bar on stderr, or none."""
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
def fit_bar(*, in_pieces: bool) -> Iterator[dict[str, Any]]:
    """What `fit` takes to show its progress: by epochs, or by rows where the table may be read in pieces."""
    if not in_pieces:
        with training_bar() as callbacks:
            yield {"callbacks": callbacks}
        return
    with rows_bar() as told:
        if told is None:
            yield {}
            return

        def move(event: Epoch) -> None:
            judged = event.loss if event.validation_loss is None else event.validation_loss
            told(f"training, epoch {min(event.epoch + 1, event.n_epochs)}/{event.n_epochs}  loss {middle(judged):.4g}", 0, 0)

        yield {"callbacks": (move,), "progress": told}


@contextmanager
def rows_bar(wanted: bool = True) -> Iterator[Rows | None]:
    """A callback that moves a bar on stderr by rows: what is done, rows done, rows in all (0: as before). None without a terminal."""
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

        def told(what: str, done: int, rows: int) -> None:
            nonlocal epoch, before
            if not rows:
                epoch = what
                return
            if what != before[0] or done < before[1]:
                progress.reset(bar)  # another stage, or the next epoch: its time begins anew
            before = what, done
            progress.update(bar, description=epoch if what == "training" and epoch else what, completed=done, total=rows)

        yield told


def figures(event: Epoch) -> str:
    """The middle network's losses, and how many are still training."""
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
