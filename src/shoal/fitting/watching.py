"""A training with those who watch it: `verbose` prints its events, callbacks get them, see the networks and may stop it, Ctrl-C too."""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from shoal.engine.jit.waiting import waits_announced
from shoal.engine.threads import at_most, one_blas_thread
from shoal.errors import InterruptedWarning, ShoalError
from shoal.fitting.settings import Settings
from shoal.fitting.train import in_curves, mean_of_finite
from shoal.network import Network
from shoal.training.progress import Epoch

F = TypeVar("F", bound=Callable[..., Any])


class WatchedEpoch(Epoch):
    """An `Epoch` as callbacks get it, with the networks of that moment."""

    _networks: Callable[[], Network] | None = None

    def network(self) -> Network:
        """The network that the fit would return if it ended now: of each member the best weights so far, without noise or calibration.

        `network().population.parameters` are the members' weights over encoded inputs, `W1 (K, n_h, n_x)`; `network().merged` is one
        network of them all; `shoal.network.predict(network(), X)` predicts raw rows. Call it inside the callback: later there is another
        moment.

        Raises
        ------
        ShoalError
            After the callback has returned.

        Examples
        --------
        >>> import numpy as np
        >>> from shoal import ShoalRegressor
        >>> norms = []
        >>> def watch(event):
        ...     norms.append(float(np.linalg.norm(event.network().population.parameters.W1)))
        ...     return len(norms) == 5  # True stops training
        >>> X = np.linspace(-2, 2, 60)[:, None]
        >>> model = ShoalRegressor(callbacks=[watch], random_state=0).fit(X, X[:, 0] ** 2)
        >>> model.n_iter_, norms[4] != norms[0]
        (5, True)
        """
        if self._networks is None:
            raise ShoalError(
                "network() was called after the callback returned, when training had gone on; call it inside the callback, and keep "
                "what you need of it"
            )
        return self._networks()


def watch(run: Any, settings: Settings, networks: Callable[[], Network]) -> list[Epoch]:
    """Train and return the events; keep the current result if interrupted, or if a callback returns True.

    `networks` gives the networks as they would be returned now.
    """
    events: list[Epoch] = []
    done = 0
    try:
        with at_most(settings.n_jobs), one_blas_thread():  # set once, not at every epoch
            for event in run:
                done = event.epoch
                if in_curves(event, run):
                    events.append(event)
                if settings.verbose:
                    print(f"Iteration {event.epoch}, loss = {mean_of_finite(event.loss):.8f}")
                if settings.callbacks and any(asked_to_stop(settings, event, networks)):
                    break
    except KeyboardInterrupt:
        warnings.warn(InterruptedWarning(f"interrupted after {done} epochs; the best weights so far are kept"), stacklevel=6)
    return events


def asked_to_stop(settings: Settings, event: Epoch, networks: Callable[[], Network]) -> list[bool]:
    """Call every callback with the event; which of them returned True."""
    seen = WatchedEpoch(*event)
    seen._networks = networks
    try:
        answers = [callback(seen) for callback in settings.callbacks]
    finally:
        seen._networks = None
    return [isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers]


def announcing_waits(fit: F) -> F:
    """Decorator of a function of `Settings`: where printing is requested, it prints that it waits for the compiler."""

    @wraps(fit)
    def announced(settings: Settings, *args: Any, **more: Any) -> Any:
        with waits_announced(print) if settings.verbose else nullcontext():
            return fit(settings, *args, **more)

    return announced  # type: ignore[return-value]


def say(settings: Settings, line: str) -> None:
    """Print a line if printing was requested."""
    if settings.verbose:
        print(line)
