"""All code that a fit can need is listed before it: none is left to be compiled at run time."""

import pkgutil
import subprocess
import sys
from itertools import cycle

import numpy as np
import pytest
from scipy import sparse

import shoal
import shoal.engine.kernels
from shoal import ShoalClassifier, ShoalRegressor
from shoal.engine import ahead, layout
from shoal.engine import predict as engine_predict
from shoal.engine.jit import compiler
from shoal.engine.jit.signatures import signatures, taken
from shoal.engine.kernels import dispatch_module
from shoal.fitting.settings import SOLVERS
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.losses import LOSSES

RNG = np.random.default_rng(0)
FULL_BATCH = ("lbfgs", "scg", "rprop", "lm", "bayes")
BRIEFLY = {"max_iter": 2, "n_networks": 2, "learning_rate_init": 1e-4}  # with the usual rates, some of these combinations diverge


def undeclared():
    """Kernels with types that they were compiled for and do not declare."""
    return {ahead.short(kernel): [types for types in kernel.overloads if types not in kernel.declared] for kernel in compiler.KERNELS}


@pytest.fixture(autouse=True)
def nothing_undeclared():
    before = undeclared()  # other tests hand kernels what no fit does
    yield
    assert {name: found for name, found in undeclared().items() if found != before.get(name, [])} == {}


def numbers(kernel):
    """The precisions of a kernel, "" where it has one."""
    return ("float32", "float64") if len(kernel.declared) > 1 else ("",)


def test_every_module_of_kernels_is_listed_with_all_that_it_has():
    names = set(ahead.all_code())
    folder = shoal.engine.kernels
    for module in pkgutil.iter_modules(folder.__path__):
        path = f"{folder.__name__}.{module.name}"
        assert path in sys.modules, f"{path} is imported by no function of kernels/__init__.py"
        for name, value in vars(sys.modules[path]).items():
            cache = getattr(value, "_cache", None)
            if isinstance(cache, compiler.MachineCode):
                assert value in compiler.KERNELS, name
                assert {f"{module.name}.{name}({number})" for number in numbers(value)} <= names
    dispatch = dispatch_module()
    functions = [*dispatch.ACTIVATIONS.values(), *dispatch.LOSSES.values(), *dispatch.RULES.values(), *dispatch.c_functions()]
    for function in functions:
        for number in ("float32", "float64"):
            assert f"{ahead.short(function)}({number})" in names
    assert set(dispatch.ACTIVATIONS) == set(ACTIVATIONS)
    assert set(dispatch.LOSSES) == set(LOSSES)
    assert set(ahead.FIRST) <= names


FITS = """
import numpy as np, shoal
from shoal.engine import predict
from shoal.engine.jit import compiler
predict.WORTH_COMPILING = 0
asked, kept = set(), compiler.MachineCode.kept
def recorded(self, signature, target):
    asked.add(self.entry(signature, target)[0])
    return kept(self, signature, target)
compiler.MachineCode.kept = recorded
from shoal.engine import ahead
code = ahead.all_code()
for name in ahead.FIRST:
    code[name]()
first = set(asked)
X = np.random.default_rng(0).normal(size=(900, 4))
z = X[:, 0] + X[:, 1] ** 2
shoal.ShoalRegressor(max_iter=20).fit(X, z)
for y in (z > 1, np.digitize(z, [0, 1, 2, 3])):
    shoal.ShoalClassifier(max_iter=20).fit(X, y).predict(X)
print(len(first), *sorted(asked - first))
"""


def test_fits_with_the_defaults_need_nothing_but_what_is_compiled_first():
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", FITS], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"{len(ahead.FIRST)}\n"


def test_a_kernel_is_declared_for_both_precisions_or_for_one_where_its_numbers_are_of_one():
    both = signatures(("v1 v i2",))
    assert [str(types) for types in both] == [
        f"(Array(float{bits}, 1, 'C', False, aligned=True), float{bits}, Array(int64, 2, 'C', False, aligned=True))" for bits in (32, 64)
    ]
    assert len(signatures(("f1 i u b i*",))) == 1
    assert len(taken(("f1 i", "b"), None)) == 3


