"""One small cluster for all tests of this folder."""

import pytest

from clusters import running_cluster


@pytest.fixture(scope="session")
def shared_cluster():
    """Two workers."""
    with running_cluster() as client:
        yield client


@pytest.fixture
def client(shared_cluster):
    """The shared cluster's client, both workers alive: an earlier test may have killed one."""
    shared_cluster.wait_for_workers(2, timeout=15)
    return shared_cluster
