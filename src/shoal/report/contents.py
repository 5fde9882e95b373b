"""The contents of a report, computed before any HTML is written: numbers and figures.

The command, or the lines of Python, that reproduce a model.
"""

import shlex
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from shoal.errors import InvalidParameterError, ShoalError, UncalibratedWarning
from shoal.estimators.regressor import ShoalRegressor
from shoal.export import model_equation, portable
from shoal.inspection import Diagnosis
from shoal.inspection.importance import Effect, Importance
from shoal.report.arrays import ARRAYS
from shoal.report.scores import Scored, baselines, counts_of, scored
from shoal.table import prepared_rows
from shoal.table.frames import Table, frame_or_path
from shoal.table.steps import learned_rows
from shoal.table_models.cross_validation import CrossValidation
from shoal.table_models.fit import Facts, columns_of, facts_of
from shoal.table_models.group_scores import GroupScore, group_scores, labels_of
from shoal.table_models.inspect import RowsAgain, Uses, diagnose_rows, effect_of, importance_of, rows_again, rows_of_other, uses_of
from shoal.table_models.look import Look
from shoal.table_models.scores import Metrics, sureness_of
from shoal.table_models.splits import Side, chosen_by, fingerprint, frame_of, name_of, named_column, text_targets
from shoal.types import Floats

Step = Callable[[str], None]

STEPS = ("scores", "baselines", "diagnosis", "importance", "effects", "figures")
MOST_ROWS = 2000  # shuffled for importance, spread evenly over the held-out rows
EFFECTS = 4  # of the most important columns
COVERAGE = 0.9
MOST_WEIGHTS = 3000  # of a network whose equation is still readable


@dataclass(frozen=True)
class Intervals:
    """Intervals of the held-out rows of the first target; `note` states their basis, or why there are none."""

    note: str
    lower: Floats | None = None
    upper: Floats | None = None


@dataclass(frozen=True)
class Contents:
    """All contents of a report.

    Attributes
    ----------
    model : fitted Pipeline
    facts : Facts
    look : Look
        At the table: that of the fit, if it is the table that the model was trained on.
    table : str
        Name of the table of the report.
    sha256 : str
    held : Side
        The rows that are scored.
    train : Side or None
        The training rows, if the table is the one that the model was trained on.
    scores : dict of "shoal" and the baselines to `Scored`
    diagnosis, importance, uses, effects, intervals
        The results of `table_models.inspect`, and the regressor's intervals.
    equation : str
        Empty for a network that is too large to read.
    by : tuple of GroupScore
        The scores of each group of the rows.
    grouped_by : str
        The column whose groups these are: the one asked for, else that of the fit; empty without any.
    alone : bool
        Whether the model is an estimator that was fitted alone, to arrays.
    cross_validation : CrossValidation or None
    """

    model: Pipeline
    facts: Facts
    look: Look
    table: str
    sha256: str
    held: Side
    train: Side | None
    scores: dict[str, Scored]
    diagnosis: Diagnosis
    importance: Importance
    uses: Uses
    effects: tuple[Effect, ...]
    intervals: Intervals
    sureness: Metrics
    equation: str
    by: tuple[GroupScore, ...]
    grouped_by: str
    alone: bool = False
    cross_validation: CrossValidation | None = None

    @property
    def estimator(self) -> Any:
        """The fitted estimator inside the model."""
        return self.model["estimator"]

    @property
    def X_held(self) -> Floats:
        """The held-out rows, prepared."""
        return prepared_rows(self.model["prepare"], self.held.inputs)


def gather(model: Pipeline, table: Table, test: Table | None, step: Step, by: str | None = None) -> Contents:
    """Examine a model on a table; `step` is called with the name of each step of `STEPS` as it begins; `by` is a column of groups."""
    facts_of(model)
    table, test = frame_or_path(table), None if test is None else frame_or_path(test)
    step("scores")
    rows = rows_of(model, table, test)
    if by is None:
        return examined(model, rows, step, name_of(table), fingerprint(table))
    labels = groups_of(model, table if test is None else test, rows, by)  # before long work
    found = examined(model, rows, step, name_of(table), fingerprint(table))
    return with_groups(found, labels, by)


