"""What every test may ask for: the shared tables, and skips that are failures where nothing may be missing."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from shoal.engine.jit import waiting
from skips import missing

# The same examples in every run and on every machine (no unseeded draw), without a clock (a busy machine is no failure).
settings.register_profile("shoal", derandomize=True, deadline=None, max_examples=50, database=None)
settings.load_profile("shoal")

# Of both precisions, with and without validation rows: what nearly every test trains with.
COMPILED_BY = """
import numpy as np, shoal
X = np.arange(240.0).reshape(120, 2) % 7
for dtype in ("float32", "float64"):
    shoal.ShoalRegressor(dtype=dtype, max_iter=2, n_networks=2).fit(X, X[:, 0])
"""


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels once, before the workers begin, and in a process of its own.

    Two workers would both compile them; and the process that compiles ends in other last digits than those that load its code.
    """
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        subprocess.run([sys.executable, "-W", "ignore", "-c", COMPILED_BY], check=True, cwd=Path(__file__).parents[1])


# Files whose tests share one browser, or one cluster of processes.
TOGETHER = {"tests/e2e/test_page": "browser", "tests/e2e/test_cli_report": "browser", "tests/scale/": "cluster"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadscope` a file's tests run in one worker, so that its models are fitted once, and files of `TOGETHER` in one too."""
    if config.option.dist != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling  # a run without workers needs no xdist

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return next((shared for start, shared in TOGETHER.items() if file.startswith(start)), file)

    return ByFile(config, log)


DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the shared tables, `SHOAL_DATA` or ../shared/data."""
    if not (DATA / "manifest.json").exists():
        missing(f"the shared tables are not in {DATA}; set SHOAL_DATA to their folder")
    return DATA


@pytest.fixture(scope="session")
def manifest(data_folder: Path) -> dict[str, Any]:
    """name → entry of every shared set."""
    return json.loads((data_folder / "manifest.json").read_text())["datasets"]


@pytest.fixture
def one_torch_thread() -> Iterator[None]:
    """Threads of PyTorch's that wait for a busy neighbour's core take a hundred times as long as products as little as the tests'."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def no_line_about_the_compiler():
    """Whether a fit waits for the compiler depends on what ran on this machine before; tests/unit/test_compiler_waits.py has the line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "APART", math.inf)
        yield
