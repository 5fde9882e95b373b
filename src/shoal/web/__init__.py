"""The live chapter: `serve` opens it in the browser, `export` writes a copy that needs no server."""

from pathlib import Path


def serve(port: int | None = None, browser: bool = True, token: str = "") -> None:
    """Open the chapter on this machine and serve it until Ctrl-C. `port` None finds a free one; programs that post send the `token`."""
    from shoal.web.server import serve as run  # Starlette and uvicorn come with the extra shoal[chapter]

    run(port, browser, token)


def export(folder: str | Path) -> Path:
    """Write the chapter into `folder` as files that open without Python; returns the path of the page."""
    from shoal.web.static_copy import export_static

    return export_static(Path(folder))
