"""One small cluster for all tests of this folder."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from clusters import running_cluster


class SharedCluster:
    """Two workers; a new cluster where one that a test has killed does not come back."""

    def __init__(self) -> None:
        self.open = ExitStack()
        self.client: Any = None

    def ready(self) -> Any:
        """The client, both workers alive."""
        if self.client is not None:
            try:
                self.client.wait_for_workers(2, timeout=10)
            except TimeoutError:
                self.open.close()
                self.client = None
        if self.client is None:
            self.client = self.open.enter_context(running_cluster())
        return self.client


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[SharedCluster]:
    """Started by the first who asks."""
    cluster = SharedCluster()
    with cluster.open:
        yield cluster


@pytest.fixture
def client(shared_cluster: SharedCluster) -> Any:
    """The shared cluster's client, both workers alive: an earlier test may have killed one."""
    return shared_cluster.ready()
