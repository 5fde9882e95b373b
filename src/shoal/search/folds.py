"""One fold of a search: its candidates are trained in batches, and scored as soon as their batch is trained.

Any thread may take a batch: its Python code runs while another batch computes. The thread that collects the outcomes does the rest:
candidates that train alone, and unknown scorers.
"""

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import _check_method_params

from shoal.derived import cached_property
from shoal.draws import seed_from
from shoal.engine.threads import at_most, cores, one_blas_thread, spread
from shoal.errors import ShoalError
from shoal.estimators.checks import with_roles
from shoal.estimators.estimator import ShallowEstimator, adopt, input_names
from shoal.fitting.candidates import CandidateBatch, Candidates, batches_of, train_batch
from shoal.fitting.prepared import Names
from shoal.fitting.settings import Settings, settings_of
from shoal.fitting.source import InMemory
from shoal.search.scores import ScoredRows, formulas_of, scores_of
from shoal.types import Floats

MOST_AT_ONCE = 4_000_000  # numbers of a table of which several folds may be in memory at a time
Outcome = dict[str, Any]  # of one candidate on one fold: its times, and its scores or the reason why it `failed`
Outcomes = dict[int, Outcome]  # by the index of the candidate


@dataclass(frozen=True)
class Trial:
    """What every fold of a search is asked: its candidates, their first estimator, and how they are scored.

    Attributes
    ----------
    estimator : ShoalClassifier, ShoalRegressor, or a Pipeline that ends in one
    candidates : sequence of mappings
        Parameters of the last step, by name.
    scorers : as scikit-learn's searches have them
    with_train_score : bool
    error_score : float or "raise"
    seed : int
        Of candidates without `random_state`.
    """

    estimator: Any
    candidates: Sequence[Mapping[str, Any]]
    scorers: Any
    with_train_score: bool
    error_score: Any
    seed: int

    @cached_property
    def shoals(self) -> list[ShallowEstimator]:
        """Every candidate's estimator, before training: folds take copies."""
        shoals = shoals_of(self.estimator, self.candidates)
        for shoal in shoals:
            if shoal.random_state is None:
                shoal.random_state = self.seed
        return shoals

    @cached_property
    def settings(self) -> Candidates:
        """Every candidate's settings, checked once for all folds."""
        settings = [settings_or_error(shoal) for shoal in self.shoals]
        return Candidates(settings, only_predict=formulas_of(self.scorers, self.shoals[0]) is not None)


@dataclass(frozen=True)
class SearchRows:
    """All rows of a search, in the form of the estimator's `fit`, and the row numbers of every fold's two sides.

    `weight` is for training, `score_weight` for scores; `groups` stay whole where networks hold rows out. Each is None if there are none.
    """

    X: Any
    y: Any
    weight: Any
    score_weight: Any
    groups: Any
    splits: Sequence[tuple[Any, Any]]


@dataclass
class Fold:
    """A fold in progress: its rows, its candidates in batches, and the results so far.

    `known` are the outcomes of an earlier call; `keep` is called with those of this one, as soon as they are known. `trained` are
    estimators that wait for their scores.
    """

    trial: Trial
    learned: ScoredRows
    judged: ScoredRows
    weight: Floats | None  # of the rows that are learned from
    heard: Callable[[float], None] | None
    keep: Callable[[Outcomes], None]
    known: Outcomes = field(default_factory=dict)
    groups: Any = None
    batches: list[CandidateBatch] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    fit_times: dict[int, float] = field(default_factory=dict)
    scores: dict[int, Outcome] = field(default_factory=dict)
    trained: dict[int, ShallowEstimator] = field(default_factory=dict)

    def work(self, batch: CandidateBatch, stop: Event | None = None) -> None:
        """Train a batch, and score its candidates if the formula of the score is known."""
        began = time.perf_counter()
        trained = train_batch(batch, self.failed, self.heard, stop)
        if trained is None:
            return
        shoals = {i: adopt(copy.copy(self.trial.shoals[i]), fitted) for i, fitted in trained.items()}
        places = [candidate.place for candidate in batch.members]
        self.fit_times |= dict.fromkeys(places, batch.seconds + (time.perf_counter() - began) / len(places))
        if formulas_of(self.trial.scorers, self.trial.shoals[places[0]]) is None:
            self.trained |= shoals
            return
        self.score(shoals)
        self.keep({i: self.outcome(i) for i in places})

    def outcomes(self) -> list[Outcome]:
        """Do the remaining work; returns the outcome of every candidate."""
        X, y = self.learned.X, self.learned.y
        for i in self.alone:
            began = time.perf_counter()
            try:
                self.trained[i] = clone(self.trial.shoals[i]).fit(X, y, self.weight, groups=self.groups)
            except ShoalError as wrong:
                self.failed[i] = str(wrong)
            if self.heard is not None:
                self.heard(1.0)
            self.fit_times[i] = time.perf_counter() - began
        n = len(self.trial.candidates)
        for i in range(n):
            if i not in self.failed and i not in self.scores and i not in self.known:
                self.score({i: self.trained.pop(i)})
                self.keep({i: self.outcome(i)})
        return [self.outcome(i) for i in range(n)]

    def outcome(self, i: int) -> Outcome:
        """The outcome of a candidate that is done."""
        if i in self.known:
            return dict(self.known[i])
        found = {"score_time": 0.0, "failed": self.failed[i]} if i in self.failed else self.scores[i]
        return {"fit_time": self.fit_times.get(i, 0.0)} | found

    def score(self, trained: Mapping[int, ShallowEstimator]) -> None:
        """Scores of trained candidates with the same preparation."""
        if not trained:
            return
        began, shoals, error_score = time.perf_counter(), list(trained.values()), self.trial.error_score
        tested = scores_of(shoals, self.trial.scorers, self.judged, error_score)
        seconds = (time.perf_counter() - began) / len(shoals)
        for i, score in zip(trained, tested, strict=True):
            self.scores[i] = {"score_time": seconds, "test_scores": score}
        if self.trial.with_train_score:
            for i, score in zip(trained, scores_of(shoals, self.trial.scorers, self.learned, error_score), strict=True):
                self.scores[i]["train_scores"] = score


