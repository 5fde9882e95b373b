"""Exercises on slides 6 to 8: values of activations, what each is good for, slopes."""

import numpy as np

from shoal.textbook import ACTIVATIONS, linear_collapse
from shoal.web.exercises.draws import Draws, SheetNetwork
from shoal.web.exercises.parts import Array, Exercise, Part, by_rows, exercise, from_question
from shoal.web.exhibits import slide_06, slide_07, slide_08
from shoal.web.exhibits.predict import shown
from shoal.web.languages import tr

FOUR = ("logistic", "tanh", "relu", "leaky_relu")
AWAY = [0.2, 0.3, 0.5, 0.8, 1.2, 1.5, 1.8, 2.5]


def four_activations(draws: Draws, _: SheetNetwork) -> Exercise:
    """Slide 6."""
    z = draws.of(AWAY)
    zs = np.array([[z, -z]])
    values = {tr(ACTIVATIONS[name].title): ACTIVATIONS[name](zs) for name in FOUR}
    table = Part(
        tr(
            "Compute the sigmoid, tanh, ReLU and leaky ReLU (0.01 z below zero) of z = {z} and of z = {mirrored}, to four digits.",
            z=shown(z),
            mirrored=shown(-z),
        ),
        dict(values),
        (
            "σ(z) = 1 / (1 + e^(−z)), tanh(z) = (e^z − e^(−z)) / (e^z + e^(−z)), "
            f"ReLU(z) = max(0, z), leaky ReLU(z) = max({shown(0.01)} z, z)",
        ),
        room=5,
    )
    other = draws.of([v for v in AWAY if v != z])
    mirrored = from_question(slide_06.predict(other), "σ(−z)", 1 - float(ACTIVATIONS["logistic"](np.array(other))), room=2)
    return exercise(slide_06, table, mirrored)


def pros_and_cons(_: Draws, sheet: SheetNetwork) -> Exercise:
    """Slide 7."""
    W1, b1, W2, b2 = sheet.parameters
    W, b = linear_collapse(sheet.parameters)
    collapse = Part(
        tr("Replace tanh in the network above by the identity. It is then one linear layer, Z2 = W x + b. Compute W and b."),
        {"W": W, "b": b},
        (tr("W = W2 W1 and b = W2 b1 + b2"), *by_rows("W", W2, W1, None, W), *by_rows("b", W2, b1, b2, b)),
        room=4,
    )
    return exercise(slide_07, from_question(slide_07.predict(), tr("units")), collapse)


def slopes(draws: Draws, _: SheetNetwork) -> Exercise:
    """Slide 8."""
    z = draws.of(AWAY)
    at = np.array(z)
    tanh, logistic = (float(ACTIVATIONS[name](at)) for name in ("tanh", "logistic"))
    dtanh, dlogistic = (float(ACTIVATIONS[name].prime(at)) for name in ("tanh", "logistic"))
    formulas = Part(
        tr(
            "At z = {z}, tanh(z) = {tanh} and σ(z) = {logistic}. Compute tanh′(z) and σ′(z) from them, to two digits.",
            z=shown(z),
            tanh=shown(tanh),
            logistic=shown(logistic),
        ),
        {"tanh′(z)": dtanh, "σ′(z)": dlogistic},
        (
            f"tanh′(z) = 1 − a² = 1 − {shown(tanh)}² = {shown(dtanh)}",
            f"σ′(z) = a (1 − a) = {shown(logistic)} · {shown(1 - logistic)} = {shown(dlogistic)}",
        ),
    )
    zs = np.array([[z, -z]])
    lines: dict[str, Array] = {
        f"{tr(ACTIVATIONS[name].title)}′": ACTIVATIONS[name].prime(zs) for name in ("relu", "leaky_relu", "identity")
    }
    straight = Part(
        tr("Write the slopes of ReLU, of leaky ReLU and of the identity at z = {z} and at z = {mirrored}.", z=shown(z), mirrored=shown(-z)),
        dict(lines),
        (tr("Each is straight on both sides of zero: its slope does not depend on how far z is from it."),),
        room=2,
    )
    return exercise(slide_08, formulas, straight)
