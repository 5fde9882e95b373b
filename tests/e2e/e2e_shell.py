"""The command line, in this process or in one of its own."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest

from shoal.cli import main
from shoal.engine.jit.waiting import LINE

SHOAL = Path(sys.executable).parent / "shoal"
# One thread for the matrix library: two tests at once would otherwise wait for each other's threads.
SURROUNDINGS = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "120"}
SURROUNDINGS.pop("SHOAL_DEBUG", None)


def command(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `shoal` with these arguments in a folder, in this process: to start another and import everything takes seconds."""
    code: object = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        warnings.catch_warnings(),
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8") as err,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(cwd),
    ):
        patch.setattr(sys, "argv", ["shoal", *map(str, arguments)])
        patch.setenv("COLUMNS", SURROUNDINGS["COLUMNS"])
        patch.delenv("SHOAL_DEBUG", raising=False)
        warnings.resetwarnings()  # as in a process of its own, where they are no errors
        for hidden in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", hidden)
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        for printed in (out, err):
            printed.seek(0)
        return without_waits(subprocess.CompletedProcess(list(arguments), code, out.read(), err.read()))  # type: ignore[arg-type]


def own_process(*arguments: object, cwd: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """The same by the installed command, in a process of its own."""
    done = subprocess.run(
        [str(SHOAL), *map(str, arguments)], cwd=cwd, env=SURROUNDINGS, capture_output=True, text=True, timeout=300, check=False, **more
    )
    return without_waits(done)


def without_waits(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """The same without the line about the compiler, which depends on what ran on this machine before."""
    done.stderr = done.stderr.replace(f"{LINE}\n", "")
    return done


def answer(done: subprocess.CompletedProcess[str]) -> str:
    """What a command printed that went well and had nothing to say on stderr."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def answer_json(done: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON value on stdout."""
    return json.loads(answer(done))


def refusal(done: subprocess.CompletedProcess[str], *, looked: bool = False) -> str:
    """The one line of a named error, after nothing went to stdout, or, where training had begun, the table of columns alone."""
    assert done.returncode == 2
    assert "columns" in done.stdout.partition("\n")[0] if looked else done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr
