"""One small network that answers as a whole shoal does, for machines that have no room for the shoal.

It learns what the shoal predicts, not the targets themselves (Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural
network"; Buciluǎ, Caruana and Niculescu-Mizil 2006): probabilities as fractions of rows, expected values as numbers.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from shoal.errors import InvalidParameterError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.estimator import with_thresholds
from shoal.estimators.regressor import ShoalRegressor
from shoal.kinds import WholeKind
from shoal.network import keep_facts
from shoal.table import prepared_rows, split_rows
from shoal.table.frames import Table, frame_or_path
from shoal.table_models.facts import facts_of
from shoal.table_models.inspect import rows_again, rows_of_other
from shoal.table_models.model import TableModel, model_of
from shoal.table_models.scores import Metrics, metrics_of
from shoal.table_models.splits import Side, name_of
from shoal.types import Floats
from shoal.uncertainty.outside import outside_named

UNITS = 16
MOST_ROWS = 20_000  # learned from, spread evenly: a network of some units knows no more from more
LEAST_SHARE = 1e-3  # probabilities below it are left out: a row in a thousand


@dataclass(frozen=True)
class Distilled:
    """A small model, and what it costs.

    Attributes
    ----------
    model : TableModel
        One network without ramps and skip connections, behind the same preparation; its `facts_` are those of the whole, with its own
        scores.
    before, after : dict
        Scores of the whole model and of the small one, on the same rows.
    n_learned, n_held : int
        Rows learned from, and rows that the scores are of.
    held_out : str
        Which rows these are.
    """

    model: TableModel
    before: Metrics
    after: Metrics
    n_learned: int
    n_held: int
    held_out: str


@outside_named(False)
def distilled(model: Pipeline, table: Table, *, units: int = UNITS, test: Table | None = None, seed: int = 0) -> Distilled:
    """Train one small network on what a model of `shoal.fit` predicts. It keeps the activation, and the directions of `monotonic_cst`.

    Parameters
    ----------
    model : fitted Pipeline made by `shoal.fit`
    table : DataFrame or path with the inputs and the target. If the model was trained on it, the same rows are held out for the scores;
        of any other table a fifth of the rows
    units : hidden units, 1 or more
    test : the second table, where `fit` was given one to score on
    seed : of the small network

    Returns
    -------
    Distilled

    Raises
    ------
    InvalidParameterError, ShoalError, TableError
        For a number of units that is none; for a model without a table's columns; for a table that does not fit.

    Examples
    --------
    >>> import shoal
    >>> from sklearn.datasets import load_wine
    >>> from shoal.table_models.distill import distilled
    >>> table = load_wine(as_frame=True).frame
    >>> small = distilled(shoal.fit(table, "target", seed=0), table, units=4)
    >>> small.model["estimator"].coefs_[0].shape, small.after["accuracy"] > 0.9
    ((13, 4), True)
    """
    h = int(WholeKind().read("units", units))
    facts = facts_of(model)
    learned, held, held_out = sides_of(model, frame_or_path(table), test, seed)
    prepare, estimator = model["prepare"], model["estimator"]
    some = np.unique(np.linspace(0, len(learned.y) - 1, min(len(learned.y), MOST_ROWS)).astype(int))
    small = learned_by(estimator, prepared_rows(prepare, learned.inputs.iloc[some]), h, seed)
    X = prepared_rows(prepare, held.inputs)
    before, after = (metrics_of(each, X, held.y, facts.task, held.weight) for each in (estimator, small))
    made = model_of(prepare, small)
    keep_facts(made, replace(facts, metrics=after, sureness=None))
    return Distilled(made, before, after, len(some), len(held.y), held_out)


def sides_of(model: Pipeline, table: Any, test: Table | None, seed: int) -> tuple[Side, Side, str]:
    """The rows to learn from, the rows to score, and how these were chosen."""
    facts = facts_of(model)
    again = rows_again(model, table, test)
    if again is not None and again.train is not None:
        late = ", which the whole model has learned from since" if facts.refit else ""
        return again.train, again.held, f"{facts.held_out}{late}"
    if test is not None:
        raise InvalidParameterError(f"{name_of(table)} is not the table that the model was trained on, so a second table has no use")
    rows = rows_of_other(model, table).held
    train, other = split_rows(len(rows.y), rows.y, seed=seed)
    learned, held = (Side(rows.inputs.iloc[i], rows.y[i], {name: column[i] for name, column in rows.roles.items()}) for i in (train, other))
    return learned, held, f"a fifth of the rows of {name_of(table)}, drawn at random"


def learned_by(estimator: Any, X: Floats, units: int, seed: int) -> Any:
    """One network of so many units that has learned what an estimator says of prepared rows X `(m, n)`."""
    settings = {"n_networks": 1, "hidden_layer_sizes": units, "ramps": False, "activation": estimator.activation, "random_state": seed}
    settings["monotonic_cst"] = estimator.monotonic_cst
    network = estimator.network_
    if isinstance(estimator, ShoalRegressor):
        unit = network.g2.unit  # a unit of its own keeps predictions where they belong, such as counts above 0
        loss = "squared_error" if unit.is_identity or unit.states_variance else network.output
        return ShoalRegressor(**settings, loss=loss).fit(X, estimator.predict(X))
    shares = np.asarray(estimator.predict_proba(X), np.float64)
    rows, labels, weight = of_labels(shares) if estimator._multilabel else of_classes(shares, estimator.classes_)
    # all copies of a row are held out together: a network that learned one of them knows the others
    small = ShoalClassifier(**settings).fit(X[rows], labels, weight, groups=rows)
    return with_thresholds(small, network.thresholds)


def of_classes(shares: Floats, classes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any], Floats]:
    """Each row once for every class of its own, with the class and its probability as weight."""
    kept = shares >= LEAST_SHARE
    kept[shares.argmax(axis=0), np.arange(shares.shape[1])] = True  # no class is lost
    rows, of_class = np.nonzero(kept)
    return rows, classes[of_class], shares[kept]


def of_labels(shares: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Each row at most k + 1 times, with labels `(…, k)` whose weighted means are the probabilities of each label, `shares (m, k)`.

    With u uniform in (0, 1) label k is 1 where u is below its probability, so labels change at the k probabilities alone.
    """
    m = len(shares)
    ends = np.sort(np.column_stack([np.zeros(m), shares, np.ones(m)]), axis=1)
    weight, middle = np.diff(ends, axis=1), (ends[:, 1:] + ends[:, :-1]) / 2
    labels = (middle[:, :, None] < shares[:, None, :]).astype(np.int64)
    rows, place = np.nonzero(weight >= LEAST_SHARE)
    return rows, labels[rows, place], weight[rows, place]
