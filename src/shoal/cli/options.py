"""Arguments and options that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal.errors import InvalidParameterError

if TYPE_CHECKING:
    from shoal.table import TablePath

TABLE_HELP = "Table file: CSV (any separator, compressed or not), Parquet, Excel and others. FILE::NAME names a sheet or table in it."
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="Model file written by shoal fit.", show_default=False)]
TableWithTarget = Annotated[Path, typer.Argument(metavar="TABLE", help=f"{TABLE_HELP} It must contain the target.", show_default=False)]
Sheet = Annotated[
    str, typer.Option(metavar="NAME", help="Sheet of a workbook, table of a database or file of a zip archive. Default: the first.")
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Whether the first line contains the column names. Default: found from the cells.", show_default=False
    ),
]
MaxMemory = Annotated[
    str | None,
    typer.Option(metavar="1GB", help="Memory limit. A table that needs more is processed in blocks of rows.", show_default=False),
]
Increasing = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Predictions never decrease in this column of numbers; repeat it for several.", show_default=False),
]
Decreasing = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Predictions never increase in this column of numbers; repeat it for several.", show_default=False),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Learn from this column; repeat it for several. Default: from all columns.", show_default=False),
]
CrossValidated = Annotated[
    str | None,
    typer.Option(
        "--cv",
        metavar="FOLDS[xREPEATS]",
        help="Score by cross-validation too, beside five other tools on the same folds, such as 10 or 10x3; a report has it in a section "
        "of its own. Whole groups are held out if the model has groups, and later rows if it has times.",
        show_default=False,
    ),
]
ExtraColumns = Annotated[
    str | None,
    typer.Option(
        "--extra", metavar="ignore", help="Ignore columns that the model was not trained on; refuse is an error.", show_default=False
    ),
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


def with_extra(model: Any, extra: str | None) -> Any:
    """A model made by `shoal fit` that treats columns it was not trained on as the option says; as its file says if it is not given."""
    from shoal.table_models.facts import facts_of

    facts_of(model)
    if extra is not None:
        model.extra = extra
    return model


def table_at(path: Path, sheet: str = "", header: bool | None = None) -> "Path | TablePath":
    """The table that a command was given, with what its options add."""
    from shoal.table import TablePath

    return TablePath(path, header, sheet) if sheet or header is not None else path


def directions_of(increasing: list[str], decreasing: list[str]) -> dict[str, int] | None:
    """The directions of both options; None if there are none."""
    if both := set(increasing) & set(decreasing):
        raise InvalidParameterError(f"--increasing and --decreasing both have {sorted(both)[0]!r}; leave one of them out.")
    return dict.fromkeys(increasing, 1) | dict.fromkeys(decreasing, -1) or None
