"""Network: the result of training. Prediction, inspection and export all take one; none of them trains.

The facts of a fit by `shoal.fit` are the Pipeline's `facts_`; this module checks that they belong to the network.

scikit-learn fits a Pipeline's steps and tells nobody else, so that `facts_` outlives `model.fit(…)`. So facts carry the mark of the
network that they were found with, and who reads them asks here: facts of another network are as good as none.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.derived import cached_property
from shoal.encoding import Encoding, TargetScale, decode_target, encode, fold, fold_target
from shoal.engine.predict import logits, raw_hidden, raw_logits
from shoal.engine.threads import by_columns
from shoal.errors import DataError
from shoal.population import Population, merge
from shoal.textbook.losses import Loss, make_loss
from shoal.textbook.own_name import OwnName
from shoal.textbook.propagation import Parameters
from shoal.types import Floats

MOST_NAMES = 8  # of inputs and classes that a network's `repr` lists
NUMBERS_IN_A_ROW = 512  # of several rows side by side, in which columns are compared
HALF = 0.5  # the probability above which a class is predicted, unless a threshold was set


@dataclass(frozen=True)
class Noise:
    """The distance of targets from predictions on rows that were not learned from; `uncertainty.noise` computes it.

    Attributes
    ----------
    at, variance : tuples of ndarray, one for each target
        Predicted values, increasing, and the variance of one member's residual there, in squares of the target's units
        (of a Gaussian output: in units of the variance that it learned).
    share : ndarray, (n_y,)
        Fraction of the variance that follows the members' spread at a row.
    typical, typical_learned : ndarray, (n_y,)
        Mean spread of new rows, and of rows that the members learned from.
    averaging : ndarray, (n_y,)
        The fraction of one member's residual variance that remains when all are combined, in (0, 1].
    source : {"held-out rows", "evidence", "training rows"}
        Where it was learned: rows that no network, or not every network, had learned from; the precision that Bayesian
        regularization found; or, where nothing else was known, the very rows that were learned from, which show too little.
    n_rows : int or None
        How many rows showed it, a row of weight 2 counting as two; None in a file from before they were counted.
    """

    at: tuple[Floats, ...]
    variance: tuple[Floats, ...]
    share: Floats
    typical: Floats
    typical_learned: Floats
    averaging: Floats
    source: str
    n_rows: int | None = None


@dataclass(frozen=True)
class Calibration:
    """Scores (y − prediction) / standard deviation of rows, each predicted by networks that were not trained on it.

    Attributes
    ----------
    kind : {"split", "cv+"}
    scores : ndarray, (n, n_y)
        Increasing in every column.
    n_rows : int
        Number of rows passed to `fit`.
    """

    kind: str
    scores: Floats
    n_rows: int


@dataclass(frozen=True)
class LabelCalibration(Calibration):
    """Scores 1 − probability of the own class, of rows, each predicted by networks that were not trained on it.

    Attributes
    ----------
    kind, n_rows
        As in `Calibration`.
    scores : ndarray, (n, n_targets)
        Increasing in every column. A target is the one of two or more classes, or one of several labels.
    labels : ndarray of int, (n, n_targets)
        For each score the place of the row's class.
    groups : ndarray of int, (n, n_targets)
        For each score the row of `members`.
    members : ndarray of bool, (n_groups, K)
        Which members predicted the rows of each group.
    """

    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    members: NDArray[np.bool_]


@dataclass(frozen=True, repr=False)
class Network:
    """A trained shoal: its members' weights, how they are combined, and the meaning of its numbers. Its `repr` is a few lines.

    Attributes
    ----------
    population : Population
        The members.
    shares : ndarray, (K,)
        Each member's weight in the mean of the logits; they add up to 1.
    activation, output : str
        Names in `textbook.activations` and `textbook.losses`.
    delta, q : float
        Huber's threshold in units of the scaled target; the quantile.
    encoding : Encoding
        Encoding of the inputs before layer 1.
    target : TargetScale or None
        The scale of a regression target; None without one.
    classes : tuple of ndarray
        The labels, one array for each target; empty for regression.
    feature_names : tuple of str
        Names of the inputs, `x0, x1, …` if the data had none.
    history : mapping
        `loss`, `validation_loss`, `validation_score`, `learning_rate`: arrays `(epochs, K)`, validation ones only where used.
    noise : Noise or None
        For a regression, if rows to learn it from were available.
    calibration : Calibration or None
        If the estimator was calibrated.
    lowest, highest : ndarray, (n,), or None
        For every input, over the training rows.
    thresholds : tuple of float
        Of two classes one, above which the probability of the second decides for it; of several labels one each. Empty for a half, and
        for more classes, of which the most likely is predicted.
    """

    population: Population
    shares: Floats
    activation: str
    output: str
    encoding: Encoding
    target: TargetScale | None
    classes: tuple[NDArray[Any], ...]
    feature_names: tuple[str, ...]
    history: Mapping[str, Floats]
    delta: float = 1.0
    q: float = 0.5
    noise: Noise | None = None
    calibration: Calibration | None = None
    lowest: Floats | None = None
    highest: Floats | None = None
    thresholds: tuple[float, ...] = ()

    def __repr__(self) -> str:
        names = self.feature_names
        inputs = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
        classes = [f"classes: {', '.join(map(str, labels[:MOST_NAMES]))}{' …' * (len(labels) > MOST_NAMES)}" for labels in self.classes]
        parameters = sum(w.size for w in self.merged)
        epochs = len(self.history.get("loss", ()))
        own = [name.described() for name in (self.activation, self.output) if isinstance(name, OwnName)]
        lines = [f"inputs: {inputs}", *classes, *own, f"as one network: {parameters:,} parameters", f"trained for {epochs} epochs"]
        return "\n    ".join([f"<Network: {self.shape}", *lines]) + ">"

    @property
    def shape(self) -> str:
        """How many networks of which shape, such as "8 networks of 30 → 32 relu → 1 sigmoid"."""
        K, widths = self.population.K, sorted(set(self.population.widths.tolist()))
        units = f"{widths[0]}" if len(widths) == 1 else f"{widths[0]} to {widths[-1]}"
        n_z = self.population.parameters.W2.shape[1]
        return f"{K} network{'s' if K > 1 else ''} of {self.encoding.n_inputs} → {units} {self.activation} → {n_z} {self.output}"

    @cached_property
    def merged(self) -> Parameters:
        """The whole shoal as one network of all members' units, over encoded inputs, in float64.

        Sums of float32 products depend on how many rows are asked for at once, which no prediction should.
        """
        return merge(self.population.astype(np.dtype(np.float64)), self.shares)

    @cached_property
    def g2(self) -> Loss:
        """The output unit. Kept, because the prediction of one row asks for it twice."""
        return make_loss(self.output, delta=self.delta, q=self.q)

    @property
    def limits(self) -> Floats:
        """The probability above which an output decides for its class, `(1,)` or one for each label."""
        return np.asarray(self.thresholds or (HALF,))

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # `merged` and `g2` are made again where they are needed


def encoded(network: Network, X: Any) -> Any:
    """Rows `(m, n)` in layer 1's encoding, in the network's precision."""
    return encode(network.encoding, X, network.population.parameters.W1.dtype)


def predict_logits(network: Network, X: Any) -> Floats:
    """Z2 of the merged network for raw rows `X (m, n)`: `(n_z, m)`."""
    return raw_logits(network.merged, network.encoding, X, network.activation)


def predict(network: Network, X: Any) -> Floats:
    """The network's predictions for raw rows `X (m, n)`, `(m, n_y)` in float64.

    Probabilities for sigmoid and softmax outputs; expected values in the target's own units for the others.
    """
    return in_units(network, by_columns(network.g2, predict_logits(network, X)))


def hidden(network: Network, X: Any) -> Floats:
    """A1 of the merged network for raw rows `X (m, n)`, in float64: `(m, n_h)`, the units of all members one after the other."""
    return raw_hidden(network.merged, network.encoding, X, network.activation)


def predict_members(network: Network, X: Any) -> Floats:
    """`predict` of every member alone: `(K, m, n_y)`."""
    Z2 = logits(network.population, encoded(network, X), network.activation)
    return np.stack([in_units(network, network.g2(z.astype(np.float64))) for z in Z2])


def in_units(network: Network, A2: Floats) -> Floats:
    """Outputs `(n_z, m)` as rows `(m, n_y)` in the target's own units; of a Gaussian output the mean."""
    rows = network.g2.unit.of_means(A2).T
    return np.asarray(rows if network.target is None else decode_target(network.target, rows))


