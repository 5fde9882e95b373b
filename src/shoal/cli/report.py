"""`shoal report`: one HTML page about a model, with progress on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from shoal.cli.options import CrossValidated, Header, ModelFile, Sheet, TableWithTarget, table_at
from shoal.cli.output import rows_bar

EXAMPLE = "Example: `shoal report titanic.shoal titanic.csv -o titanic.html`"


def report(
    model: ModelFile,
    table: TableWithTarget,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.html", help="File to write.", show_default=False)],
    test: Annotated[Path | None, typer.Option(help="The table that you passed to `shoal fit` as --test.", show_default=False)] = None,
    sheet: Sheet = "",
    header: Header = None,
    cv: CrossValidated = None,
    by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Also score the rows with each value of this column.", show_default=False)
    ] = None,
) -> None:
    """Write one HTML page: scores and their uncertainty, simple models on the same rows, diagnosis, importance, the network.

    If TABLE is the table that the model was trained on, the page scores the held-out rows and trains simple models on the others.
    For another table it scores all rows. With --cv, for the table of the training alone, the page has a cross-validation of the same
    settings too; with --by, scores for the groups of a column.
    """
    from shoal.persistence import load
    from shoal.report import BesideModel, write_in_steps
    from shoal.report.cross_validation import cross_validate_again
    from shoal.table_models.model import columns_of
    from shoal.table_models.splits import frame_of, named_column

    check_report(output, model, table, test)
    loaded, source, other = load(model), table_at(table, sheet, header), None if test is None else table_at(test, header=header)
    crossed = None
    if by is not None:
        named_column(frame_of(source, columns_of(loaded)), by, "group")  # before a cross-validation
    if cv is not None:
        with rows_bar(unit="folds") as progress:
            crossed = cross_validate_again(loaded, source, cv, progress)
    with steps_bar() as step:
        write_in_steps(loaded, source, output, BesideModel(test=other, cross_validation=crossed, by=by), step)
    print(f"report written to {output}")


def check_report(output: Path, *used: Path | None) -> None:
    """Raise an error, before long work, if the report cannot be written or would overwrite the model or a table."""
    from shoal.errors import OutputError
    from shoal.files import refuse_unwritable
    from shoal.report.figures import need_matplotlib
    from shoal.table.filetypes import file_of

    need_matplotlib()
    if output in used:
        raise OutputError(f"{output} is named twice and would be the same file; choose another name for the report.")
    for path in (file_of(named)[0] for named in used if named is not None):
        if output.exists() and path.exists() and output.samefile(path):
            raise OutputError(f"{output} is the model or a table itself; choose another name for the report.")
    refuse_unwritable(output)


@contextmanager
def steps_bar() -> Iterator[Callable[[str], None]]:
    """A callback that updates a bar on stderr from step to step. If stderr is not a terminal, nothing is shown."""
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
