"""`shoal look`: how each column of a table is read, and what in it is no measurement; and the same lines before `shoal fit` trains."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal.cli.options import TABLE_HELP, AsJson, Header, Inputs, Sheet, table_at
from shoal.cli.output import number, print_json, print_lines, print_table, width

if TYPE_CHECKING:
    from shoal.table_models.fit import Evaluation, Facts
    from shoal.table_models.fit_notes import FitNotes
    from shoal.table_models.look import Look

EXAMPLE = "Example: `shoal look titanic.csv --target Survived`"
MOST_LINES = 60  # of the columns that fit prints before it trains; look prints all
WIDE_ENOUGH = 100  # characters of a line that has room for notes beside the columns
HEADER = ("column", "read as", "examples", "missing", "distinct", "note")


def look(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help=TABLE_HELP, show_default=False)],
    target: Annotated[
        list[str] | None, typer.Option("--target", help="Column to predict; repeat it for several.", show_default=False)
    ] = None,
    groups: Annotated[str | None, typer.Option(metavar="COLUMN", help="As for shoal fit.", show_default=False)] = None,
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="As for shoal fit.", show_default=False)] = None,
    category: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="As for shoal fit.", show_default=False)] = None,
    drop: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="As for shoal fit.", show_default=False)] = None,
    inputs: Inputs = None,
    missing: Annotated[list[str] | None, typer.Option(metavar="MARK", help="As for shoal fit.", show_default=False)] = None,
    keep: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="As for shoal fit.", show_default=False)] = None,
    merge_case: Annotated[bool | None, typer.Option("--merge-case/--keep-case", help="As for shoal fit.", show_default=False)] = None,
    day_first: Annotated[bool | None, typer.Option("--day-first/--month-first", help="As for shoal fit.", show_default=False)] = None,
    target_means: Annotated[bool, typer.Option("--target-means/--no-target-means", help="As for shoal fit.")] = True,
    html: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page with the same contents.", show_default=False)] = None,
    sheet: Sheet = "",
    header: Header = None,
    as_json: AsJson = False,
) -> None:
    """Print how each column of a table is read, and what to know before a network learns from it.

    With --target, the command looks for columns that give the target away too. Nothing is trained. If a fit would refuse the target or
    another column, the command prints all columns, then the error, and ends with the code 2, as the fit would.
    """
    from shoal.errors import TableError
    from shoal.files import refuse_unwritable
    from shoal.report.look import write_look
    from shoal.table_models.look import look as look_at

    if html is not None:
        refuse_unwritable(html)
    source = table_at(table, sheet, header)
    chosen: dict[str, Any] = {"categories": category or (), "drop": drop or (), "missing": missing or (), "keep": keep or ()}
    chosen |= {"merge_case": merge_case, "day_first": day_first, "target_means": target_means, "inputs": inputs}
    found = look_at(source, target or None, groups=groups, time=time, **chosen)
    if html is not None:
        write_look(found, html)
    if as_json:
        print_json(look_record(found))
    else:
        print_lines(found.file_notes)
        print_look(found, len(found.columns))
        if html is not None:
            print(f"page written to {html}")
    if found.refused:
        raise TableError(f"shoal fit would stop at this table: {' '.join(f'{note.text}.' for note in found.refused)}")


def print_look(found: "Look", most: int = MOST_LINES) -> None:
    """Print the columns and the notes; of a wide table those with notes first, and `most` of them."""
    columns = sorted(found.columns, key=lambda each: not each.notes) if len(found.columns) > most else found.columns
    frame = found.to_frame().loc[[each.name for each in columns[:most]]]
    rows = [
        [name, *map(str, row)] for name, row in zip(frame.index, frame.replace({"missing": {0: ""}}).itertuples(index=False), strict=True)
    ]
    beside = width() >= WIDE_ENOUGH  # else a sentence in the last column would be one word a line
    print_table(HEADER if beside else HEADER[:-1], rows if beside else [row[:-1] for row in rows], found.title, numbers=(3, 4))
    print_lines(() if beside else [f"{row[0]}: {row[-1]}" for row in rows if row[-1]])
    if len(columns) > most:
        print(f"and {len(columns) - most} more columns; shoal look prints all")
    for note in found.notes:
        lead = f"{note.column}: " if note.column else ""
        if not note.column and note.kind != "refused":  # the error at the end says the latter
            print(f"note: {note.text}")
        if note.advice:
            print(f"advice: {lead}{note.advice}")


def show_look(found: "Look", seen: "list[Look]", as_json: bool, *, ask: bool, with_file: bool) -> None:
    """Keep a look for the JSON, or print it, `with_file` after how the file is read; if there are notes, a terminal is asked first."""
    seen.append(found)
    if as_json:
        return
    print_lines(found.file_notes if with_file else ())
    print_look(found)
    if ask and found.notes and sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm("Train all the same? (--yes does not ask)", default=True, abort=True, err=True)


def look_record(found: "Look") -> dict[str, Any]:
    """The columns and notes that `--json` prints."""
    columns = [{name: value for name, value in asdict(each).items() if name != "notes"} for each in found.columns]
    return {"columns": columns, "notes": [asdict(note) for note in found.notes], "read": list(found.file_notes)}


def beside_record(facts: "Facts") -> dict[str, Any]:
    """What `--json` prints of groups and of rare classes, if there are any."""
    beside = facts.beside
    record: dict[str, Any] = {}
    if beside.grouped_by:
        record["by_group"] = {"column": beside.grouped_by, "metrics": beside.group_metrics}
    return record | rare_record(beside)


def rare_record(found: "FitNotes | Evaluation") -> dict[str, Any]:
    """What `--json` prints of rare classes, if there are any."""
    rare = [asdict(each) for each in found.rare]
    return {"rare_classes": rare, "balanced_accuracy": found.balanced_accuracy} if rare else {}


def print_beside(facts: "Facts") -> None:
    """Print the score by group beside that by row, and how well rare classes are found."""
    beside = facts.beside
    if beside.group_metrics:
        rows = [[name, number(value), number(beside.group_metrics.get(name, float("nan")))] for name, value in facts.metrics.items()]
        title = f"rows of one {beside.grouped_by!r} on both sides, and a second model scored on new ones (--groups {beside.grouped_by})"
        print_table(["", "by row", f"by {beside.grouped_by}"], rows, title, numbers=(1, 2))
    print_rare(beside, facts, "the held-out rows")
    if beside.rare and not facts.threshold and len(facts.classes[0]) == 2:
        label = beside.rare[0].label
        print(f'advice: --threshold "f1 of {label}" predicts {label} above another probability than a half; so do recall=0.9 and cost=1:5')


def print_rare(found: "FitNotes | Evaluation", facts: "Facts", where: str) -> None:
    """Print how well rare classes are found, or both classes of a model with a threshold."""
    if not found.rare:
        return
    scores = [(c.recall, c.precision, c.average_precision) for c in found.rare]
    shown = [["-" if score is None else number(score) for score in each] for each in scores]
    rows = [[str(c.label), str(c.n_rows), *each] for c, each in zip(found.rare, shown, strict=True)]
    which = "classes" if facts.threshold else "rare classes"
    title = f"{which} on {where}; balanced accuracy {number(found.balanced_accuracy or 0.0)}"
    print_table(["class", "rows", "recall", "precision", "average precision"], rows, title, numbers=(1, 2, 3, 4))