def folded(network: Network) -> Parameters:
    """The merged network over raw numbers, within their limits, and raw ramps, in float64; a linear output contains the target's scale."""
    parameters = fold(network.encoding, network.merged)
    if network.target is None or not network.g2.unit.is_identity:
        return parameters
    return fold_target(network.target, parameters)


def value_range(X: Any, weight: Floats | None = None) -> tuple[Floats, Floats]:
    """The least and greatest value of every column `(n,)` of raw rows `(m, n)`, without rows of weight 0."""
    if weight is not None and (weight == 0).any():
        X = X[np.flatnonzero(weight > 0)]
    if sparse.issparse(X):
        ends = (sparse.csc_array(X).min(axis=0), sparse.csc_array(X).max(axis=0))
        lowest, highest = (np.asarray(e.toarray() if sparse.issparse(e) else e, np.float64).ravel() for e in ends)
        return lowest, highest
    if not X.flags.c_contiguous or not 0 < X.shape[1] < NUMBERS_IN_A_ROW:
        return np.asarray(X.min(axis=0), np.float64), np.asarray(X.max(axis=0), np.float64)
    side_by_side = NUMBERS_IN_A_ROW // X.shape[1]
    whole = len(X) // side_by_side * side_by_side
    folded, rest = X[:whole].reshape(-1, side_by_side * X.shape[1]), X[whole:]  # NumPy compares long rows seven times as fast
    found = []
    for extreme in (np.minimum, np.maximum):
        of_folded = extreme.reduce(folded, axis=0).reshape(side_by_side, -1) if whole else rest
        found.append(np.asarray(extreme.reduce(np.concatenate([of_folded, rest]), axis=0), np.float64))
    return found[0], found[1]


