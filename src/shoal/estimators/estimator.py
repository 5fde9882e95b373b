"""The skin that both estimators share: rows and parameters are checked, `fitting.pipeline` is called, what it leaves is stored.

Attributes that end in "_" are derived from `Fitted`, which a fit, a model file and an import leave alike.
"""

import copy
from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from shoal.engine.threads import at_most
from shoal.errors import DataError, InvalidParameterError
from shoal.estimators._sklearn import CallbackSupportMixin
from shoal.estimators.callbacks import passing_epochs_on, refuse_callbacks, rows_of
from shoal.estimators.checks import (
    checked_weights,
    finite_answers,
    is_plain,
    is_plain_target,
    named_columns,
    named_failure,
    refuse_unread,
    with_roles,
)
from shoal.estimators.display import SeenEstimator
from shoal.estimators.remote import dask_functions, is_elsewhere, lazy_too
from shoal.fitting.checkpoint import Checkpoint
from shoal.fitting.fitted import Fitted
from shoal.fitting.importances import sample_of
from shoal.fitting.pipeline import continuation_of, fit, fit_piece
from shoal.fitting.prepared import Names
from shoal.fitting.settings import N_JOBS, Task, settings_of
from shoal.fitting.source import InMemory
from shoal.fitting.summary import warn_of_other_scale
from shoal.fitting.targets import checked_targets
from shoal.network import hidden, outside_range, predict
from shoal.types import Floats
from shoal.uncertainty.outside import are_inside, warn_outside

# The defaults of MLPClassifier and MLPRegressor, and nothing that they do not have; a batch of 200 rows is the table where that is smaller.
AS_SKLEARN: dict[str, Any] = {
    "n_networks": 1,
    "standardize": False,
    "ramps": False,
    "init": "xavier",
    "dtype": "float64",
    "dropout": 0.0,
    "weight_average": 0.0,
    "solver": "adam",
    "alpha": 1e-4,
    "batch_size": 200,
    "learning_rate": "constant",
    "learning_rate_init": 1e-3,
    "max_iter": 200,
    "tol": 1e-4,
    "n_iter_no_change": 10,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "beta_2": 0.999,
}
SPARSE = ["csr", "csc", "coo"]
NUMBERS = [np.float64, np.float32]


class FittedAttribute:
    """An attribute that is derived from `Fitted`. It is not there before fit, nor, if optional, where `of` gives None."""

    def __init__(self, of: Callable[[Fitted], Any], *, optional: bool = False) -> None:
        self.of, self.optional = of, optional

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, estimator: Any, owner: type) -> Any:
        if estimator is None:
            return self
        fitted = vars(estimator).get("_fitted")
        value = None if fitted is None else self.of(fitted)
        if fitted is None or (value is None and self.optional):
            raise AttributeError(f"{owner.__name__!r} object has no attribute {self.name!r}")
        return value


