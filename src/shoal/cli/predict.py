"""`shoal predict`: a model's predictions for the rows of a table, written one chunk at a time."""

import io
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal.cli.options import TABLE_HELP, ExtraColumns, Header, MaxMemory, ModelFile, Sheet, table_at, with_extra

if TYPE_CHECKING:
    from shoal.errors import ShoalWarning
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
    sets: Annotated[
        float | None,
        typer.Option(
            metavar="0.9",
            help="Add for each class whether it is in a set that contains the true class with this probability: set(TARGET=class).",
            show_default=False,
        ),
    ] = None,
    max_memory: MaxMemory = None,
    extra: ExtraColumns = None,
    sheet: Sheet = "",
    header: Header = None,
) -> None:
    """Write a model's predictions for the rows of a table to a CSV file, one line per row, in the table's order.

    The column with the target's name contains the predicted class or value. For classes, the columns
    P(target=class) contain the probability of every class. The command reads the table in chunks, so the table may be larger than the
    memory. Warnings count the rows with an input outside the range of the training rows, and those
    with levels of a category that no training row had.
    """
    from shoal.cli.output import print_how_read, rows_bar
    from shoal.errors import OutputError
    from shoal.persistence import load
    from shoal.table.filetypes import file_of

    loaded = with_extra(load(model), extra)
    if output.exists() and any(output.samefile(used) for used in (file_of(table)[0], model) if used.exists()):
        raise OutputError(f"-o {output} is the table or the model itself; choose another name for the predictions.")
    source = table_at(table, sheet, header)
    print_how_read(loaded, source)
    with rows_bar(wanted=max_memory is not None) as progress:
        n_rows, given = predict_table(loaded, source, output, interval, max_memory, progress, sets=sets)
    print(f"{n_rows} predictions written to {output}")
    for warning in given:
        warnings.warn(warning, stacklevel=2)


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
    *,
    sets: float | None = None,
) -> "tuple[int, list[ShoalWarning]]":
    """Read, predict and write chunk by chunk; returns the number of rows, and warnings about what training never saw.

    If a row cannot be used, no file is written.
    """
    import numpy as np

    from shoal.errors import OutsideWarning
    from shoal.files import replacing
    from shoal.table import feature_names, prepared_rows, unseen_by
    from shoal.table_models.cut import naming_rows
    from shoal.table_models.predict import predictions
    from shoal.table_models.splits import name_of
    from shoal.uncertainty.outside import about_outside, counts_outside

    network = loaded["estimator"].network_
    done, n_outside, by_input, unseen = 0, 0, np.zeros(1, np.int64), unseen_by(loaded["prepare"])
    with replacing(output) as out:
        for chunk, n_rows in chunks_of(loaded, table, max_memory):
            with naming_rows(name_of(table), chunk):
                rows = prepared_rows(loaded["prepare"], chunk, unseen)
            answers = predictions(loaded, chunk, interval=interval, sets=sets, prepared=rows)
            text = io.StringIO()
            answers.to_csv(text, index=False, header=not done, lineterminator="\n")
            out.write(text.getvalue().encode("utf-8"))
            done += len(answers)
            if progress is not None:
                progress("predicting", done, n_rows)
            if network.lowest is not None:  # an imported model may not have the range
                here, inputs = counts_outside(network, rows)
                n_outside, by_input = n_outside + here, by_input + inputs
    names = feature_names(loaded["prepare"])
    outsiders = [OutsideWarning(about_outside(network, names, done, n_outside, by_input))] if n_outside else []
    return done, [*outsiders, *unseen.warnings()]


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
