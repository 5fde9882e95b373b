"""One run of the playground, one update at a time: the same as `fit` with these settings, and it can go back.

Steps are the engine's own (`engine.minibatch`), in the row orders that `training.minibatch` draws; a whole pass over the rows gives the
library's own `Epoch` event. States are kept often enough that going back is a lookup.

A separate process compiles the engine before the reader needs it, because compiling holds Python's lock for seconds.

The compiled code is in the engine's own cache on disk, where this server finds it; a mark beside it states that it exists.
"""

import copy
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from shoal.encoding import encode
from shoal.engine.jit.code_cache import cache_folder
from shoal.engine.minibatch import State, advance, current
from shoal.engine.packing import copied
from shoal.engine.predict import logits
from shoal.errors import InvalidParameterError
from shoal.fitting.pipeline import begin
from shoal.fitting.settings import Settings
from shoal.fitting.source import InMemory
from shoal.fitting.targets import checked_targets, encode_targets
from shoal.network import Network
from shoal.population import Population, with_zeros
from shoal.textbook.losses import Loss
from shoal.training.minibatch import Run
from shoal.training.progress import Epoch, bound_of, left_bounds
from shoal.types import Floats
from shoal.web.playground.settings import Data, of_sample, read_settings, settings

KEPT_BYTES = 48_000_000
MOST_WEIGHTS = 200_000  # of layer 1: the states kept of a run then take less than half a gigabyte
MOST_KEPT = 3000
JUDGED_ROWS = 10_000  # costs are means over at most so many rows, evenly chosen


@dataclass(frozen=True)
class MomentCosts:
    """The costs after t updates: of the shoal, and of each network alone, without penalty."""

    t: int
    train: float
    test: float | None
    members: tuple[float, ...]
    score: float
    score_test: float | None


@dataclass
class Kept:
    """All that a run needs to continue from here."""

    state: State
    active: NDArray[np.bool_]
    drawn: int
    order: NDArray[np.int64] | None
    n_losses: int
    judged: MomentCosts


