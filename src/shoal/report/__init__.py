"""One page about a model: whether it is healthy, what it uses, its scores and their uncertainty, in a single file."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from sklearn.pipeline import Pipeline

from shoal.files import refuse_unwritable, replacing
from shoal.report.contents import STEPS, Contents, gather
from shoal.report.figures import need_matplotlib
from shoal.report.html import page, text
from shoal.report.sections import SECTIONS
from shoal.table.frames import Table
from shoal.uncertainty.outside import outside_named

__all__ = ["STEPS", "write_report"]


@outside_named(False)
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
    table : DataFrame or path with the inputs and the target. If the model was trained on it, it is split into the
        same rows again, and other models are trained on the training rows; of any other table all rows are scored.
    path : file to write
    test : the second table, where `fit` was given one to score on
    step : called with the name of each of `STEPS` as it begins

    Returns
    -------
    Path of the file, below 3 MB

    Raises
    ------
    ShoalError
        For a model without a table's columns, or without matplotlib (`pip install 'shoal[report]'`).
    TableError, OutputError
        For a table that does not fit, or a file that cannot be written; an existing file stays unchanged.

    Examples
    --------
    >>> import tempfile
    >>> import shoal
    >>> from sklearn.datasets import load_iris
    >>> from shoal.report import write_report
    >>> table = load_iris(as_frame=True).frame
    >>> model = shoal.fit(table, "target", settings={"n_networks": 2}, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(model, table, f"{folder}/iris.html").name
    'iris.html'
    """
    need_matplotlib()
    refuse_unwritable(path)
    contents = gather(model, table, test, step)
    step("figures")
    content = html(contents)
    with replacing(path) as out:
        out.write(content.encode("utf-8"))
    return Path(path)


def html(contents: Contents) -> str:
    """The whole page."""
    facts = contents.facts
    title = f"{', '.join(facts.targets)}: {facts.task} from {contents.table}"
    links = "".join(f'<a href="#{name}">{text(words)}</a>' for name, words, _ in SECTIONS)
    return page(title, (make(contents) for _, _, make in SECTIONS), f"\n<nav>{links}</nav>")
