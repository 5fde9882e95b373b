"""Small Dask clusters of real processes, and what may happen to them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skips import missing

WITHIN_S = 60  # seconds that processes of a busy machine may need to begin, or to end when asked to


@contextmanager
def own_scheduler(n_workers: int = 1) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a scheduler in a process of its own, with its workers, and what ends it as a power cut does.

    Not `LocalCluster`: what that knows of its workers is lost for good when one of them dies
    before it was heard of (`KeyError` in `_update_worker_status` of distributed 2026.8).
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    quiet["env"] = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # functions of test modules are found there too
    cli = [sys.executable, "-m"]
    scheduler = [*cli, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--dashboard-address", ":0"]
    workers = [*cli, "distributed.cli.dask_worker", address, "--nworkers", str(n_workers), "--nthreads", "1", "--dashboard-address", ":0"]
    with subprocess.Popen(scheduler, **quiet) as first, subprocess.Popen(workers, **quiet) as second:
        try:
            yield address, first.kill
        finally:
            for process in (second, first):  # workers first: they tell the scheduler
                process.terminate()
                try:
                    process.wait(WITHIN_S)
                except subprocess.TimeoutExpired:
                    process.kill()


@contextmanager
def running_cluster(n_workers: int = 2) -> Iterator[Any]:
    """A client of a new cluster of single-threaded processes; afterwards none of these is left."""
    try:
        from distributed import Client
    except ImportError as error:
        missing(f"{error.name} is not installed: pip install 'shoal[dask]'")
    with own_scheduler(n_workers) as (address, _), Client(address, timeout=WITHIN_S) as client:
        client.wait_for_workers(n_workers, timeout=WITHIN_S)
        yield client
        processes = list(client.run(os.getpid).values())
    assert [pid for pid in processes if alive(pid)] == []


def alive(pid: int) -> bool:
    """Whether a process runs."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def kill_a_worker(client: Any) -> None:
    """End one of the cluster's worker processes, as a machine that fails does; its nanny starts another."""
    os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)
