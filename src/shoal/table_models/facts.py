"""What is known of a fit of a raw table, for reports and for those who score the model again."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from shoal.errors import ShoalError
from shoal.network import known_facts
from shoal.table import Column, TablePath, Task
from shoal.table.frames import Table, is_path
from shoal.table.target import Label
from shoal.table_models.fit_notes import FitNotes, RareClass
from shoal.table_models.scores import Metrics
from shoal.table_models.splits import Split, fingerprint, name_of

if TYPE_CHECKING:
    from shoal.table_models.group_scores import GroupScore

NO_NOTES = FitNotes()
PACKAGES = ("shoal", "scikit-learn", "numpy", "pandas", "numba")


def made_with() -> str:
    """The versions and the kind of processor on which the same seed gives the same numbers."""
    used = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"Python {platform.python_version()}, {used}, {platform.machine()}"


@dataclass(frozen=True)
class Facts:
    """The facts of a fit.

    Attributes
    ----------
    task : {"classification", "regression"}
    targets : tuple of str
        Names of the target columns.
    classes : tuple of tuples of labels
        The classes of each target, sorted; none for regression.
    table : str
        Name of the training file; empty for a frame.
    held_out : str
        How the held-out rows were chosen.
    n_train, n_test : int
        Training rows of the scored model, and rows that it was scored on.
    n_left_out : int
        Rows without a target, on both sides.
    metrics : dict
        The model's scores on the held-out rows.
    baselines : dict
        Scores of the "trivial" and the "linear" model on the same rows.
    seconds : float
        Preparing and training, without the time of the compiler.
    seed : int
    refit : bool
        Whether the model was trained again on all rows after scoring.
    interrupted : bool
        Whether training was interrupted; the best weights so far are then kept.
    sha256 : str
        Of the table's file, or of the frame's names and cells; empty if cells cannot be hashed.
    test_table : str
        Name of the file of rows to score on, "a frame", or empty if rows were held out.
    test_fraction : float
    groups, time : str
        As passed to `fit`; empty for none.
    categories : tuple of str
    sureness : dict or None
        How reliable the model's probabilities or intervals are on the held-out rows: see `sureness_of`.
    max_memory : str
        As passed to `fit`, for a table that was read in blocks; empty for one that was read whole.
    weights : str
        As passed to `fit`; empty for none.
    drop : tuple of str
        As passed to `fit`; with `inputs` all columns that are not among them and have no other role.
    beside : FitNotes
        Notes about the table, the score by group, and rare classes.
    missing, keep : tuple of str
        As passed to `fit`.
    target_columns : tuple of Column
        How the cells of each target are read.
    merge_case : bool or None
        As passed to `fit`.
    threshold : str
        The rule as passed to `fit`; empty for none. The number itself is the estimator's `thresholds_`.
    day_first : bool or None
        As passed to `fit`.
    header : bool or None
        Whether the file's first line is stated to name the columns; None if that was found from the cells.
    target_means : bool
        As passed to `fit`; files of earlier shoals have models without them.
    inputs : tuple of str
        As passed to `fit`; empty for all columns.
    calibrated : str
        On which rows `calibrate` was called after the fit; empty if it was not.
    """

    task: Task
    targets: tuple[str, ...]
    classes: tuple[tuple[Label, ...], ...]
    table: str
    held_out: str
    n_train: int
    n_test: int
    n_left_out: int
    metrics: Metrics
    baselines: dict[str, Metrics]
    seconds: float
    seed: int
    refit: bool = False
    interrupted: bool = False
    sha256: str = ""
    test_table: str = ""
    test_fraction: float = 0.2
    groups: str = ""
    time: str = ""
    categories: tuple[str, ...] = ()
    sureness: Metrics | None = None
    max_memory: str = ""
    weights: str = ""
    drop: tuple[str, ...] = ()
    beside: FitNotes = NO_NOTES
    missing: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    target_columns: tuple[Column, ...] = ()
    merge_case: bool | None = None
    threshold: str = ""
    header: bool | None = None
    day_first: bool | None = None
    target_means: bool = True
    inputs: tuple[str, ...] = ()
    calibrated: str = ""


@dataclass(frozen=True)
class Evaluation:
    """A model's scores on a table.

    Attributes
    ----------
    metrics : dict
    n_rows, n_left_out : int
        Rows scored, and rows left out without a target.
    sureness : dict
        As in `Facts`.
    rare, balanced_accuracy
        As in `FitNotes`; empty and None for a table that was read in blocks.
    by : tuple of GroupScore
        The scores of each group of a column, if one was named.
    """

    metrics: Metrics
    n_rows: int
    n_left_out: int
    sureness: Metrics
    rare: tuple[RareClass, ...] = ()
    balanced_accuracy: float | None = None
    by: "tuple[GroupScore, ...]" = ()


def facts_of(model: Any) -> Facts:
    """The facts of a model made by `fit`; a `ShoalError` for a model without them, or with those of an earlier fit."""
    facts = known_facts(model)
    if not isinstance(facts, Facts):
        if hasattr(model, "facts_"):
            raise ShoalError(
                "This model was fitted again since shoal.fit made it, and its facts of table, target and scores are those of the earlier "
                "fit. Call shoal.fit with the new table; predict, exports and files use the new fit."
            )
        raise ShoalError(
            f"This model is a {type(model).__name__} that was not trained on a raw table, so its target and columns are unknown. "
            "Use one made by `shoal fit` or shoal.fit."
        )
    return facts


def asked_of(table: Table, split: Split) -> dict[str, Any]:
    """The `Facts` about the table and about how its rows were to be held out."""
    return {
        "table": name_of(table) if is_path(table) else "",
        "sha256": fingerprint(table),
        "seed": split.seed,
        "test_table": "" if split.test is None else name_of(split.test),
        "test_fraction": split.test_fraction,
        "groups": split.groups or "",
        "time": split.time or "",
        "categories": split.categories,
        "weights": split.weights or "",
        "drop": split.drop,
        "missing": split.missing,
        "keep": split.keep,
        "header": table.header if isinstance(table, TablePath) else None,
        "merge_case": split.merge_case,
        "day_first": split.day_first,
        "target_means": split.target_means,
        "inputs": split.inputs,
    }


def split_of(facts: Facts, test: Table | None = None) -> Split:
    """How `fit` was to hold out rows, and how it read cells."""
    cells = (
        facts.categories,
        facts.weights or None,
        facts.drop,
        facts.missing,
        facts.keep,
        facts.merge_case,
        facts.day_first,
        facts.target_means,
        facts.inputs,
    )
    return Split(facts.task, test, facts.test_fraction, facts.groups or None, facts.time or None, facts.seed, *cells)
