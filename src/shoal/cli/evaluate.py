"""`shoal evaluate`: score a model on a table with its target."""

from shoal.cli.arguments import AsJson, MaxMemory, ModelFile, TableWithTarget
from shoal.cli.tables import print_json, print_metrics, print_sureness

EXAMPLE = "Example: `shoal evaluate titanic.shoal passengers-1913.csv`"


def evaluate(
    model: ModelFile,
    table: TableWithTarget,
    max_memory: MaxMemory = None,
    as_json: AsJson = False,
) -> None:
    """Score a model on a table with its inputs and its target, and report how reliable its probabilities or intervals are.

    Rows without a target are left out and counted. Use rows that were not used for training: on training rows the scores
    are too good.
    """
    from shoal.cli.progress import rows_bar
    from shoal.estimators import raw
    from shoal.persistence import load

    loaded = load(model)
    facts = raw.facts_of(loaded)
    with rows_bar(wanted=max_memory is not None) as progress:
        found = raw.evaluate(loaded, table, max_memory=max_memory, progress=progress)
    if as_json:
        print_json(
            {
                "task": facts.task,
                "target": facts.targets[0] if len(facts.targets) == 1 else facts.targets,
                "rows": {"test": found.n_rows, "left_out": found.n_left_out},
                "metrics": found.metrics,
                "sureness": found.sureness,
                "model": str(model),
            }
        )
        return
    left_out = f" ({found.n_left_out} without a target left out)" if found.n_left_out else ""
    print_metrics(found.metrics, {}, f"{facts.task} of {', '.join(facts.targets)}: scores on {found.n_rows} rows of {table.name}{left_out}")
    print_sureness(found.sureness)
