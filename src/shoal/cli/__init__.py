"""The command line. Each command parses, calls, prints; everything heavy is imported inside the commands."""

import atexit
import gc
import os
import sys
import warnings
from functools import partial
from typing import Annotated, TextIO

import typer

from shoal import __version__
from shoal.cli import calibrate, chapter, demo, export, fit, look, predict, report, show
from shoal.engine.jit.waiting import waits_announced
from shoal.errors import ShoalError
from shoal.files import reading_once

SETTING = "--set"

app = typer.Typer(
    name="shoal",
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("fit", epilog=fit.EXAMPLE)(reading_once()(fit.fit))
app.command("look", epilog=look.EXAMPLE)(reading_once()(look.look))
app.command("predict", epilog=predict.EXAMPLE)(reading_once()(predict.predict))
app.command("evaluate", epilog=show.EVALUATE_EXAMPLE)(reading_once()(show.evaluate))
app.command("calibrate", epilog=calibrate.EXAMPLE)(reading_once()(calibrate.calibrate))
app.command("show", epilog=show.EXAMPLE)(show.show)
app.command("diagnose", epilog=show.DIAGNOSE_EXAMPLE)(reading_once()(show.diagnose))
app.command("report", epilog=report.EXAMPLE)(reading_once()(report.report))
app.command("export", epilog=export.EXAMPLE)(export.export)
app.add_typer(demo.app, name="demo")
app.command("chapter", epilog=chapter.EXAMPLE)(chapter.chapter)


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        print(f"shoal {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=print_version, is_eager=True)] = False,
) -> None:
    """Shallow neural networks: from a table to a trained and tested model. To begin, try: `shoal demo`"""


def main() -> None:
    """Run a command. A named error prints one line on stderr and exits with code 2."""
    warnings.showwarning = _one_line
    atexit.register(gc.freeze)  # the system takes memory back at once; to free every object of the packages takes a fifth of a second
    try:
        with waits_announced(partial(print, file=sys.stderr)):
            app(_spread_settings(sys.argv[1:]), prog_name="shoal")
    except ShoalError as error:
        _stop(str(error), 2)
    except MemoryError:
        _stop("This machine has no memory left. Use fewer rows or columns, or smaller settings.", 2)
    except OSError as error:
        _stop(f"{error.filename or 'The output'} could not be used: {error.strerror or error}.", 2)
    except Exception as error:
        if os.environ.get("SHOAL_DEBUG"):
            raise
        _stop(f"{type(error).__name__}: {error} (this is a bug in shoal: please report it; set SHOAL_DEBUG=1 to see where it happened)", 1)


def _stop(text: str, code: int) -> None:
    print(f"error: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(code)


def _one_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None
) -> None:
    print(f"warning: {' '.join(str(message).split())}", file=file or sys.stderr)


def _spread_settings(arguments: list[str]) -> list[str]:
    """`--set a=1 b=2` as `--set a=1 --set b=2`, because an option of the parser takes one value at a time."""
    spread: list[str] = []
    inside = False
    for argument in arguments:
        name = argument.partition("=")[0]
        more = inside and "=" in argument and name.isidentifier() and spread[-1] != SETTING
        spread.extend([SETTING, argument] if more else [argument])
        inside = argument == SETTING or (inside and (more or spread[-2:-1] == [SETTING]))
    return spread
