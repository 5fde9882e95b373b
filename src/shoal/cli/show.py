"""`shoal show`, `shoal diagnose`, `shoal evaluate`: what a model is, what is wrong with it, and how good it is on a table."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal.cli.look import print_rare, rare_record
from shoal.cli.options import AsJson, ExtraColumns, Header, MaxMemory, ModelFile, Sheet, TableWithTarget, table_at, with_extra
from shoal.cli.output import number, print_how_read, print_json, print_lines, print_metrics, print_sureness, print_table
from shoal.errors import InvalidParameterError

if TYPE_CHECKING:
    from shoal.table_models.group_scores import GroupScore

EXAMPLE = "Example: `shoal show titanic.shoal`"


def show(
    model: ModelFile,
    as_json: AsJson = False,
) -> None:
    """Show what a model file contains: shapes and counts, training, scores, and how each column is used."""
    from shoal.persistence import load

    found = description(load(model))
    if as_json:
        print_json({"model": str(model), **found})
        return
    if "fit" in found:
        print_fit(found["fit"], found["network"]["thresholds"])
    print_network(found["network"], found["estimator"], found["settings"])
    if "columns" in found:
        rows = [[c["name"], c["kind"], str(c["n_missing"] or ""), c["reason"]] for c in found["columns"]]
        title = f"{len(rows)} columns become {found['n_prepared']} inputs"
        print_table(["column", "kind", "missing", "in the training rows"], rows, title)


def description(model: Any) -> dict[str, Any]:
    """All facts about a model, ready for JSON."""
    from shoal.network import known_facts
    from shoal.table import feature_names
    from shoal.table_models import fit as raw
    from shoal.table_models.inspect import limited_inputs
    from shoal.table_models.monotone import monotone_columns

    estimator = model.steps[-1][1] if hasattr(model, "steps") else model
    defaults = type(estimator)().get_params(deep=False)
    settings = {name: value for name, value in estimator.get_params(deep=False).items() if repr(value) != repr(defaults[name])}
    found = {
        "estimator": type(estimator).__name__,
        "settings": settings,
        "network": network_facts(estimator) | {"limits": limited_inputs(model), "monotone": monotone_columns(model)},
    }
    facts = known_facts(model)
    if not isinstance(facts, raw.Facts):
        return found
    wanted = ("name", "kind", "reason", "n_rows", "n_missing")
    columns = [{name: getattr(column, name) for name in wanted} for column in raw.columns_of(model)]
    names = feature_names(model["prepare"])
    return {"fit": asdict(facts), **found, "columns": columns, "n_prepared": len(names), "inputs": list(names)}


def network_facts(estimator: Any) -> dict[str, Any]:
    """Shapes and counts of the whole shoal as one network, in the chapter's letters."""
    network = estimator.network_
    parameters = network.merged
    shapes = {name: list(w.shape) for name, w in parameters.named().items()}
    return {
        "n_networks": network.population.K,
        "hidden_units": [int(width) for width in network.population.widths],
        "activation": network.activation,
        "output": network.output,
        "n_inputs": network.encoding.n_inputs,
        "n_ramps": network.encoding.n_ramps,
        "shapes": shapes,
        "n_parameters": sum(int(w.size) for w in parameters),
        "dtype": str(parameters.W1.dtype),
        "solver": estimator.solver_,
        "n_iter": int(estimator.n_iter_),
        "loss": estimator.loss_,
        "thresholds": list(network.thresholds),
    }


def print_fit(fit: dict[str, Any], thresholds: list[float]) -> None:
    """Print the training rows, classes, thresholds and scores."""
    from shoal.table_models.thresholds import decision

    names = ", ".join(fit["targets"])
    table = f" of {fit['table']}" if fit["table"] else ""
    print(f"{fit['task']} of {names}, learned from {fit['n_train']} rows{table}, seed {fit['seed']}")
    for name, classes in zip(fit["targets"], fit["classes"], strict=False):
        shown = ", ".join(map(str, classes[:12])) + (f" and {len(classes) - 12} more" if len(classes) > 12 else "")
        print(f"classes of {name}: {shown}")
    for name, classes, limit in zip(fit["targets"], fit["classes"], thresholds, strict=False):  # there may be none
        print(f"threshold: {decision(name, classes, limit)} ({fit['threshold']})")
    if fit["n_left_out"]:
        print(f"{fit['n_left_out']} rows without a target were left out")
    if fit["interrupted"]:
        print("training was interrupted; the model has the best weights until then")
    title = f"scores on {fit['n_test']} held-out rows ({fit['held_out']}), trained in {fit['seconds']:.1f} s"
    if fit["n_test"]:
        print_metrics(fit["metrics"], fit["baselines"], title)
    else:
        print(f"no rows were held out for a score; trained in {fit['seconds']:.1f} s")
    print_sureness(fit["sureness"] or {})
    if fit["calibrated"]:
        print(f"calibrated after the fit: {fit['calibrated']}")
    if fit["refit"]:
        print(f"then trained again on all {fit['n_train'] + fit['n_test']} rows; the scores are those of the model before")


