"""One small cluster for all tests of this folder."""

from collections.abc import Iterator
from typing import Any

import pytest

from clusters import WITHIN_S, running_cluster


@pytest.fixture(scope="session")
def shared_client() -> Iterator[Any]:
    """Of two workers, started by the first who asks."""
    with running_cluster() as client:
        yield client


@pytest.fixture
def client(shared_client: Any) -> Any:
    """The shared cluster's client, both workers alive: an earlier test may have killed one."""
    shared_client.wait_for_workers(2, timeout=WITHIN_S)
    return shared_client
