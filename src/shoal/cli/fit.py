"""`shoal fit`: train on a table, score on held-out rows, write the model."""

import re
import sys
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal.cli.cross_validate import checked_folds, cross_validated, cross_validation_record, print_cross_validation
from shoal.cli.look import beside_record, look_record, print_beside, show_look
from shoal.cli.options import (
    TABLE_HELP,
    AsJson,
    CrossValidated,
    Decreasing,
    Header,
    Increasing,
    Inputs,
    MaxMemory,
    Sheet,
    directions_of,
    parse_settings,
    table_at,
)
from shoal.cli.output import print_json, print_lines, print_metrics, print_sureness
from shoal.cli.report import check_report, steps_bar

if TYPE_CHECKING:
    from shoal.table import TablePath
    from shoal.table_models.cross_validation import CrossValidation
    from shoal.table_models.fit import Facts
    from shoal.table_models.look import Look

EXAMPLE = "Example: `shoal fit titanic.csv --target Survived --set hidden_layer_sizes=100 -o titanic.shoal`"
PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zst", ".zip")
TABLE_ENDINGS = (
    *(".csv", ".tsv", ".parquet", ".pq", ".txt", ".data", ".dat", ".xlsx", ".xls", ".ods", ".arff", ".jsonl", ".json", ".feather"),
    *(".db", ".sqlite", ".sav", ".dta", ".sas7bdat"),
)


