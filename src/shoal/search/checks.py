"""Checks of a search's arguments before training: candidates, folds, scores and refit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv

from shoal.errors import InvalidParameterError, ShoalError
from shoal.kinds import ChoiceKind, FlagKind, SeedKind, WholeKind, real, shown, whole
from shoal.nearest_names import nearest
from shoal.search.folds import last_step, prefix_of

Fold = tuple[NDArray[Any], NDArray[Any]]


@contextmanager
def refused_as(name: str, value: Any) -> Iterator[None]:
    """During the block, scikit-learn's error about an argument becomes one with the argument's name."""
    try:
        yield
    except ShoalError:
        raise
    except (ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        words = " ".join(str(error).split())
        raise InvalidParameterError(f"{name} is {shown(value)}, which scikit-learn refuses: {words[:300]}") from error


def check_search(search: Any) -> None:
    """Refuse invalid arguments of a search.

    Raises
    ------
    InvalidParameterError
    """
    WholeKind().read("n_iter", search.n_iter)
    FlagKind().read("return_train_score", search.return_train_score)
    FlagKind(counts=True).read("verbose", search.verbose)
    SeedKind().read("random_state", search.random_state)
    if search.halving is not None and WholeKind().read("halving", search.halving) < 2:
        raise InvalidParameterError(f"halving is {search.halving!r}; it must be a whole number from 2 on, or None")
    if search.n_jobs is not None:
        with refused_as("n_jobs", search.n_jobs):
            if whole(search.n_jobs) == 0:
                raise InvalidParameterError("n_jobs is 0; it must be a number of processes, negative to leave cores free, or None")
    if not isinstance(search.error_score, float) or not np.isnan(search.error_score):
        with refused_as("error_score", search.error_score):
            if not (isinstance(search.error_score, str) and search.error_score == "raise"):
                real(search.error_score)
    if not isinstance(search.refit, str) and not callable(search.refit):
        FlagKind().read("refit", search.refit)


def candidates_of(search: Any) -> list[dict[str, Any]]:
    """The parameters of every candidate.

    Raises
    ------
    InvalidParameterError
        For no candidate, an invalid grid, and unknown parameter names.
    """
    if search.param_grid is not None:
        with refused_as("param_grid", search.param_grid):
            candidates = list(ParameterGrid(search.param_grid))
    else:
        with refused_as("param_distributions", search.param_distributions):
            candidates = list(ParameterSampler(search.param_distributions, int(search.n_iter), random_state=search.random_state))
    if not candidates:
        raise InvalidParameterError("param_grid is empty; give at least one candidate, such as {'alpha': [0.1, 1.0]}")
    prefix, final = prefix_of(search.estimator), last_step(search.estimator)
    names = sorted({str(name) for candidate in candidates for name in candidate})
    outside = [name for name in names if not name.startswith(prefix)]
    if outside:
        raise InvalidParameterError(
            f"{', '.join(outside)}: only parameters of the last step, {prefix}…, can be searched together; "
            "for those of other steps use scikit-learn's GridSearchCV"
        )
    known = tuple(f"{prefix}{name}" for name in final.get_params(deep=False)) if final is not None else ()
    for name in names:
        ChoiceKind(known).read("a name of param_grid", name)
    return candidates


def folds_of(search: Any, X: Any, y: Any, groups: Any, classifier: bool) -> tuple[Any, list[Fold]]:
    """The splitter, and the rows of every fold, to learn from and to score on.

    Raises
    ------
    InvalidParameterError
        For no fold, row numbers out of range, and a fold without rows on one of its sides.
    """
    m = X.shape[0] if hasattr(X, "shape") else len(X)
    with refused_as("cv", search.cv):
        splitter = check_cv(search.cv, y, classifier=classifier)
        pairs = [(train, test) for train, test in splitter.split(X, y, groups)]
    if not pairs:
        raise InvalidParameterError("cv is empty; give at least one fold, or a number of folds")
    return splitter, [(rows_of(i, "training", train, m), rows_of(i, "test", test, m)) for i, (train, test) in enumerate(pairs)]


def rows_of(fold: int, side: str, rows: Any, m: int) -> NDArray[Any]:
    """The rows of one side of a fold, checked: numbers below m, or a mask of m."""
    found = np.asarray(rows)
    where = f"the {side} rows of fold {fold} of cv"
    if found.dtype == bool and found.shape == (m,):
        found = np.flatnonzero(found)
    if found.size == 0:
        raise InvalidParameterError(f"{where} are none; each side of a fold needs at least one row")
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise InvalidParameterError(f"{where} are {shown(rows)}; give the numbers of rows, or True and False for each of the {m} rows")
    outside = found[(found < -m) | (found >= m)]
    if len(outside):
        raise InvalidParameterError(f"{where} contain {int(outside[0])}, and there are {m} rows, numbered from 0 to {m - 1}")
    return found


def scorers_of(search: Any, get: Callable[[], tuple[Any, Any]]) -> tuple[Any, Any]:
    """The result of `get`, scorers and the metric that chooses, or an error that names `scoring` or `refit`.

    Raises
    ------
    InvalidParameterError
    """
    several = isinstance(search.scoring, list | tuple | set | dict)
    named = list(search.scoring) if several and not isinstance(search.scoring, dict) else [search.scoring]
    known = get_scorer_names()
    for name in named:
        if isinstance(name, str) and name not in known:
            near = nearest(name, known)
            hint = f"the nearest are {', '.join(near)}" if near else "sklearn.metrics.get_scorer_names() lists them"
            raise InvalidParameterError(f"scoring is {shown(search.scoring)}, and scikit-learn has no score {name!r}; {hint}")
    if several and search.scoring:
        if isinstance(search.refit, str):
            ChoiceKind(tuple(map(str, search.scoring))).read("refit", search.refit)
        elif search.refit is True:
            raise InvalidParameterError("refit is True, and scoring has several scores: set refit to the name of one, or to False")
    if not several and not callable(search.scoring):
        check_refit(search.refit, search.scoring)
    with refused_as("scoring", search.scoring):
        return get()


def check_refit(refit: Any, scoring: Any) -> None:
    """Refuse the name of a score if there is only one score."""
    if isinstance(refit, str) and refit not in ("score", scoring):
        raise InvalidParameterError(f"refit is {shown(refit)}, and there is one score only; give True, False, or a function")
