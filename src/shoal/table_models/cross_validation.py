"""Cross-validation of a raw table's model beside other tools, on the same folds, with intervals and tests that respect their overlap.

Training sets of different folds share rows, so their scores are not independent. The variance of the mean of n scores is therefore
taken as (1/n + m_test/m_train) s² in place of s²/n, with n − 1 degrees of freedom (Nadeau and Bengio 2003): the corrected resampled t.
"""

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.model_selection import (
    GroupKFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    TimeSeriesSplit,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal.engine.jit.waiting import training_clock
from shoal.engine.threads import one_thread
from shoal.errors import InvalidParameterError, TableError
from shoal.files import reading_once
from shoal.metrics import METRICS
from shoal.table import Task, prepared_rows
from shoal.table.cells import brief
from shoal.table.frames import Table, frame_or_path
from shoal.table.splits import moments
from shoal.table.steps import learned_rows
from shoal.table.target import Target
from shoal.table_models.facts import made_with
from shoal.table_models.fit import check_arguments, described, estimator_for, trained_on_side
from shoal.table_models.scores import Metrics, baseline_models, fitted_models, metrics_of
from shoal.table_models.splits import (
    Side,
    Split,
    both_sides,
    cells_of,
    chosen_by,
    chosen_inputs,
    column_roles,
    fingerprint,
    frame_of,
    known_rows,
    name_of,
    roles_of,
    split_seed,
)
from shoal.uncertainty.outside import outside_named

FOLDS = re.compile(r"\s*(\d+)\s*(?:[x×]\s*(\d+)\s*)?")
TREES = 300  # of the random forest
MOST_GAUSSIAN = 500  # training rows up to which a Gaussian process takes seconds and not minutes
CONFIDENCE = 0.95
OURS = "shoal"
REGRESSORS: Any = (RandomForestRegressor, KNeighborsRegressor, GaussianProcessRegressor, HistGradientBoostingRegressor)
CLASSIFIERS: Any = (RandomForestClassifier, KNeighborsClassifier, GaussianProcessClassifier, HistGradientBoostingClassifier)


@dataclass(frozen=True)
class CrossValidation:
    """Scores of every tool on every fold, and the predictions of rows that the model was not trained on.

    Attributes
    ----------
    task : {"classification", "regression"}
    targets : tuple of str
    scores : DataFrame
        A row for each tool, repeat and fold: `tool`, `repeat`, `fold`, `n_train`, `n_test`, `seconds` and its scores.
    predictions : DataFrame
        Of the shoal alone, a row for each repeat and row of the table: `row` (from 1), `repeat`, `fold`, `truth` and `prediction` (of
        several targets one column each), and of classes the probability of each.
    how : str
        How rows were held out.
    statement : str
        What someone needs to repeat it: the table's name and SHA-256, what was chosen, versions, seed, folds.
    sha256 : str
        Of the table, as in `Facts`.
    """

    task: Task
    targets: tuple[str, ...]
    scores: pd.DataFrame
    predictions: pd.DataFrame
    how: str
    statement: str
    sha256: str

    @property
    def how_often(self) -> str:
        """The number of folds, and of repeats if there are any."""
        return folds_in_words(int(self.scores["fold"].nunique()), int(self.scores["repeat"].nunique()))

    @property
    def metrics(self) -> list[str]:
        """The scores that were computed, as in `shoal.fit`."""
        return [name for name in self.scores.columns if name in METRICS]

    def summary(self) -> pd.DataFrame:
        """For every tool and score: mean, standard deviation over the folds, 95 % interval of the mean, and the comparison with the shoal.

        Returns
        -------
        DataFrame
            Indexed by (score, tool), the best tool of a score first. `difference` is the shoal's mean minus the tool's, `p` that of the
            corrected resampled t-test that there is none. `to_csv`, `to_html` and `to_latex` of pandas make tables for papers.

        Examples
        --------
        >>> import shoal
        >>> from sklearn.datasets import load_iris
        >>> found = shoal.cross_validate(load_iris(as_frame=True).frame, "target", folds=3, peers=False, settings={"max_iter": 20})
        >>> found.summary().columns.tolist()
        ['mean', 'sd', 'low', 'high', 'difference', 'p']
        """
        share = float((self.scores["n_test"] / self.scores["n_train"]).mean())
        lines = []
        for metric in self.metrics:
            wide = self.scores.pivot_table(index=["repeat", "fold"], columns="tool", values=metric, sort=False)
            order = wide.mean().sort_values(ascending=not METRICS[metric].higher_is_better).index
            for tool in order:
                low, high, _ = corrected(wide[tool].to_numpy(), share)
                apart = (wide[OURS] - wide[tool]).to_numpy()
                line = {"mean": wide[tool].mean(), "sd": wide[tool].std(), "low": low, "high": high}
                p = corrected(apart, share)[2] if tool != OURS else np.nan
                lines.append({"score": metric, "tool": tool, **line, "difference": apart.mean(), "p": p})
        return pd.DataFrame(lines).set_index(["score", "tool"])


def corrected(values: np.ndarray, share: float) -> tuple[float, float, float]:
    """The 95 % interval of the mean of scores (or differences) of folds, and the p-value of a mean of 0.

    Parameters
    ----------
    values : (n,)
    share : rows of a fold divided by the rows learned from
    """
    values = values[np.isfinite(values)]
    n = len(values)
    if n < 2:
        return np.nan, np.nan, np.nan
    mean, error = float(values.mean()), float(np.sqrt((1 / n + share) * values.var(ddof=1)))
    width = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * error
    if error == 0:
        return mean, mean, float(mean == 0)
    return mean - width, mean + width, float(2 * stats.t.sf(abs(mean) / error, n - 1))


def folds_in_words(n: int, repeats: int) -> str:
    """As a person says it."""
    return f"{n} folds, {repeats} repeats" if repeats > 1 else f"{n} folds"


def p_in_words(p: float) -> str:
    """A p-value with two digits; nothing for NaN."""
    return "" if np.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.2g}"


