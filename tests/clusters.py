"""Small Dask clusters of real processes, and what may happen to them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skips import missing


@contextmanager
def running_cluster(n_workers: int = 2) -> Iterator[Any]:
    """A client of a new cluster of single-threaded processes; afterwards none of these is left."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        missing(f"{error.name} is not installed: pip install 'shoal[dask]'")
    settings = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": "CRITICAL"}
    with LocalCluster(n_workers=n_workers, **settings) as cluster, Client(cluster) as client:
        yield client
        processes = [worker.pid for worker in cluster.workers.values()]
    assert [pid for pid in processes if alive(pid)] == []


def alive(pid: int) -> bool:
    """Whether a process runs."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def kill_a_worker(client: Any) -> None:
    """End one of the cluster's worker processes, as a machine that fails does."""
    worker = next(iter(client.cluster.workers.values()))
    os.kill(worker.pid, signal.SIGKILL)


@contextmanager
def own_scheduler() -> Iterator[tuple[str, Any]]:
    """The address of a scheduler in a process of its own, with one worker, and what ends it as a power cut does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    port = address.rpartition(":")[2]
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--dashboard-address", ":0"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--dashboard-address", ":0"]
    with subprocess.Popen(scheduler, **quiet) as first, subprocess.Popen(worker, **quiet) as second:
        try:
            yield address, first.kill
        finally:
            second.kill()
            first.kill()