def with_groups(contents: Contents, labels: Any, name: str) -> Contents:
    """The contents with the scores of the groups of scored rows that have these labels `(m,)`, and what they are grouped by."""
    scores = by_group(contents.estimator, contents.X_held, contents.held, contents.facts, labels)
    return replace(contents, by=scores, grouped_by=name)


def groups_of(model: Pipeline, table: Table, rows: RowsAgain, by: str) -> pd.Series:
    """The cells of a column of the table beside the rows that are scored.

    Raises
    ------
    ColumnsError
        For a table without the column.
    InvalidParameterError
        For rows that were held out from a table read in blocks, whose other columns are not known.
    """
    facts = facts_of(model)
    if rows.train is not None and facts.max_memory:
        raise InvalidParameterError(
            "by needs the rows in memory, and this model read its table in blocks; give the report another table, or leave by out"
        )
    frame = frame_of(table, columns_of(model), texts=text_targets(facts.targets, facts.classes, facts.target_columns))
    return named_column(frame, by, "group").loc[rows.held.inputs.index]


def examined(model: Pipeline, rows: RowsAgain, step: Step, table: str = ARRAYS, sha256: str = "", *, alone: bool = False) -> Contents:
    """Examine a model on rows of the table of this name."""
    facts, train, held = facts_of(model), rows.train, rows.held
    counts, prepare = counts_of(len(held.y), facts.seed, held.weight, held.roles.get("groups")), model["prepare"]
    X_held = prepared_rows(prepare, held.inputs)
    scores = {"shoal": scored(model["estimator"], X_held, held.y, facts.task, counts)}
    step("baselines")
    if train is not None and not facts.refit:
        learned = learned_rows(prepare, train.inputs, train.y, train.roles, facts.task, facts.targets)
        others = baselines((learned, train.y, train.weight), facts.task, facts.seed)
        scores |= {name: scored(other, X_held, held.y, facts.task, counts) for name, other in others.items()}
    step("diagnosis")
    diagnosis = diagnose_rows(model, held.inputs, held.y, held.weight)
    step("importance")
    some = np.linspace(0, len(held.y) - 1, min(len(held.y), MOST_ROWS)).astype(int)
    few = Side(held.inputs.iloc[some], held.y[some], {name: column[some] for name, column in held.roles.items()})
    used = importance_of(model, few.inputs, few.y, few.weight, seed=facts.seed)
    step("effects")
    effects = tuple(effect_of(model, few.inputs, name) for name, mean, _ in used.ranked()[:EFFECTS] if mean > 0)
    return Contents(
        model,
        facts,
        rows.look(),
        table,
        sha256,
        held,
        train,
        scores,
        diagnosis,
        used,
        uses_of(model, few.inputs),
        effects,
        intervals_of(model["estimator"], X_held),
        sureness_of(model["estimator"], X_held, held.y, held.weight),
        equation_of(model["estimator"] if alone else model),
        by_group(model["estimator"], X_held, held, facts, held.roles.get("groups")),
        facts.groups,
        alone,
    )


def by_group(estimator: Any, X: Any, held: Side, facts: Facts, groups: Any) -> tuple[GroupScore, ...]:
    """The scores of each group of the held-out rows `X`; none without groups."""
    return () if groups is None else group_scores(estimator, X, held.y, facts.task, labels_of(pd.Series(groups)), held.weight)


def rows_of(model: Pipeline, table: Table, test: Table | None) -> RowsAgain:
    """The training rows, if they are known, and the rows to score: held out from the same table, or all of another."""
    again = rows_again(model, table, test)
    if again is not None:
        return again
    if test is not None:
        raise InvalidParameterError(
            f"{name_of(table)} is not the table that the model was trained on (or the model was scored on rows of that table), so a second "
            f"table has no use. Pass {name_of(test)} alone to score on it."
        )
    return rows_of_other(model, table)


