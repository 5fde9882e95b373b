"""Exercises on slides 9 to 13: descent, the six formulas, zeros, the size of first weights, loop and product."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from shoal.textbook import ACTIVATIONS, Forward, Gradients, Parameters, backward, cost, forward, gradient_step, make_loss
from shoal.textbook.initialization import he, normal, xavier, zeros
from shoal.textbook.vectorization import dot, dot_by_loop
from shoal.web.exercises.draws import Draws, SheetNetwork
from shoal.web.exercises.parts import Exercise, Part, colon, each, exercise, factor, from_question, products, shape
from shoal.web.exhibits import slide_09, slide_10, slide_11, slide_12, slide_13
from shoal.web.exhibits.predict import shown
from shoal.web.languages import decimal, tr

TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")


def descent(draws: Draws, sheet: SheetNetwork) -> Exercise:
    """Slide 9."""
    alpha = draws.of([0.1, 0.2, 0.5, 1.2, 2.0])
    flat = replace(Gradients(*(np.zeros((1, 1)) for _ in range(6))), dW2=np.zeros((1, 2)), db2=np.zeros((1, 1)))
    slopes = replace(flat, dW1=draws.short(2, 2, 0.5, 0.05), db1=draws.short(2, 1, 0.2, 0.05))
    after = gradient_step(sheet.parameters, slopes, alpha)
    W1, b1, _, _ = sheet.parameters
    step = Part(
        tr(
            "For the network above the derivatives are these, and α = {alpha}. Take one step of descent: the new W1 and b1.",
            alpha=shown(alpha),
        ),
        {"W1": after.W1, "b1": after.b1},
        (
            *each("W1", after.W1, [f"{shown(w)} − {shown(alpha)} · {factor(d)}" for w, d in zip(W1.flat, slopes.dW1.flat, strict=True)]),
            *each("b1", after.b1, [f"{shown(w)} − {shown(alpha)} · {factor(d)}" for w, d in zip(b1.flat, slopes.db1.flat, strict=True)]),
        ),
        given=(("dW1", slopes.dW1), ("db1", slopes.db1)),
        room=4,
    )
    Z2 = draws.short(1, 3, 2)
    A2 = SIGMOID(Z2)
    losses = SIGMOID.loss(Z2, sheet.Y)
    J = float(cost(Forward(Z2, Z2, Z2, A2), sheet.Y, SIGMOID))
    mean = Part(
        tr("A network answers A2 for the three examples above, whose classes are in Y. Compute its cost J, to four digits."),
        {"J": J},
        (
            *(
                f"L({i + 1}) = −ln({shown(a)}) = {shown(loss)}"
                for i, (a, loss) in enumerate(zip(np.where(sheet.Y > 0.5, A2, 1 - A2)[0], losses, strict=True))
            ),
            f"J = ({' + '.join(shown(v) for v in losses)}) / 3 = {shown(J)}",
        ),
        given=(("Z2", Z2), ("A2", A2), ("Y", sheet.Y)),
    )
    return exercise(slide_09, step, mean)


def six_formulas(_: Draws, sheet: SheetNetwork) -> Exercise:
    """Slide 10, for one example."""
    x, y = sheet.X[:, [0]], sheet.Y[:, [0]]
    cache = forward(sheet.parameters, x, TANH, SIGMOID)
    g = backward(sheet.parameters, x, y, cache, TANH, SIGMOID)
    W2, A1, e = sheet.parameters.W2, cache.A1, float(g.dZ2[0, 0])
    prime = TANH.prime(cache.Z1)
    output = Part(
        tr(
            "Example 1 of the network above is all the data, so m = 1. Use A1 and A2 of exercise 3: "
            "compute dZ2, dW2 and db2, to four digits."
        ),
        {"dZ2": g.dZ2, "dW2": g.dW2, "db2": g.db2},
        (
            f"dZ2 = A2 − Y = {shown(cache.A2[0, 0])} − {shown(y[0, 0])} = {shown(e)}",
            *each("dW2", g.dW2, [f"{factor(e)} · {factor(a)}" for a in A1[:, 0]]),
            f"db2 = dZ2 = {shown(e)}",
        ),
    )
    hidden = Part(
        tr("Compute dZ1, dW1 and db1."),
        {"dZ1": g.dZ1, "dW1": g.dW1, "db1": g.db1},
        (
            "dZ1 = W2ᵀ dZ2 ∘ (1 − A1²)",
            *each("dZ1", g.dZ1, [products([(w, e)]) + f" · {shown(s)}" for w, s in zip(W2[0], prime[:, 0], strict=True)]),
            *each("dW1", g.dW1, [f"{factor(d)} · {factor(v)}" for d in g.dZ1[:, 0] for v in x[:, 0]]),
            tr("db1 = dZ1, because there is one example"),
        ),
        room=5,
    )
    m = 400
    whole = np.zeros((2, m))
    apart, column = whole.sum(axis=1), whole.sum(axis=1, keepdims=True)
    trap = Part(
        tr(
            "With m = {m} examples dZ1 has the shape {whole}. Which shape has np.sum(dZ1, axis=1), and which with keepdims=True? "
            "Which shape has b1 after a step with each?",
            m=m,
            whole=shape(whole),
        ),
        {
            "np.sum(dZ1, axis=1)": shape(apart),
            tr("with keepdims=True"): shape(column),
            tr("b1 without"): shape(np.zeros((2, 1)) - apart),
            tr("b1 with"): shape(np.zeros((2, 1)) - column),
        },
        (tr("(2, 1) − (2,) is of shape (2, 2): without keepdims the bias becomes a matrix, and the next W1 X + b1 fails."),),
        room=2,
    )
    return exercise(slide_10, output, hidden, trap)


def zero_weights(_: Draws, sheet: SheetNetwork) -> Exercise:
    """Slide 11."""
    x, y = sheet.X[:, [0]], sheet.Y[:, [0]]
    start = zeros(2, 2, 1)
    cache = forward(start, x, TANH, SIGMOID)
    g = backward(start, x, y, cache, TANH, SIGMOID)
    computed = Part(
        tr("Set all parameters of the network above to 0. For example 1 alone, compute A1, A2, dZ2, dW2, dW1 and db2."),
        {"A1": cache.A1, "A2": cache.A2, "dZ2": g.dZ2, "dW2": g.dW2, "dW1": g.dW1, "db2": g.db2},
        (
            decimal("Z1 = 0, A1 = tanh(0) = 0, Z2 = 0, A2 = σ(0) = 0.5"),
            f"dZ2 = {shown(0.5)} − {shown(y[0, 0])} = {shown(g.dZ2[0, 0])} = db2",
            tr("dW2 = dZ2 A1ᵀ = 0, because A1 is 0; dW1 = 0, because W2 is 0. The bias b2 alone learns."),
        ),
        room=4,
    )
    return exercise(slide_11, computed, from_question(slide_11.predict(), tr("different rows")))


def deviation(rule: Callable[..., Parameters], n_x: int, n_h: int) -> float:
    """The standard deviation of W1 by a rule: what it makes of standard normal numbers, over these numbers."""
    scaled, plain = rule(np.random.RandomState(0), n_x, n_h, 1), normal(np.random.RandomState(0), n_x, n_h, 1, 1, 1)
    return float(scaled.W1[0, 0] / plain.W1[0, 0])


def first_weights(draws: Draws, _: SheetNetwork) -> Exercise:
    """Slide 12."""
    drawn, x = draws.short(1, 2, 1.5), draws.short(2, 1, 2, 0.5)
    while abs(float((drawn @ x)[0, 0])) < 0.3:  # the two terms must not cancel: then large weights would not matter
        drawn, x = draws.short(1, 2, 1.5), draws.short(2, 1, 2, 0.5)
    small, large = (float((scale * drawn @ x)[0, 0]) for scale in (0.01, 10))
    slopes = [float(TANH.prime(np.array(z))) for z in (small, large)]
    sums = products(zip(drawn[0], x[:, 0], strict=True))
    sizes = Part(
        tr(
            "A tanh unit begins with w = s · r and b = 0. Compute z = w x and the slope tanh′(z) for s = 0.01 and "
            "for s = 10, to two digits. With which s does it learn?"
        ),
        {
            decimal("z (s = 0.01)"): small,
            tr("slope (s = 0.01)"): slopes[0],
            "z (s = 10)": large,
            tr("slope (s = 10)"): slopes[1],
            tr("learns with"): decimal("s = 0.01"),
        },
        (
            f"r x = {sums} = {shown(float((drawn @ x)[0, 0]))}",
            tr("s = {s}: z = {z}", s=shown(0.01), z=shown(small)) + f", 1 − tanh(z)² = {shown(slopes[0])}",
            tr("s = {s}: z = {z}", s=10, z=shown(large)) + f", 1 − tanh(z)² = {shown(slopes[1])}",
        ),
        given=(("r", drawn), ("x", x)),
    )
    n_x, n_h = draws.of([8, 16, 32, 50, 72, 98]), draws.of([4, 10, 20])
    by_he, by_xavier = deviation(he, n_x, n_h), deviation(xavier, n_x, n_h)
    rules = Part(
        tr(
            "A layer has n_x = {n_x} inputs and n_h = {n_h} units. Which standard deviation has W1 by He’s rule, and by Xavier’s?",
            n_x=n_x,
            n_h=n_h,
        ),
        {"He": by_he, "Xavier": by_xavier},
        (
            colon("He") + f"√(2 / n_x) = √(2 / {n_x}) = {shown(by_he)}",
            colon("Xavier") + f"√(2 / (n_x + n_h)) = √(2 / {n_x + n_h}) = {shown(by_xavier)}",
        ),
        room=2,
    )
    return exercise(slide_12, sizes, rules)


def loop_and_product(draws: Draws, _: SheetNetwork) -> Exercise:
    """Slide 13."""
    a, b = draws.short(1, 4, 2, 0.5)[0], draws.short(1, 4, 2, 0.5)[0]
    partial = np.array([[float(dot_by_loop(a[:i], b[:i])) for i in range(1, 5)]])
    loop = Part(
        tr("The loop computes c = 0, then c += a[i] * b[i] for i = 0, 1, 2, 3. Write c after each pass, and np.dot(a, b)."),
        {"c": partial, "np.dot(a, b)": float(dot(a, b))},
        tuple(
            colon(tr("after i = {i}", i=i)) + f"{products(zip(a[: i + 1], b[: i + 1], strict=True))} = {shown(partial[0, i])}"
            for i in range(4)
        ),
        given=(("a", a[None]), ("b", b[None])),
    )
    length = draws.of(["1e5", "1e6", "1e7"])
    return exercise(slide_13, loop, from_question(slide_13.predict(length), tr("about"), float(length) / 4, room=1))
