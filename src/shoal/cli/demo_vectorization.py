"""`shoal demo vectorization`: slide 13 compares a loop with a product, on this machine."""

from typing import Annotated

import typer

from shoal.cli.tables import print_json, print_table

EXAMPLE = "Example: `shoal demo vectorization`"
LENGTHS = (1_000_000, 10_000_000)
SEED = 13  # the page's own


def vectorization(
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers and sums.")] = SEED,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list and nothing else.")] = False,
) -> None:
    """Run slide 13: compute the sum of a[i]·b[i] by a Python loop and by np.dot, and compare the ratio of the times with the slide's 955.

    The slide lists a million numbers, but its sum is that of ten million: the command runs both lengths. The slide times the first call
    of np.dot, which includes its start-up; this command takes the best of eleven calls on one thread. The loop runs once.
    """
    from shoal.web.exhibits.slide_13 import BEST_OF, PRINTED, measured

    found = [measured(n, seed) for n in LENGTHS]
    if as_json:
        print_json(found)
        return
    rows = [[f"{r['n']:,}", f"{r['loop_ms']:.1f}", f"{r['product_ms']:.3f}", f"{r['ratio']:.0f}", f"{r['product']:.6f}"] for r in found]
    rows.append(
        ["the slide", f"{PRINTED['loop_ms']:.1f}", f"{PRINTED['product_ms']:.3f}", f"{PRINTED['ratio']:.0f}", f"{PRINTED['sum']:.6f}"]
    )
    print_table(["numbers", "loop, ms", "np.dot, ms", "ratio", "sum"], rows, "loop against product", numbers=range(5))
    worst = max(r["relative"] for r in found)
    print(f"np.dot: best of {BEST_OF} on one thread; loop: once. Both give the same sum to a relative {worst:.0e}.")
    print(
        "The mean of a·b is 1/4 for uniform numbers. The slide's sum is therefore that of 10,000,000 numbers, not of the listed 1,000,000."
    )
