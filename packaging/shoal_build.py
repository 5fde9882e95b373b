"""hatchling's build backend, with wheels that bring the machine code of every kernel (`docs/engine.md`).

A wheel is compiled for one platform and one version of Python, by the Numba that the build installs, for each level of the platform's
processors (`engine/jit/processor.py`). SHOAL_LEVELS in the environment names some of them ("x86-64-v3 x86-64-v2"), or none (""): then the
wheel is for every platform and brings no code. Editable installs bring none.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from hatchling import build
from hatchling.build import build_editable, build_sdist, build_wheel, get_requires_for_build_editable, get_requires_for_build_sdist
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]
ROOT = Path(__file__).parents[1]
NEEDED = ("array-api-compat", "llvmlite", "numba", "numpy", "scipy", "threadpoolctl")  # by the engine
WANTED = os.environ.get("SHOAL_LEVELS")


def get_requires_for_build_wheel(config_settings: dict | None = None) -> list[str]:
    """hatchling's, and what compiles: the versions that pyproject.toml admits."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    compilers = [each for each in project["dependencies"] if each.partition(">")[0] in NEEDED]
    return build.get_requires_for_build_wheel(config_settings) + (compilers if WANTED != "" else [])


class MachineCodeHook(BuildHookInterface):
    """Asked by hatchling before and after it writes a wheel."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Compile, and have the wheel contain it."""
        self.folder = Path(tempfile.mkdtemp())
        if version == "editable" or not compiled(self.folder):
            return
        build_data["force_include"][str(self.folder / "shoal")] = "shoal/engine/machine_code"
        build_data["pure_python"] = False
        build_data["tag"] = tag()

    def finalize(self, version: str, build_data: dict, artifact_path: str) -> None:
        """Remove what is in the wheel now."""
        shutil.rmtree(self.folder, ignore_errors=True)


def compiled(folder: Path) -> bool:
    """Compile every kernel for every level, two processes at a time; False where there is no level to compile for."""
    levels = None if WANTED is None else WANTED.split()
    if levels == []:
        return False
    ask = "import json; from shoal.engine.jit.processor import FEATURES, levels; print(json.dumps([list(levels()), FEATURES]))"
    known, features = json.loads(run("-c", ask))
    levels = known if levels is None else levels
    for level in levels:
        settings = {"XDG_CACHE_HOME": str(folder), "NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": features.get(level, "")}
        work = "-m", "shoal.engine.ahead"
        other = subprocess.Popen([sys.executable, *work, "--backwards"], env=environment(**settings))
        try:
            run(*work, **settings)
        finally:
            if other.wait():
                raise RuntimeError(f"compiling for {level} failed")
    return bool(levels)


def environment(**settings: str) -> dict[str, str]:
    """This process's, with the package on the path and without settings of Numba's."""
    path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")} | {"PYTHONPATH": path} | settings


def run(*arguments: str, **settings: str) -> str:
    """What a process prints."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment(**settings), stdout=subprocess.PIPE, text=True, check=True).stdout


def tag() -> str:
    """The wheel's: this Python, and the platforms of the llvmlite that compiled, whose C library the code calls."""
    found = distribution("llvmlite").read_text("WHEEL") or ""
    platforms = sorted({line.rpartition("-")[2] for line in found.splitlines() if line.startswith("Tag:")})
    here = next(sys_tags())
    return f"{here.interpreter}-{here.abi}-{'.'.join(platforms) or here.platform}"
