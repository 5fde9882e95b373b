"""`shoal calibrate`: a model file calibrated on rows that the model was not trained on."""

from pathlib import Path
from typing import Annotated

import typer

from shoal.cli.options import ExtraColumns, Header, ModelFile, Sheet, TableWithTarget, table_at, with_extra

EXAMPLE = "Example: `shoal calibrate concrete.shoal concrete-2026.csv -o concrete-2026.shoal`"


def calibrate(
    model: ModelFile,
    table: TableWithTarget,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="OUT.shoal", help="File for the calibrated model; it may be MODEL.", show_default=False),
    ],
    sets: Annotated[
        bool, typer.Option("--sets", help="For classes: calibrate sets (`shoal predict --sets`) in place of probabilities.")
    ] = False,
    extra: ExtraColumns = None,
    sheet: Sheet = "",
    header: Header = None,
) -> None:
    """Calibrate a model on a table with its inputs and its target: intervals of numbers, or probabilities or sets of classes.

    Use rows that the model was not trained on: they replace what calibrated it before. Predicted values and classes stay as they are.
    """
    from shoal.cli.fit import refuse_table_itself
    from shoal.cli.output import print_how_read
    from shoal.files import refuse_unwritable
    from shoal.persistence import load, save

    refuse_table_itself(output, table)
    refuse_unwritable(output)
    loaded, source = with_extra(load(model), extra), table_at(table, sheet, header)
    print_how_read(loaded, source)
    loaded.calibrate(source, calibration="split" if sets else None)
    save(loaded, output)
    print(f"calibrated: {loaded.facts_.calibrated}")
    print(f"model written to {output}   (shoal show {output})")
