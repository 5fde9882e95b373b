"""Skips that are failures where nothing may be missing."""

import os
from typing import NoReturn

import pytest

IN_CI = bool(os.environ.get("SHOAL_CI"))


def missing(what: str) -> NoReturn:
    """Skip with a reason on a user's machine; fail under `.ci/run`, where nothing may be missing."""
    if IN_CI:
        pytest.fail(f"{what} (a skip that .ci/run turns into a failure)")
    pytest.skip(what)
