"""One page about a model: whether it is healthy, what it uses, its scores and their uncertainty, in a single file."""

from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from shoal.files import refuse_unwritable, replacing
from shoal.report.arrays import BesideModel, checked_labels, examined_alone, is_alone, refuse_mixed
from shoal.report.contents import STEPS, Contents, examined, gather, with_groups
from shoal.report.cross_validation import checked
from shoal.report.figures import need_matplotlib
from shoal.report.html import page, text
from shoal.report.sections import SECTIONS
from shoal.table.frames import Table
from shoal.table_models.cross_validation import CrossValidation
from shoal.uncertainty.outside import outside_named

__all__ = ["STEPS", "BesideModel", "write_in_steps", "write_report"]


def write_report(
    model: Any,
    table: Any,
    path: str | PathLike[str],
    *,
    y: Any = None,
    sample_weight: Any = None,
    train: Any = None,
    test: Table | None = None,
    cross_validation: CrossValidation | None = None,
    by: Any = None,
) -> Path:
    """Write the report of a model on a table as one HTML file.

    Parameters
    ----------
    model : a model made by `shoal.fit`, or a `ShoalClassifier` or `ShoalRegressor` that was fitted alone
    table : DataFrame or path with the inputs and the target. If the model was trained on it, it is split into the
        same rows again, and other models are trained on the training rows; of any other table all rows are scored.
        For an estimator the rows X `(m, n)` to score, best rows that it has not learned from
    path : file to write
    y, sample_weight : for an estimator, the targets of X and, if they have any, the weights
    train : for an estimator, the rows that it learned from, (X, y) or (X, y, sample_weight), on which other models are then trained
    test : for a model of `shoal.fit` the second table, if `fit` was given one to score on
    cross_validation : for a model of `shoal.fit` the result of `shoal.cross_validate`, which then has a section of its own
    by : a column whose groups of rows are scored too, which may be one that the model does not use; for an estimator a label for each row
        of X `(m,)`

    Returns
    -------
    Path of the file, below 3 MB

    Raises
    ------
    ShoalError
        For a Pipeline of other steps, or without matplotlib (`pip install 'shoal[report]'`).
    InvalidParameterError, DataError
        For an estimator without y, or with rows that it does not take; for a cross-validation of other targets.
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

    An estimator that was fitted alone:

    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> alone = shoal.ShoalClassifier(n_networks=2, random_state=0).fit(X[::2], y[::2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(alone, X[1::2], f"{folder}/alone.html", y=y[1::2], train=(X[::2], y[::2])).name
    'alone.html'
    """
    return write_in_steps(model, table, path, BesideModel(y, sample_weight, train, test, cross_validation, by))


@outside_named(False)
def write_in_steps(
    model: Any, table: Any, path: str | PathLike[str], beside: BesideModel, step: Callable[[str], None] = lambda name: None
) -> Path:
    """`write_report`; `step` is called with the name of each of `STEPS` as it begins."""
    need_matplotlib()
    refuse_unwritable(path)
    refuse_mixed(model, beside)
    if is_alone(model):
        step("scores")
        own, rows = examined_alone(model, table, beside.y, beside.sample_weight, beside.train)
        labels = None if beside.by is None else checked_labels(beside.by, len(rows.held.y))
        contents = examined(own, rows, step, alone=True)
        contents = contents if labels is None else with_groups(contents, labels, str(labels.name or "the groups that were given"))
    else:
        crossed = None if beside.cross_validation is None else checked(model, beside.cross_validation)
        contents = gather(model, table, beside.test, step, beside.by)
        contents = contents if crossed is None else replace(contents, cross_validation=crossed)
    step("figures")
    content = html(contents)
    with replacing(path) as out:
        out.write(content.encode("utf-8"))
    return Path(path)


def html(contents: Contents) -> str:
    """The whole page."""
    facts = contents.facts
    title = f"{', '.join(facts.targets)}: {facts.task} from {contents.table}"
    made = [(name, words, body) for name, words, make in SECTIONS if (body := make(contents))]
    links = "".join(f'<a href="#{name}">{text(words)}</a>' for name, words, _ in made)
    return page(title, (body for _, _, body in made), f"\n<nav>{links}</nav>")
