"""The package's own facts: public names, types and version, each written once. `python tests/unit/test_public_names.py` writes the stub."""

import re
import subprocess
import sys
from pathlib import Path

import shoal

HOME = Path(shoal.__file__).parent
ROOT = HOME.parents[1]


def stub() -> str:
    """`__init__.pyi`, as the table of `__init__.py` has it."""
    lines = ["# Written by `python tests/unit/test_public_names.py` from the table in __init__.py."]
    for module, names in sorted([*shoal._HOMES.items(), ("shoal", shoal._PACKAGES)]):
        lines += [f"from {module} import {name} as {name}" for name in names]
    listed = "".join(f'    "{name}",\n' for name in shoal.__all__)
    return "\n".join([*lines, "", "__version__: str", f"__all__ = [\n{listed}]", ""])


def test_the_stub_is_the_table():
    assert (HOME / "__init__.pyi").read_text(encoding="utf-8") == stub(), "run `python tests/unit/test_public_names.py`"


def test_every_public_name_is_there_and_is_listed():
    for name in shoal.__all__:
        assert getattr(shoal, name) is not None
    assert dir(shoal) == shoal.__all__
    assert shoal.DataError.__module__ == "shoal.errors"


def test_import_shoal_imports_none_of_its_heavy_packages():
    asked = "import sys, shoal; print([n for n in ('numpy', 'sklearn', 'numba', 'pandas', 'scipy', 'skops') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_the_version_stands_once():
    assert re.fullmatch(r"\d+\.\d+\.\d+", shoal.__version__)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert not re.search(r"^version\s*=", project, re.M), "pyproject.toml reads it from __init__.py"
    assert f"\nversion: {shoal.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_package_says_that_it_is_typed():
    assert (HOME / "py.typed").is_file()


if __name__ == "__main__":
    (HOME / "__init__.pyi").write_text(stub(), encoding="utf-8")
