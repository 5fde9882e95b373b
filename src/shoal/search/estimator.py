"""ShoalSearchCV: scikit-learn's search, whose candidates train together."""

import copy
import math
import time
import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.progress import Progress
from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.metrics._scorer import _MultimetricScorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils.validation import indexable

from shoal.draws import seed_from
from shoal.errors import InvalidParameterError
from shoal.estimators.callbacks import SearchTasks, search_tasks
from shoal.estimators.checks import groups_requested
from shoal.estimators.remote import dask_functions
from shoal.fitting.pipeline import planned
from shoal.fitting.settings import settings_of
from shoal.search.checkpoint import FinishedCandidates, finished_candidates
from shoal.search.checks import candidates_of, check_refit, check_search, folds_of, refused_as, scorers_of
from shoal.search.folds import Outcome, SearchRows, Trial, last_step, parted, prefix_of, taken, tried


class ShoalSearchCV(BaseSearchCV):
    """Search over parameters of a shoal, scored by cross-validation: GridSearchCV's results, in a fraction of its time.

    The candidates of a fold that read the same rows in the same order train as one population (docs/engine.md); results
    equal those of scikit-learn's `GridSearchCV` over the same estimator, to rounding. With `random_state=None` all
    candidates of a fold use one drawn seed, so that they differ by their parameters alone.

    Parameters
    ----------
    estimator : ShoalClassifier, ShoalRegressor, or a Pipeline that ends in one
        The steps of a pipeline before the last are fitted once per fold; only the last one's parameters are searched.
    param_grid : dict or list of dicts
        Names and values to try, all combinations, as in GridSearchCV. Set this or `param_distributions`.
    param_distributions : dict or list of dicts
        Names and distributions, or lists, from which `n_iter` candidates are drawn, as in RandomizedSearchCV.
    n_iter : int
    scoring, refit, cv, error_score, return_train_score
        As in GridSearchCV.
    halving : None or int ≥ 2
        Successive halving over epochs: all candidates train for few epochs, the best `1/halving` of them for `halving` times as
        many, until the last ones train for `max_iter`. `cv_results_` then has `iter` and `n_resources`, the epochs, and the
        best candidate is chosen among those of the last round.
    n_jobs : None or int
        Processes over the folds, by joblib. None: one process, whose threads use all cores.
    verbose : int
        From 1 on: a progress bar over the whole search.
    random_state : int or None
        For the drawing of candidates.
    checkpoint : None, str or path
        A file that stores the outcomes of candidates as they are known, every ten seconds and when the search is interrupted, by Ctrl-C
        too. The same call continues from it, with the same bits: candidates with an outcome are not trained again. The best candidate's
        training on all rows starts again.
    client : None, distributed.Client or str
        A Dask cluster, or its scheduler's address, whose workers compute: the table is sent to each of them once, each group that trains
        together is one task, and the scores equal those of this machine, bit for bit. Requires `n_jobs=None`.

    Attributes
    ----------
    cv_results_, best_estimator_, best_params_, best_score_, best_index_, scorer_, n_splits_, refit_time_, multimetric_
        As in GridSearchCV; a candidate's fit time is an equal part of its group's.

    Raises
    ------
    InvalidParameterError
        For an estimator that is not a shoal, both or neither of the two kinds of parameters, a `halving` below 2,
            `client` with `n_jobs`.
    ClusterError
        For a `client` whose scheduler cannot be reached, or was lost.
    CheckpointError
        For a `checkpoint` that is damaged, or of another search; the message says what differs.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from shoal import ShoalClassifier, ShoalSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = ShoalSearchCV(ShoalClassifier(n_networks=2, random_state=0), {"alpha": [0.001, 0.1]}, cv=3).fit(X, y)
    >>> search.cv_results_["mean_test_score"].shape, sorted(search.best_params_)
    ((2,), ['alpha'])
    """

    def __init__(
        self,
        estimator: Any,
        param_grid: Any = None,
        *,
        param_distributions: Any = None,
        n_iter: int = 10,
        scoring: Any = None,
        refit: Any = True,
        cv: Any = None,
        halving: int | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        client: Any = None,
        checkpoint: Any = None,
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_grid = param_grid
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.halving = halving
        self.random_state = random_state
        self.client = client
        self.checkpoint = checkpoint

    def __sklearn_clone__(self) -> "ShoalSearchCV":
        """scikit-learn's clone, with the same client: a connection cannot be copied."""
        without = copy.copy(self)
        without.client = None
        twin: ShoalSearchCV = BaseSearchCV.__sklearn_clone__(without)
        return twin.set_params(client=self.client)  # type: ignore[no-any-return]

    def fit(self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None) -> "ShoalSearchCV":
        """Try all candidates, and train the best one on all rows.

        Parameters
        ----------
        X, y : as the estimator's `fit` takes them
        groups : array-like, (m,), for group-wise splitters
            Also for the networks' own held-out rows if the estimator requests it, `set_fit_request(groups=True)`.
        sample_weight : array-like, (m,)
            For training, and for scores that use weights, as in scikit-learn.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier, ShoalSearchCV
        >>> X, y = load_iris(return_X_y=True)
        >>> search = ShoalSearchCV(ShoalClassifier(n_networks=2, random_state=0), {"alpha": [0.001, 0.1]}, cv=3)
        >>> search.fit(X, y).n_splits_
        3
        """
        candidates = self._candidates()
        scorers, refit_metric = scorers_of(self, self._get_scorers)
        X, y, groups = indexable(X, y, groups)
        self._checked_cv_orig, splits = folds_of(self, X, y, groups, is_classifier(self.estimator))
        self.n_splits_ = len(splits)
        self._weighs_scores = sample_weight is not None and self._check_scorers_accept_sample_weight()
        groups = groups if groups_requested(last_step(self.estimator)) else None
        weight = None if sample_weight is None else np.asarray(sample_weight, float)
        rows = SearchRows(X, y, weight, weight if self._weighs_scores else None, groups, splits)
        with search_tasks(self, X, y, sample_weight) as tasks:
            results = self._tried(candidates, rows, scorers, refit_metric, tasks)
            if self.refit:
                self._refit(X, y, {"sample_weight": sample_weight, "groups": groups}, tasks)
        self.scorer_ = scorers._scorers if isinstance(scorers, _MultimetricScorer) else scorers
        self.cv_results_ = results
        return self

    # --- steps ------------------------------------------------------------------------------------------------------

    def _tried(
        self, candidates: list[dict[str, Any]], rows: SearchRows, scorers: Any, refit_metric: Any, tasks: SearchTasks
    ) -> dict[str, Any]:
        """The results of all candidates, of which the best is chosen."""
        finished = finished_candidates(self, candidates, rows)
        try:
            results, outcomes = self._rounds(candidates, rows, scorers, finished, tasks)
        finally:
            finished.write()
        self.multimetric_ = isinstance(outcomes[0]["test_scores"], dict)
        if callable(self.scoring) and self.multimetric_:
            with refused_as("refit", self.refit):
                self._check_refit_for_multimetric(outcomes[0]["test_scores"])
            refit_metric = self.refit
        elif callable(self.scoring):
            check_refit(self.refit, None)
        if self.refit or not self.multimetric_:
            self._choose(results, refit_metric)
        return results

    def _candidates(self) -> list[dict[str, Any]]:
        final = last_step(self.estimator)
        if final is None:
            raise InvalidParameterError(
                f"estimator is a {type(self.estimator).__name__}; ShoalSearchCV searches ShoalClassifier, ShoalRegressor, or a Pipeline "
                "that ends in one. For other estimators use scikit-learn's GridSearchCV"
            )
        if (self.param_grid is None) == (self.param_distributions is None):
            raise InvalidParameterError("give either param_grid (all combinations) or param_distributions (n_iter drawn ones)")
        check_search(self)
        if self.client is not None and self.n_jobs is not None:
            raise InvalidParameterError(
                f"n_jobs is {self.n_jobs!r}, which is processes of this machine, and client a cluster, whose workers do the work: "
                "give one of them"
            )
        return candidates_of(self)

    def _rounds(
        self, candidates: list[dict[str, Any]], rows: SearchRows, scorers: Any, finished: FinishedCandidates, tasks: SearchTasks
    ) -> tuple[dict[str, Any], list[Any]]:
        """All candidates once, or round after round with fewer candidates and more epochs."""
        trial = Trial(self.estimator, candidates, scorers, self.return_train_score, self.error_score, finished.seed)
        if self.halving is None:
            outcomes = self._evaluate(trial, rows, finished, tasks)
            return self._format_results(candidates, self.n_splits_, outcomes), outcomes
        tried: list[dict[str, Any]] = []
        more: dict[str, list[int]] = {"iter": [], "n_resources": []}
        outcomes, living, epochs = [], candidates, self._planned_epochs(rows)
        rounds = math.floor(math.log(len(candidates), self.halving) + 1e-9)
        name = f"{prefix_of(self.estimator)}max_iter"
        for r in range(rounds + 1):
            n = max(1, round(epochs / self.halving ** (rounds - r)))
            found = self._evaluate(replace(trial, candidates=[{**c, name: n} for c in living]), rows, finished, tasks)
            tried, outcomes = tried + living, outcomes + found
            more = {"iter": more["iter"] + [r] * len(living), "n_resources": more["n_resources"] + [n] * len(living)}
            results = self._format_results(tried, self.n_splits_, outcomes, more)
            metric = self.refit if isinstance(self.refit, str) and f"mean_test_{self.refit}" in results else "score"
            means = np.nan_to_num(results[f"mean_test_{metric}"][-len(living) :], nan=-np.inf)
            best = np.argsort(-means, kind="stable")[: max(1, len(living) // int(self.halving))]
            living = [living[i] for i in sorted(best)]
        return results, outcomes

    def _planned_epochs(self, rows: SearchRows) -> int:
        some = rows.splits[0][0]
        y, weight = taken(rows.y, some), None if rows.weight is None else rows.weight[some]
        before, final = parted(clone(self.estimator), taken(rows.X, some), y)
        source = final._source(before, y, weight, (None, None, None), reset=True)
        settings = settings_of(final)
        seed = seed_from(settings.random_state)
        return int(planned(settings, source.weighted(settings, seed), seed, None).recipe.max_epochs)

    def _evaluate(self, trial: Trial, rows: SearchRows, finished: FinishedCandidates, tasks: SearchTasks) -> list[dict[str, Any]]:
        """Scores of every candidate on every fold, candidate by candidate, in scikit-learn's order."""
        n, known = len(trial.candidates), finished.of(trial, len(rows.splits))
        keep = None if self.checkpoint is None else partial(finished.keep, trial)
        tasks.begin(n * len(known), sum(map(len, known)))
        with Progress(console=Console(stderr=True), disable=not self.verbose, transient=True) as progress:
            bar = progress.add_task(f"{n} candidates × {len(known)} folds", total=n * len(known), completed=sum(map(len, known)))

            def advance(fits: float) -> None:
                progress.update(bar, advance=fits)
                tasks.advance(fits)

            heard = advance if self.verbose or tasks.root is not None else None
            if self.client is not None:
                folds = dask_functions().folds_on(self.client, trial, rows, known, heard=heard, keep=keep, left=finished.left)
            elif self.n_jobs not in (None, 1):
                folds = []
                pairs = zip(rows.splits, known, strict=True)
                apart = (delayed(tried)(trial, replace(rows, splits=[split]), [done]) for split, done in pairs)
                for (fold,) in Parallel(n_jobs=self.n_jobs, return_as="generator")(apart):
                    finished.keep(trial, len(folds), dict(enumerate(fold)))
                    tasks.advance(n - len(known[len(folds)]))
                    folds.append(fold)
            else:
                folds = tried(trial, rows, known, heard=heard, keep=keep)
        tasks.end()
        folds = [settled(fold, self.error_score, self.return_train_score) for fold in folds]
        return [fold[i] for i in range(n) for fold in folds]

    def _choose(self, results: dict[str, Any], metric: str) -> None:
        """The best of all, or with halving the best of those that trained longest."""
        if self.halving is None or callable(self.refit):
            self.best_index_ = self._select_best_index(self.refit, metric, results)
        else:
            last = np.flatnonzero(results["iter"] == results["iter"].max())
            self.best_index_ = int(last[np.argmax(np.nan_to_num(results[f"mean_test_{metric}"][last], nan=-np.inf))])
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{metric}"][self.best_index_]
        self.best_params_ = results["params"][self.best_index_]

    def _refit(self, X: Any, y: Any, known: dict[str, Any], tasks: SearchTasks) -> None:
        began = time.time()
        self.best_estimator_ = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        prefix = "" if get_config()["enable_metadata_routing"] else prefix_of(self.estimator)
        with tasks.refit(self.best_estimator_):
            self.best_estimator_.fit(X, y, **{f"{prefix}{name}": values for name, values in known.items() if values is not None})
        self.refit_time_ = time.time() - began
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_


def settled(outcomes: list[Outcome], error_score: Any, with_train_score: bool) -> list[Outcome]:
    """A fold's outcomes, with `error_score` for candidates that could not be trained.

    Raises an error if `error_score` requests it, or if no candidate is left.
    """
    failed = {i: outcome.pop("failed") for i, outcome in enumerate(outcomes) if "failed" in outcome}
    for i, words in failed.items():
        if error_score == "raise" or len(failed) == len(outcomes):
            raise InvalidParameterError(f"candidate {i} cannot be trained: {words}")
        warnings.warn(f"candidate {i} of a fold failed and scores {error_score}: {words}", stacklevel=2)
    first = next((o["test_scores"] for o in outcomes if "test_scores" in o), None)
    for i in failed:
        for name in ("test_scores", "train_scores")[: 1 + with_train_score]:
            outcomes[i][name] = dict.fromkeys(first, error_score) if isinstance(first, dict) else error_score
    return outcomes
