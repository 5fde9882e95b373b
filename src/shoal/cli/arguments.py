"""Arguments that several commands share: a model file, a table with its target, and whether to print JSON."""

from pathlib import Path
from typing import Annotated

import typer

ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="Model file written by shoal fit.", show_default=False)]
TableWithTarget = Annotated[
    Path, typer.Argument(metavar="TABLE", help="CSV, gzipped CSV or Parquet file with the target.", show_default=False)
]
MaxMemory = Annotated[
    str | None,
    typer.Option(metavar="1GB", help="Memory limit. A table that needs more is processed in blocks of rows.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
