"""The "in code" lines: cut from the installed files of `textbook/`, so that the page cannot say what the library does not do."""

import inspect
from collections.abc import Callable
from typing import Any

from shoal.textbook import activations, gradient_check, gradient_descent, initialization, losses, propagation
from shoal.textbook.flower import exercise_parameters

Line = dict[str, str]


def cut(function: Callable[..., Any], *beginnings: str) -> Line:
    """The lines of `function`'s source that begin so (all of its body if none is named), and the file they stand in."""
    source = inspect.getsource(function).splitlines()
    kept = [line.strip() for line in source if line.strip().startswith(beginnings)]
    if len(kept) < len(beginnings):
        raise LookupError(f"{function.__module__}.{function.__qualname__} no longer has lines beginning with {beginnings}")
    return {"file": function.__module__.replace("shoal.", "").replace(".", "/") + ".py", "code": "\n".join(kept)}


def in_code() -> dict[str, list[Line]]:
    """Exhibit → the lines of `textbook/` that compute what it shows."""
    return {
        "1": [cut(propagation.forward, "Z1 ="), cut(activations.sigmoid, "e =", "return")],
        "2": [cut(propagation.forward, "Z1 =", "A1 =")],
        "3": [cut(propagation.forward, "Z1 =", "A1 =", "Z2 =", "A2 ="), cut(losses.cross_entropy, "return")],
        "4": [cut(propagation.forward, "Z1 =", "A1 =")],
        "5": [cut(propagation.forward, "Z1 =")],
        "6": [cut(activations.sigmoid, "e =", "return"), cut(activations.relu, "return"), cut(activations.leaky_relu, "return")],
        "7": [cut(gradient_descent.train, "steps =", "for _", "next")],
        "8": [
            cut(activations.tanh_prime, "A =", "return"),
            cut(activations.sigmoid_prime, "return"),
            cut(activations.relu_prime, "return"),
        ],
        "9": [cut(gradient_descent.descend, "cache =", "gradients ="), cut(gradient_descent.gradient_step, "W1 =", "b1 =", "W2 =", "b2 =")],
        "10": [
            cut(propagation.backward, "dZ2 =", "dW2 =", "db2 =", "dZ1 =", "dW1 =", "db1 ="),
            cut(propagation.sum_examples, "return"),
            cut(gradient_check.numerical_gradients, "slope[at]"),
        ],
        "11": [cut(initialization.zeros, "return"), cut(exercise_parameters, "return")],
        "12": [cut(initialization.normal, "W1 =", "W2 ="), cut(initialization.xavier, "return"), cut(initialization.he, "return")],
        "13": [cut(propagation.forward, "Z1 =")],
    }
