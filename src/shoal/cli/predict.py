"""`shoal predict`: a model's answers for the rows of a table, written a chunk at a time."""

import io
from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "Example: `shoal predict titanic.skops passengers.csv -o answers.csv`"
CHUNK_ROWS = 50_000  # of a hundred columns: 40 MB


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model file written by shoal fit.", show_default=False)],
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV, gzipped CSV or Parquet file; it may hold the target too.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.csv", help="Where the predictions go.", show_default=False)],
) -> None:
    """Write a model's predictions for the rows of a table to a CSV file, one line a row, in the table's order.

    The predicted class or value stands under the target's name; beside a class the probability of every class, under
    P(target=class). The table is read in chunks, so that it may be larger than the memory.
    """
    from shoal.errors import OutputError
    from shoal.estimators import raw
    from shoal.model_file import load

    loaded = load(model)
    raw.facts_of(loaded)
    if output.exists() and any(output.samefile(used) for used in (table, model) if used.exists()):
        raise OutputError(f"-o {output} is the table or the model itself; give the predictions another name.")
    print(f"{write_predictions(loaded, table, output)} predictions written to {output}")


def write_predictions(loaded: object, table: Path, output: Path) -> int:
    """Read, predict and write chunk by chunk; returns the number of rows. Nothing is left behind where a row cannot be used."""
    from shoal.estimators import raw
    from shoal.files import replacing
    from shoal.table import read_chunks

    done = 0
    with replacing(output) as out:
        for chunk in read_chunks(table, CHUNK_ROWS, raw.columns_of(loaded)):
            answers = raw.predictions(loaded, chunk)
            text = io.StringIO()
            answers.to_csv(text, index=False, header=not done, lineterminator="\n")
            out.write(text.getvalue().encode("utf-8"))
            done += len(answers)
    return done