def tried(
    trial: Trial,
    rows: SearchRows,
    known: Sequence[Outcomes],
    *,
    heard: Callable[[float], None] | None = None,
    keep: Callable[[int, Outcomes], None] | None = None,
) -> list[list[Outcome]]:
    """The outcome of every candidate on every fold; batches are spread over the cores, for a small table those of all folds.

    `known` are each fold's outcomes of an earlier call: a batch of which all are known is not trained again. `keep` is called with a
    fold's number and outcomes as soon as they are known, by any thread.
    """
    splits = rows.splits
    at_the_end = keep is not None and formulas_of(trial.scorers, last_step(trial.estimator)) is None  # of a fold such scores are found
    if len(splits) > 1 and (at_the_end or getattr(rows.X, "size", 0) > MOST_AT_ONCE):
        kept = [None if keep is None else partial(kept_as, keep, i) for i in range(len(splits))]
        ones = [replace(rows, splits=[split]) for split in splits]
        return [tried(trial, ones[i], [known[i]], heard=heard, keep=kept[i])[0] for i in range(len(splits))]
    keep = keep or nowhere
    folds = [prepared_fold(trial, rows, 0, known[0], heard, keep)]
    threads = max(1, cores() // max(1, len(splits) * len(folds[0].batches)))  # within a batch
    stop = Event()

    def waiting() -> Iterator[tuple[Fold, CandidateBatch]]:
        for i in range(len(splits)):
            if i:
                folds.append(prepared_fold(trial, rows, i, known[i], heard, keep))
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


def nowhere(fold: int, outcomes: Outcomes) -> None:
    """Keep outcomes of a search without a checkpoint."""


def kept_as(keep: Callable[[int, Outcomes], None], fold: int, _: int, outcomes: Outcomes) -> None:
    """Keep outcomes of a call for one fold by the number that the fold has among all."""
    keep(fold, outcomes)


def prepared_fold(
    trial: Trial,
    rows: SearchRows,
    number: int,
    known: Outcomes,
    heard: Callable[[float], None] | None,
    keep: Callable[[int, Outcomes], None],
) -> Fold:
    """The fold of a number with its candidates in batches, without the batches of which every outcome is known."""
    train, test = rows.splits[number]
    whole = clone(trial.estimator)
    X_train, y_train, X_test, y_test = taken(rows.X, train), taken(rows.y, train), taken(rows.X, test), taken(rows.y, test)
    prepared, _ = parted(whole, X_train, y_train)
    judged = whole[:-1].transform(X_test) if isinstance(whole, Pipeline) and len(whole) > 1 else X_test
    weight = None if rows.weight is None else rows.weight[train]
    of_train, of_test = (None if rows.score_weight is None else rows.score_weight[side] for side in (train, test))
    groups = None if rows.groups is None else taken(rows.groups, train)
    learned, tested = ScoredRows(prepared, y_train, of_train), ScoredRows(judged, y_test, of_test)
    fold = Fold(trial, learned, tested, weight, heard, partial(keep, number), known, groups)
    if len(known) == len(trial.candidates):
        return fold
    source, names = source_of(trial.shoals, prepared, y_train, weight, groups, fold.failed)
    if source is not None:
        batches, alone = batches_of(trial.settings, source, names, fold.failed)
        fold.batches = [batch for batch in batches if any(candidate.place not in known for candidate in batch.members)]
        fold.alone = [i for i in alone if i not in known]
    return fold


def shoals_of(estimator: Any, candidates: Sequence[Mapping[str, Any]]) -> list[ShallowEstimator]:
    """An estimator for every candidate, with its parameters and not trained. They share the values that they have in common."""
    final, cut = clone(last_step(estimator)), len(prefix_of(estimator))
    shoals = [copy.copy(final) for _ in candidates]
    for shoal, candidate in zip(shoals, candidates, strict=True):
        for name, value in candidate.items():
            setattr(shoal, name[cut:], value)
    return shoals


def settings_or_error(shoal: ShallowEstimator) -> Settings | ShoalError:
    """A candidate's settings with a seed that every fold uses, or the error about them."""
    try:
        settings = settings_of(shoal)
    except ShoalError as wrong:
        return wrong
    if isinstance(settings.random_state, np.random.RandomState):  # of which scikit-learn's searches give every fit a copy
        return replace(settings, random_state=seed_from(copy.deepcopy(settings.random_state)))
    return settings


def source_of(
    shoals: Sequence[ShallowEstimator], X: Any, y: Any, weight: Any, groups: Any, failed: dict[int, str]
) -> tuple[InMemory | None, Names]:
    """The rows of all candidates, checked once; None, with every candidate noted in `failed`, for invalid rows."""
    first = copy.copy(shoals[0])
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
