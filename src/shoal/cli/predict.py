"""`shoal predict`: a model's answers for the rows of a table, written a chunk at a time."""

import io
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from shoal.cli.arguments import ModelFile

EXAMPLE = "Example: `shoal predict titanic.skops passengers.csv -o answers.csv`"
CHUNK_ROWS = 50_000  # of a hundred columns: 40 MB


def predict(
    model: ModelFile,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV, gzipped CSV or Parquet file; it may hold the target too.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.csv", help="Where the predictions go.", show_default=False)],
    interval: Annotated[
        float | None,
        typer.Option(metavar="0.9", help="Beside each number its interval: TARGET_lower, TARGET_upper.", show_default=False),
    ] = None,
) -> None:
    """Write a model's predictions for the rows of a table to a CSV file, one line a row, in the table's order.

    The predicted class or value stands under the target's name; beside a class the probability of every class, under
    P(target=class). The table is read in chunks, so that it may be larger than the memory. Rows with an input outside the range
    of the rows that were learned from are counted in a warning.
    """
    from shoal.errors import OutputError, OutsideWarning
    from shoal.estimators import raw
    from shoal.model_file import load

    loaded = load(model)
    raw.facts_of(loaded)
    if output.exists() and any(output.samefile(used) for used in (table, model) if used.exists()):
        raise OutputError(f"-o {output} is the table or the model itself; give the predictions another name.")
    n_rows, about = predict_table(loaded, table, output, interval)
    print(f"{n_rows} predictions written to {output}")
    if about:
        warnings.warn(OutsideWarning(about), stacklevel=2)


def write_predictions(loaded: Any, table: Path, output: Path) -> int:
    """`predict_table` without intervals; returns the number of rows."""
    return predict_table(loaded, table, output)[0]


def predict_table(loaded: Any, table: Path, output: Path, interval: float | None = None) -> tuple[int, str]:
    """Read, predict and write chunk by chunk; returns the number of rows, and what to say of rows unlike all that was learned.

    Nothing is left behind where a row cannot be used.
    """
    import numpy as np

    from shoal.estimators import raw
    from shoal.estimators.predictions import about_outside, outside, predictions
    from shoal.files import replacing
    from shoal.table import read_chunks

    done, n_outside, by_input = 0, 0, np.zeros(1, np.int64)
    with replacing(output) as out:
        for chunk in read_chunks(table, CHUNK_ROWS, raw.columns_of(loaded)):
            rows = loaded["prepare"].transform(chunk)
            answers = predictions(loaded, chunk, interval=interval, prepared=rows)
            text = io.StringIO()
            answers.to_csv(text, index=False, header=not done, lineterminator="\n")
            out.write(text.getvalue().encode("utf-8"))
            done += len(answers)
            if loaded["estimator"].network_.lowest is not None:  # a model that came from elsewhere may not know
                here, inputs = outside(loaded, rows)
                n_outside, by_input = n_outside + here, by_input + inputs
    return done, about_outside(loaded, done, n_outside, by_input) if n_outside else ""