def folds_of(given: Any) -> tuple[int, int]:
    """The number of folds and repeats: 10, "10" or "10x3".

    Raises
    ------
    InvalidParameterError
        For fewer than two folds, no repeat, or another text.
    """
    found = FOLDS.fullmatch(str(given)) if isinstance(given, str | int | np.integer) and not isinstance(given, bool) else None
    n, repeats = (0, 0) if found is None else (int(found[1]), int(found[2] or 1))
    if n < 2 or repeats < 1:
        raise InvalidParameterError(f"folds={brief(given)}; it must be a number of folds, from 2 on, such as 10, or '10x3' for 3 repeats.")
    return n, repeats


@reading_once()
def cross_validate(
    table: Table,
    target: Hashable | Sequence[Hashable],
    *,
    folds: int | str = 5,
    peers: bool = True,
    task: str | None = None,
    groups: Hashable = None,
    time: Hashable = None,
    weights: Hashable = None,
    categories: Collection[Hashable] = (),
    drop: Collection[Hashable] = (),
    inputs: Collection[Hashable] | None = None,
    missing: Collection[Hashable] = (),
    keep: Collection[Hashable] = (),
    merge_case: bool | None = None,
    day_first: bool | None = None,
    target_means: bool = True,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> CrossValidation:
    """Score `shoal.fit`'s model by cross-validation, beside other tools on the same folds and prepared rows.

    The columns of every fold are prepared from its training rows alone.

    Parameters
    ----------
    table, target, task, groups, time, weights, categories, drop, inputs, missing, keep, merge_case, day_first, target_means, settings, seed
        As for `shoal.fit`. With `groups` whole groups are held out, with `time` always later rows than those learned from, else rows drawn
        at random, in each class for classes.
    folds : int or str
        The number of folds, or "10x3" for 3 repeats with other folds.
    peers : bool
        Whether scikit-learn's linear model, 10 nearest neighbours, Gaussian process (up to 500 training rows), random forest of 300
        trees and histogram gradient boosting, else with their defaults, are scored too; of several targets, or with weights, those that
        support them.
    progress : called as progress(what, folds done, folds)

    Returns
    -------
    CrossValidation

    Raises
    ------
    TableError, ColumnsError, InvalidParameterError
        As `shoal.fit`; for more folds than rows of the smallest class, or than groups.

    Examples
    --------
    >>> import shoal
    >>> from sklearn.datasets import load_iris
    >>> found = shoal.cross_validate(load_iris(as_frame=True).frame, "target", folds=3, peers=False, settings={"max_iter": 20})
    >>> len(found.scores), len(found.predictions)
    (3, 150)
    """
    n_folds, repeats = folds_of(folds)
    check_arguments(seed, task, settings, {"peers": peers}, (), progress)
    table = frame_or_path(table)
    learned, named, categories = column_roles(table, target, {"groups": groups, "time": time, "weights": weights}, categories)
    cells = cells_of(table, drop, missing, keep, merge_case, day_first, target_means, inputs)
    split = Split(task, None, 0.2, named["groups"], named["time"], int(seed), categories, named["weights"], **cells)
    frame = frame_of(table, texts=categories, codes=[*learned, *split.coded])
    split = chosen_inputs(split, frame.columns, learned)
    found, known, inputs = known_rows(frame, learned, split)
    roles = roles_of(known, split)
    places, how = places_of(found, known, split, roles, n_folds, repeats)
    scores: list[dict[str, Any]] = []
    answers: list[pd.DataFrame] = []
    watch = progress or (lambda *_: None)
    for number, (train, test) in enumerate(places):
        watch("folds", number, len(places))
        at = {"repeat": number // n_folds, "fold": number % n_folds}
        learn, held = both_sides(inputs, found.y, roles, split, (train, test))
        size = {"n_train": len(train), "n_test": len(test)}
        for tool, seconds, of_fold, predicted in of_tools(learn, held, found, split, settings, peers=peers):
            scores.append({"tool": tool, **at, **size, "seconds": seconds, **of_fold})
            if predicted is not None:
                answers.append(pd.DataFrame({"row": known.index[test], **at}).join(predicted))
    watch("folds", len(places), len(places))
    digest = fingerprint(table)
    statement = stated(table, digest, split, f"{folds_in_words(n_folds, repeats)}, {how}", settings or {})
    predictions = pd.concat(answers, ignore_index=True)
    return CrossValidation(found.task, found.names, pd.DataFrame(scores), predictions, how, statement, digest)


Places = list[tuple[np.ndarray, np.ndarray]]


def places_of(
    found: Target, known: pd.DataFrame, split: Split, roles: Mapping[str, np.ndarray], n_folds: int, repeats: int
) -> tuple[Places, str]:
    """Training and test rows of every fold, those of a repeat one after the other, and how they were drawn."""
    seed, of_classes = split_seed(split.seed), found.task == "classification" and found.y.ndim == 1
    m, labels = len(found.y), found.y if of_classes else None
    nothing = np.zeros(m)
    if split.time is not None:
        if repeats > 1:
            raise InvalidParameterError(
                f"time={split.time!r} leaves one order of the rows, so that a repeat would have the same folds: set no repeats"
            )
        if n_folds >= m:
            raise TableError(f"{n_folds} folds of {m} rows: set fewer folds.")
        order = np.argsort(moments(known[split.time], split.time, None, split.day_first), kind="stable")
        cuts = TimeSeriesSplit(n_folds).split(nothing)
        return [(order[train], order[test]) for train, test in cuts], f"later rows by {split.time!r} than those learned from"
    if split.groups is not None:
        groups = roles["groups"]
        n_groups = len(np.unique(groups))
        if n_groups < n_folds:
            raise TableError(f"{n_folds} folds of {n_groups} groups by {split.groups!r}: set fewer folds.")
        kind = StratifiedGroupKFold if of_classes else GroupKFold
        drawn = (kind(n_folds, shuffle=True, random_state=(seed + r) % 2**32).split(nothing, labels, groups) for r in range(repeats))
        return [place for one in drawn for place in one], f"whole groups of {split.groups!r}"
    rows_of = pd.Series(found.y).value_counts() if of_classes else pd.Series({"": m})
    least = int(rows_of.min())
    if least < n_folds:
        what = f"rows of the class {rows_of.index[-1]}" if of_classes else "rows"
        raise TableError(f"{n_folds} folds of {least} {what}: each fold needs one. Set fewer folds, or merge rare classes.")
    kind_of_rows = RepeatedStratifiedKFold if of_classes else RepeatedKFold
    rows = kind_of_rows(n_splits=n_folds, n_repeats=repeats, random_state=seed).split(nothing, labels)
    return list(rows), "rows drawn at random" + (" in each class" if of_classes else "")


def of_tools(
    learn: Side, held: Side, found: Target, split: Split, settings: Mapping[str, Any] | None, *, peers: bool
) -> Iterator[tuple[str, float, Metrics, pd.DataFrame | None]]:
    """Name, seconds of training, scores and, of the shoal, predictions of every tool on one fold."""
    start = training_clock()
    allowed = (*found.names, *split.no_inputs)
    estimator = estimator_for(found.task, settings, split.seed, ())
    model, stopped = trained_on_side(learn, found, allowed, described(learn, held, split, found), estimator, {})
    if stopped:
        raise KeyboardInterrupt
    seconds, rows = training_clock() - start, prepared_rows(model["prepare"], held.inputs)
    with outside_named(False):
        yield (
            OURS,
            seconds,
            metrics_of(model["estimator"], rows, held.y, found.task, held.weight),
            predicted_by(model["estimator"], rows, held.y, found),
        )
    if not peers:
        return
    X = learned_rows(model["prepare"], learn.inputs, learn.y, learn.roles, found.task, found.names)
    for name, peer in peers_of(found, len(learn.y), split.seed, weighted=learn.weight is not None).items():
        start = training_clock()
        fitted = fitted_models({name: peer}, (X, learn.y, learn.weight))[name]
        seconds = training_clock() - start
        with one_thread():  # on a busy machine the threads of OpenMP wait for each other for seconds
            of_peer = metrics_of(fitted, rows, held.y, found.task, held.weight)
        yield name, seconds, of_peer, None


def predicted_by(estimator: Any, X: np.ndarray, y: np.ndarray, found: Target) -> pd.DataFrame:
    """Truth and predictions of held-out rows, and the probabilities of classes."""
    names = [""] if y.ndim == 1 else [f" of {name}" for name in found.names]
    truth, predicted = y.reshape(len(y), -1), np.asarray(estimator.predict(X)).reshape(len(y), -1)
    columns: dict[str, Any] = {f"truth{name}": truth[:, k] for k, name in enumerate(names)}
    columns |= {f"prediction{name}": predicted[:, k] for k, name in enumerate(names)}
    if found.task == "classification":
        p = estimator.predict_proba(X)
        labels = estimator.classes_ if y.ndim == 1 else found.names
        columns |= {f"p({label})": p[:, k] for k, label in enumerate(labels)}
    return pd.DataFrame(columns)


def peers_of(found: Target, m: int, seed: int, *, weighted: bool) -> dict[str, Any]:
    """Other tools, unfitted, that support this target and, if there are any, weights."""
    several, numbers = found.y.ndim == 2, found.task == "regression"
    forest, neighbours, gaussian, boosting = REGRESSORS if numbers else CLASSIFIERS
    smooth = ConstantKernel() * RBF()
    state: dict[str, Any] = {"random_state": seed % 2**32}
    of_gaussian = {"kernel": smooth + WhiteKernel(), "normalize_y": True} if numbers else {"kernel": smooth}
    of_all = OneVsRestClassifier if several and not numbers else lambda model: model  # probabilities of labels as one array
    peers: dict[str, Any] = {"linear": baseline_models(found.task, several)[1]}
    if not weighted:
        peers["nearest neighbours"] = make_pipeline(StandardScaler(), of_all(neighbours(10)))
    if not (several or weighted) and m <= MOST_GAUSSIAN:
        peers["Gaussian process"] = make_pipeline(StandardScaler(), gaussian(**of_gaussian, **state))
    peers["random forest"] = of_all(forest(TREES, **state))
    return peers if several else peers | {"hist. boosting": boosting(**state)}


def stated(table: Table, digest: str, split: Split, how: str, settings: Mapping[str, Any]) -> str:
    """What someone needs to repeat it."""
    names = ("task", "groups", "time", "weights", "categories", chosen_by(split.inputs), "missing", "keep", "merge_case", "day_first")
    roles = {name: getattr(split, name) for name in names if getattr(split, name) not in (None, ())}
    roles |= {} if split.target_means else {"target_means": False}
    given = "".join(f", {name} {list(value) if isinstance(value, tuple) else value!r}" for name, value in roles.items())
    more = "".join(f", {name}={value!r}" for name, value in settings.items())
    return f"{name_of(table)}{f' (SHA-256 {digest})' if digest else ''}{given}: {how}, seed {split.seed}{more}; {made_with()}"
