"""The engine compiled before the reader needs it, in a process of its own: compiling holds Python's lock for seconds.

What was compiled lies in the engine's own cache on disk, where this server finds it; a mark beside it says that it is there.
"""

import subprocess
import sys
import threading
from contextlib import suppress

from shoal.engine.code_cache import cache_folder
from shoal.web.playground.data import of_sample
from shoal.web.playground.settings import read_settings, settings
from shoal.web.playground.training import Training

PROGRAM = "from shoal.web.playground.warm import train_a_little; train_a_little()"
LONGEST = 180.0  # seconds; after that the engine is compiled here, and the page waits
_TURN = threading.Lock()
_compiling: list[subprocess.Popen[bytes]] = []


def warm() -> None:
    """Returns when the engine is compiled; at once where it is already."""
    with _TURN:
        folder = cache_folder()
        if folder is None:
            return  # where nothing can be kept on disk, the first step compiles
        mark = folder / "playground.compiled"
        if mark.exists():
            return
        try:
            command, nothing = [sys.executable, "-P", "-c", PROGRAM], subprocess.DEVNULL
            with subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing) as process:
                _compiling.append(process)
                try:
                    ended = process.wait(LONGEST)
                finally:
                    process.kill()
                    _compiling.clear()
            if not ended:
                mark.touch()
        except (subprocess.SubprocessError, OSError):
            return


def stop() -> None:
    """End the process that compiles: the server ends."""
    with suppress(OSError, IndexError):
        _compiling[0].kill()


def train_a_little() -> None:
    """One epoch of what the playground trains."""
    data = of_sample("moons", 40, 0.1, 0.0, 0)
    Training(settings(read_settings({}), data.task, len(data.train)), data).advance(1)
