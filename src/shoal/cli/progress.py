"""The bar that shows training on a terminal; where stderr is no terminal nothing is shown."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from shoal.training.events import Epoch


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
