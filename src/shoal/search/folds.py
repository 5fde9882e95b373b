"""One fold of a search: its candidates are trained in batches, and scored as soon as their batch is trained.

Any thread may take a batch: its Python code runs while another batch computes. The thread that collects the outcomes does the rest:
candidates that train alone, and unknown scorers.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import _check_method_params

from shoal.engine.threads import at_most, cores, one_blas_thread, spread
from shoal.errors import ShoalError
from shoal.estimators.base import ShallowEstimator, adopt, input_names
from shoal.estimators.checks import with_roles
from shoal.fitting.candidates import CandidateBatch, batches_of, train_batch
from shoal.fitting.pipeline import Names
from shoal.fitting.settings import Settings, settings_of
from shoal.fitting.source import InMemory
from shoal.search.scores import formulas_of, scores_of

MOST_AT_ONCE = 4_000_000  # numbers of a table of which several folds may be in memory at a time
Outcome = dict[str, Any]  # of one candidate on one fold: its times, and its scores or the reason why it `failed`


@dataclass
class Fold:
    """A fold in progress: candidates before or after training, its rows, and the results so far."""

    shoals: list[ShallowEstimator]
    learned: tuple[Any, Any, Any, Any]  # X and y, the weights to train with and to score with
    judged: tuple[Any, Any, Any]
    scorers: Any
    with_train_score: bool
    error_score: Any
    heard: Callable[[float], None] | None
    groups: Any = None
    batches: list[CandidateBatch] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    fit_times: dict[int, float] = field(default_factory=dict)
    scores: dict[int, Outcome] = field(default_factory=dict)

    def work(self, batch: CandidateBatch, stop: Event | None = None) -> None:
        """Train a batch, and score its candidates if the formula of the score is known."""
        began = time.perf_counter()
        trained = train_batch(batch, self.failed, self.heard, stop)
        if trained is None:
            return
        for i, fitted in trained.items():
            adopt(self.shoals[i], fitted)
        places = [candidate.place for candidate in batch.members]
        self.fit_times |= dict.fromkeys(places, batch.seconds + (time.perf_counter() - began) / len(places))
        if formulas_of(self.scorers, self.shoals[places[0]]) is not None:
            self.score([i for i in places if i not in self.failed])

    def outcomes(self) -> list[Outcome]:
        """Do the remaining work; returns the outcome of every candidate."""
        X, y, weight, _ = self.learned
        for i in self.alone:
            began = time.perf_counter()
            try:
                self.shoals[i].fit(X, y, weight, groups=self.groups)
            except ShoalError as wrong:
                self.failed[i] = str(wrong)
            if self.heard is not None:
                self.heard(1.0)
            self.fit_times[i] = time.perf_counter() - began
        for i in range(len(self.shoals)):
            if i not in self.failed and i not in self.scores:
                self.score([i])
        return [
            {"fit_time": self.fit_times.get(i, 0.0)}
            | ({"score_time": 0.0, "failed": self.failed[i]} if i in self.failed else self.scores[i])
            for i in range(len(self.shoals))
        ]

    def score(self, places: Sequence[int]) -> None:
        """Scores of trained candidates with the same preparation."""
        if not places:
            return
        began, shoals = time.perf_counter(), [self.shoals[i] for i in places]
        tested = scores_of(shoals, self.scorers, *self.judged, self.error_score)
        seconds = (time.perf_counter() - began) / len(places)
        for i, score in zip(places, tested, strict=True):
            self.scores[i] = {"score_time": seconds, "test_scores": score}
        if self.with_train_score:
            X, y, _, weight = self.learned
            for i, score in zip(places, scores_of(shoals, self.scorers, X, y, weight, self.error_score), strict=True):
                self.scores[i]["train_scores"] = score


def tried(
    estimator: Any,
    candidates: Sequence[Mapping[str, Any]],
    X: Any,
    y: Any,
    weights: tuple[Any, Any],
    splits: Sequence[tuple[Any, Any]],
    **settings: Any,
) -> list[list[Outcome]]:
    """The outcome of every candidate on every fold; batches are spread over the cores, for a small table those of all folds."""
    if getattr(X, "size", 0) > MOST_AT_ONCE and len(splits) > 1:
        return [fold for split in splits for fold in tried(estimator, candidates, X, y, weights, [split], **settings)]
    folds = [prepared_fold(estimator, candidates, X, y, weights, *splits[0], **settings)]
    threads = max(1, cores() // max(1, len(splits) * len(folds[0].batches)))  # within a batch
    stop = Event()

    def waiting() -> Iterator[tuple[Fold, CandidateBatch]]:
        for i, split in enumerate(splits):
            if i:
                folds.append(prepared_fold(estimator, candidates, X, y, weights, *split, **settings))
            fold = folds[i]
            while fold.batches:  # a finished batch frees its rows
                yield fold, fold.batches.pop(0)

    def work(task: tuple[Fold, CandidateBatch]) -> None:
        fold, batch = task
        with at_most(threads):
            fold.work(batch, stop)

    with one_blas_thread():
        spread(work, waiting(), stop)
        return [fold.outcomes() for fold in folds]


def prepared_fold(
    estimator: Any,
    candidates: Sequence[Mapping[str, Any]],
    X: Any,
    y: Any,
    weights: tuple[Any, Any],
    train: Any,
    test: Any,
    *,
    scorers: Any,
    with_train_score: bool,
    error_score: Any,
    seed: int,
    groups: Any = None,
    heard: Callable[[float], None] | None = None,
) -> Fold:
    """The fold with its candidates in batches. `weights` are those for training and for scores, each None if there are none.

    The networks' own held-out rows keep `groups` whole.
    """
    whole = clone(estimator)
    X_train, y_train, X_test, y_test = taken(X, train), taken(y, train), taken(X, test), taken(y, test)
    prepared, final = parted(whole, X_train, y_train)
    judged = whole[:-1].transform(X_test) if isinstance(whole, Pipeline) and len(whole) > 1 else X_test
    cut = len(prefix_of(estimator))
    shoals = [clone(final).set_params(**{name[cut:]: clone(value, safe=False) for name, value in c.items()}) for c in candidates]
    for shoal in shoals:
        if shoal.random_state is None:
            shoal.random_state = seed
    learns, scores = weights
    learned = prepared, y_train, None if learns is None else learns[train], None if scores is None else scores[train]
    tested = judged, y_test, None if scores is None else scores[test]
    groups = None if groups is None else taken(groups, train)
    fold = Fold(shoals, learned, tested, scorers, with_train_score, error_score, heard, groups)
    settings = [settings_or_error(shoal) for shoal in shoals]
    source, names = source_of(shoals, *learned[:3], groups, fold.failed)
    if source is not None:
        fold.batches, fold.alone = batches_of(settings, source, names, fold.failed)
    return fold


def settings_or_error(shoal: ShallowEstimator) -> Settings | ShoalError:
    """A candidate's settings, or the error about them."""
    try:
        return settings_of(shoal)
    except ShoalError as wrong:
        return wrong


