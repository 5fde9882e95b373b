"""What every test may ask for: the shared tables, and skips that are failures where nothing may be missing."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
IN_CI = bool(os.environ.get("SHOAL_CI"))


def missing(what: str) -> None:
    """Skip with a reason on a user's machine; fail under `.ci/run`, where nothing may be missing."""
    if IN_CI:
        pytest.fail(f"{what} (a skip that .ci/run turns into a failure)")
    pytest.skip(what)


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