def intervals_of(estimator: Any, X: Any) -> Intervals:
    """90 % intervals of a regressor, and their basis."""
    if not isinstance(estimator, ShoalRegressor):
        return Intervals("")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            lower, upper = estimator.predict_interval(X, COVERAGE)
    except ShoalError as error:
        return Intervals(f"There are no intervals: {error}")
    loose = any(issubclass(seen.category, UncalibratedWarning) for seen in caught)
    note = "No rows were held out to calibrate them (calibration=None), so their coverage is not guaranteed. " if loose else ""
    first = (slice(None), 0)
    return Intervals(note, *(np.asarray(v, np.float64) if v.ndim == 1 else v[first] for v in (lower, upper)))


def equation_of(model: Any) -> str:
    """A Pipeline or an estimator as an equation, if it is small enough to read."""
    estimator = model["estimator"] if isinstance(model, Pipeline) else model
    if sum(w.size for w in estimator.network_.merged) > MOST_WEIGHTS:
        return ""
    return model_equation(portable(model, "an equation"))


def settings_of(estimator: Any) -> dict[str, Any]:
    """The parameters that were set, by name, without the seed and objects of the running program."""
    defaults = type(estimator)().get_params(deep=False)
    given = estimator.get_params(deep=False)
    return {name: v for name, v in given.items() if name not in ("random_state", "callbacks") and repr(v) != repr(defaults[name])}


def command(facts: Facts, estimator: Any) -> str:
    """What reproduces the model: a command if it came from a file, else Python."""
    chosen = settings_of(estimator)
    seed = {} if estimator.random_state == facts.seed else {"random_state": estimator.random_state}
    if not facts.table or facts.test_table == "a frame":
        return in_python(facts, {**chosen, **seed})
    words = ["shoal", "fit", facts.table, *(w for name in facts.targets for w in ("--target", name)), "--task", facts.task]
    words += [w for name, v in {**chosen, **seed}.items() for w in ("--set", f"{name}={v!r}")]
    given = {"--test": facts.test_table, "--groups": facts.groups, "--time": facts.time, "--weights": facts.weights}
    words += [word for option, value in given.items() if value for word in (option, value)]
    columns = chosen_by(facts.inputs)
    lists = {"--category": facts.categories, f"--{columns}": getattr(facts, columns), "--missing": facts.missing, "--keep": facts.keep}
    words += [word for option, named in lists.items() for name in named for word in (option, name)]
    words += [] if facts.header is None else ["--header" if facts.header else "--no-header"]
    words += [] if facts.merge_case is None else ["--merge-case" if facts.merge_case else "--keep-case"]
    words += [] if facts.day_first is None else ["--day-first" if facts.day_first else "--month-first"]
    words += [] if facts.target_means else ["--no-target-means"]
    words += ["--threshold", facts.threshold] if facts.threshold else []
    words += ["--max-memory", facts.max_memory] if facts.max_memory else []
    words += ["--seed", str(facts.seed), *(["--refit"] if facts.refit else [])]
    if facts.test_fraction != 0.2:
        return in_python(facts, {**chosen, **seed})  # the command line holds out a fifth
    return shlex.join(words)


def call_of(estimator: Any) -> str:
    """The line that fits an estimator alone."""
    given = {**settings_of(estimator), "random_state": estimator.seed_}
    return f"{type(estimator).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())}).fit(X, y)"


def in_python(facts: Facts, settings: dict[str, Any]) -> str:
    """The call of shoal.fit."""
    table = repr(facts.table) if facts.table else "frame"
    table = table if facts.header is None else f"shoal.TablePath({table}, header={facts.header})"
    target = repr(facts.targets[0] if len(facts.targets) == 1 else list(facts.targets))
    arguments = {"task": facts.task, "test_fraction": facts.test_fraction, "seed": facts.seed, "settings": settings}
    given = ("groups", "time", "weights", "categories", chosen_by(facts.inputs), "missing", "keep", "refit", "max_memory", "threshold")
    arguments |= {name: getattr(facts, name) for name in given if getattr(facts, name)}
    arguments |= {name: getattr(facts, name) for name in ("merge_case", "day_first") if getattr(facts, name) is not None}
    arguments |= {} if facts.target_means else {"target_means": False}
    test = {"": "", "a frame": ", test=test_frame"}.get(facts.test_table, f", test={facts.test_table!r}")
    return f"shoal.fit({table}, {target}{test}, {', '.join(f'{name}={value!r}' for name, value in arguments.items())})"