def checked_rows(estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
    """Rows `(m, n)`, dense or CSR, and targets as `fitting.targets.checked_targets` gives them.

    With `reset` the estimator notes the number and the names of the columns; else they must be those it knows.
    """
    if reset and is_plain(X) and is_plain_target(y, len(X)):
        estimator.n_features_in_ = X.shape[1]
        estimator.__dict__.pop("feature_names_in_", None)
    else:
        refuse_unread("X", X)
        refuse_unread("y", y, labels=estimator._task == "classification")
        with named_failure("X or y", y):
            X, y = validate_data(estimator, X, y, accept_sparse=SPARSE, dtype=NUMBERS, multi_output=True, reset=reset)
    with named_failure("y", y):
        targets = checked_targets(estimator._task, y)
    return (sparse.csr_array(X) if sparse.issparse(X) else X), targets


def keep_parameters(estimator: Any, given: Mapping[str, Any]) -> None:
    """Set what a constructor was given, its `locals()`: each parameter is the attribute of its name, as it is, as scikit-learn requires."""
    vars(estimator).update({name: value for name, value in given.items() if name != "self"})


def adopt(estimator: Any, fitted: Fitted) -> Any:
    """The estimator with what a fit elsewhere left: on disk, on a cluster, in a search, in a file."""
    return estimator._adopt(fitted)


def with_thresholds(estimator: Any, thresholds: tuple[float, ...]) -> Any:
    """The fitted classifier, which predicts a class where its probability is above a threshold from now on; a further fit forgets it."""
    fitted: Fitted = estimator._fitted
    if thresholds != fitted.network.thresholds:
        estimator._fitted = replace(fitted, network=replace(fitted.network, thresholds=thresholds))
    return estimator


def input_names(estimator: Any) -> Names:
    """The names of the inputs, where they have names."""
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else tuple(map(str, names))


def for_prediction(estimator: Any) -> Any:
    """A copy without what does not travel to other machines: callbacks, and what only further training needs."""
    kept = copy.copy(estimator)
    kept.callbacks = kept.scoring = None
    vars(kept).pop("_skl_callbacks", None)
    if "_fitted" in vars(kept):
        kept._fitted = kept._fitted.without_continuation()
    return kept


class ShallowEstimator(CallbackSupportMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, SeenEstimator, ABC):
    """Networks with one hidden layer behind scikit-learn's interface. Abstract: see ShoalClassifier and ShoalRegressor."""

    _task: ClassVar[Task]
    _fitted: Fitted

    network_ = FittedAttribute(lambda f: f.network)
    coefs_ = FittedAttribute(lambda f: f.coefs)
    intercepts_ = FittedAttribute(lambda f: f.intercepts)
    skip_coefs_ = FittedAttribute(lambda f: f.skip_coefs)
    encoded_feature_names_ = FittedAttribute(lambda f: f.encoded_names)
    loss_curve_ = FittedAttribute(lambda f: f.loss_curve)
    loss_ = FittedAttribute(lambda f: f.loss)
    best_loss_ = FittedAttribute(lambda f: f.best_loss)
    validation_scores_ = FittedAttribute(lambda f: f.validation_scores)
    best_validation_score_ = FittedAttribute(lambda f: f.best_validation_score)
    final_losses_ = FittedAttribute(lambda f: f.final_losses)
    n_iter_ = FittedAttribute(lambda f: f.n_epochs)
    t_ = FittedAttribute(lambda f: f.rows_seen)
    n_layers_ = FittedAttribute(lambda f: 3)
    n_outputs_ = FittedAttribute(lambda f: int(f.network.merged.W2.shape[0]))
    out_activation_ = FittedAttribute(lambda f: f.unit_name)
    solver_ = FittedAttribute(lambda f: f.solver)
    device_ = FittedAttribute(lambda f: f.device)
    seed_ = FittedAttribute(lambda f: f.seed)
    temperature_ = FittedAttribute(lambda f: f.temperature)
    evidence_ = FittedAttribute(lambda f: f.evidence)
    evidence_table_ = FittedAttribute(lambda f: f.evidence_table, optional=True)
    _n_features_out = FittedAttribute(lambda f: len(f.network.merged.W1))
    feature_importances_ = FittedAttribute(lambda f: f.importances, optional=True)
    trained_on_ = FittedAttribute(lambda f: f.trained_on or None, optional=True)
    share_rows_ = FittedAttribute(lambda f: f.share_rows or None, optional=True)

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        return list(super()._get_param_names())  # scikit-learn reads the signature each time, 50 µs

    @classmethod
    def as_sklearn(cls, hidden_layer_sizes: Any = (100,), **settings: Any) -> Self:
        """The estimator with the defaults of scikit-learn's MLP in place of the measured ones: one network, inputs and target as they are.

        `coefs_[0]` is then `(n_features, n_hidden)`, and with the same initial weights and order of rows the loss curve is scikit-learn's
        (docs/from-sklearn.md).

        Parameters
        ----------
        hidden_layer_sizes : as for the estimator
        settings : other parameters of the estimator, which replace these defaults

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier.as_sklearn((50,), tol=0.05, random_state=0).fit(X, y)
        >>> [w.shape for w in model.coefs_]
        [(4, 50), (50, 3)]
        """
        return cls(**AS_SKLEARN | {"hidden_layer_sizes": hidden_layer_sizes} | settings)

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in vars(self)

    # --- fitting ----------------------------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
        time: Any = None,
        checkpoint: str | PathLike[str] | None = None,
    ) -> Self:
        """Train on rows. Dask collections are trained on their workers (`shoal.dask.fit`, docs/scale.md).

        Parameters
        ----------
        X : array-like or sparse matrix, (m, n)
        y : array-like, (m,)
            Labels or targets; of several at once `(m, k)`, labels then as 0 and 1.
        sample_weight : array-like, (m,)
            Integers count rows; other weights are relative, in any unit.
        X_val, y_val, sample_weight_val
            Rows to evaluate every network on; none are then held out.
        groups : array-like, (m,)
            Each row's group: early stopping and calibration hold out whole groups, so that no network is evaluated on a group that it
            learned from. Not an input.
        time : array-like, (m,)
            Dates or numbers: early stopping and calibration hold out the last rows. Not an input.
        checkpoint : str or path
            A file that stores the state of training, every ten seconds and when training is interrupted. The same call continues from it
            and gives the same bits.

        Raises
        ------
        DataError, InvalidParameterError, TooLargeError
            For rows or settings that training cannot use.
        DivergedError
            If the loss of every network becomes infinite or NaN.
        CheckpointError, OutputError
            For a checkpoint that is damaged or of another fit; for one that cannot be written.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(random_state=0).fit(X, y)
        >>> model.fit(X, y, X_val=X[::5], y_val=y[::5]).n_features_in_
        4
        """
        own = (X_val, y_val, sample_weight_val)
        if is_elsewhere(X):
            refuse_callbacks(self, "a fit on Dask")
            judges = dict(zip(("X_val", "y_val", "sample_weight_val"), own, strict=True))
            known: dict[str, Any] = {"groups": groups, "time": time, "checkpoint": checkpoint}
            return dask_functions().fit(self, X, y, sample_weight, **judges, **known)  # type: ignore[no-any-return]
        settings = settings_of(self)
        before = self._fitted if settings.warm_start and self.__sklearn_is_fitted__() else None
        if before is not None:
            continuation_of(before)
        source = with_roles(self._source(X, y, sample_weight, own, reset=before is None), groups, time)
        names = input_names(self)
        rows, targets = rows_of(X, y, sample_weight), partial(source.targets, settings, None if before is None else before.targets)
        with named_columns(lambda: names), passing_epochs_on(self, settings, rows, targets) as settings:
            fitted = fit(settings, source, names=names, before=before, checkpoint=Checkpoint(checkpoint))
            self._fitted = replace(fitted, sample=sample_of(source))
        return self

    def _fit_piece(self, X: Any, y: Any, sample_weight: Any, *, classes: Any = None) -> Any:
        settings, before = settings_of(self), self._fitted if self.__sklearn_is_fitted__() else None
        source = self._source(X, y, sample_weight, (None, None, None), reset=before is None)
        names = input_names(self)
        with named_columns(lambda: names):
            fitted = fit_piece(settings, source, names=names, before=before, classes=classes)
        self._fitted = replace(fitted, sample=sample_of(source))
        return self

    def _source(self, X: Any, y: Any, sample_weight: Any, own: tuple[Any, Any, Any], *, reset: bool) -> InMemory:
        """Rows, targets and weights checked; `own` are the user's validation rows."""
        X, y = checked_rows(self, X, y, reset=reset)
        weight = checked_weights(sample_weight, X)
        if weight is not None and weight.sum() == 0:
            raise DataError("every sample_weight is 0: there is no row to learn from")
        judges = self._own_rows(*own)
        if judges is not None:
            warn_of_other_scale(X, weight, judges[0], input_names(self) or tuple(f"x{j}" for j in range(X.shape[1])))
        return InMemory(X, y, weight, judges)

    def _own_rows(self, X_val: Any, y_val: Any, weight: Any) -> tuple[Any, Any, Floats | None] | None:
        """The user's validation rows, checked as other rows are."""
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            given, missing = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
            raise InvalidParameterError(f"{given} was given without {missing}: give both, or neither")
        X, y = checked_rows(self, X_val, y_val, reset=False)
        return X, y, checked_weights(weight, X)

    def _adopt(self, fitted: Fitted) -> Any:
        """Set the result of a fit that ran elsewhere."""
        self._fitted = fitted
        self.n_features_in_ = fitted.network.encoding.n_inputs
        self.__dict__.pop("feature_names_in_", None)
        if fitted.named:
            self.feature_names_in_ = np.array(fitted.network.feature_names, dtype=object)
        return self

    # --- prediction -------------------------------------------------------------------------------------------------

    def _predicted(self, X: Any) -> Floats:
        """The network's answer for checked rows, `(m, n_y)`."""
        with at_most(N_JOBS.read("n_jobs", self.n_jobs)), np.errstate(over="ignore", invalid="ignore"):
            rows = self._rows_to_predict(X)
            answers = predict(self.network_, rows)
        return finite_answers(answers)

    @lazy_too
    def transform(self, X: Any) -> Floats:
        """A1: what the hidden units of all networks give for rows X `(m, n)`, `(m, n_hidden)`.

        The chapter's new representation of the rows (slide 2). `transform(X) @ coefs_[1] + intercepts_[1]` are the logits, or the
        prediction of a regression, if `skip` is False.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(hidden_layer_sizes=16, n_networks=4, random_state=0).fit(X, y)
        >>> model.transform(X).shape
        (150, 64)
        """
        rows = self._rows_to_predict(X)
        return hidden(self.network_, rows)

    def _rows_to_predict(self, X: Any) -> Any:
        """Rows `(m, n)` checked, dense or CSR, after a warning if some are outside the training range."""
        fitted = vars(self).get("_fitted")
        if fitted is not None and are_inside(fitted.network, X) and not hasattr(self, "feature_names_in_"):
            return X
        X = self._rows(X)
        warn_outside(self.network_, X)
        return X

    def _rows(self, X: Any) -> Any:
        """Rows `(m, n)` checked, dense or CSR."""
        check_is_fitted(self)
        if not self._is_plain(X):
            refuse_unread("X", X)
            with named_failure("X"):
                X = validate_data(self, X, accept_sparse=SPARSE, dtype=NUMBERS, reset=False)
        return sparse.csr_array(X) if sparse.issparse(X) else X

    def _is_plain(self, X: Any) -> bool:
        """Whether X is a float array that scikit-learn's checks, which cost more than a row's prediction, would pass as it is."""
        return is_plain(X) and X.shape[1] == self.n_features_in_ and not hasattr(self, "feature_names_in_")

    def outside(self, X: Any, *, columns: bool = False) -> NDArray[np.bool_]:
        """Which rows of X `(m, n)` have an input outside the range of the rows that were learned from, `(m,)`.

        With `columns` which values do, `(m, n)`. Predictions there are guesses beyond the data, and intervals do not hold.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(random_state=0).fit(X, y)
        >>> model.outside([[5.0, 3.0, 1.5, 0.2], [50.0, 3.0, 1.5, 0.2]])
        array([False,  True])
        """
        rows = self._rows(X)
        found = outside_range(self.network_, rows)
        return found if columns else np.asarray(found.any(axis=1))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
