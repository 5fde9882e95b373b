""" "Take it with you": the lines of Python that make the network in the playground, to the last digit."""

from collections.abc import Mapping
from typing import Any

from shoal.web.playground.data import Data
from shoal.web.playground.settings import estimator_class, parameters

WIDTH = 110


def python(data: Data, chosen: Mapping[str, Any], epochs: int) -> str:
    """A program that draws or reads the same rows and fits the same network for as many epochs."""
    kind = estimator_class(data.task)
    given = {**parameters(chosen, data.task, len(data.train)), "max_iter": epochs, "n_iter_no_change": epochs}
    lines = [
        "import warnings",
        "",
        f"from shoal import {kind.__name__}",
        *data.lines,
        "",
        'warnings.filterwarnings("ignore", message="max_iter")  # it stops where you stopped it',
        f"model = {kind.__name__}(",
        *wrapped([f"{name}={value!r}" for name, value in given.items()]),
        ").fit(X, y)",
    ]
    return "\n".join(lines) + "\n"


def wrapped(arguments: list[str]) -> list[str]:
    """Arguments in lines of a readable width."""
    rows: list[str] = []
    for argument in arguments:
        if rows and len(rows[-1]) + len(argument) + 2 <= WIDTH:
            rows[-1] += f" {argument},"
        else:
            rows.append(f"    {argument},")
    return rows
