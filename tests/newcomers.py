"""An activation and a loss that shoal does not have, each by its definition and its kernel alone, and all that follows from them.

Run as a program in a folder of its own, for they must be known before anything asks which there are. Prints one line a check.
"""

import ctypes
import json
import sys
from pathlib import Path

import numpy as np
from array_api_compat import array_namespace

from shoal.textbook import activations, losses
from shoal.textbook import output_units as units

# --- the definitions: the textbook's side -----------------------------------------------------------------------------


def softsign(Z):
    return Z / (1 + array_namespace(Z).abs(Z))


def softsign_prime(Z):
    d = 1 + array_namespace(Z).abs(Z)
    return 1 / (d * d)


def logcosh(Z2, Y):
    xp = array_namespace(Z2)
    r = xp.abs(Z2 - Y)
    return xp.sum(r + xp.log1p(xp.exp(-2 * r)) - np.log(2), axis=-2)


def logcosh_slope(Z2, Y):
    return array_namespace(Z2).tanh(Z2 - Y)


activations.ACTIVATIONS["softsign"] = activations.Activation(
    "softsign", "z / (1 + |z|)", "1 / (1 + |z|)²", softsign, softsign_prime, low=-1.0, high=1.0, odd=True
)
losses.LOSSES["logcosh"] = losses.Loss("logcosh", "log-cosh", units.IDENTITY, "ln cosh (z − y)", logcosh, logcosh_slope)

# --- the kernels: the engine's side -----------------------------------------------------------------------------------

import shoal  # noqa: E402
from shoal.engine.kernels import dispatch_module  # noqa: E402

DISPATCH = dispatch_module()


from shoal.engine.jit.intrinsics import of  # noqa: E402
from shoal.engine.jit.memory import array_at  # noqa: E402
from shoal.engine.kernels.losses import arrays  # noqa: E402
from shoal.engine.kernels.vecmath import log1p_exp_of_minus, tanh  # noqa: E402


def softsign_kernel(z, s, size):
    """z / (1 + |z|)"""
    Z, S = array_at(z, size), array_at(s, size)
    for i in range(size):
        d = of(Z[i], 1.0) + abs(Z[i])
        S[i] = of(Z[i], 1.0) / (d * d)
        Z[i] = Z[i] / d


def logcosh_kernel(z2, y, d, loss, hyper, n_z, n_y, b):
    """ln cosh (z − y)"""
    Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
    for o in range(n_z):
        for i in range(b):
            r = Z2[o, i] - Y[o, i]
            D[o, i] = tanh(r)
            L[i] += abs(r) + log1p_exp_of_minus(of(r, 2.0) * abs(r)) - of(r, 0.6931471805599453)


DISPATCH.ACTIVATIONS["softsign"] = softsign_kernel
DISPATCH.LOSSES["logcosh"] = logcosh_kernel

# --- what follows -----------------------------------------------------------------------------------------------------


def table():
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (120, 2))
    return X, np.sin(X[:, 0]) + X[:, 1] ** 2


X, Y = table()
SETTINGS = {"activation": "softsign", "loss": "logcosh", "n_networks": 1, "hidden_layer_sizes": 4, "random_state": 0, "ramps": False}


def check_the_gradient():
    g1, g2 = activations.ACTIVATIONS["softsign"], losses.make_loss("logcosh")
    rng = np.random.default_rng(1)
    parameters = shoal.textbook.Parameters(*(rng.standard_normal(s) for s in ((3, 2), (3, 1), (1, 3), (1, 1))))
    assert shoal.textbook.check_gradients(parameters, X.T, Y[None], g1, g2).largest_difference < 1e-7


