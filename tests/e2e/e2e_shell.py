"""The installed command in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SHOAL = Path(sys.executable).parent / "shoal"
# One thread for the matrix library: two tests at once would otherwise wait for each other's threads.
SURROUNDINGS = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "120"}
SURROUNDINGS.pop("SHOAL_DEBUG", None)


def shoal(*arguments: object, cwd: Path, limit: float = 300, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run `shoal` with these arguments in a folder."""
    return subprocess.run(
        [str(SHOAL), *map(str, arguments)], cwd=cwd, env=SURROUNDINGS, capture_output=True, text=True, timeout=limit, check=False, **more
    )


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


class Warm:
    """A warm process, called like `shoal`; for the many commands that end before there is much to do."""

    def __init__(self) -> None:
        script = Path(__file__).parent / "e2e_warm.py"
        self.process = subprocess.Popen(
            [sys.executable, str(script)], env=SURROUNDINGS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __call__(self, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"arguments": list(map(str, arguments)), "folder": str(cwd)}) + "\n")
        done = json.loads(self.process.stdout.readline())
        return subprocess.CompletedProcess(arguments, done["code"], done["stdout"], done["stderr"])

    def close(self) -> None:
        """End the process."""
        self.process.communicate(timeout=30)
