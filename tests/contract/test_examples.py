"""Every public function and class has an example, and every example in the documentation of the code runs as it is printed."""

import ast
import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import shoal
from skips import missing

HOME = Path(shoal.__file__).parent
# What the documentation names beside `shoal` itself. `textbook` has a test of its own (test_textbook_docs.py).
PUBLIC = {
    "shoal.dask": ("fit", "fit_table"),
    "shoal.export": None,
    "shoal.export.onnx_graph": ("check_onnx", "model_onnx"),
    "shoal.inspection": None,
    "shoal.inspection.figures": None,
    "shoal.report": ("write_report",),
}
SLOW = {"dask", "report", "table_models"}  # packages whose examples start a cluster, or train on tables
EXTRAS = {"dask": ("dask", "distributed"), "report": ("matplotlib",), "figures": ("matplotlib",), "onnx_graph": ("onnx", "onnxruntime")}


def is_record(value):
    """What functions return, or raise: it needs no example of its own."""
    return inspect.isclass(value) and (issubclass(value, BaseException | tuple) or "__dataclass_fields__" in vars(value))


def public_values():
    """(name, value) of everything public that is called, the methods of estimators among it."""
    for name in shoal.__all__:
        value = getattr(shoal, name)
        if callable(value):
            yield name, value
    for home, names in PUBLIC.items():
        module = importlib.import_module(home)
        for name in module.__all__ if names is None else names:
            yield f"{home}.{name}", getattr(module, name)
    for kind in (shoal.ShoalClassifier, shoal.ShoalRegressor, shoal.ShoalSearchCV):
        for name, value in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") and value.__module__.startswith("shoal."):
                yield f"{kind.__name__}.{name}", value


def test_everything_public_has_a_docstring_with_an_example():
    values = dict(public_values())
    assert len(values) > 60
    assert [name for name, value in values.items() if not inspect.getdoc(value)] == []
    assert [name for name, value in values.items() if not is_record(value) and ">>> " not in inspect.getdoc(value)] == []


def examples():
    """(module, name of what has an example) of the whole package; slow ones are marked."""
    for path in sorted(HOME.rglob("*.py")):
        module = ".".join(path.relative_to(HOME.parent).with_suffix("").parts).removesuffix(".__init__")
        if ".textbook." in module or ">>> " not in (source := path.read_text(encoding="utf-8")):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ">>> " in (ast.get_docstring(node) or ""):
                slow = SLOW & set(module.split("."))
                yield pytest.param(
                    module, node.name, ast.get_docstring(node), marks=[pytest.mark.slow] if slow else [], id=f"{module}.{node.name}"
                )


@pytest.mark.parametrize(("module", "name", "text"), list(examples()))
def test_an_example_runs_as_it_is_printed(module, name, text):
    for extra in (package for part in module.split(".") for package in EXTRAS.get(part, ())):
        try:
            importlib.import_module(extra)
        except ImportError:
            missing(f"the example needs {extra}")
    runner, report = doctest.DocTestRunner(verbose=False), []
    for test in [doctest.DocTestParser().get_doctest(text, dict(vars(importlib.import_module(module))), f"{module}.{name}", module, 0)]:
        runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)