Named = Annotated[Path, typer.Argument(metavar="TABLE", help=TABLE_HELP, show_default=False)]
Targets = Annotated[list[str], typer.Option("--target", help="Column to predict; repeat it for several.", show_default=False)]
Task = Annotated[str | None, typer.Option(help="classification or regression. Default: chosen from the target.", show_default=False)]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PARAMETER=VALUE", help="Set a parameter of the estimator; repeat it for several.", show_default=False),
]
Test = Annotated[Path | None, typer.Option(help="Score on this table instead of on held-out rows.", show_default=False)]
Groups = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Hold out whole groups: rows with the same value in this column. The column is not an input.",
        show_default=False,
    ),
]
Time = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Hold out the last rows in the order of this column of dates or numbers. It is an input too.",
        show_default=False,
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Weight the rows by this column of numbers of 0 or more, in training and scores. The column is not an input.",
        show_default=False,
    ),
]
Categories = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Treat the numbers in this column as categories; repeat it for several.", show_default=False),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Leave this column out, such as row numbers; repeat it for several.", show_default=False),
]
Strict = Annotated[
    bool | None,
    typer.Option(
        "--strict/--yes",
        help="Stop before training if there are notes about the table, or never ask. Default: a terminal asks, a script continues.",
        show_default=False,
    ),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(metavar="MARK", help="This text or number stands for no value, in any column; repeat it for several.", show_default=False),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="All numbers of this column were measured, also -999; repeat it for several.", show_default=False),
]
MergeCase = Annotated[
    bool | None,
    typer.Option(
        "--merge-case/--keep-case",
        help="Levels, labels and groups that differ only in case or blanks are one, or are not. Default: one if nearly all rows have it.",
        show_default=False,
    ),
]
DayFirst = Annotated[
    bool | None,
    typer.Option(
        "--day-first/--month-first",
        help="What comes first in dates such as 3/4/2022 that can be read in both orders. Default: the day, with a note.",
        show_default=False,
    ),
]
TargetMeans = Annotated[
    bool,
    typer.Option(
        "--target-means/--no-target-means",
        help="Read categories of many levels by the mean of the target over the rows of each level, or give each level its own input.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="MODEL.shoal", help="Model file to write. Default: TABLE-TARGET.shoal in this folder.", show_default=False
    ),
]
Report = Annotated[
    Path | None, typer.Option(metavar="FILE.html", help="Write a report about the model too, as shoal report does.", show_default=False)
]
Threshold = Annotated[
    str | None,
    typer.Option(
        metavar="RULE",
        help="For two classes: predict the second where its probability is above a number such as 0.3, or above one found by "
        "cross-validation of the training rows: f1, recall=0.9, or cost=1:5 (a false negative costs five times a false positive). "
        '"f1 of bad" is about the class bad.',
        show_default=False,
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Train on the workers of the Dask scheduler at tcp://HOST:PORT.", show_default=False),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Save the state of training to this file. The same command continues from it.", show_default=False),
]


def fit(
    table: Named,
    target: Targets,
    task: Task = None,
    settings: Settings = None,
    test: Test = None,
    groups: Groups = None,
    time: Time = None,
    weights: Weights = None,
    category: Categories = None,
    drop: Drop = None,
    inputs: Inputs = None,
    strict: Strict = None,
    missing: Missing = None,
    keep: Keep = None,
    merge_case: MergeCase = None,
    day_first: DayFirst = None,
    target_means: TargetMeans = True,
    refit: Annotated[bool, typer.Option("--refit", help="After scoring, train again on all rows and write that model.")] = False,
    output: Output = None,
    report: Report = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 0,
    max_memory: MaxMemory = None,
    dask: Dask = None,
    checkpoint: Checkpoint = None,
    sheet: Sheet = "",
    header: Header = None,
    skip: Annotated[bool, typer.Option("--skip", help="Connect the inputs to the outputs too, past the hidden layer.")] = False,
    increasing: Increasing = None,
    decreasing: Decreasing = None,
    threshold: Threshold = None,
    cv: CrossValidated = None,
    each: Annotated[bool, typer.Option("--each", help="Train one model for each --target, on all rows that have it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a network on a table and write the model to a file.

    The target determines the task. The command first prints how it reads every column, with notes: row numbers, columns that give the
    target away, groups of rows, an order in time, repeated rows. Then it holds out a fifth of the rows and scores the model, a linear
    model and a trivial model on them. It writes the model that it scored. Ctrl-C stops training and keeps the best weights so far.

    With --checkpoint a file keeps the state of training; the same command continues from it and gives the same model. With --dask the
    workers of a cluster train. If the solver uses minibatches, as the default does, the checkpoint then contains
    the finished networks, and Ctrl-C leaves the checkpoint but no model. With --max-memory a table that needs more memory is trained
    on in blocks of rows; the prepared rows are in TMPDIR during training.

    Several targets that are all numbers, or all of two classes, are learned by one network, from the rows that have all of them. For
    other targets, and with --each, the command trains one model for each target and adds the target to the names of the files.
    """
    from shoal.errors import SeveralTargetsError

    chosen: dict[str, Any] = {"settings": parse_settings(settings or []), "seed": seed, "refit": refit, "categories": category or ()}
    chosen |= {"inputs": inputs, "weights": weights, "missing": missing or (), "keep": keep or (), "merge_case": merge_case}
    chosen["day_first"] = day_first
    chosen |= {"target_means": target_means}
    chosen |= {"task": task, "groups": groups, "time": time}
    chosen |= {"max_memory": max_memory, "client": dask, "skip": skip, "threshold": threshold, "strict": bool(strict)}
    chosen["monotonic_cst"] = directions_of(increasing or [], decreasing or [])
    tables = FitTables(table_at(table, sheet, header), None if test is None else table_at(test, header=header))
    files = FitFiles(output or Path(default_name(table, target)), report, checkpoint)
    folds = None if cv is None else checked_folds(cv, max_memory or dask, threshold)
    train = partial(train_and_write, tables, chosen=chosen, ask=strict is None, as_json=as_json, folds=folds)
    if len(target) == 1 or not each:
        files.check(table, test)
        try:
            record = train(files, target, drop or [])
        except SeveralTargetsError as several:
            if not as_json:
                print(f"{several}\nOne model is trained for each now.")
        else:
            if as_json:
                print_json(record)
            return
    own = {name: files.of(name, None if output else Path(default_name(table, [name]))) for name in target}
    for each_files in own.values():
        each_files.check(table, test)
    beside = {name: [] if inputs else [other for other in own if other != name] for name in own}  # other targets are no inputs
    records = [train(own[name], [name], [*(drop or []), *beside[name]]) for name in own]
    if as_json:
        print_json({"models": records})


@dataclass(frozen=True)
class FitTables:
    """The table to learn from, and the one to score on, if there is one."""

    learned: "Path | TablePath"
    test: "Path | TablePath | None"


@dataclass(frozen=True)
class FitFiles:
    """What a fit writes: the model, its report, and the state of its training."""

    model: Path
    report: Path | None
    checkpoint: Path | None

    def of(self, target: str, model: Path | None) -> "FitFiles":
        """The files of the model for one of several targets; `model` replaces the name that the target is added to."""
        added = [path and path.with_stem(f"{path.stem}-{plain(target)}") for path in (self.model, self.report, self.checkpoint)]
        return FitFiles(model or added[0] or self.model, *added[1:])

    def check(self, *tables: Path | None) -> None:
        """Raise an error if a file cannot be written, or would overwrite a table."""
        from shoal.files import refuse_unwritable

        refuse_table_itself(self.model, *tables)
        refuse_unwritable(self.model)
        if self.report is not None:
            check_report(self.report, self.model, *tables)


def train_and_write(
    tables: FitTables,
    files: FitFiles,
    target: list[str],
    drop: list[str],
    *,
    chosen: dict[str, Any],
    ask: bool,
    as_json: bool,
    folds: str | None = None,
) -> dict[str, Any]:
    """Train, write the model, and print about it; returns what `--json` prints."""
    from shoal.cli.output import fit_bar
    from shoal.errors import TableWarning
    from shoal.persistence import save
    from shoal.table.reading import notes_of
    from shoal.table_models import fit
    from shoal.table_models.inspect import limited_inputs, limits_in_words
    from shoal.table_models.monotone import in_words, monotone_columns

    seen: list[Look] = []
    in_blocks = chosen["max_memory"] is not None  # unless the table fits: how its file is read is printed before that is known, and once
    shows = partial(show_look, seen=seen, as_json=as_json, ask=ask, with_file=not in_blocks)
    if in_blocks and not as_json:
        print_lines(notes_of(tables.learned))
    with fit_bar(by_rows=in_blocks) as watching, warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)  # its notes are printed one by one
        own: dict[str, Any] = {"test": tables.test, "drop": drop, "look": shows, "checkpoint": files.checkpoint}
        model = fit.fit(tables.learned, target, **own, **watching, **chosen)
    save(model, files.model)
    for note in () if seen else fit.notes_of(model):  # a look has printed them
        print(f"note: {note}", file=sys.stderr)
    facts = fit.facts_of(model)
    if not as_json:
        print_summary(facts)
        print_threshold(model)
        if proven := in_words(monotone_columns(model)):
            print(f"monotone, by the signs of its weights: {proven}")
        if limits := limits_in_words(limited_inputs(model)):
            print(f"cells far from all others are limited: {limits}")
        print(f"model written to {files.model}   (shoal show {files.model})")
    crossed = None if folds is None else cross_validated(tables, target, folds, chosen | {"drop": drop})
    if crossed is not None and not as_json:
        print_cross_validation(crossed)
    if files.report is not None:
        report_too(model, tables, files.report, crossed)
        if not as_json:
            print(f"report written to {files.report}")
    record = {} if crossed is None else cross_validation_record(crossed)
    record |= summary(facts, files.model) | {"monotone": monotone_columns(model)}
    return record | threshold_record(model) | (look_record(seen[0]) if seen else {})


def report_too(model: Any, tables: FitTables, report: Path, crossed: "CrossValidation | None") -> None:
    """Write the report about the model, with a progress bar."""
    from shoal.report import BesideModel, write_in_steps

    with steps_bar() as step:
        write_in_steps(model, tables.learned, report, BesideModel(test=tables.test, cross_validation=crossed), step)


def refuse_table_itself(path: Path, *tables: Path | None) -> None:
    """Raise an error if the model would overwrite a table that it learns from."""
    from shoal.errors import OutputError
    from shoal.table.filetypes import file_of

    files = [file_of(used)[0] for used in tables if used]
    if path.exists() and any(path.samefile(used) for used in files if used.exists()):
        raise OutputError(f"-o {path} is the table itself; choose another name for the model.")


def default_name(table: Path, targets: list[str]) -> str:
    """The model's name: `data/titanic.csv.gz` and `Survived` give `titanic-Survived.shoal`."""
    stem = table.name
    for ending in (*PACKED_ENDINGS, *TABLE_ENDINGS):
        stem = stem.removesuffix(ending)
    return plain(f"{stem}-{'+'.join(targets)}") + ".shoal"


def plain(name: str) -> str:
    """A name with `_` for what file names should not have."""
    return re.sub(r"[^\w.+-]+", "_", name)


def summary(facts: "Facts", path: Path) -> dict[str, object]:
    """The object that `--json` prints."""
    return {
        "task": facts.task,
        "target": facts.targets[0] if len(facts.targets) == 1 else facts.targets,
        "rows": {"train": facts.n_train, "test": facts.n_test},
        "metrics": facts.metrics,
        "baselines": facts.baselines,
        **beside_record(facts),
        "seconds": round(facts.seconds, 3),
        "model": str(path),
    }


def threshold_record(model: Any) -> dict[str, object]:
    """What `--json` prints of a threshold, if there is one."""
    rule = model.facts_.threshold
    return {"threshold": {"rule": rule, "values": list(model["estimator"].thresholds_)}} if rule else {}


def print_threshold(model: Any) -> None:
    """Print when which class is predicted, if a threshold decides."""
    from shoal.table_models.thresholds import decisions, threshold_of

    wanted = threshold_of(model.facts_.threshold or None)
    if wanted is None:
        return
    found = "as given" if wanted.rule == "fixed" else f"{wanted.written}, found by cross-validation of the training rows"
    for line in decisions(model):
        print(f"threshold: {line} ({found})")


def print_summary(facts: "Facts") -> None:
    """Print rows and scores for a person."""
    left_out = f"; {facts.n_left_out} without a target left out" if facts.n_left_out else ""
    print(f"{facts.task} of {', '.join(facts.targets)}: {facts.n_train} training rows, {facts.n_test} held out{left_out}")
    print(f"held out: {facts.held_out}")
    print_metrics(facts.metrics, facts.baselines, f"scores on the {facts.n_test} held-out rows, after {facts.seconds:.1f} s of training")
    print_sureness(facts.sureness or {})
    print_beside(facts)
    if facts.refit:
        print(f"then trained again on all {facts.n_train + facts.n_test} rows; the scores are those of the model before")
