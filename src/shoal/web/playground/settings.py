"""The rows to learn from and the rows held out, from a sample or from the reader's own table.

Each comes with the lines of Python that give the same rows, so that the reader can create the network outside the page.

The reader's settings: how they are read from the address, and the estimator that they give.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from shoal.derived import cached_property
from shoal.errors import InvalidParameterError, TableError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.estimator import ShallowEstimator
from shoal.estimators.regressor import ShoalRegressor
from shoal.fitting.settings import INITS, Settings, settings_of
from shoal.table import Column, Task, describe_columns, feature_names, preparation, prepared_rows, split_rows, targets_of
from shoal.table.number_cells import read_numbers
from shoal.table_models.look import Look, looked
from shoal.table_models.splits import Split
from shoal.textbook import ACTIVATIONS
from shoal.textbook.losses import LOSSES
from shoal.web.languages import tr
from shoal.web.playground.tables import MOST_CLASSES, Table
from shoal.web.question import Choice, ParameterReader, RealReader, WholeReader, brief
from shoal.web.samples import SAMPLES, sample

Array = np.ndarray[Any, np.dtype[Any]]
MOST_NUMBERS = 25_000_000  # 200 MB of all rows, prepared


@dataclass(frozen=True)
class Data:
    """Rows that are ready for training.

    `frame` has the raw inputs of all rows, `train` and `test` their positions. `prepare` turns raw rows into numbers (None: they are
    numbers already). `choices` are the columns that could be the target instead. `look` is what `shoal.look` shows of the reader's table.
    """

    title: str
    task: Task
    target: str
    frame: pd.DataFrame
    y: Array
    train: Array
    test: Array
    columns: tuple[Column, ...]
    prepare: Pipeline | None
    lines: tuple[str, ...]
    choices: tuple[str, ...] = ()
    look: Look | None = None

    def inputs(self, frame: pd.DataFrame) -> Array:
        """Raw rows in the form that the estimator takes."""
        if self.prepare is None:
            return np.ascontiguousarray(
                frame.to_numpy(np.float64)
            )  # the same memory layout as that of `sample`: then sums round in the same way
        return prepared_rows(self.prepare, frame)

    @cached_property
    def X(self) -> Array:
        """The training rows."""
        return self.inputs(self.frame.iloc[self.train])

    @cached_property
    def X_test(self) -> Array:
        """The rows held out."""
        return self.inputs(self.frame.iloc[self.test]) if len(self.test) else np.empty((0, self.X.shape[1]))

    @property
    def names(self) -> tuple[str, ...]:
        """A name for every input of the network."""
        return tuple(map(str, self.frame.columns)) if self.prepare is None else feature_names(self.prepare)

    def numbers(self, column: str) -> Array:
        """One raw column as numbers, in its own spelling; NaN where a cell has none."""
        found = next(c for c in self.columns if c.name == column)
        read, _ = read_numbers(self.frame[column], found.number_format, found.marks)
        return np.asarray(read.values, np.float64)

    @property
    def axes(self) -> tuple[str, ...]:
        """Columns that can be drawn: numbers with a range."""
        return tuple(c.name for c in self.columns if c.kind == "number" and c.low is not None and c.high is not None and c.low < c.high)


def of_sample(name: str, points: int, noise: float, held: float, seed: int) -> Data:
    """One of the page's own sets."""
    kind = SAMPLES[name]
    X, y = sample(name, points, noise, seed)
    frame = pd.DataFrame(X, columns=list(kind.columns))
    train, test = divided(len(y), y, held, seed)
    lines = ["from shoal.web.samples import sample", "", f"X, y = sample({name!r}, points={points}, noise={noise!r}, seed={seed})"]
    if len(test):
        lines.insert(0, "from shoal.table import split_rows")
        lines.append(f"train, test = split_rows(len(y), y, test_fraction={held!r}, seed={seed})")
        lines.append("X, X_test, y, y_test = X[train], X[test], y[train], y[test]")
    return Data(kind.title, kind.task, "y", frame, y, train, test, describe_columns(frame), None, tuple(lines))


