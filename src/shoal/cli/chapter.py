"""`shoal chapter`: the interactive page of the lecture chapter."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "Example: `shoal chapter --port 8137`"


def chapter(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port on this machine. Default: a free port.", show_default=False)
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
    token: Annotated[
        str,
        typer.Option(
            envvar="SHOAL_TOKEN",
            help="Value that other programs must send as X-Shoal-Token to post. Default: only the page may post.",
            show_default=False,
        ),
    ] = "",
    export: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a copy that needs no server to DIR.", show_default=False)
    ] = None,
    exercises: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a sheet of exercises, and FILE-solutions.html.", show_default=False)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sheet's numbers. Default: 1.", show_default=False)] = None,
    sheets: Annotated[
        int | None, typer.Option(help="Sheets in the file, each from its own seed: SEED, SEED + 1, … Default: 1.", show_default=False)
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(
            metavar="LANGUAGE", help="en or fr. Default: the browser's language; English for a copy and for sheets.", show_default=False
        ),
    ] = None,
) -> None:
    """Open the lecture chapter as an interactive page. The equations compute every figure, on this machine only.

    The server runs until you press Ctrl-C. With --export the command writes the page as one file that opens
    without Python: sliders move between recorded values, and the playground replays one recorded run of each data set.

    With --exercises it writes sheets for paper: an exercise for each slide, with numbers drawn from a seed and short enough for a pocket
    calculator, and the solutions, step by step.
    """
    from shoal import web
    from shoal.errors import InvalidParameterError, ShoalError

    if exercises is None and (seed is not None or sheets is not None):
        raise InvalidParameterError("--seed and --sheets belong to --exercises FILE.html; give that, or leave them out.")
    if exercises is not None and export is not None:
        raise InvalidParameterError("--exercises and --export write different things; give one of them at a time.")
    try:
        if exercises is not None:
            file, solutions = web.write_exercises(exercises, 1 if seed is None else seed, 1 if sheets is None else sheets, lang or "en")
            print(f"the exercises are written to {file}, the solutions to {solutions}")
        elif export is not None:
            print(f"the chapter is written to {web.export(export, lang or 'en')}")
        else:
            web.serve(port, not no_browser, token, lang)
    except ModuleNotFoundError as error:
        raise ShoalError(
            f"The live chapter needs the package {error.name!r}, which is not installed. Run: pip install 'shoal[chapter]'"
        ) from error
