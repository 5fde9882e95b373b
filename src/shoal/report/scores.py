"""A model's scores on held-out rows, their uncertainty, and the scores of simple models on the same rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor

from shoal.engine.threads import one_thread
from shoal.metrics import ACCURACY, LOG_LOSS, MAE, METRICS, R2, RMSE, Metric
from shoal.report.html import number
from shoal.table import Task
from shoal.table_models.scores import Rows, baseline_models, fitted_models
from shoal.types import Floats

RESAMPLES = 400  # of the held-out rows: each end of a 95 % interval then has about ten resamples beyond it
HEADLINE = {"classification": "log_loss", "regression": "rmse"}
NAMES = {"shoal": "this network", "trivial": "a constant prediction", "linear": "a linear model", "boosting": "histogram boosting"}
SURE = 0.975


@dataclass(frozen=True)
class Scored:
    """One model's scores, and those on every resample of the rows.

    Attributes
    ----------
    scores : dict of metric to number
    resampled : dict of metric to ndarray, (RESAMPLES,)
    """

    scores: dict[str, float]
    resampled: dict[str, Floats]

    def interval(self, metric: str) -> tuple[float, float]:
        """The central 95 % of the resamples."""
        low, high = np.nanquantile(self.resampled[metric], [0.025, 0.975])
        return float(low), float(high)


def baselines(learned: Rows, task: Task, seed: int) -> dict[str, Any]:
    """Trivial, linear and histogram-boosting models, each with scikit-learn's defaults, fitted to prepared rows with their weights."""
    several = learned[1].ndim == 2
    boosting: Any = (HistGradientBoostingClassifier if task == "classification" else HistGradientBoostingRegressor)(random_state=seed)
    if several:
        boosting = OneVsRestClassifier(boosting) if task == "classification" else MultiOutputRegressor(boosting)
    trivial, linear = baseline_models(task, several)
    # `fitted_models` uses one thread; on a busy machine the trees took 31 s on two threads, and 6 s on one.
    return fitted_models({"trivial": trivial, "linear": linear, "boosting": boosting}, learned)


def counts_of(m: int, seed: int, weight: Floats | None = None, groups: NDArray[Any] | None = None) -> Floats:
    """How often each row is in each resample, times its weight, `(1 + RESAMPLES, m)`; the first is the rows themselves.

    With `groups (m,)` whole groups are drawn, because rows of one group are alike: scores vary more than with as many independent rows.
    """
    rng = np.random.default_rng(seed)
    n, of_row = (m, np.arange(m)) if groups is None else (len(np.unique(groups)), np.unique(groups, return_inverse=True)[1])
    drawn = rng.integers(0, n, (RESAMPLES, n))
    often = np.vstack([np.ones(m), *(np.bincount(row, minlength=n).astype(float)[of_row] for row in drawn)])
    return often if weight is None else often * weight


def scored(model: Any, X: Any, y: NDArray[Any], task: Task, counts: Floats) -> Scored:
    """A fitted model's scores on rows it was not trained on, under scikit-learn's names, as in `metrics_of`."""
    with one_thread():
        of = regression_scores(y, model.predict(X), counts) if task == "regression" else classification_scores(model, X, y, counts)
    return Scored({name: float(v[0]) for name, v in of.items()}, {name: v[1:] for name, v in of.items()})


def classification_scores(model: Any, X: Any, y: NDArray[Any], counts: Floats) -> dict[str, Floats]:
    """Each metric of every resample."""
    predicted, shares = np.asarray(model.predict(X)), np.asarray(model.predict_proba(X), np.float64)
    if y.ndim == 2:
        return of_sums((y, predicted, np.where(y == 1, shares, 1 - shares)), counts)
    shares = shares / shares.sum(axis=1, keepdims=True)
    classes = np.asarray(model.classes_)
    own = shares[np.arange(len(y)), np.searchsorted(classes, y)]
    found = of_sums((y[:, None], predicted[:, None], own[:, None]), counts)
    if len(classes) == 2 and len(np.unique(y)) == 2:
        found["roc_auc"] = areas(y == classes[1], shares[:, 1], counts)
    return found


def of_sums(known: tuple[NDArray[Any], NDArray[Any], Floats], counts: Floats) -> dict[str, Floats]:
    """Accuracy and log loss from the truth, the predictions and the probability of the truth, each `(m, n_targets)`."""
    y, predicted, given = known
    pairs = ((ACCURACY, predicted), (LOG_LOSS, given))
    return {metric.name: score(metric, y, answer, counts) for metric, answer in pairs}


def score(metric: Metric, y: NDArray[Any], answers: NDArray[Any], counts: Floats) -> Floats:
    """The metric of every resample."""
    assert metric.terms is not None
    assert metric.value is not None
    return metric.value(metric.terms(y, answers, counts))


def areas(positive: NDArray[np.bool_], p: Floats, counts: Floats) -> Floats:
    """Area under the ROC curve of every resample: the fraction of pairs in the correct order; equal ones count half."""
    order = np.argsort(p, kind="stable")
    _, group = np.unique(p[order], return_inverse=True)
    found = np.full(len(counts), np.nan)
    for b, weight in enumerate(counts):
        w = weight[order]
        up = np.bincount(group, weights=w * positive[order])
        down = np.bincount(group, weights=w * ~positive[order])
        pairs = up.sum() * down.sum()
        if pairs > 0:
            found[b] = up @ (np.cumsum(down) - down / 2) / pairs
    return found


def regression_scores(y: NDArray[Any], predicted: NDArray[Any], counts: Floats) -> dict[str, Floats]:
    """Each metric of every resample, the mean over several targets."""
    Y = np.asarray(y, np.float64).reshape(len(y), -1)
    A, middle = np.asarray(predicted, np.float64).reshape(Y.shape), Y.mean(axis=0)
    found = {metric.name: score(metric, Y, A, counts) for metric in (RMSE, MAE)}
    return {**found, R2.name: score(R2, Y - middle, A - middle, counts)} if len(y) > 1 else found


def verdict(found: dict[str, Scored], metric: str) -> str:
    """One sentence: which model is best, by how much, and how certain that is."""
    sign = 1 if METRICS[metric].higher_is_better else -1
    own = found["shoal"]
    rivals = {name: each for name, each in found.items() if name != "shoal"}
    if not rivals:
        return ""
    best = sorted(rivals, key=lambda name: rivals[name].scores[metric], reverse=METRICS[metric].higher_is_better)[0]
    there, here = rivals[best].scores[metric], own.scores[metric]
    name = NAMES[best][0].upper() + NAMES[best][1:]
    numbers = f"{metric} {number(there)} against {number(here)}"
    if sign * there > sign * here:
        share = float(np.mean(sign * rivals[best].resampled[metric] > sign * own.resampled[metric]))
        sure = "" if share >= SURE else " There are too few rows to be certain."
        advice = " Prefer it, unless you need properties that only this network has."
        return f"{name} is better than this network: {numbers}, and in {share:.0%} of the resamples.{sure}{advice if share >= SURE else ''}"
    share = float(np.mean(sign * own.resampled[metric] > sign * rivals[best].resampled[metric]))
    sure = "" if share >= SURE else " There are too few rows to be certain."
    return f"This network is the best of these; the next is {NAMES[best]}, {numbers}; better in {share:.0%} of the resamples.{sure}"