def of_table(table: Table, target: str, held: float, seed: int) -> Data:
    """The reader's own table, prepared as on the command line."""
    found = targets_of(table.frame, target)
    if found.classes and len(found.classes[0]) > MOST_CLASSES:
        raise TableError(
            tr(
                "The target {target} has {n} classes; the page draws at most {most}. Choose another target.",
                target=repr(target),
                n=len(found.classes[0]),
                most=MOST_CLASSES,
            )
        )
    frame = table.frame.iloc[found.rows].drop(columns=[target])
    train, test = divided(len(found.y), found.y, held, seed)
    columns = describe_columns(frame.iloc[train])
    n_numbers = len(frame) * sum(most_inputs(column) for column in columns)
    if n_numbers > MOST_NUMBERS:
        raise TableError(
            f"{table.name} becomes up to {n_numbers:,} numbers when each level of its categories has a column; the page takes "
            f"{MOST_NUMBERS:,}. Send fewer rows, or fewer columns of text. `shoal fit` takes larger tables."
        )
    prepare = preparation(columns).fit(frame.iloc[train])
    lines = table_lines(table.name, target, held, seed, len(test))
    known = table.frame.iloc[found.rows]
    scored = np.isin(np.arange(len(known)), test) if len(test) else None
    seen = looked(known, known, columns, found, Split(None, None, held, None, None, seed), scored)
    data = Data(table.name, found.task, target, frame, found.y, train, test, columns, prepare, lines, tuple(table.frame.columns), seen)
    if not data.axes:
        raise TableError(
            tr(
                "Besides the target {target} no column has numbers that vary, so there is no axis to draw. Choose another target.",
                target=repr(target),
            )
        )
    return data


def most_inputs(column: Column) -> int:
    """The largest number of network inputs of a column: levels, the rare ones, parts of a date, the missing indicator."""
    return {"left out": 0, "category": len(column.levels) + 2, "date": 5}.get(column.kind, 2)


def table_lines(name: str, target: str, held: float, seed: int, n_test: int) -> tuple[str, ...]:
    """The Python lines that read the rows of the reader's file, to be run in the file's folder."""
    split = "train = range(len(found.y))"
    if n_test:
        split = f"train, test = split_rows(len(found.y), found.y, test_fraction={held!r}, seed={seed})"
    split_name = ", split_rows" if n_test else ""
    return (
        f"from shoal.table import describe_columns, preparation, read{split_name}, targets_of",
        "",
        f"table = read({name!r})",
        f"found = targets_of(table, {target!r})",
        f"inputs = table.iloc[found.rows].drop(columns=[{target!r}])",
        split,
        "prepare = preparation(describe_columns(inputs.iloc[train]))",
        "X, y = prepare.fit_transform(inputs.iloc[train]), found.y[train]",
    )


def divided(n: int, y: Array, held: float, seed: int) -> tuple[Array, Array]:
    """Positions to train on and positions held out."""
    if held == 0:
        return np.arange(n), np.empty(0, np.int64)
    return split_rows(n, y, test_fraction=held, seed=seed)


