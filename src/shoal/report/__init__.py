"""One page that says whether a model is healthy, what it uses, how good and how sure it is: a file that needs nothing else."""

from collections.abc import Callable
from importlib.resources import files
from os import PathLike
from pathlib import Path

from sklearn.pipeline import Pipeline

from shoal.files import refuse_unwritable, replacing
from shoal.report.contents import STEPS, Contents, gather
from shoal.report.figures import need_matplotlib
from shoal.report.html import text
from shoal.report.sections import SECTIONS
from shoal.table.frames import Table

__all__ = ["STEPS", "write_report"]

# No script, no font, no picture from anywhere: what a table is called cannot make the page ask for it either.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_report(
    model: Pipeline,
    table: Table,
    path: str | PathLike[str],
    *,
    test: Table | None = None,
    step: Callable[[str], None] = lambda name: None,
) -> Path:
    """Write the report of a model on a table as one HTML file.

    Parameters
    ----------
    model : fitted Pipeline made by `shoal.fit`
    table : DataFrame or path with the inputs and the target. The one that the model was made of is cut into the same rows
        again, and other models learn from those that it learned from; of any other table all rows are scored.
    path : where to
    test : the second table, where `fit` was given one to score on
    step : told the name of each of `STEPS` as it begins

    Returns
    -------
    Path of the file, below 3 MB

    Raises
    ------
    ShoalError
        For a model that knows no table, or without matplotlib (`pip install 'shoal[report]'`).
    TableError, OutputError
        For a table that does not fit, or a file that cannot be written; what stood there before is untouched.
    """
    need_matplotlib()
    refuse_unwritable(path)
    contents = gather(model, table, test, step)
    step("figures")
    page = html(contents)
    with replacing(path) as out:
        out.write(page.encode("utf-8"))
    return Path(path)


def html(contents: Contents) -> str:
    """The whole page."""
    facts = contents.facts
    title = f"{', '.join(facts.targets)}: {facts.task} from {contents.table}"
    style = files("shoal.report").joinpath("page.css").read_text("utf-8")
    links = "".join(f'<a href="#{name}">{text(words)}</a>' for name, words, _ in SECTIONS)
    lines = (
        "<!DOCTYPE html>",
        '<html lang="en">',
        '<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>",
        f"<body>\n<main>\n<h1>{text(title)}</h1>\n<nav>{links}</nav>",
        *(make(contents) for _, _, make in SECTIONS),
        "</main>\n</body>\n</html>\n",
    )
    return "\n".join(lines)
