"""`shoal demo flower`: the companion exercise's table, computed with the textbook's functions.

`shoal demo vectorization`: slide 13 compares a loop with a product, on this machine.

`shoal demo`: the main commands on a real table, and two demonstrations of the chapter.
"""

import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from shoal.cli.output import print_json, print_table

FLOWER_EXAMPLE = "Example: `shoal demo flower --json`"
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


VECTORIZATION_EXAMPLE = "Example: `shoal demo vectorization`"
LENGTHS = (1_000_000, 10_000_000)
VECTORIZATION_SEED = 13  # the page's own


def vectorization(
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers and sums.")] = VECTORIZATION_SEED,
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


EXAMPLE = "Example: `shoal demo --folder digits`, then `shoal demo flower` and `shoal demo vectorization`"
TARGET = "digit"
SEED = 0

app = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown", epilog=EXAMPLE)
app.command("vectorization", epilog=VECTORIZATION_EXAMPLE)(vectorization)
app.command("flower", epilog=FLOWER_EXAMPLE)(flower)


@app.callback()
def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Option(help="Folder for the demo's files.")] = Path("shoal-demo"),
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = SEED,
) -> None:
    """Train on a real table, score on held-out rows, save the model, predict.

    The table has 1797 handwritten digits of 8 × 8 grey values each; the model predicts the digit. The table is part of
    scikit-learn, so the demo downloads nothing.
    """
    if context.invoked_subcommand is not None:
        return
    run_demo(folder, seed)


def run_demo(folder: Path, seed: int) -> None:
    """Write the table, fit, save, predict, and print what to try next."""
    from shoal.cli.fit import print_summary
    from shoal.cli.output import training_bar
    from shoal.cli.predict import write_predictions
    from shoal.files import made_folder, replacing
    from shoal.persistence import save
    from shoal.table_models import fit

    train, test = folder / "digits.csv", folder / "digits-unseen.csv"
    model_path, answers = folder / "digits.shoal", folder / "predictions.csv"
    made_folder(folder)
    for path, text in zip((train, test), digits(seed), strict=True):
        with replacing(path) as out:
            out.write(text.encode("utf-8"))
    print(f"1797 handwritten digits, 64 grey values each. The model predicts the digit. The tables are {train} and {test}.")
    with training_bar() as callbacks:
        model = fit.fit(train, TARGET, test=test, seed=seed, callbacks=callbacks)
    print_summary(fit.facts_of(model))
    save(model, model_path)
    n_rows = write_predictions(model, test, answers)
    print(f"model        {model_path}\npredictions  {answers}   ({n_rows} rows that were not used for training)\n")
    shoal = command()
    print(
        "Now try:\n"
        f"  {shoal} show {model_path}\n"
        f"  {shoal} fit {train} --target {TARGET} --set n_networks=1 --set hidden_layer_sizes=10\n"
        f"  {shoal} predict {model_path} {test} -o answers.csv\n"
        f"  {shoal} demo flower           the chapter's companion exercise\n"
        f"  {shoal} demo vectorization    the chapter's last slide\n"
        f"  {shoal} chapter               the chapter as an interactive page\n"
    )


def digits(seed: int) -> tuple[str, str]:
    """The table as two CSV texts: the second has a fifth of the rows."""
    from sklearn.datasets import load_digits

    from shoal.table import split_rows

    table = load_digits(as_frame=True).frame.rename(columns={"target": TARGET})
    sides = split_rows(len(table), table[TARGET].to_numpy(), seed=seed % 2**32)
    train, test = (table.iloc[rows].to_csv(index=False, float_format="%g") for rows in sides)
    return train, test


def command() -> str:
    """The command that runs this program: `shoal` if that is on the path, else the program's path."""
    here = Path(sys.argv[0])
    found = shutil.which("shoal")
    if not here.is_file() or (found and Path(found).samefile(here)):
        return "shoal"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)
