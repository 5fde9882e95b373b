"""The live chapter: `serve` opens it in the browser, `export` writes a copy without a server, `write_exercises` sheets to print."""

from pathlib import Path


def serve(port: int | None = None, browser: bool = True, token: str = "", lang: str | None = None) -> None:
    """Open the chapter on this machine and serve it until Ctrl-C.

    `port` None finds a free one; programs that post send the `token`; `lang` None leaves the language to the browser.
    """
    from shoal.web.server import serve as run  # Starlette and uvicorn come with the extra shoal[chapter]

    run(port, browser, token, lang)


def export(folder: str | Path, lang: str = "en") -> Path:
    """Write the chapter in one language into `folder` as files that open without Python; returns the path of the page."""
    from shoal.web.static_copy import export_static

    return export_static(Path(folder), lang=lang)


def write_exercises(file: str | Path, seed: int = 1, sheets: int = 1, lang: str = "en") -> tuple[Path, Path]:
    """Write sheets of exercises in one language into `file`, one for each seed from `seed` on, and their solutions beside it.

    Returns both paths.
    """
    from shoal.web.exercises.page import write_sheets

    return write_sheets(Path(file), seed, sheets, lang)