def table(m=120, n=3, sort="class", dtype=np.float64):
    X = RNG.normal(size=(m, n)).astype(dtype)
    z = X[:, 0] + X[:, 1] ** 2
    y = {
        "class": z > 1,
        "classes": np.digitize(z, [0, 1, 2, 3]),
        "labels": np.stack([z > 0, z > 1], axis=1).astype(int),
        "count": np.abs(z).round(),
    }
    return X, y.get(sort, z)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_losses_and_rules(activation, dtype):
    rules = cycle([s for s in SOLVERS if s not in FULL_BATCH])
    for sort in ("class", "classes", "labels"):
        X, y = table(sort=sort)
        ShoalClassifier(activation=activation, solver=next(rules), dtype=dtype, **BRIEFLY).fit(X, y).predict_proba(X)
    for loss in ("squared_error", "huber", "absolute_error", "quantile", "poisson", "gaussian"):
        X, y = table(sort="count")
        ShoalRegressor(loss=loss, activation=activation, solver=next(rules), dtype=dtype, **BRIEFLY).fit(X, y).predict(X)


@pytest.mark.filterwarnings("ignore::shoal.errors.ShoalWarning", "ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", FULL_BATCH)
@pytest.mark.parametrize("settings", [{}, {"skip": True}, {"hidden_layer_sizes": 40}], ids=str)
def test_solvers_of_all_rows(solver, settings):
    X, y = table()
    ShoalClassifier(solver=solver, max_iter=3, **settings).fit(X, y)
    ShoalRegressor(solver=solver, max_iter=3, **settings).fit(X, X[:, 0])
    ShoalRegressor(solver=solver, max_iter=3, **settings).fit(X, X[:, 0], sample_weight=np.linspace(1, 2, len(X)))


PATHS = {
    "one network": {"n_networks": 1},
    "in slices": {"n_networks": 1, "hidden_layer_sizes": 128, "batch_size": 256},
    "in slices with a penalty": {
        "n_networks": 1,
        "hidden_layer_sizes": 128,
        "batch_size": 256,
        "alpha": 1.0,
        "solver": "adam",
        "skip": True,
    },
    "ramps": {"ramps": True, "hidden_layer_sizes": 32, "batch_size": 64},
    "skip": {"skip": True},
    "dropout": {"dropout": 0.2, "input_dropout": 0.2},
    "averages": {"weight_average": 0.9},
    "rates apart": {"learning_rate_init": [0.01, 0.02], "n_networks": 2},
    "nesterov": {"solver": "sgd"},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "without momentum": {"solver": "sgd", "momentum": 0.0},
    "stopping": {"early_stopping": True, "n_iter_no_change": 2},
    "rows as they are": {"standardize": False, "ramps": False},
    "without validation": {"early_stopping": False},
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("path", PATHS)
def test_ways_of_training(path, dtype, monkeypatch):
    if "slices" in path:
        monkeypatch.setattr(layout, "number_of_slices", lambda h, b, n: 2)
    X, y = table(m=600, n=14, sort="classes")
    weights = np.linspace(1, 2, len(X))
    weights.flags.writeable = X.flags.writeable = False
    settings = {"max_iter": 3, "dtype": dtype} | PATHS[path]
    ShoalClassifier(**settings).fit(X, y, sample_weight=weights).predict(X)
    ShoalRegressor(**settings).fit(X.astype(np.float32, order="F"), X[:, 0]).predict(X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kinds_of_rows(dtype):
    X, y = table(m=300)
    model = ShoalClassifier(dtype=dtype, max_iter=2, ramps=False)
    model.fit(sparse.csr_matrix(X), y)
    for rows in (X[::2], X[:, ::-1], X.astype(np.float32), X.astype(int)):
        model.fit(rows, y[:: len(y) // len(rows)])
    model.partial_fit(X, y).partial_fit(X, y)


@pytest.mark.parametrize("settings", [{}, {"ramps": True}, {"skip": True, "ramps": False}], ids=str)
def test_predictions(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(engine_predict, "WORTH_COMPILING", 0)
    X, y = table(sort="classes")
    model = ShoalClassifier(max_iter=2, **settings).fit(X, y)
    shoal.save(model, tmp_path / "model.shoal")
    for one in (model, shoal.load(tmp_path / "model.shoal")):
        one.predict(X)
        one.predict(np.asfortranarray(X.astype(np.float32)))
