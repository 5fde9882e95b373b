"""Models to export, and what compiles and runs what was exported; shared by the tests of export."""

import functools
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.export import Portable, c99, portable
from skips import missing

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
QUICK = {"n_networks": 2, "max_iter": 3, "random_state": 0}

# Names that end strings, comments, lines and tags, join lines, form trigraphs, are keywords, or turn the reading direction.
HOSTILE = (
    "quote\" and 'quote'",
    "comma, semicolon; brace}",
    "*/ int x; /*",
    "back\\slash\\",
    "trigraph ??/ ??' ??=",
    "two\nlines\r\t",
    "<script>alert(1)</script> & &amp;",
    "int",
    "price of 价格 größer",
    "价格",
    "\u202egnp.exe",
    "#include <stdio.h>",
    "%s %n $HOME `ls`",
    "$x_1^2$ {\\input{a}} ~",
    "[brackets]",
    "Int",
    "h1",
    "'; DROP TABLE x; --",
)


def table(n: int = 160) -> pd.DataFrame:
    """Rows with every kind of column, and every kind of missing cell."""
    rng = np.random.default_rng(0)
    when = pd.to_datetime("2019-12-20") + pd.to_timedelta(rng.integers(0, 500 * 24, n), unit="h")
    frame = pd.DataFrame(
        {
            "age": rng.uniform(0, 80, n).round(1),
            "fare": rng.exponential(30, n).round(2),
            "port": rng.choice(["Southampton", "Cherbourg", "Queenstown", "missing"], n, p=[0.6, 0.2, 0.15, 0.05]),
            "deck": rng.choice([*"ABCD", "rare 1", "rare 2"], n, p=[0.3, 0.3, 0.2, 0.16, 0.02, 0.02]),
            "alone": rng.choice([True, False], n),
            "year": 2_000_000.0 + rng.integers(0, 5, n),
            "boarded": when,
        }
    ).astype({"alone": object})
    for j, name in enumerate(("age", "port", "alone", "boarded")):
        frame.loc[j :: 11 + j, name] = None
    frame["survived"] = np.where(frame["age"].fillna(30) + 10 * rng.standard_normal(n) > 35, "yes", "no")
    frame["class"] = rng.choice(["first", "second", "third"], n)
    frame["insured"] = np.where(frame["fare"] > 20, "insured", "not")
    frame["paid"] = 1000 + 3 * frame["fare"] + rng.standard_normal(n)
    frame["owed"] = -frame["paid"] / 7
    return frame


@functools.cache
def fitted_table(target: str | tuple[str, ...], **settings: Any) -> Any:
    """A model of `table`'s inputs and these targets."""
    outputs = ("survived", "class", "insured", "paid", "owed")
    frame = table().drop(columns=[name for name in outputs if name not in target])
    return shoal.fit(frame, target, settings={**QUICK, **settings})


def hostile_table() -> tuple[pd.DataFrame, str]:
    """Columns, levels and classes with hostile names, and the name of the target."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.standard_normal((120, len(HOSTILE))), columns=list(HOSTILE))
    frame[HOSTILE[0]] = rng.choice(list(HOSTILE), len(frame))
    frame[HOSTILE[4]] = rng.choice(list(HOSTILE[:3]), len(frame))
    target = 'target "*/ ??/\n\\'
    frame[target] = rng.choice(list(HOSTILE[:3]), len(frame))
    return frame, target


@functools.cache
def fitted_hostile() -> Any:
    frame, target = hostile_table()
    return shoal.fit(frame, target, settings=QUICK)


def bare_cases() -> list[Any]:
    """Estimators of every activation and every output."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3)) * [3, 0.5, 1] + [10, 0, -5]
    count = rng.poisson(2.0, 40)
    flags = (X[:, 0] > 10).astype(int)
    settings = {**QUICK, "hidden_layer_sizes": 4, "dtype": "float64"}
    far = X.copy()
    far[[3, 8], [0, 2]] = 1e5, -700.0  # cells far from all others, which are limited
    return [
        ShoalClassifier(activation="tanh", **settings).fit(X, flags),
        ShoalClassifier(activation="logistic", **settings).fit(X, flags + (X[:, 1] > 0.3)),
        ShoalClassifier(activation="leaky_relu", **settings).fit(X, np.column_stack([flags, X[:, 1] > 0])),
        ShoalRegressor(activation="elu", **settings).fit(X, X[:, 0] * 1000 + 50_000),
        ShoalRegressor(activation="softplus", loss="poisson", **settings).fit(X, count),
        ShoalRegressor(activation="silu", loss="gaussian", standardize=False, **settings).fit(X, X[:, 1]),
        ShoalRegressor(activation="identity", loss="huber", **settings).fit(X, X[:, :2]),
        ShoalRegressor(activation="relu", loss="quantile", quantile=0.9, ramps=True, **settings).fit(X, X[:, 2]),
        ShoalRegressor(activation="tanh", skip=True, ramps=True, **settings).fit(X, X[:, :2] * 100),
        ShoalRegressor(activation="tanh", skip=True, loss="gaussian", ramps="auto", **settings).fit(X, X[:, 1]),
        ShoalClassifier(activation="relu", skip=True, **settings).fit(X, flags + (X[:, 1] > 0.3)),
        ShoalClassifier(activation="relu", skip=True, standardize=False, **settings).fit(X, flags),
        ShoalRegressor(activation="tanh", skip=True, ramps=True, **settings).fit(far, X[:, 0]),
        ShoalClassifier(activation="logistic", **settings).fit(far, flags + (X[:, 1] > 0.3)),
    ]


@functools.cache
def gcc() -> str:
    """The C compiler."""
    found = shutil.which("gcc")
    if found is None:
        missing("there is no gcc to compile the exported C with")
    return found


def compiled(folder: Path, prefix: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Compile an exported folder with its test program, and run it."""
    command = [gcc(), *STRICT, *flags, f"{prefix}.c", f"{prefix}_test.c", "-o", "run", "-lm"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, ""), made.stderr[:2000]
    return subprocess.run([folder / "run"], cwd=folder, capture_output=True, text=True, check=False)


def c_agrees(model: Any, folder: Path, precision: str, *flags: str) -> None:
    """The exported C compiles without a warning, and its own test passes."""
    found: Portable = portable(model, "C")
    for name, text in c99(found, "model", precision).items():  # type: ignore[arg-type]
        (folder / name).write_text(text, encoding="utf-8")
    done = compiled(folder, "model", *flags)
    assert done.returncode == 0, done.stdout[:2000] + done.stderr[:2000]
    assert "answers agree" in done.stdout
