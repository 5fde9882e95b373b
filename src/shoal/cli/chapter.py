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
) -> None:
    """Open the lecture chapter as an interactive page. The equations compute every figure, on this machine only.

    The server runs until you press Ctrl-C. With --export the command writes the page as one file that opens
    without Python: sliders move between recorded values, and the playground replays one recorded run of each data set.
    """
    from shoal import web
    from shoal.errors import ShoalError

    try:
        if export is not None:
            print(f"the chapter is written to {web.export(export)}")
        else:
            web.serve(port, not no_browser, token)
    except ModuleNotFoundError as error:
        raise ShoalError(
            f"The live chapter needs the package {error.name!r}, which is not installed. Run: pip install 'shoal[chapter]'"
        ) from error