def typical(data: Data) -> dict[str, Any]:
    """A typical raw row: medians of numbers, the median date, the most frequent value of other columns."""
    row: dict[str, Any] = {}
    for column in data.columns:
        cells = data.frame[column.name].iloc[data.train]
        if column.kind == "number":
            row[column.name] = float(np.nanmedian(data.numbers(column.name)[data.train]))
        elif column.kind == "date":
            row[column.name] = cells.dropna().sort_values().iloc[cells.notna().sum() // 2]
        else:
            common = cells.mode()
            row[column.name] = common.iloc[0] if len(common) else np.nan
    return row


def held_rows(data: Data, held: Mapping[str, Any], n: int) -> pd.DataFrame:
    """n copies of the typical row with the reader's values in it."""
    row = {**typical(data), **held}
    free = {*held, *(c.name for c in data.columns if c.kind == "number")}  # a median of whole numbers may end in .5
    own = {name: data.frame[name].dtype for name in data.frame.columns if name not in free}
    return pd.DataFrame({name: pd.Series([row[name]] * n, dtype=own.get(name)) for name in data.frame.columns})


@dataclass(frozen=True)
class ShortText:
    """Any short text, such as a column's name."""

    start: str = ""
    recorded: tuple[str, ...] = ()
    most: int = 4000

    @property
    def default(self) -> str:
        return self.start

    def read(self, name: str, text: str) -> str:
        if len(text) > self.most:
            raise InvalidParameterError(f"{name} is longer than {self.most} characters")
        return text


# The update rules to choose from: the estimator's solver, and the numbers that define it.
RULES: dict[str, dict[str, Any]] = {
    "descent": {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False},
    "momentum": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": True},
    "rmsprop": {"solver": "rmsprop", "beta_2": 0.9, "epsilon": 1e-8},
    "adam": {"solver": "adam", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
    "adamw": {"solver": "adamw", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
}
KINDS: dict[str, ParameterReader] = {
    "data": Choice((*SAMPLES, "own")),
    "table": ShortText(),
    "target": ShortText(),
    "points": WholeReader(20, 2000, 400),
    "noise": RealReader(0, 1, 0.1),
    "hold_out": RealReader(0, 0.5, 0.2),
    "units": WholeReader(1, 64, 4),
    "activation": Choice(tuple(dict.fromkeys(("tanh", *ACTIVATIONS)))),
    "loss": Choice(tuple(g2.name for g2 in LOSSES.values() if g2.centred)),
    "solver": Choice(tuple(RULES)),
    "rate": RealReader(1e-5, 100, 1.2),
    "batch": WholeReader(0, 10_000, 0),  # 0: all rows
    "l2": RealReader(0, 1000, 0),
    "init": Choice(("normal", *(name for name in INITS if name != "normal"))),
    "scale": RealReader(0.0001, 100, 0.01),
    "seed": WholeReader(0, 2**31 - 1, 2),
    "networks": WholeReader(1, 32, 1),
    "standardize": Choice(("no", "yes")),
    "x": ShortText(),
    "y": ShortText(),
    "held": ShortText("{}"),
}

# How each of the page's own sets starts to learn: a rule that works for it, in the settings of which it consists.
LEARNING = ("solver", "rate", "batch", "init", "standardize")
_ADAM = {"solver": "adam", "init": "auto"}
STARTS: dict[str, dict[str, str]] = {
    "flower": {},
    "moons": {**_ADAM, "rate": "0.05"},
    "circles": {**_ADAM, "rate": "0.02"},
    "spirals": {**_ADAM, "rate": "0.03"},
    "xor": {"rate": "1"},
    "blobs": {**_ADAM, "rate": "0.02"},
    "curve": {**_ADAM, "rate": "0.03"},
    "surface": {**_ADAM, "rate": "0.02"},
}

PICTURE = ("x", "y", "held")  # these select what is drawn of a network; all others give another network


def read_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values from the texts of an address, defaults for the others; an unknown name is refused."""
    for name in given:
        if name not in KINDS:
            raise InvalidParameterError(f"the playground has no {name[:40]!r}; it has {', '.join(KINDS)}")
        if not isinstance(given[name], str | int | float):
            raise InvalidParameterError(f"{name}={brief(given[name])} is neither a text nor a number")
    return {name: kind.read(name, str(given.get(name, kind.default))) for name, kind in KINDS.items()}


def parameters(chosen: Mapping[str, Any], task: Task, m: int) -> dict[str, Any]:
    """Every parameter of the estimator that this choice determines, written out, so that no default can change it."""
    return {
        **({"loss": chosen["loss"]} if task == "regression" else {}),
        "hidden_layer_sizes": (chosen["units"],),
        "activation": chosen["activation"],
        **RULES[chosen["solver"]],
        "alpha": chosen["l2"],
        "batch_size": min(chosen["batch"] or m, m),
        "learning_rate": "constant",
        "learning_rate_init": chosen["rate"],
        "shuffle": True,
        "early_stopping": False,
        "tol": 0.0,
        "dropout": 0.0,
        "input_dropout": 0.0,
        "weight_average": 0.0,
        "n_networks": chosen["networks"],
        "init": chosen["init"],
        "init_scale": chosen["scale"],
        "standardize": chosen["standardize"] == "yes",
        "ramps": False,
        "dtype": "float64",
        "random_state": chosen["seed"],
    }


def estimator_class(task: Task) -> type[ShallowEstimator]:
    """The estimator of a task."""
    return ShoalClassifier if task == "classification" else ShoalRegressor


def settings(chosen: Mapping[str, Any], task: Task, m: int) -> Settings:
    """The settings that this choice gives; the reader decides how long it trains."""
    return settings_of(estimator_class(task)(**parameters(chosen, task, m), max_iter=1, n_iter_no_change=1))
