"""Arguments and options that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from shoal.errors import InvalidParameterError

ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="Model file written by shoal fit.", show_default=False)]
TableWithTarget = Annotated[
    Path, typer.Argument(metavar="TABLE", help="CSV, gzipped CSV or Parquet file with the target.", show_default=False)
]
MaxMemory = Annotated[
    str | None,
    typer.Option(metavar="1GB", help="Memory limit. A table that needs more is processed in blocks of rows.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """`["solver=sgd", "hidden_layer_sizes=(50,)"]` as `{"solver": "sgd", "hidden_layer_sizes": (50,)}`."""
    from shoal.fitting.settings import parsed

    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name or not value.strip():
            raise InvalidParameterError(f"--set {text!r} does not have the form PARAMETER=VALUE, such as --set hidden_layer_sizes=50.")
        if name in settings:
            raise InvalidParameterError(f"--set {name} is given twice: {settings[name]!r} and {value.strip()!r}. Keep one.")
        settings[name] = parsed(name, value.strip())
    return settings
