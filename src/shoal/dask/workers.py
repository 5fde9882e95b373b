"""Tasks on a cluster's workers: repeated if a worker died, and an error with a name if the scheduler did.

A task is a pure function of its arguments, so any worker can do it, and any number of times.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from shoal.engine.threads import at_most
from shoal.errors import ClusterError, InvalidParameterError, ShoalError

ATTEMPTS = 4  # times that a table may be lost with all workers that held it; Dask lets a task's worker die as often
WAIT = 30.0  # seconds for a cluster's first worker
CLOSING = 2.0  # seconds to close the connection to a scheduler that may be gone

Noted = tuple[type[Warning], str]


def distributed() -> Any:
    """The package, or an error that names the extra."""
    try:
        import distributed as package
    except ImportError as error:
        raise ShoalError(f"Dask needs the package {error.name}: pip install 'shoal[dask]'.") from error
    return package


@contextmanager
def connected(client: Any = None) -> Iterator[Any]:
    """A client with a worker at least: the caller's own; a new one for an address, closed afterwards; for None Dask's current one.

    Raises
    ------
    ClusterError
        If nobody answers, or no worker comes.
    """
    dd = distributed()
    if isinstance(client, str):
        try:
            dd.comm.addressing.get_address_host_port(client)  # a client without an address would wait for a minute when it closes
            own = dd.Client(client, set_as_default=False)
        except (OSError, ValueError) as error:  # a timeout is an OSError, a wrong address a ValueError
            raise ClusterError(f"No Dask scheduler answers at {client}: {first_line(error)}. Start one, or check the address.") from error
        try:
            await_worker(own)
            yield own
        finally:
            own.close(timeout=CLOSING)
        return
    if client is None:
        try:
            client = dd.default_client()
        except ValueError as error:
            raise ClusterError("There is no Dask client. Make one, distributed.Client(address), or give its address as client=.") from error
    if not isinstance(client, dd.Client):
        raise InvalidParameterError(f"client is {client!r}; it must be a distributed.Client, or the address of a scheduler")
    await_worker(client)
    yield client


def await_worker(client: Any) -> None:
    """Wait for the first worker, for a limited time."""
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except Exception as error:
        raise ClusterError(f"The cluster has no worker, and none came within {WAIT:.0f} s ({first_line(error)}). Start some.") from error


def first_line(error: BaseException) -> str:
    """An error's message, in one line without its full stop."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


@contextmanager
def named(left: Callable[[], str] | None = None) -> Iterator[None]:
    """Dask's own errors as a `ClusterError`; `left` returns a sentence about what is left of the work."""
    dd = distributed()
    try:
        yield
    except dd.scheduler.KilledWorker as error:
        raise ClusterError(
            f"One worker after the other died of the same task ({first_line(error)}): most likely it needs more memory than a "
            f"worker has. Use smaller partitions or larger workers. {left() if left else 'Nothing is left.'}"
        ) from error
    except (dd.client.FutureCancelledError, dd.comm.CommClosedError, TimeoutError) as error:
        raise ClusterError(
            f"The connection to the scheduler is gone ({first_line(error)}). {left() if left else 'Nothing is left: start again.'}"
        ) from error


def on_worker(work: Callable[..., Any], *given: Any) -> tuple[Any, list[Noted]]:
    """A worker's function: the work on one thread, as Dask counts tasks, with its warnings.

    Python catches warnings for a whole process, so those of a worker with several threads stay in its own log.
    """
    with at_most(1):
        if distributed().get_worker().state.nthreads > 1:
            return work(*given), []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = work(*given)
    return result, [(seen.category, str(seen.message)) for seen in caught]


def pass_on(noted: Sequence[Noted]) -> None:
    """Give the workers' warnings on this machine, once each."""
    for category, words in dict.fromkeys(noted):
        warnings.warn(words, category, stacklevel=4)


def over_table(
    client: Any,
    work: Callable[[Any, Any], Any],
    table: Any,
    tasks: Sequence[Any],
    heard: Callable[[int, Any], None],
    left: Callable[[], str],
) -> None:
    """`work(table, task)` for every task; the table is sent to every worker once.

    `heard` is called with a task's index and result when it is done. If a worker dies, its unfinished task is repeated; the table is sent
    again if it was lost with the last worker that had it. `left` says in an error what is left of the work.
    """
    dd = distributed()
    found: set[int] = set()
    noted: list[Noted] = []
    for attempt in range(ATTEMPTS):
        with named(left):
            placed = client.scatter(table, broadcast=True, hash=False)
            futures = {client.submit(on_worker, work, placed, tasks[i], pure=False): i for i in range(len(tasks)) if i not in found}
            for future in dd.as_completed(list(futures)):
                if future.status == "cancelled" and client.status == "running" and attempt + 1 < ATTEMPTS:
                    continue  # the table is lost with the workers that held it
                i = futures[future]
                result, notes = future.result()
                noted.extend(notes)
                found.add(i)
                heard(i, result)
            if len(found) == len(tasks):
                break
    pass_on(noted)