def check_the_kernels():
    z = np.linspace(-30, 30, 1001)
    a, slope = z.copy(), np.empty_like(z)
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(DISPATCH.compiled(softsign_kernel, False).address)
    call(a.ctypes.data, slope.ctypes.data, z.size)
    assert np.allclose(a, softsign(z), rtol=1e-14, atol=0)
    assert np.allclose(slope, softsign_prime(z), rtol=1e-14, atol=0)
    y, d, L, logits, hyper = np.ones_like(z), np.empty_like(z), np.empty_like(z), z.copy(), np.zeros(8)
    pointer = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, *[ctypes.c_int64] * 3)
    pointer(DISPATCH.compiled(logcosh_kernel, False).address)(*(array.ctypes.data for array in (logits, y, d, L, hyper)), 1, 1, z.size)
    assert np.allclose(L, logcosh(z[None], y[None]), rtol=1e-13, atol=1e-15)
    assert np.allclose(d, logcosh_slope(z, y), rtol=1e-13, atol=1e-15)


def check_training():
    for solver in ("auto", "lbfgs"):
        model = shoal.ShoalRegressor(**SETTINGS, solver=solver, max_iter=300).fit(X, Y)
        assert model.score(X, Y) > 0.9, (solver, model.score(X, Y))
    return model


def check_files(model, folder):
    for name in ("model.shoal", "model.json"):
        path = folder / name
        if name.endswith("json"):
            path.write_text(shoal.export.model_json(shoal.export.portable(model)), encoding="utf-8")
        else:
            shoal.save(model, path)
        back = shoal.from_json(path) if name.endswith("json") else shoal.load(path)
        assert np.array_equal(back.predict(X), model.predict(X)), name


def check_python(model):
    space = {}
    exec(compile(shoal.export.python_text(shoal.export.portable(model)), "network.py", "exec"), space)
    assert np.allclose([space["predict"](list(row)) for row in X], model.predict(X), rtol=1e-12, atol=1e-12)


def check_c(model, folder):
    from export_problems import c_agrees

    for precision in ("double", "float"):
        c_agrees(model, folder, precision)


def check_onnx(model):
    from shoal.export.onnx_graph import check_onnx, model_onnx

    found = shoal.export.portable(model)
    for precision in ("double", "float"):
        check_onnx(model_onnx(found, precision), found, precision)


def check_texts(model):
    found = shoal.export.portable(model)
    assert r"g(z) &= \frac{z}{1 + \left|z\right|}" in shoal.export.model_latex(found)
    assert "softsign(z) = z / (1 + |z|)" in shoal.export.model_equation(found)


def check_torch(model):
    import torch

    from shoal.export.torch_module import to_torch

    said = to_torch(model)(torch.tensor(X)).detach().numpy()
    assert np.allclose(said[:, 0], model.predict(X), rtol=1e-12, atol=1e-12)


def check_diagnosis(model):
    from dataclasses import replace

    from shoal.inspection.diagnosis import diagnose

    network = model.network_
    first, *rest = network.population.parameters
    far = replace(network, population=replace(network.population, parameters=type(network.population.parameters)(first * 1e4, *rest)))
    kinds = [finding.kind for finding in diagnose(far, X, Y[:, None]).findings]
    assert "saturated" in kinds, kinds  # as of every bounded activation


def check_page():
    from shoal.web.playground.live import Runs
    from shoal.web.questions import manifest

    choices = json.loads(json.dumps(manifest()["settings"]["choices"]))
    assert ["softsign", "softsign"] in choices["activation"]
    assert ["logcosh", "log-cosh"] in choices["loss"]
    run = Runs().start({"data": "curve", "activation": "softsign", "loss": "logcosh", "units": "3", "points": "40"})
    run.step(2)
    assert run.frame(True)


def main(folder):
    check_the_gradient()
    check_the_kernels()
    print("gradient and kernels")
    model = check_training()
    print("training")
    checks = {
        "files": lambda: check_files(model, folder),
        "python": lambda: check_python(model),
        "c": lambda: check_c(model, folder),
        "onnx": lambda: check_onnx(model),
        "texts": lambda: check_texts(model),
        "torch": lambda: check_torch(model),
        "diagnosis": lambda: check_diagnosis(model),
        "page": check_page,
    }
    for name, check in checks.items():
        try:
            check()
        except ModuleNotFoundError as error:
            print(f"{name} needs {error.name}")
        else:
            print(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