def source_of(
    shoals: Sequence[ShallowEstimator], X: Any, y: Any, weight: Any, groups: Any, failed: dict[int, str]
) -> tuple[InMemory | None, Names]:
    """The rows of all candidates, checked once; None, with every candidate noted in `failed`, for invalid rows."""
    first = shoals[0]
    try:
        source = with_roles(first._source(X, y, weight, (None, None, None), reset=True), groups, None)
    except ShoalError as wrong:
        failed |= dict.fromkeys(range(len(shoals)), str(wrong))
        return None, None
    return source, input_names(first)


def last_step(estimator: Any) -> ShallowEstimator | None:
    """The shoal that an estimator is, or that it ends in."""
    final = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return final if isinstance(final, ShallowEstimator) else None


def prefix_of(estimator: Any) -> str:
    """The prefix of the last step's parameters: `NAME__` in a pipeline."""
    return f"{estimator.steps[-1][0]}__" if isinstance(estimator, Pipeline) else ""


def taken(values: Any, rows: Any) -> Any:
    """Some rows of an array, a sparse matrix or a frame."""
    return _check_method_params(values, {"rows": values}, rows)["rows"]


def parted(estimator: Any, X: Any, y: Any) -> tuple[Any, ShallowEstimator]:
    """The rows after the steps before the last were fitted, and the last step."""
    if not isinstance(estimator, Pipeline):
        return X, estimator
    return (estimator[:-1].fit_transform(X, y) if len(estimator) > 1 else X), estimator.steps[-1][1]
