"""A process that runs one `shoal` command after another, so that each need not start Python and import everything anew.

Reads lines of JSON, `{"arguments": […], "folder": …}`, and answers each with `{"code", "stdout", "stderr"}`.
"""

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

from shoal.cli import main


def run(arguments: list[str], folder: str) -> dict[str, object]:
    """One command with file descriptors of its own."""
    os.chdir(folder)
    sys.argv = ["shoal", *arguments]
    code: object = 0
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as stop:
                code = stop.code or 0
        out.seek(0)
        err.seek(0)
        return {"code": code, "stdout": out.read(), "stderr": err.read()}


if __name__ == "__main__":
    home = Path.cwd()
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)
        os.chdir(home)
