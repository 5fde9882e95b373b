"""`shoal chapter`: the live page on which every number of the chapter moves."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "Example: `shoal chapter --port 8137`"


def chapter(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port on this machine; else a free one.", show_default=False)] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
    token: Annotated[
        str,
        typer.Option(
            envvar="SHOAL_TOKEN", help="What programs that post send as X-Shoal-Token; else only the page may.", show_default=False
        ),
    ] = "",
    export: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a copy that needs no server into DIR.", show_default=False)
    ] = None,
) -> None:
    """Open the lecture chapter as a live page: every figure computed from the equations, on this machine only.

    The page stays open until Ctrl-C. With --export the page is written as one file that opens
    without Python: sliders snap to recorded values, and the playground replays a recorded run of each set.
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
