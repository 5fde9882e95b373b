"""`shoal report`: one page about a model, and the progress that long reports show."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from shoal.cli.arguments import ModelFile, TableWithTarget

EXAMPLE = "Example: `shoal report titanic.shoal titanic.csv -o titanic.html`"


def report(
    model: ModelFile,
    table: TableWithTarget,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.html", help="Where to.", show_default=False)],
    test: Annotated[Path | None, typer.Option(help="The table that `shoal fit` was given as --test.", show_default=False)] = None,
) -> None:
    """Write one HTML page: scores and how sure they are, simple models on the same rows, diagnosis, importance, the network.

    With the table that the model was made of, its held-out rows are scored and other models learn from the rest; of another
    table all rows are scored.
    """
    from shoal.persistence import load
    from shoal.report import write_report

    check_report(output, model, table, test)
    loaded = load(model)
    with steps_bar() as step:
        write_report(loaded, table, output, test=test, step=step)
    print(f"report written to {output}")


def check_report(output: Path, *used: Path | None) -> None:
    """Find out before long work whether the report can be written; it must not take the place of what it is made of."""
    from shoal.errors import OutputError
    from shoal.files import refuse_unwritable
    from shoal.report.pictures import need_matplotlib

    need_matplotlib()
    if output in used:
        raise OutputError(f"{output} is named twice, and would be the same file; give the report another name.")
    for path in used:
        if path is not None and output.exists() and path.exists() and output.samefile(path):
            raise OutputError(f"{output} is the model or a table itself; give the report another name.")
    refuse_unwritable(output)


@contextmanager
def steps_bar() -> Iterator[Callable[[str], None]]:
    """A callback that moves a bar on stderr from step to step; where stderr is no terminal nothing is shown."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from shoal.report import STEPS

    columns = (
        TextColumn("report: {task.description}"),
        BarColumn(),
        TextColumn("step {task.fields[at]} of {task.total}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(STEPS[0], total=len(STEPS), at=1)

        def move(name: str) -> None:
            done = STEPS.index(name)
            progress.update(bar, completed=done, description=name, at=done + 1)

        yield move
