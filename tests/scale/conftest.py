"""One small cluster for all tests of this folder."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from clusters import WITHIN_S, alive, running_cluster


@pytest.fixture(scope="session")
def shared_client() -> Iterator[Any]:
    """Of two workers, started by the first who asks."""
    with running_cluster() as client:
        yield client


@pytest.fixture
def client(shared_client: Any) -> Any:
    """The shared cluster's client, both workers alive: an earlier test may have killed one, which the scheduler counts for a moment."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        shared_client.wait_for_workers(2, timeout=WITHIN_S)
        answers = shared_client.run(os.getpid, on_error="return")
        if len(answers) == 2 and all(isinstance(pid, int) and alive(pid) for pid in answers.values()):
            return shared_client
    raise AssertionError(f"no two workers answer within {WITHIN_S} s")
