"""Exercises on slides 1 to 5: one unit, the shapes of a network, one example, many examples."""

import numpy as np

from shoal.textbook import ACTIVATIONS, columns_apart, forward, layer, make_loss, unit
from shoal.textbook.initialization import zeros
from shoal.web.exercises.draws import Draws, SheetNetwork
from shoal.web.exercises.parts import Exercise, Part, by_rows, each, exercise, from_question, products, shape
from shoal.web.exhibits import slide_01, slide_02, slide_03, slide_04, slide_05
from shoal.web.exhibits.predict import shown
from shoal.web.languages import tr

TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")


def one_unit(draws: Draws, _: SheetNetwork) -> Exercise:
    """Slide 1."""
    w, b, x = draws.short(2, 1, 2), draws.short(1, 1, 2), draws.short(2, 1, 2, 0.5)
    z, a = (float(v[0, 0]) for v in unit(w, b, x, ACTIVATIONS["logistic"]))
    side = "1" if a > 0.5 else "0"
    computed = Part(
        tr("Compute z = wᵀx + b and a = σ(z), to four digits. Which class does this unit answer, if it answers 1 where a > 0.5?"),
        {"z": z, "a": a, tr("class"): side},
        (
            f"z = {products(zip(w[:, 0], x[:, 0], strict=True), b[0, 0])} = {shown(z)}",
            f"a = 1 / (1 + e^({shown(-z)})) = {shown(a)}",
        ),
        given=(("w", w), ("b", b), ("x", x)),
    )
    w1, w2, bias = float(w[0, 0]), float(w[1, 0]), float(b[0, 0])
    moved = from_question(slide_01.predict(w1, w2, bias), tr("distance"), -2 * bias / float(np.hypot(w1, w2)))
    return exercise(slide_01, computed, moved)


def named_network(draws: Draws, _: SheetNetwork) -> Exercise:
    """Slide 2."""
    n_x, n_h, n_y = draws.whole(2, 6), draws.whole(3, 9), draws.whole(1, 3)
    parameters = zeros(n_x, n_h, n_y).named()
    count = sum(w.size for w in parameters.values())
    shapes = Part(
        tr(
            "A network has n_x = {n_x} inputs, n_h = {n_h} hidden units and n_y = {n_y} outputs. "
            "Write the shapes of W1, b1, W2 and b2, and count the parameters.",
            n_x=n_x,
            n_h=n_h,
            n_y=n_y,
        ),
        {**{name: shape(w) for name, w in parameters.items()}, tr("parameters"): count},
        (
            tr("W1 is (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1)"),
            " + ".join(str(w.size) for w in parameters.values()) + f" = {count}",
        ),
    )
    more = sum(w.size for w in zeros(n_x, n_h + 1, n_y))
    return exercise(slide_02, shapes, from_question(slide_02.predict(n_x, n_h, n_y), tr("parameters"), more, room=2))


def one_example(_: Draws, sheet: SheetNetwork) -> Exercise:
    """Between slides 2 and 4: the forward pass of one example."""
    x, y = sheet.X[:, [0]], sheet.Y[:, [0]]
    W1, b1, W2, b2 = sheet.parameters
    Z1, A1, Z2, A2 = forward(sheet.parameters, x, TANH, SIGMOID)
    loss = float(SIGMOID.loss(Z2, y)[0])
    hidden = Part(
        tr("Compute Z1 and A1 of example 1 of the network above, to four digits."),
        {"Z1": Z1, "A1": A1},
        (*by_rows("Z1", W1, x, b1, Z1), *each("A1", A1, [f"tanh({shown(z)})" for z in Z1[:, 0]])),
        room=4,
    )
    own = "a2" if y[0, 0] else "1 − a2"
    output = Part(
        tr("Compute Z2 and A2, and the loss of this example, L = −[y ln a2 + (1 − y) ln(1 − a2)]."),
        {"Z2": Z2, "A2": A2, "L": loss},
        (
            *by_rows("Z2", W2, A1, b2, Z2),
            f"A2 = 1 / (1 + e^({shown(-Z2[0, 0])})) = {shown(A2[0, 0])}",
            tr("y = {y}, so L = −ln({own}) = {loss}", y=shown(y[0, 0]), own=own, loss=shown(loss)),
        ),
        room=4,
    )
    return exercise(slide_03, hidden, output)


def all_examples(draws: Draws, sheet: SheetNetwork) -> Exercise:
    """Slide 4."""
    W1, b1, _, _ = sheet.parameters
    Z1 = layer(W1, b1, sheet.X)
    product = Part(
        tr("Compute Z1 = W1 X + b1 for all three examples of the network above with one product."),
        {"Z1": Z1},
        by_rows("Z1", W1, sheet.X, b1, Z1),
        room=4,
    )
    n_h, m = draws.whole(3, 8), draws.of([50, 100, 200, 400, 1000])
    cache = forward(zeros(2, n_h, 1), np.zeros((2, m)), TANH, SIGMOID)
    shapes = Part(
        tr("With n_x = 2, n_h = {n_h}, n_y = 1 and m = {m} examples, which shapes have X, Z1, A1, Z2 and A2?", n_h=n_h, m=m),
        {"X": f"(2, {m})", **{name: shape(values) for name, values in cache._asdict().items()}},
        (tr("Rows are units, columns are examples: the hidden layer has n_h rows, the output n_y, and each m columns."),),
        room=2,
    )
    return exercise(slide_04, product, shapes)


def columns(draws: Draws, sheet: SheetNetwork) -> Exercise:
    """Slide 5."""
    W1 = sheet.parameters.W1
    other = draws.short(2, 1, 2, 0.5)
    changed = sheet.X.copy()
    changed[:, [1]] = other
    moved = columns_apart(W1, changed)[:, [1]]
    same = from_question(slide_05.predict(), tr("changes"))
    column = Part(
        tr("In X of the network above, x(2) is replaced by the column below. Compute that column of W1 X."),
        {"W1 x(2)": moved},
        by_rows("W1 x(2)", W1, other, None, moved),
        given=(("x(2)", other),),
    )
    n_h, m = draws.whole(2, 5), draws.whole(6, 9)
    pairs = (((n_h, m), (n_h, 1)), ((n_h, m), (m,)), ((n_h, m), (n_h,)), ((n_h, 1), (1, m)))
    table = {f"{written(a)} + {written(b)}": added(a, b) for a, b in pairs}
    broadcast = Part(
        tr("NumPy adds two arrays of these shapes. Which shape has the sum, or is it an error?") + " " + "; ".join(table) + ".",
        dict(table),
        (
            tr("Shapes are compared from the right. A length of 1, or one that is missing, is repeated; any other two must be equal."),
            tr(
                "A bias of shape {rows} is therefore an error, and one of shape {columns} is wrong without an error.",
                rows=written((n_h,)),
                columns=written((m,)),
            ),
        ),
    )
    return exercise(slide_05, same, column, broadcast)


def written(shape: tuple[int, ...]) -> str:
    """A shape as NumPy writes it."""
    return str(shape)


def added(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    """The shape of the sum of two arrays, as NumPy gives it."""
    try:
        return written((np.zeros(a) + np.zeros(b)).shape)
    except ValueError:
        return tr("an error")
