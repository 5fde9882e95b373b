"""Scores of many candidates on the same rows: for a known scorer only its formula, without scikit-learn's repeated checks.

The rows are checked and encoded once for all. Each formula equals scikit-learn's to the last bit (`tests/unit/test_fold_scores.py`);
scikit-learn itself computes any other scorer, and any case that it warns about or refuses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import xlogy
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score, root_mean_squared_error
from sklearn.metrics._scorer import _MultimetricScorer, _PassthroughScorer, _Scorer
from sklearn.model_selection._validation import _score

from shoal.encoding import encode
from shoal.engine.predict import BLOCK_ROWS, WORTH_COMPILING, network_logits
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.estimator import ShallowEstimator
from shoal.estimators.regressor import ShoalRegressor
from shoal.metrics import clipped
from shoal.network import Network, in_units, predict
from shoal.types import Floats


@dataclass(frozen=True)
class Truth:
    """The truth: targets `(m, 1)`, for a classifier the indices of the classes, −1 for an unknown one."""

    y: NDArray[Any]
    weight: Floats | None
    complete: bool = True  # for a classifier: whether every class occurs, and no other


Formula = Callable[[Truth, Floats], float | None]  # of the network's predictions (m, n_y); None if scikit-learn must compute it


def accuracy(truth: Truth, p: Floats) -> float | None:
    """`accuracy_score`."""
    right = (p[:, 0] > 0.5 if p.shape[1] == 1 else p.argmax(axis=1)) == truth.y[:, 0]
    return np.count_nonzero(right) / len(right) if truth.weight is None else float(np.average(right, weights=truth.weight))


def log_loss_of(truth: Truth, p: Floats) -> float | None:
    """`log_loss`: −ln of the probability of the true class."""
    if not truth.complete:
        return None
    y = truth.y[:, 0]
    given = np.where(y == 1, p[:, 0], 1 - p[:, 0]) if p.shape[1] == 1 else p[np.arange(len(y)), y]
    return float(np.average(-xlogy(1.0, clipped(given)), weights=truth.weight))


def squared_error(truth: Truth, p: Floats) -> float | None:
    """`mean_squared_error`."""
    return float(np.average((truth.y - p) ** 2, axis=0, weights=truth.weight)[0])


def root_squared_error(truth: Truth, p: Floats) -> float | None:
    """`root_mean_squared_error`."""
    return float(np.sqrt(np.average((truth.y - p) ** 2, axis=0, weights=truth.weight))[0])


def r2(truth: Truth, p: Floats) -> float | None:
    """`r2_score`; for fewer than two rows, or equal ones, scikit-learn computes it."""
    weight = 1.0 if truth.weight is None else truth.weight[:, None]
    spread = np.sum(weight * (truth.y - np.average(truth.y, axis=0, weights=truth.weight)) ** 2, axis=0)
    if len(p) < 2 or spread[0] == 0:
        return None
    return float((1 - np.sum(weight * (truth.y - p) ** 2, axis=0) / spread)[0])


KNOWN: dict[tuple[Any, str], Formula] = {  # (metric, the method of the estimator that it uses)
    (accuracy_score, "predict"): accuracy,
    (log_loss, "predict_proba"): log_loss_of,
    (mean_squared_error, "predict"): squared_error,
    (root_mean_squared_error, "predict"): root_squared_error,
    (r2_score, "predict"): r2,
}
OF_CLASSES = (accuracy, log_loss_of)


@dataclass(frozen=True)
class EncodedRows:
    """What networks with one encoding read: checked rows `X (m, n)`, the same encoded if they are few, and the truth, None if unknown."""

    X: Any
    encoded: Any
    truth: Truth | None


@dataclass
class ScoredRows:
    """Rows to score on, as the user gave them, and their weights; and how the networks that were last scored read them.

    All candidates of a fold with one preparation have the same encoding and targets.
    """

    X: Any
    y: Any
    weight: Floats | None
    last: tuple[Any, Any, EncodedRows] | None = None

    def read_by(self, shoal: ShallowEstimator) -> EncodedRows:
        """The rows as a fitted shoal reads them. Any thread may ask."""
        last, encoding, targets = self.last, shoal.network_.encoding, shoal._fitted.targets
        if last is not None and last[0] is encoding and last[1] is targets:
            return last[2]
        truth = truth_of(shoal, self.y, self.weight)
        X = None if truth is None else shoal._rows(self.X)
        # more rows would fill memory, and their arithmetic outweighs the rest
        few = X is not None and X.shape[0] <= BLOCK_ROWS and not sparse.issparse(X)
        found = EncodedRows(X, encode(encoding, X) if few else None, truth)
        self.last = encoding, targets, found
        return found


def scores_of(shoals: Sequence[ShallowEstimator], scorers: Any, rows: ScoredRows, error_score: Any = "raise") -> list[Any]:
    """Each fitted shoal's score, or several by name; all have the same preparation, and so the same encoding.

    If a scorer raises an error, `error_score` replaces its score, with a warning; "raise" passes the error on.
    """
    formulas = formulas_of(scorers, shoals[0])
    read = None if formulas is None else rows.read_by(shoals[0])
    if formulas is None or read is None or read.truth is None:
        return [scored(scorers, shoal, rows, error_score) for shoal in shoals]
    found = []
    for shoal in shoals:
        p, truth = answers(shoal.network_, read.X, read.encoded), read.truth
        values = {name: formula(truth, p) for name, (_, formula) in formulas.items()} if np.isfinite(p).all() else {"": None}
        if None in values.values():
            found.append(scored(scorers, shoal, rows, error_score))
        else:
            signed = {name: formulas[name][0] * value for name, value in values.items() if value is not None}
            found.append(signed if isinstance(scorers, _MultimetricScorer) else signed[""])
    return found


def scored(scorers: Any, shoal: ShallowEstimator, rows: ScoredRows, error_score: Any) -> Any:
    """One score, or several by name, as scikit-learn's searches find them."""
    scores = _score(shoal, rows.X, rows.y, scorers, {} if rows.weight is None else {"sample_weight": rows.weight}, error_score)
    return {name: float(v) for name, v in scores.items()} if isinstance(scores, dict) else float(scores)


