"""`shoal export`: write a model in a format that runs without shoal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
    check: Annotated[bool, typer.Option("--check/--no-check", help="Compare the ONNX model with the model, in ONNX Runtime.")] = True,
) -> None:
    """Write a model, including its preparation, as ONNX, C, JSON, Python, or an equation.

    The ONNX model takes the table's columns; it is compared with the model before it is written. C is one header and one source
    without dependencies, and a program that tests them. An equation is LaTeX if PATH ends in .tex.
    """
    from shoal.errors import ExportError, OutputError
    from shoal.export import portable
    from shoal.persistence import load

    if dtype is not None and to not in ("onnx", "c"):
        raise ExportError(f"--dtype {dtype} is for onnx and c only; {to} contains every digit.")
    if name is not None and to != "c":
        raise ExportError(f"--name {name} is for c only; {to} has no such names.")
    loaded = load(model)
    if output.exists() and output.samefile(model):
        raise OutputError(f"-o {output} is the model file itself; choose another name.")
    if to == "c":
        print(write_c(portable(loaded, "C"), output, name or model.stem, dtype or "double"))
    elif to == "onnx":
        print(write_onnx(portable(loaded, "ONNX", foreign=True), output, dtype or "float", check=check))
    else:
        print(write_text(portable(loaded, {"json": "JSON", "python": "Python"}.get(to, to)), to, output))


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
