"""`shoal diagnose`: what may be wrong with a model, seen on a table with its target."""

from dataclasses import asdict

from shoal.cli.arguments import AsJson, ModelFile, TableWithTarget
from shoal.cli.tables import print_json, print_table

EXAMPLE = "Example: `shoal diagnose titanic.shoal titanic.csv`"


def diagnose(
    model: ModelFile,
    table: TableWithTarget,
    as_json: AsJson = False,
) -> None:
    """Look for what may be wrong with a model: units, gradients, learning rate, fit, inputs, classes, members.

    Rows that the model has not learned from tell most. A healthy model gives no findings; the exit code is 0 either way.
    """
    from shoal.estimators.inspecting import diagnose_table
    from shoal.persistence import load

    found = diagnose_table(load(model), table)
    if as_json:
        findings = [{"title": f.title, **asdict(f)} for f in found]
        print_json({"model": str(model), "rows": found.n_rows, "findings": findings})
    elif not found:
        print(f"Nothing to complain about, on {found.n_rows} rows of {table.name}.")
    else:
        title = f"{len(found)} findings on {found.n_rows} rows of {table.name}"
        print_table(["finding", "what was seen", "what to do"], [[f.title, f.evidence, f.advice] for f in found], title)
