"""`shoal demo`: the main commands on a real table, and two demonstrations of the chapter."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from shoal.cli import demo_flower, demo_vectorization

EXAMPLE = "Example: `shoal demo --folder digits`, then `shoal demo flower` and `shoal demo vectorization`"
TARGET = "digit"
SEED = 0

app = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown", epilog=EXAMPLE)
app.command("vectorization", epilog=demo_vectorization.EXAMPLE)(demo_vectorization.vectorization)
app.command("flower", epilog=demo_flower.EXAMPLE)(demo_flower.flower)


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
    from shoal.cli.predict import write_predictions
    from shoal.cli.progress import training_bar
    from shoal.estimators import raw
    from shoal.files import made_folder, replacing
    from shoal.persistence import save

    train, test = folder / "digits.csv", folder / "digits-unseen.csv"
    model_path, answers = folder / "digits.shoal", folder / "predictions.csv"
    made_folder(folder)
    for path, text in zip((train, test), digits(seed), strict=True):
        with replacing(path) as out:
            out.write(text.encode("utf-8"))
    print(f"1797 handwritten digits, 64 grey values each. The model predicts the digit. The tables are {train} and {test}.")
    with training_bar() as callbacks:
        model = raw.fit(train, TARGET, test=test, seed=seed, callbacks=callbacks)
    print_summary(raw.facts_of(model))
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
