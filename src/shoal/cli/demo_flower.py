"""`shoal demo flower`: the companion exercise's table, computed with the textbook's functions."""

import sys
from typing import Annotated, Any

import typer

from shoal.cli.tables import print_json, print_table

EXAMPLE = "Example: `shoal demo flower --json`"
STEPS = 5000
EXERCISE_SEED = 2


def flower(
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of the initial weights. The published figures are for the exercise's seed, 2.")
    ] = EXERCISE_SEED,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list and nothing else.")] = False,
) -> None:
    """Run the companion exercise: 400 points in the shape of a flower, learned with 1 to 50 hidden units.

    Each network trains for 5000 steps of batch gradient descent from the exercise's initial weights. The table shows the accuracy on the
    training points and the published accuracy. With 20 and 50 units they may differ by a point, because the rounding of the matrix
    library grows over 5000 steps. Another seed gives other initial weights and other figures; the points stay the same.
    """
    from shoal.textbook.flower import PUBLISHED_ACCURACY

    found = []
    for n_h, published in PUBLISHED_ACCURACY.items():
        if sys.stderr.isatty():
            print(f"\r{n_h} hidden units ...   ", end="", file=sys.stderr, flush=True)
        found.append({"n_h": n_h, **replayed(n_h, seed), "published": published})
    if sys.stderr.isatty():
        print("\r" + " " * 30, end="\r", file=sys.stderr, flush=True)
    if as_json:
        print_json(found)
        return
    rows = [[str(r["n_h"]), f"{r['accuracy']:.2f}", f"{r['published']:.2f}", f"{r['cost']:.5f}"] for r in found]
    start = "" if seed == EXERCISE_SEED else f", from the weights of seed {seed}"
    print_table(["hidden units", "accuracy, %", "published, %", "cost"], rows, f"the flower after {STEPS} steps{start}", numbers=range(5))


def replayed(n_h: int, seed: int = EXERCISE_SEED) -> dict[str, Any]:
    """Accuracy in percent and cost after the last update."""
    from shoal.textbook import ACTIVATIONS, cost, exercise_parameters, flower, forward, make_loss, train
    from shoal.textbook.flower import LEARNING_RATE

    X, Y = flower()
    g1, g2 = ACTIVATIONS["tanh"], make_loss("sigmoid")
    cache = forward(train(exercise_parameters(n_h, seed=seed), X, Y, g1, g2, LEARNING_RATE, STEPS), X, g1, g2)
    return {"accuracy": 100 * float(((cache.A2 > 0.5) == (Y == 1)).mean()), "cost": float(cost(cache, Y, g2))}
