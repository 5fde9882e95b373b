"""Live runs: a thread trains each run while a page shows it. The number of runs is limited.

A run plays only while its event stream is open. If the page closes, training ends.
"""

import asyncio
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

import numpy as np

from shoal.errors import ShoalError, TableError
from shoal.web.languages import tr
from shoal.web.playground.cards import how, python
from shoal.web.playground.settings import Data, of_sample, of_table, read_settings, settings
from shoal.web.playground.store import Tables
from shoal.web.playground.tables import likely_target
from shoal.web.playground.training import Training, warm
from shoal.web.playground.views import View, read_held
from shoal.web.question import as_json

LOG = logging.getLogger(__name__)
MOST_RUNS = 8
LEFT_ALONE = 5.0  # seconds after which an idle run may be replaced by a new one
UNWATCHED = 5.0  # seconds that a run may play before its stream opens
FRAME_SECONDS = 0.012  # seconds of training between two frames
WARN_EVERY = 0.5
DATA_SEED = 0
LAST_UPDATE = 10_000_000


class TooManyRunsError(ShoalError):
    """More live runs than this server allows."""


class NoSuchRunError(ShoalError):
    """A run that does not exist, or no longer."""


class LiveRun:
    """One run, its view, and the thread that plays it. Commands may come from several tabs at once; they are executed one at a time."""

    def __init__(self, chosen: dict[str, Any], data: Data) -> None:
        self.id = secrets.token_urlsafe(9)
        self.chosen, self.data = chosen, data
        self.training = Training(settings(chosen, data.task, len(data.train)), data)
        self.member = 0
        self.view = View(data, self.training, chosen["x"], chosen["y"], read_held(chosen["held"]))
        self.touched = time.monotonic()
        self.watchers: list[Callable[[], None]] = []
        self._turn, self._thread, self._stop, self._opened = threading.RLock(), threading.Thread(), threading.Event(), 0.0
        self.latest = self.frame(warn=True)

    # --- commands -----------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether the thread is running."""
        return self._thread.is_alive() and not self._stop.is_set()

    def play(self, until: int | None = None) -> None:
        """Train until stopped, or up to so many updates."""
        with self._turn:
            if self.playing:
                return
            self._halt()
            self._stop = threading.Event()
            self._opened = time.monotonic()
            self.latest = self.latest | {"playing": True}
            self._thread = threading.Thread(
                target=copy_context().run, args=(self._train, self._stop, until), daemon=True, name=f"playground {self.id}"
            )
            self._thread.start()

    def pause(self) -> None:
        """Stop after the current update."""
        with self._turn:
            self._halt()
            self.latest = self.latest | {"playing": False}

    def _halt(self) -> None:
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Pause the run during the block; afterwards the latest frame is up to date."""
        with self._turn, np.errstate(all="ignore"):  # numbers beyond the range become null, which the page shows as "not finite"
            self.touched = time.monotonic()
            self._halt()
            yield
            self.publish(self.frame(warn=True))

    def step(self, n: int = 1) -> None:
        """n updates."""
        with self.still():
            for _ in range(n):
                self.training.advance(1)
            self.training.keep()

    def finish_epoch(self) -> None:
        """Train to the end of the current epoch, or one whole epoch."""
        with self.still():
            while self.training.advance(1024) and self.training.t % self.training.batches:
                pass
            self.training.keep()

    def back(self) -> None:
        """Return to the previous state."""
        with self.still():
            self.training.back()

    def reset(self) -> None:
        """Return to the first update, with the same settings."""
        with self.still():
            self.training = Training(settings(self.chosen, self.data.task, len(self.data.train)), self.data)
            self.view = View(self.data, self.training, self.view.x, self.view.y or "none", self.view.held)

    def look(self, x: str, y: str, held: Mapping[str, Any], k: int) -> None:
        """Draw other columns, change the held values, or show another member."""
        with self.still():
            self.view, self.member = View(self.data, self.training, x, y, held), k

    def take(self) -> dict[str, Any]:
        """The network as Python, JSON and an equation. The lines are for the last whole epoch."""
        from shoal.export import equation, weights_json

        with self._turn:
            self.touched = time.monotonic()
            self._halt()
            network, epochs, over = self.training.network(), self.training.epoch, self.training.t % self.training.batches
            diverged = not self.training.run.active.any()  # fit would raise
            return {
                "diverged": diverged,
                "python": python(self.data, self.chosen, epochs) if epochs and not diverged else "",
                "json": weights_json(network) if self.training.run.active.all() else "",
                "equation": equation(network, self.data.target),
                "epochs": epochs,
                "over": over,
            }

    def how(self, key: str) -> dict[str, Any]:
        """How one of its numbers is computed; the run pauses while the card is made."""
        with self._turn, np.errstate(all="ignore"):
            self.touched = time.monotonic()
            self._halt()
            return how(self.training, key, min(self.member, self.training.population.K - 1))

    def unwatched(self) -> None:
        """The last reader has left, so training ends."""
        self._stop.set()

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _train(self, stop: threading.Event, until: int | None) -> None:
        """Slices of training, a frame after each. Ends if stopped, without a reader, at the goal, or if nothing remains to train."""
        try:
            self._slices(stop, until)
        except Exception as wrong:
            stop.set()
            self.publish(self.latest | {"playing": False, "failed": f"training stopped: {wrong}"})
            raise
        stop.set()
        self.publish(self.frame(warn=True))

    def _slices(self, stop: threading.Event, until: int | None) -> None:
        warned, n = time.monotonic(), 1
        while not stop.is_set() and (self.watchers or time.monotonic() - self._opened < UNWATCHED):
            n, ended = self._slice(stop, until, n)
            self.training.keep()
            if ended:
                return
            warn = time.monotonic() - warned > WARN_EVERY
            warned = time.monotonic() if warn else warned
            self.publish(self.frame(warn))

    def _slice(self, stop: threading.Event, goal: int | None, n: int) -> tuple[int, bool]:
        """Train for about a frame's time, n updates at once, or more if they are short; returns whether nothing remains to do."""
        begin, until = time.perf_counter(), self.training.t + max(2, self.training.t // 8)  # the cost falls fast at first: keep more states
        until = until if goal is None else min(until, goal)
        while not stop.is_set() and (before := time.perf_counter()) - begin < FRAME_SECONDS and self.training.t < until:
            if not self.training.advance(min(n, until - self.training.t)):
                return n, True
            n = paced(n, time.perf_counter() - before)
        return n, self.training.t == goal

    # --- frames -------------------------------------------------------------------------------------------------------

    def frame(self, warn: bool) -> dict[str, Any]:
        """The current state of the run, without its curves."""
        return {"playing": self.playing, **self.view.frame(self.member, warn)}

    def publish(self, frame: dict[str, Any]) -> None:
        """Send a frame to all readers."""
        self.latest = frame
        for tell in list(self.watchers):
            tell()

    def whole(self) -> bytes:
        """The latest frame with the whole cost curve."""
        return as_json(self.latest | {"records": records(self.training, -1), "fresh": True})

    def since(self, t: int) -> tuple[bytes, int, bool]:
        """The latest frame with the costs after update t, its update, and whether the run is playing."""
        latest = self.latest
        return as_json(latest | {"records": records(self.training, t)}), latest["t"], latest["playing"]


def records(training: Training, after: int) -> list[list[Any]]:
    """`[t, cost, test cost, each network's cost]` for every state kept after an update."""
    kept = list(training.kept)
    judged = [k.judged for k in kept[first_after(kept, after) :]]
    thin = max(1, len(judged) // 500)
    chosen = judged[::-thin][::-1]
    return [[j.t, j.train, j.test, j.members if len(j.members) > 1 else []] for j in chosen]


def first_after(kept: list[Any], t: int) -> int:
    """The index of the first state after update t; the search starts at the end, where it usually is."""
    at = len(kept)
    while at and kept[at - 1].judged.t > t:
        at -= 1
    return at


def paced(n: int, seconds: float) -> int:
    """The number of updates to run at once, so that a slice takes a fraction of a frame."""
    if seconds < FRAME_SECONDS / 4:
        return min(2 * n, 4096)
    return max(1, n // 2) if seconds > FRAME_SECONDS / 2 else n


class Runs:
    """All live runs of a server."""

    def __init__(self) -> None:
        self.tables = Tables()
        self._runs: OrderedDict[str, LiveRun] = OrderedDict()
        self._lock = threading.Lock()
        self._starting = 0

    def start(self, given: Mapping[str, Any]) -> LiveRun:
        """A new run from the texts of an address; refused if there are too many."""
        chosen = read_settings(given)
        warm()
        with self._lock:
            self.make_room()
            self._starting += 1  # count the run before the work is done, so that many simultaneous requests cannot exceed the limit
        try:
            with np.errstate(all="ignore"), naming_surprises(chosen["data"] == "own"):
                run = LiveRun(chosen, self.data(chosen))
            with self._lock:
                self._runs[run.id] = run
        finally:
            with self._lock:
                self._starting -= 1
        return run

    def data(self, chosen: Mapping[str, Any]) -> Data:
        """The rows that the settings name."""
        if chosen["data"] == "own":
            table = self.tables.get(chosen["table"])
            return of_table(table, chosen["target"] or likely_target(table), chosen["hold_out"], DATA_SEED)
        return of_sample(chosen["data"], chosen["points"], chosen["noise"], chosen["hold_out"], DATA_SEED)

    def make_room(self) -> None:
        """Stop the run that has been idle longest, if there are too many; refuse if all are in use."""
        if len(self._runs) + self._starting < MOST_RUNS:
            return
        idle = [r for r in self._runs.values() if not r.playing and time.monotonic() - r.touched > LEFT_ALONE]
        if not idle:
            raise TooManyRunsError(
                tr(
                    "{n} networks are live on this server, which is its limit. Close another tab's playground, or wait a moment",
                    n=MOST_RUNS,
                )
            )
        oldest = min(idle, key=lambda r: r.touched)
        del self._runs[oldest.id]

    def get(self, key: str) -> LiveRun:
        """The run of this name."""
        with self._lock:
            run = self._runs.get(key)
        if run is None:
            raise NoSuchRunError(tr("this run is no longer live; it starts again from its settings"))
        run.touched = time.monotonic()
        return run

    def stop(self, key: str) -> None:
        """End a run and forget it."""
        with self._lock:
            run = self._runs.pop(key, None)
        if run is not None:
            run.pause()

    def close(self) -> None:
        """Stop all training and reading, without waiting for it."""
        self.tables.close()
        for run in list(self._runs.values()):
            run.unwatched()

    def __len__(self) -> int:
        with self._lock:
            return len(self._runs)

    def playing(self) -> int:
        """How many are running now."""
        with self._lock:
            return sum(run.playing for run in self._runs.values())


@contextmanager
def naming_surprises(own: bool) -> Iterator[None]:
    """Turn an unexpected error about a reader's table into a sentence for the reader and a line in the server's log."""
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as surprise:
        if not own or isinstance(surprise, ShoalError):
            raise
        LOG.warning("a table could not be drawn", exc_info=True)
        first = (str(surprise).splitlines() or [""])[0]
        raise TableError(
            f"The page cannot learn from this table ({type(surprise).__name__}: {first[:200]}). Choose another target."
        ) from surprise


class Watcher:
    """One open stream of a run's frames."""

    def __init__(self, run: LiveRun) -> None:
        self.run, self.news, self._loop = run, asyncio.Event(), asyncio.get_running_loop()

    def tell(self) -> None:
        """Called by the run's thread when there is a new frame."""
        self._loop.call_soon_threadsafe(self.news.set)

    def __enter__(self) -> "Watcher":
        self.run.watchers.append(self.tell)
        return self

    def __exit__(self, *_: object) -> None:
        self.run.watchers.remove(self.tell)
        if not self.run.watchers:
            self.run.unwatched()
