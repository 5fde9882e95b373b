"""The "in code" lines: copied from the installed files, nearly all of `textbook/`, so that the page always shows the library's own code."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from shoal import population
from shoal.textbook import (
    activation_functions,
    gradient_check,
    gradient_descent,
    initialization,
    loss_functions,
    piecewise_linear,
    propagation,
    pros_and_cons,
    vectorization,
)
from shoal.textbook.flower import exercise_parameters

Line = dict[str, str]


def cut(function: Callable[..., Any], *beginnings: str) -> Line:
    """The lines of `function`'s body that begin so, their file, and the function's name."""
    source = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    first = definition.body[1 if ast.get_docstring(definition) else 0].lineno
    kept = [line.strip() for line in source.splitlines()[first - 1 :] if line.strip().startswith(beginnings)]
    if len(kept) < len(beginnings):
        raise LookupError(f"{function.__module__}.{function.__qualname__} no longer has lines beginning with {beginnings}")
    return {
        "file": function.__module__.replace("shoal.", "").replace(".", "/") + ".py",
        "function": function.__qualname__,
        "code": "\n".join(kept),
    }


def in_code() -> dict[str, list[Line]]:
    """Exhibit → the lines of `textbook/` that compute what it shows."""
    return {
        "0": [
            cut(piecewise_linear.joints, "return"),
            cut(piecewise_linear.linear_segments, "active =", "slopes = (", "offsets ="),
            cut(piecewise_linear.cut_regions, "points.add", "added.append"),
        ],
        "1": [cut(vectorization.unit, "z =", "a ="), cut(activation_functions.sigmoid, "e =", "return")],
        "2": [cut(propagation.forward, "Z1 =", "A1 =")],
        "3": [cut(propagation.forward, "Z1 =", "A1 =", "Z2 =", "A2 ="), cut(loss_functions.cross_entropy, "return")],
        "4": [cut(vectorization.layer_by_loop, "for i", "x =", "columns.append"), cut(vectorization.layer, "return")],
        "5": [cut(vectorization.columns_apart, "return"), cut(vectorization.layer, "return")],
        "6": [
            cut(activation_functions.sigmoid, "e =", "return"),
            cut(activation_functions.tanh, "return"),
            cut(activation_functions.relu, "return"),
            cut(activation_functions.leaky_relu, "return"),
        ],
        "7": [cut(gradient_descent.train, "steps =", "for _", "next"), cut(pros_and_cons.linear_collapse, "return LinearUnit(W2 @ W1, ")],
        "8": [
            cut(activation_functions.tanh_prime, "A =", "return"),
            cut(activation_functions.sigmoid_prime, "return"),
            cut(activation_functions.relu_prime, "return"),
            cut(gradient_check.numerical_slope, "return"),
        ],
        "9": [cut(gradient_descent.descend, "cache =", "gradients ="), cut(gradient_descent.gradient_step, "W1 =", "b1 =", "W2 =", "b2 =")],
        "10": [
            cut(propagation.backward, "dZ2 =", "dW2 =", "db2 =", "dZ1 =", "dW1 =", "db1 ="),
            cut(propagation.sum_examples, "return"),
            cut(gradient_check.numerical_gradients, "slope[at]"),
        ],
        "11": [cut(initialization.zeros, "return"), cut(exercise_parameters, "return")],
        "12": [cut(initialization.normal, "W1 =", "W2 ="), cut(initialization.xavier, "return"), cut(initialization.he, "return")],
        "13": [cut(vectorization.dot_by_loop, "c =", "for i", "c +="), cut(vectorization.dot, "return")],
        "14": [cut(propagation.forward, "Z1 =", "A1 =", "Z2 ="), cut(population.merge, "weighted =", "return Parameters(p.W1[used]")],
    }