def print_network(network: dict[str, Any], estimator: str, settings: dict[str, Any]) -> None:
    """Print shapes, counts and settings."""
    from shoal.table_models.inspect import limits_in_words
    from shoal.table_models.monotone import in_words

    widths = network["hidden_units"]
    units = f"{widths[0]} hidden units each" if len(set(widths)) == 1 else f"hidden units {', '.join(map(str, widths))}"
    ramps = f" ({network['n_inputs']} columns and {network['n_ramps']} ramps)" if network["n_ramps"] else ""
    rows = [
        ["networks", f"{network['n_networks']}, {units}; together one hidden layer of {sum(widths)} units"],
        ["shapes", "  ".join(f"{name} {tuple(shape)}" for name, shape in network["shapes"].items()) + ramps],
        *([["limits", f"of cells far from all others: {limits_in_words(network['limits'])}"]] if network["limits"] else []),
        *([["monotone", f"{in_words(network['monotone'])} (by the signs of its weights)"]] if network["monotone"] else []),
        ["parameters", f"{network['n_parameters']:,} in {network['dtype']}"],
        ["units", f"{network['activation']} hidden, {network['output']} output"],
        ["training", f"{estimator}, solver {network['solver']}, {network['n_iter']} epochs"],
        ["settings", ", ".join(f"{name}={value!r}" for name, value in settings.items()) or "all defaults"],
    ]
    print_table(["network", ""], rows)


DIAGNOSE_EXAMPLE = "Example: `shoal diagnose titanic.shoal titanic.csv`"


def diagnose(
    model: ModelFile,
    table: TableWithTarget,
    extra: ExtraColumns = None,
    sheet: Sheet = "",
    header: Header = None,
    as_json: AsJson = False,
) -> None:
    """Look for known faults of a model: units, gradients, learning rate, fit, inputs, classes, members.

    Rows that were not used for training show the most. A healthy model has no findings. The exit code is 0 in both cases.
    """
    from shoal.persistence import load
    from shoal.table_models.inspect import diagnose_table

    loaded, source = with_extra(load(model), extra), table_at(table, sheet, header)
    found = diagnose_table(loaded, source)
    if as_json:
        findings = [{"title": f.title, **asdict(f)} for f in found]
        print_json({"model": str(model), "rows": found.n_rows, "findings": findings})
        return
    print_how_read(loaded, source)
    if not found:
        print(f"No findings on {found.n_rows} rows of {table.name}.")
    else:
        title = f"{len(found)} findings on {found.n_rows} rows of {table.name}"
        print_table(["finding", "evidence", "what to do"], [[f.title, f.evidence, f.advice] for f in found], title)


EVALUATE_EXAMPLE = "Example: `shoal evaluate titanic.shoal passengers-1913.csv`"


def evaluate(
    model: ModelFile,
    table: TableWithTarget,
    max_memory: MaxMemory = None,
    by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Also score the rows with each value of this column.", show_default=False)
    ] = None,
    extra: ExtraColumns = None,
    sheet: Sheet = "",
    header: Header = None,
    as_json: AsJson = False,
) -> None:
    """Score a model on a table with its inputs and its target, and report how reliable its probabilities or intervals are.

    Rows without a target are left out and counted. Use rows that were not used for training: on training rows the scores
    are too good.
    """
    from shoal.cli.output import rows_bar
    from shoal.persistence import load
    from shoal.table_models import fit as raw

    loaded, source = with_extra(load(model), extra), table_at(table, sheet, header)
    facts = raw.facts_of(loaded)
    if by is not None and max_memory is not None:
        raise InvalidParameterError("--by needs the rows in memory, and --max-memory reads them in blocks; leave one of them out")
    with rows_bar(wanted=max_memory is not None) as progress:
        found = raw.evaluate(loaded, source, by=by, max_memory=max_memory, progress=progress)
    if as_json:
        print_json(
            {
                "task": facts.task,
                "target": facts.targets[0] if len(facts.targets) == 1 else facts.targets,
                "rows": {"test": found.n_rows, "left_out": found.n_left_out},
                "metrics": found.metrics,
                "sureness": found.sureness,
                **rare_record(found),
                **({} if by is None else {"by": {by: [asdict(group) for group in found.by]}}),
                "model": str(model),
            }
        )
        return
    print_how_read(loaded, source)
    left_out = f" ({found.n_left_out} without a target left out)" if found.n_left_out else ""
    print_metrics(found.metrics, {}, f"{facts.task} of {', '.join(facts.targets)}: scores on {found.n_rows} rows of {table.name}{left_out}")
    print_sureness(found.sureness)
    print_rare(found, facts, "these rows")
    print_groups(found.by, by)


def print_groups(groups: Sequence["GroupScore"], column: str | None) -> None:
    """Print the scores of the groups of a column, if one was named."""
    from shoal.table_models.group_scores import lines_of

    if column is not None:
        names, rows, few = lines_of(groups, number)
        print_table(names, rows, f"by {column}", numbers=range(1, len(names)))
        print_lines([few] if few else [])
