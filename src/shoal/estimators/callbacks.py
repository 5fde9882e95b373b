"""scikit-learn's callbacks, `set_callbacks(ProgressBar())` from version 1.9 on: a fit is a task, its epochs are tasks below it.

    fit ─▶ training (of so many planned epochs; another one where training starts again) ─▶ epoch

One more callback of ours passes each epoch on, so that both kinds see the same epochs and can stop the same training. Without callbacks
nothing of this runs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.estimators._sklearn import callback_management_context, callbacks_of
from shoal.fitting.fitted import Fitted
from shoal.fitting.settings import Settings
from shoal.fitting.targets import Targets
from shoal.fitting.watching import WatchedEpoch


class EpochRelay:
    """A callback of a training that passes its epochs on to those of `set_callbacks`.

    Begin and end of an epoch's task are passed on together, when it is over: an epoch is known then.
    """

    def __init__(self, estimator: Any, root: Any, rows: dict[str, Any], targets: Callable[[], Targets]) -> None:
        self.estimator, self.root, self.rows, self.targets = estimator, root, rows, targets
        self.training: Any = None
        self.planned = self.passed = 0

    def __call__(self, event: WatchedEpoch) -> bool:
        """Whether one of them asks to stop."""
        if event.n_epochs != self.planned or self.passed == self.planned:
            self.close()
            self.planned, self.passed = event.n_epochs, 0
            self.training = self.root.subcontext(task_name="training", max_subtasks=event.n_epochs)
            self.training.call_on_fit_task_begin(estimator=self.estimator, **self.rows)
        self.passed += 1
        epoch = self.training.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(estimator=self.estimator, **self.rows)
        now = {"reconstruction_attributes": lambda: {"_fitted": self.fitted(event)}}
        return bool(epoch.call_on_fit_task_end(estimator=self.estimator, **self.rows, **now))

    def fitted(self, event: WatchedEpoch) -> Fitted:
        """What predicts as the fit would if it ended now."""
        network = replace(event.network(), history={"loss": np.asarray(event.loss)[None]})
        return Fitted(network, self.targets(), hasattr(self.estimator, "feature_names_in_"))

    def close(self) -> None:
        """The training is over: as planned, early, or to start again with more epochs."""
        if self.training is not None:
            self.training.call_on_fit_task_end(estimator=self.estimator, **self.rows)
            self.training = None


@contextmanager
def passing_epochs_on(estimator: Any, settings: Settings, rows: dict[str, Any], targets: Callable[[], Targets]) -> Iterator[Settings]:
    """The settings of a fit, with the relay to the callbacks that the estimator was given; the fit runs, and is stored, within it.

    Parameters
    ----------
    estimator : whose `set_callbacks` was called, or not
    settings : Settings
    rows : `X`, `y` and `metadata`, as the user gave them
    targets : the meaning of y, for callbacks that predict
    """
    if not callbacks_of(estimator):
        yield settings
        return
    with callback_management_context(estimator):
        root = estimator._init_callback_context(max_subtasks=None)
        root.call_on_fit_task_begin(estimator=estimator, **rows)
        relay = EpochRelay(estimator, root, rows, targets)
        yield replace(settings, callbacks=(*settings.callbacks, relay))  # type: ignore[arg-type]
        relay.close()
        root.call_on_fit_task_end(estimator=estimator, **rows, reconstruction_attributes=lambda: {"_fitted": estimator._fitted})


def refuse_callbacks(estimator: Any, where: str) -> None:
    """Refuse those of `set_callbacks` where nothing would call them.

    Raises
    ------
    InvalidParameterError
    """
    names = ", ".join(type(callback).__name__ for callback in callbacks_of(estimator))
    if names:
        raise InvalidParameterError(
            f"set_callbacks was given {names}, and {where} calls no callbacks of scikit-learn's: remove them with set_callbacks()"
        )


class SearchTasks:
    """The tasks of a search for those of `set_callbacks`: rounds of candidates with their fits, then the refit."""

    def __init__(self, search: Any, rows: dict[str, Any]) -> None:
        self.search, self.rows = search, rows
        self.root = search._init_callback_context(max_subtasks=None) if callbacks_of(search) else None
        self.round: Any = None
        self.known = self.finished = 0.0
        if self.root is not None:
            self.root.call_on_fit_task_begin(estimator=search, **rows)

    def begin(self, n_fits: int, known: int) -> None:
        """A round of so many fits, of which some were known before."""
        if self.root is not None:
            self.end()
            self.round = self.root.subcontext(task_name="candidates", max_subtasks=n_fits)
            self.round.call_on_fit_task_begin(estimator=self.search, **self.rows)
            self.finished, self.known = 0.0, 0.0
            self.advance(known)

    def advance(self, n_fits: float) -> None:
        """So many more fits, or parts of one, are finished."""
        if self.round is None:
            return
        self.finished += n_fits
        while self.known + 1 <= min(self.finished + 1e-6, self.round.max_subtasks):  # parts of fits are sums of rounded numbers
            self.known += 1
            task = self.round.subcontext(task_name="fit")
            task.call_on_fit_task_begin(estimator=self.search, **self.rows)
            task.call_on_fit_task_end(estimator=self.search, **self.rows)

    def end(self) -> None:
        """The round is over."""
        if self.round is not None:
            self.advance(self.round.max_subtasks)  # candidates that failed are finished too
            self.round.call_on_fit_task_end(estimator=self.search, **self.rows)
            self.round = None

    @contextmanager
    def refit(self, estimator: Any) -> Iterator[None]:
        """The fit of the best candidate, whose own tasks are below it."""
        if self.root is None:
            yield
            return
        task = self.root.subcontext(task_name="refit")
        with task.propagate_callback_context(estimator):
            task.call_on_fit_task_begin(estimator=self.search, **self.rows)
            yield
            task.call_on_fit_task_end(estimator=self.search, **self.rows)

    def close(self) -> None:
        """The search is over."""
        if self.root is not None:
            self.root.call_on_fit_task_end(estimator=self.search, **self.rows)


@contextmanager
def search_tasks(search: Any, X: Any, y: Any, sample_weight: Any) -> Iterator[SearchTasks]:
    """The tasks of a search; it runs within it."""
    with callback_management_context(search):
        tasks = SearchTasks(search, rows_of(X, y, sample_weight))
        yield tasks
        tasks.close()


def rows_of(X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
    """Rows as callbacks get them."""
    return {"X": X, "y": y, "metadata": None if sample_weight is None else {"sample_weight": sample_weight}}
