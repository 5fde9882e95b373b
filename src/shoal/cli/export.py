"""`shoal export`: write a model in a format that runs without shoal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from shoal.cli.options import ModelFile

if TYPE_CHECKING:
    from shoal.export import Portable

EXAMPLE = "Example: `shoal export titanic.shoal --to c -o titanic`"

Form = Literal["onnx", "c", "json", "python", "equation"]
Precision = Literal["float", "double"]


def export(
    model: ModelFile,
    to: Annotated[Form, typer.Option("--to", help="Format to write.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="PATH", help="File to write; for C a folder.", show_default=False)],
    dtype: Annotated[
        Precision | None,
        typer.Option(help="Precision of the hidden layer. Default: float for onnx, double for c.", show_default=False),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Prefix of the C files, types and functions. Default: the model file's name.", show_default=False),
    ] = None,
    small: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="Write one network without ramps that has learned what the model predicts for the rows of TABLE, with its loss in score.",
            show_default=False,
        ),
    ] = None,
    units: Annotated[int | None, typer.Option(help="Hidden units of --small. Default: 16.", show_default=False)] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Compare the ONNX model with the model, in ONNX Runtime.")] = True,
) -> None:
    """Write a model, including its preparation, as ONNX, C, JSON, Python, or an equation.

    The ONNX model takes the table's columns; it is compared with the model before it is written. C is one header and one source
    without dependencies, and a program that tests them; its flash, memory and multiplications are printed. With --small TABLE, best the
    table that the model was trained on, the scores of both models on held-out rows are printed. An equation is LaTeX if PATH ends in .tex.
    """
    from shoal.errors import ExportError, OutputError
    from shoal.export import portable
    from shoal.persistence import load

    if dtype is not None and to not in ("onnx", "c"):
        raise ExportError(f"--dtype {dtype} is for onnx and c only; {to} contains every digit.")
    if name is not None and to != "c":
        raise ExportError(f"--name {name} is for c only; {to} has no such names.")
    if units is not None and small is None:
        raise ExportError(f"--units {units} is for --small TABLE only; all units of the model are written without it.")
    loaded = load(model)
    if output.exists() and output.samefile(model):
        raise OutputError(f"-o {output} is the model file itself; choose another name.")
    about = [sizes(portable(loaded, "C"), dtype or "double", "the whole model")] if to == "c" and small is not None else []
    if small is not None:
        loaded, costs = smaller(loaded, small, units)
        about.append(costs)
    if to == "c":
        about.append(sizes(portable(loaded, "C"), dtype or "double", "this C"))
        done = write_c(portable(loaded, "C"), output, name or model.stem, dtype or "double")
    elif to == "onnx":
        done = write_onnx(portable(loaded, "ONNX", foreign=True), output, dtype or "float", check=check)
    else:
        done = write_text(portable(loaded, {"json": "JSON", "python": "Python"}.get(to, to)), to, output)
    print("\n".join([*about, done]))  # nothing is printed where nothing was written


def smaller(loaded: Any, table: Path, units: int | None) -> tuple[Any, str]:
    """One small network that has learned what a model predicts, and a line on what that costs."""
    from shoal.cli.output import number
    from shoal.table_models.distill import UNITS, distilled

    found = distilled(loaded, table, units=UNITS if units is None else units)
    costs = ", ".join(f"{name} {number(value)} → {number(found.after[name])}" for name, value in found.before.items())
    h = found.model["estimator"].network_.merged.W1.shape[0]
    line = f"small: {h} hidden units learned from {found.n_learned} rows; on {found.n_held} others ({found.held_out}): {costs}"
    return found.model, line


def sizes(model: "Portable", precision: Precision, what: str) -> str:
    """What a model's C takes of small machines, in lines."""
    from shoal.export import size_of
    from shoal.export.c99.machines import MACHINES

    return "\n".join(f"{what} on {size_of(model, precision, machine)}" for machine in MACHINES)


def write_c(model: "Portable", folder: Path, name: str, precision: Precision) -> str:
    """Write the folder; returns the line to print."""
    from shoal.export import c99, write_folder

    files = c99(model, name, precision)
    write_folder(folder, files)
    prefix = min(files, key=len).removesuffix(".h").removesuffix(".c")
    return f"{', '.join(files)} written to {folder}; try: cc -O2 -std=c99 {prefix}.c {prefix}_test.c -o {prefix} -lm && ./{prefix}"


def write_onnx(model: "Portable", path: Path, precision: Precision, *, check: bool) -> str:
    """Write the file if it agrees with the model; returns the line to print."""
    from shoal.export.onnx_graph import check_onnx, model_onnx
    from shoal.files import replacing

    proto = model_onnx(model, precision)
    result = "not compared with the model"
    if check:
        result = f"in ONNX Runtime it agrees to {check_onnx(proto, model, precision):.1g} of the output's range"
    with replacing(path) as out:
        out.write(proto.SerializeToString())
    return f"{path} written; {result}"


def write_text(model: "Portable", to: Form, path: Path) -> str:
    """Write JSON, Python or an equation; returns the line to print."""
    from shoal import export as forms
    from shoal.files import replacing

    equation = forms.model_latex if path.suffix == ".tex" else forms.model_equation
    made = {"json": forms.model_json, "python": forms.python_text, "equation": equation}[to](model)
    with replacing(path) as out:
        out.write(made.encode("utf-8"))
    return f"{path} written"