def outside_range(network: Network, X: Any) -> NDArray[np.bool_]:
    """Which values of raw rows `X (m, n)` are below the least or above the greatest training value, `(m, n)`."""
    X = X.toarray() if sparse.issparse(X) else np.asarray(X)
    lowest, highest = ends_of(network, X.dtype)
    return np.asarray((lowest > X) | (highest < X))


def ends_of(network: Network, dtype: Any) -> tuple[Floats, Floats]:
    """The training range `(n,)`, in float32 for such rows: a value that was rounded to it is not outside of the range that holds it."""
    if network.lowest is None or network.highest is None:
        raise DataError("this network has no range of training rows, because it was created without them; fit a model")
    kind = np.float32 if dtype == np.float32 else np.float64
    return network.lowest.astype(kind), network.highest.astype(kind)


def mark_of(network: Network) -> str:
    """A text that two networks share only if their members, classes and scales are the same."""
    found = hashlib.blake2b(digest_size=16)
    target = () if network.target is None else (network.target.center, network.target.scale)
    for numbers in (*network.population.parameters, network.shares, network.encoding.center, network.encoding.scale, *target):
        found.update(numbers.tobytes())
    found.update(repr([labels.tolist() for labels in network.classes]).encode())
    return found.hexdigest()


def keep_facts(model: Any, facts: Any) -> None:
    """Give a Pipeline the facts of the fit that it has now."""
    model.facts_ = facts
    model.__dict__["_facts_mark"] = mark_now(model)


def known_facts(model: Any) -> Any:
    """The facts of the fit that a model has now; None if there are none, or if it was fitted again since."""
    facts = getattr(model, "facts_", None)
    return facts if facts is not None and getattr(model, "_facts_mark", None) == mark_now(model) else None


def mark_now(model: Any) -> str | None:
    """The mark of the network that a model has now."""
    steps = getattr(model, "steps", None)
    network = getattr(steps[-1][1] if steps else model, "network_", None)
    return mark_of(network) if isinstance(network, Network) else None
