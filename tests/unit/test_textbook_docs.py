"""The textbook explains itself: every public function has its shapes and an example that runs, every slide has its row."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import shoal.textbook
from shoal.web.questions import NUMBERS

HOME = Path(shoal.textbook.__file__).parent
TESTS = Path(__file__).parents[1]
MODULES = sorted(m.name for m in pkgutil.iter_modules([str(HOME)]))
README = (HOME / "README.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("| ").split("|")] for line in README.splitlines() if line.startswith("| **")]


def public_functions():
    found = []
    for name in MODULES:
        module = importlib.import_module(f"shoal.textbook.{name}")
        for what, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not what.startswith("_"):
                found.append(pytest.param(value, id=f"{name}.{what}"))
    return found


def is_check(function):
    """It raises or returns nothing, and belongs to no formula."""
    return function.__module__.endswith(".shapes") or function.__name__.startswith("check_sizes")


@pytest.mark.parametrize("function", public_functions())
def test_every_public_function_has_its_parameters_its_result_and_an_example(function):
    text = inspect.getdoc(function) or ""
    assert text, "it has no docstring"
    if is_check(function):
        return
    taken = inspect.signature(function).parameters
    section = text.partition("Parameters\n----------\n")[2].split("\n\n")[0]
    described = {n for line in section.splitlines() if not line.startswith(" ") for n in re.split(r",\s*", line.split(" : ")[0])}
    assert set(taken) <= described, f"its Parameters do not describe {set(taken) - described}"
    assert re.search(r"^(Returns|Yields)\n-------?$", text, re.M)
    assert re.search(r"^Examples\n--------\n>>> ", text, re.M)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_say_what_happens(name):
    module = importlib.import_module(f"shoal.textbook.{name}")
    finder, runner = doctest.DocTestFinder(exclude_empty=True), doctest.DocTestRunner(verbose=False)
    said: list[str] = []
    for example in finder.find(module, extraglobs={"np": np}):
        runner.run(example, out=said.append)
    assert not said, "".join(said)


def test_every_slide_has_a_row():
    assert [int(re.search(r"\d+", row[0]).group()) for row in ROWS] == list(NUMBERS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip("* "))
def test_what_a_row_names_exists(row):
    slide, _, functions, tests, exhibit = row
    number = int(re.search(r"\d+", slide).group())
    names = re.findall(r"`([\w.]+)`", functions)
    assert names
    for name in names:
        module, _, what = name.partition(".")
        value = importlib.import_module(f"shoal.textbook.{module}")
        for part in what.split("."):
            fields = getattr(value, "__dataclass_fields__", {})
            value = fields[part] if part in fields else getattr(value, part)
    cited = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", tests)
    assert cited
    for file, test in cited:
        tree = ast.parse((TESTS.parent / file).read_text())
        assert not test or test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, f"{file} has no {test}"
    pair = re.findall(r"`([\w/.-]+)`", exhibit)
    assert pair == [f"web/exhibits/slide_{number:02}.py", f"web/static/exhibits/slide-{number:02}.js"]
    for file in pair:
        assert (HOME.parent / file).is_file(), file


def test_every_public_function_of_the_chapter_is_in_a_row():
    """What no slide has (other optimizers, losses, initial weights) stands below the table."""
    for parameter in public_functions():
        function = parameter.values[0]
        if not is_check(function):
            module = function.__module__.rpartition(".")[2]
            assert re.search(rf"\b{module}\.{function.__name__}\b", README), f"{module}.{function.__name__} is not in the README"
