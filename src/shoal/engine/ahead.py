"""All compiled code, before a fit asks for it: for a wheel, which brings it along, and for `make demo`.

    python -m shoal.engine.ahead [--first] [--backwards]

compiles what is not kept yet (`jit/code_cache.py`), for the processor at hand or the one that `NUMBA_CPU_NAME` names; with --first only
what a fit with the defaults and its predictions need. Two processes, of which one goes backwards, meet in the middle and share the work.
"""

import argparse
from collections.abc import Callable
from functools import partial

from shoal.engine.kernels import MODULES, dispatch_module

KERNELS = "shoal.engine.kernels"
FIRST = [  # the slowest first; float32 is the precision of fits from 500 rows on, float64 that of predictions
    "train.train(float32)",
    "ramps.layer_1(float32)",
    "sums.judge(float32)",
    "products.product(float32)",
    "products.product(float64)",
    "predict.predict(float64)",
    "ramps.layer_1_gradient(float32)",
    "losses.cross_entropy(float32)",
    "losses.softmax_cross_entropy(float32)",
    "losses.squared_error(float32)",
    "dispatch.product_logits(float32)",
    "dispatch.product_gradients(float32)",
    "activations.relu(float32)",
    "activations.relu(float64)",
    "optimizers.adam(float32)",
    "train.shuffle()",
]


def all_code() -> dict[str, Callable[[], object]]:
    """Everything that can be compiled: its module, name and precision, and what compiles it or loads it; listed from the kernels."""
    from shoal.engine.jit import compiler

    for load in MODULES:
        load()
    dispatch, precisions = dispatch_module(), ("float32", "float64")
    found: dict[str, Callable[[], object]] = {}
    for kernel in compiler.KERNELS:
        for types, precision in zip(kernel.declared, precisions if len(kernel.declared) > 1 else ("",), strict=True):
            found[f"{short(kernel)}({precision})"] = partial(kernel.compile, types)
    for function in dispatch.c_functions():
        for precision in precisions:
            found[f"{short(function)}({precision})"] = partial(dispatch.compiled, function, precision == "float32")
    return found


def short(function: Callable[..., object]) -> str:
    """A function's module among the kernels, and its name."""
    return f"{function.__module__.removeprefix(f'{KERNELS}.')}.{function.__qualname__}"


def main() -> None:
    """Compile it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--backwards", action="store_true")
    chosen, code = parser.parse_args(), all_code()
    names = FIRST if chosen.first else list(code)
    for name in reversed(names) if chosen.backwards else names:
        code[name]()


if __name__ == "__main__":
    main()
