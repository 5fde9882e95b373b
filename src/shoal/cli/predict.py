"""`shoal predict`: a model's predictions for the rows of a table, written one chunk at a time."""

import io
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal.cli.options import TABLE_HELP, Header, MaxMemory, ModelFile, Sheet, table_at

if TYPE_CHECKING:
    from shoal.table import TablePath

EXAMPLE = "Example: `shoal predict titanic.shoal passengers.csv -o answers.csv`"
CHUNK_ROWS = 50_000  # 40 MB with a hundred columns


def predict(
    model: ModelFile,
    table: Annotated[Path, typer.Argument(metavar="TABLE", help=f"{TABLE_HELP} It may contain the target too.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.csv", help="File for the predictions.", show_default=False)],
    interval: Annotated[
        float | None,
        typer.Option(metavar="0.9", help="Add an interval to each predicted number: TARGET_lower, TARGET_upper.", show_default=False),
    ] = None,
    max_memory: MaxMemory = None,
    sheet: Sheet = "",
    header: Header = None,
) -> None:
    """Write a model's predictions for the rows of a table to a CSV file, one line per row, in the table's order.

    The column with the target's name contains the predicted class or value. For classes, the columns
    P(target=class) contain the probability of every class. The command reads the table in chunks, so the table may be larger than the
    memory. A warning counts the rows with an input outside the range of the training rows.
    """
    from shoal.cli.output import rows_bar
    from shoal.errors import OutputError, OutsideWarning
    from shoal.persistence import load
    from shoal.table.filetypes import file_of
    from shoal.table_models import fit

    loaded = load(model)
    fit.facts_of(loaded)
    if output.exists() and any(output.samefile(used) for used in (file_of(table)[0], model) if used.exists()):
        raise OutputError(f"-o {output} is the table or the model itself; choose another name for the predictions.")
    with rows_bar(wanted=max_memory is not None) as progress:
        n_rows, about = predict_table(loaded, table_at(table, sheet, header), output, interval, max_memory, progress)
    print(f"{n_rows} predictions written to {output}")
    if about:
        warnings.warn(OutsideWarning(about), stacklevel=2)


def write_predictions(loaded: Any, table: "Path | TablePath", output: Path) -> int:
    """`predict_table` without intervals; returns the number of rows."""
    return predict_table(loaded, table, output)[0]


def predict_table(
    loaded: Any,
    table: "Path | TablePath",
    output: Path,
    interval: float | None = None,
    max_memory: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[int, str]:
    """Read, predict and write chunk by chunk; returns the number of rows, and the warning about rows outside the training range.

    If a row cannot be used, no file is written.
    """
    import numpy as np

    from shoal.files import replacing
    from shoal.table_models.cut import naming_rows
    from shoal.table_models.predict import about_outside, outside, predictions
    from shoal.table_models.splits import name_of

    done, n_outside, by_input = 0, 0, np.zeros(1, np.int64)
    with replacing(output) as out:
        for chunk, n_rows in chunks_of(loaded, table, max_memory):
            with naming_rows(name_of(table), chunk):
                rows = loaded["prepare"].transform(chunk)
            answers = predictions(loaded, chunk, interval=interval, prepared=rows)
            text = io.StringIO()
            answers.to_csv(text, index=False, header=not done, lineterminator="\n")
            out.write(text.getvalue().encode("utf-8"))
            done += len(answers)
            if progress is not None:
                progress("predicting", done, n_rows)
            if loaded["estimator"].network_.lowest is not None:  # an imported model may not have the range
                here, inputs = outside(loaded, rows)
                n_outside, by_input = n_outside + here, by_input + inputs
    return done, about_outside(loaded, done, n_outside, by_input) if n_outside else ""


def chunks_of(loaded: Any, table: "Path | TablePath", max_memory: str | None) -> Iterator[tuple[Any, int]]:
    """The table in chunks, each with the number of all rows (0 if unknown)."""
    from shoal.table import read_chunks
    from shoal.table.reading import open_table
    from shoal.table_models import fit
    from shoal.table_models.memory import memory_of
    from shoal.table_models.within_memory import pieces_within, used_names

    if max_memory is None:
        yield from ((chunk, 0) for chunk in read_chunks(table, CHUNK_ROWS, fit.columns_of(loaded)))
        return
    file = open_table(table, expected=used_names(loaded))
    yield from ((chunk, file.n_rows) for chunk in pieces_within(memory_of(max_memory), loaded, file))