def answers(network: Network, X: Any, encoded: Any) -> Floats:
    """`network.predict`, bit for bit, for rows that are already encoded."""
    if encoded is None or len(encoded) * network.merged.W1.size >= WORTH_COMPILING:
        return predict(network, X)
    return in_units(network, network.g2(network_logits(network.merged, encoded, network.activation)))


def formulas_of(scorers: Any, shoal: ShallowEstimator | None) -> dict[str, tuple[float, Formula]] | None:
    """Sign and formula of every score by its name ("" for a single one); None if one is unknown, or the estimator is a subclass."""
    if type(shoal) not in (ShoalClassifier, ShoalRegressor):
        return None
    classifies = type(shoal) is ShoalClassifier
    several = scorers._scorers if isinstance(scorers, _MultimetricScorer) else {"": scorers}
    found: dict[str, tuple[float, Formula]] = {}
    for name, scorer in several.items():
        formula: Formula | None = None
        if type(scorer) is _PassthroughScorer:
            sign, formula = 1.0, accuracy if classifies else r2
        elif type(scorer) is _Scorer and not scorer._kwargs:
            sign, formula = scorer._sign, KNOWN.get((scorer._score_func, str(scorer._response_method)))
        if formula is None or (formula in OF_CLASSES) != classifies:
            return None
        found[name] = sign, formula
    return found


def truth_of(shoal: ShallowEstimator, y: Any, weight: Floats | None) -> Truth | None:
    """The targets in the formulas' form; None if they are not a single column."""
    if not isinstance(y, np.ndarray) or y.ndim != 1 or len(y) == 0:
        return None
    if isinstance(shoal, ShoalRegressor):
        plain = y.dtype.kind in "iuf" and bool(np.isfinite(y).all())
        return Truth(y.astype(np.float64)[:, None], weight) if plain else None
    if y.dtype.kind not in "biuU" or shoal._multilabel or shoal.classes_.dtype.kind != y.dtype.kind:
        return None
    codes = np.minimum(np.searchsorted(shoal.classes_, y), len(shoal.classes_) - 1)
    known = shoal.classes_[codes] == y
    complete = bool(known.all()) and len(np.unique(codes)) == len(shoal.classes_)
    return Truth(np.where(known, codes, -1)[:, None], weight, complete)
