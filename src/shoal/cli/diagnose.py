"""`shoal diagnose`: known faults of a model, found on a table with its target."""

from dataclasses import asdict

from shoal.cli.arguments import AsJson, ModelFile, TableWithTarget
from shoal.cli.tables import print_json, print_table

EXAMPLE = "Example: `shoal diagnose titanic.shoal titanic.csv`"


def diagnose(
    model: ModelFile,
    table: TableWithTarget,
    as_json: AsJson = False,
) -> None:
    """Look for known faults of a model: units, gradients, learning rate, fit, inputs, classes, members.

    Rows that were not used for training show the most. A healthy model has no findings. The exit code is 0 in both cases.
    """
    from shoal.estimators.inspecting import diagnose_table
    from shoal.persistence import load

    found = diagnose_table(load(model), table)
    if as_json:
        findings = [{"title": f.title, **asdict(f)} for f in found]
        print_json({"model": str(model), "rows": found.n_rows, "findings": findings})
    elif not found:
        print(f"No findings on {found.n_rows} rows of {table.name}.")
    else:
        title = f"{len(found)} findings on {found.n_rows} rows of {table.name}"
        print_table(["finding", "evidence", "what to do"], [[f.title, f.evidence, f.advice] for f in found], title)