class Training:
    """A run that can go forward and back. Not safe for several threads; `live.py` serializes access."""

    def __init__(self, settings: Settings, data: Data) -> None:
        y = checked_targets(settings.task, data.y)
        n_weights = data.X.shape[1] * int(settings.n_h) * settings.K
        if n_weights > MOST_WEIGHTS:
            raise InvalidParameterError(
                f"{data.X.shape[1]} inputs × {settings.n_h} units × {settings.K} networks are {n_weights:,} "
                f"weights; the page keeps the steps of at most {MOST_WEIGHTS:,}. Set fewer units or networks"
            )
        ready, run = begin(settings, InMemory(data.X, y[data.train]))
        assert isinstance(run, Run), "the playground's settings hold no rows out"
        self.run, self.targets, self.encoding = run, ready.targets, ready.encoding
        self.recipe, self.names, self.began = ready.plan.recipe, data.names, time.perf_counter()
        self.g2 = self.run.g2
        self.drawn = 0
        self.order: NDArray[np.int64] | None = None
        self.losses: list[float] = []
        self.event: Epoch | None = None
        self.last_epoch: tuple[NDArray[np.int64], Floats] | None = None  # rows and costs of the batches of the event
        self.costs: list[Floats] = []
        self.bound: Floats = bound_of(np.zeros(self.run.K))
        self.diverged: Population | None = None
        self.lowest: tuple[int, float] | None = None
        seen = np.unique(np.linspace(0, self.run.m - 1, min(self.run.m, JUDGED_ROWS)).astype(int))
        self.on_train = (np.asarray(self.run.X)[seen], self.run.Y[seen])
        self.on_test: tuple[Floats, Floats] | None = None
        if len(data.test):
            self.on_test = (self.encoded(data.X_test[:JUDGED_ROWS]), encode_targets(self.targets, y[data.test][:JUDGED_ROWS]).Y)
        size = sum(w.nbytes for w in run.kept.parameters) * 4 + 2000
        self.kept: deque[Kept] = deque(maxlen=int(min(MOST_KEPT, max(50, KEPT_BYTES // size))))
        self.keep()

    # --- forward and back ---------------------------------------------------------------------------------------------

    @property
    def t(self) -> int:
        """Updates made."""
        return self.run.state.t

    @property
    def batches(self) -> int:
        """Updates of one epoch."""
        return len(self.run.slices)

    @property
    def epoch(self) -> int:
        """Whole passes over the rows."""
        return self.t // self.batches

    def advance(self, n: int) -> int:
        """Up to n updates, at most to the end of this epoch; returns their number."""
        if not self.run.active.any():
            return 0
        at = self.t % self.batches
        if at == 0:
            self.order, self.drawn, self.costs = self.next_order(), self.drawn + 1, []
        assert self.order is not None
        batches = [self.order[s] for s in self.run.slices[at : at + n]]
        rates = np.outer(np.ones(len(batches)), self.run.now.rates)
        self.costs.append(advance(self.run.state, self.run.read_X, self.run.Y, batches, rates, self.run.weight))
        if at + len(batches) == self.batches:
            self.end_epoch()
        return len(batches)

    def end_epoch(self) -> None:
        """The library's own event for a pass over the rows; networks that became infinite or NaN are removed."""
        costs = np.concatenate(self.costs)
        sizes = np.array([s.stop - s.start for s in self.run.slices[-len(costs) :]])  # after a step back the first batches are not known
        loss = np.where(self.run.active, sizes @ costs / sizes.sum(), np.nan)
        self.last_epoch = sizes, costs
        self.bound = bound_of(costs[0]) if self.epoch == 1 else self.bound
        lost = left_bounds(loss, self.bound) | ~finite(self.population)
        if np.any(self.run.active & lost):
            self.diverged = self.population  # the engine keeps zeros for them, which no training gave
            self.run.retire(self.run.active & lost)
        seconds = time.perf_counter() - self.began
        self.event = Epoch(self.epoch, self.epoch, self.t, loss, None, None, self.run.now.rates, seconds, self.run.active.copy())
        self.losses.append(float(np.mean(loss[np.isfinite(loss)])) if np.isfinite(loss).any() else float("nan"))

    def keep(self) -> MomentCosts:
        """Keep this state, with its costs."""
        while self.kept and self.kept[-1].judged.t >= self.t:
            self.kept.pop()
        judged = self.judge()
        if len(self.kept) == self.kept.maxlen:
            self.lowest = lower(self.lowest, self.kept[0].judged)  # the deque drops it
        self.kept.append(Kept(copy.deepcopy(self.run.state), self.run.active.copy(), self.drawn, self.order, len(self.losses), judged))
        return judged

    def back(self) -> bool:
        """Return to the previous kept state; False at the first."""
        while len(self.kept) > 1 and self.kept[-1].judged.t >= self.t:
            self.kept.pop()
        kept = self.kept[-1]
        if kept.judged.t >= self.t:
            return False
        self.stand(kept)
        return True

    def stand(self, kept: Kept) -> None:
        """Restore a state; the following updates draw the same row orders again."""
        self.run.state, self.run.active = copy.deepcopy(kept.state), kept.active.copy()
        self.drawn, self.order = kept.drawn, kept.order
        self.losses, self.costs, self.event = self.losses[: kept.n_losses], [], None

    def before_last(self) -> "Training":
        """Another run one update earlier, trained again from the last state kept before it."""
        earlier = copy.copy(self)
        earlier.run = copy.copy(self.run)
        earlier.run.now = copied(self.run.now)
        earlier.stand(next(kept for kept in reversed(self.kept) if kept.judged.t < self.t))
        while earlier.t < self.t - 1:
            earlier.advance(self.t - 1 - earlier.t)
        return earlier

    def next_order(self) -> NDArray[np.int64]:
        """The order of the rows in the next epoch."""
        return self.run.orders(range(self.drawn + 1, self.drawn + 2))

    def next_rows(self) -> NDArray[np.int64]:
        """The rows of the next update."""
        at = self.t % self.batches
        order = self.next_order() if at == 0 else self.order
        assert order is not None
        return np.asarray(order[self.run.slices[at]])

    # --- what it is now -----------------------------------------------------------------------------------------------

    def encoded(self, X: Any) -> Floats:
        """Raw rows in layer 1's encoding."""
        return np.asarray(encode(self.encoding, X, self.run.state.dtype))

    @property
    def population(self) -> Population:
        """All networks as they are now; those that diverged as they were then."""
        now, active = current(self.run.state), self.run.active
        if active.all() or self.diverged is None:
            return now
        parameters = now.parameters.map(lambda w, then: np.where(active[:, None, None], w, then), self.diverged.parameters)
        return Population(parameters, now.widths, now.inputs)

    @property
    def counted(self) -> NDArray[np.int64]:
        """The networks whose mean is the shoal's prediction: as in `fit`, those that did not diverge; all, if none is left."""
        active = self.run.active
        return np.flatnonzero(active if active.any() else ~active)

    def lowest_held_out(self) -> tuple[int, float] | None:
        """The update with the lowest cost of the held-out rows so far, and that cost."""
        found = self.lowest
        for kept in self.kept:
            found = lower(found, kept.judged)
        return found

    def network(self) -> Network:
        """The network that an estimator would keep if it stopped here."""
        population, counted = self.population, self.counted
        shares = np.zeros(population.K)
        shares[counted] = 1 / len(counted)
        return Network(
            with_zeros(population, shares > 0),
            shares,
            self.recipe.activation,
            self.targets.loss,
            self.encoding,
            self.targets.scale,
            () if self.targets.classes is None else (self.targets.classes,),
            self.names,
            {"loss": np.array(self.losses)[:, None]},
        )

    def judge(self) -> MomentCosts:
        """The costs and scores now."""
        train, members, score = self.cost(*self.on_train)
        test, _, score_test = (None, None, None) if self.on_test is None else self.cost(*self.on_test)
        return MomentCosts(self.t, train, test, tuple(members), score, score_test)

    def cost(self, X: Floats, Y: Floats) -> tuple[float, list[float], float]:
        """Mean loss of the shoal, of each network, and the shoal's accuracy or R²."""
        with np.errstate(all="ignore"):
            Z2 = logits(self.population, X, self.recipe.activation)
            members = self.g2.loss(Z2, Y.T).mean(axis=-1)
            together = Z2[self.counted].mean(axis=0)
            return float(self.g2.loss(together, Y.T).mean()), [float(J) for J in members], score(self.g2, together, Y)

    def answers(self, X: Floats) -> Floats:
        """The shoal's logits for encoded rows, `(n_z, m)`."""
        return np.asarray(logits(self.population, X, self.recipe.activation)[self.counted].mean(axis=0))


def lower(found: tuple[int, float] | None, judged: MomentCosts) -> tuple[int, float] | None:
    """The lower of a cost of held-out rows and that of another moment."""
    if judged.test is None or not np.isfinite(judged.test) or (found is not None and found[1] <= judged.test):
        return found
    return judged.t, judged.test


def finite(population: Population) -> NDArray[np.bool_]:
    """Which networks have finite weights, `(K,)`."""
    return np.asarray(np.all([np.isfinite(w).all(axis=(1, 2)) for w in population.parameters], axis=0))


def score(g2: Loss, Z2: Floats, Y: Floats) -> float:
    """Accuracy, or R² of regression, of logits `(n_z, m)` against targets `(m, n_y)`."""
    if g2.unit.decides == "largest":
        return float(np.mean(Z2.argmax(axis=0) == Y.argmax(axis=1)))
    if g2.unit.decides == "side":
        return float(np.mean((Y > 0.5) == (Z2 > 0).T))
    A2 = np.nan_to_num(g2.unit.of_means(g2(Z2)).T)
    return float(r2_score(Y, A2)) if len(Y) > 1 else float("nan")


PROGRAM = "from shoal.web.playground.training import train_a_little; train_a_little()"
LONGEST = 180.0  # seconds; after that this process compiles the engine, and the page waits
_TURN = threading.Lock()
_compiling: list[subprocess.Popen[bytes]] = []


def warm() -> None:
    """Returns when the engine is compiled; immediately if it is already."""
    with _TURN:
        folder = cache_folder()
        if folder is None:
            return  # if nothing can be kept on disk, the first step compiles
        mark = folder / "playground.compiled"
        if mark.exists():
            return
        try:
            command, nothing = [sys.executable, "-P", "-c", PROGRAM], subprocess.DEVNULL
            with subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing) as process:
                _compiling.append(process)
                try:
                    ended = process.wait(LONGEST)
                finally:
                    process.kill()
                    _compiling.clear()
            if not ended:
                mark.touch()
        except (subprocess.SubprocessError, OSError):
            return


def compiling() -> bool:
    """Whether the engine is being compiled, for which new runs wait."""
    return bool(_compiling)


def stop() -> None:
    """End the process that compiles, because the server ends."""
    with suppress(OSError, IndexError):
        _compiling[0].kill()


def train_a_little() -> None:
    """One epoch of the playground's training."""
    data = of_sample("moons", 40, 0.1, 0.0, 0)
    Training(settings(read_settings({}), data.task, len(data.train)), data).advance(1)
