"""ShoalRegressor: one number, or several."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from shoal.errors import UncalibratedWarning
from shoal.estimators.checks import finite_answers, named_failure
from shoal.estimators.estimator import FittedAttribute, ShallowEstimator, keep_parameters
from shoal.estimators.new_rows import calibrated_on
from shoal.estimators.remote import lazy_too
from shoal.fitting.settings import documented
from shoal.fitting.train import takes_pieces
from shoal.training.progress import Epoch
from shoal.types import Floats
from shoal.uncertainty.outside import outside_named
from shoal.uncertainty.predictive import interval, known_noise, mean_and_std, quantiles


@documented("regression")
class ShoalRegressor(RegressorMixin, ShallowEstimator):
    """A shoal of shallow networks that predicts numbers.

    `fit` standardises inputs and target, trains `n_networks` networks with one hidden layer as one population, and
    combines them into a single network.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    network_, coefs_, intercepts_, skip_coefs_, loss_curve_, feature_importances_, … : as in `ShoalClassifier`
        With an identity output the target's scale is folded into `coefs_`, `intercepts_` and `skip_coefs_` too.
    network_.noise : Noise
        The basis of standard deviations; `source` states where it was learned.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> bool(model.score(X, X[:, 0] ** 2) > 0.9)
    True
    """

    _task = "regression"
    _one_column = FittedAttribute(lambda f: f.targets.one_column)

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = "auto",
        activation: str = "relu",
        *,
        solver: str = "auto",
        alpha: float | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: str = "auto",
        learning_rate_init: float | str = "auto",
        power_t: float = 0.5,
        max_iter: int | str = "auto",
        shuffle: bool = True,
        random_state: Any = None,
        tol: float | str = "auto",
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool | str = "auto",
        validation_fraction: float | str = "auto",
        scoring: str | Callable[..., float] | None = None,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        epsilon: float = 1e-8,
        n_iter_no_change: int | str = "auto",
        max_fun: int = 15_000,
        max_time: float | None = None,
        dropout: float | str = "auto",
        input_dropout: float = 0.0,
        quantile: float = 0.5,
        huber_delta: float = 1.0,
        n_networks: int = 8,
        init: str = "auto",
        init_scale: float = 0.01,
        standardize: bool = True,
        ramps: bool | str = "auto",
        skip: bool = False,
        monotonic_cst: Mapping[str, int] | Sequence[int] | None = None,
        weight_average: float | str = "auto",
        dtype: str = "auto",
        calibration: str | None = None,
        callbacks: Sequence[Callable[[Epoch], object]] | None = None,
        n_jobs: int | None = None,
        device: str = "cpu",
    ) -> None:
        keep_parameters(self, locals())

    @available_if(takes_pieces)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "ShoalRegressor":
        """One pass over these rows. The first call fixes the scaling for all later ones.

        Examples
        --------
        >>> import numpy as np
        >>> from shoal import ShoalRegressor
        >>> X = np.linspace(-2, 2, 60)[:, None]
        >>> ShoalRegressor(random_state=0).partial_fit(X, X[:, 0]).partial_fit(X, X[:, 0]).t_  # rows
        120
        """
        return self._fit_piece(X, y, sample_weight)  # type: ignore[no-any-return]

    def calibrate(self, X: Any, y: Any, sample_weight: Any = None) -> "ShoalRegressor":
        """Calibrate intervals and quantiles of the fitted model on rows that it was not trained on: split conformal prediction.

        The scores of these rows replace those of an earlier calibration. Predictions stay as they are. Intervals then cover new rows of the
        distribution of these rows with the requested probability, whatever the model (docs/how-sure.md). A file of the model keeps them.

        Parameters
        ----------
        X : array-like, (m, n)
        y : array-like, (m,) or (m, n_y)
        sample_weight : array-like, (m,)
            A row counts once if its weight is above 0.

        Raises
        ------
        DataError
            For fewer than 9 rows, or rows and targets that do not fit the model.
        InvalidParameterError
            For a model that predicts one quantile, or a Dask collection.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from shoal import ShoalRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = ShoalRegressor(random_state=0).fit(X[:300], y[:300]).calibrate(X[300:400], y[300:400])
        >>> lower, upper = model.predict_interval(X[400:], coverage=0.9)
        >>> bool(((lower < y[400:]) & (y[400:] < upper)).mean() > 0.7)
        True
        """
        return calibrated_on(self, X, y, sample_weight, "split")

    @lazy_too
    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Expected values `(m,)`, or `(m, n_y)` if y had columns; the quantile with the loss "quantile".

        With `return_std` these and the standard deviations of the target around them, in its units: from the noise on held-out rows and
        the networks' spread; with the loss "gaussian" from the learned variances and the spread; with the solver "bayes" from the noise
        that the evidence found and the spread.

        Examples
        --------
        >>> import numpy as np
        >>> from shoal import ShoalRegressor
        >>> X = np.linspace(-2, 2, 60)[:, None]
        >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
        >>> model.predict(X[:5]).shape
        (5,)
        >>> model = ShoalRegressor(calibration="split", random_state=0).fit(X, X[:, 0] ** 2)
        >>> mean, std = model.predict(X[:5], return_std=True)
        >>> bool((std > 0).all())
        True
        """
        if not return_std:
            return self._of_targets(self._predicted(X))
        rows = self._rows_to_predict(X)
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = map(finite_answers, mean_and_std(self.network_, rows))
        if known_noise(self.network_).source == "training rows" and not self.network_.g2.unit.states_variance:
            warn_of("standard deviations come from rows that the networks learned from, and are too small", "early_stopping=True")
        return self._of_targets(mean), self._of_targets(std)

    @lazy_too
    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[Floats, Floats]:
        """Lower and upper ends, each `(m,)` or `(m, n_y)`, that cover the targets of new rows with this probability.

        With `calibration=None` mean ± z · standard deviation, and an `UncalibratedWarning`.

        Parameters
        ----------
        X : array-like, (m, n)
        coverage : float in (0, 1)

        Raises
        ------
        InvalidParameterError
            For a coverage outside (0, 1), or one that needs more calibration rows; with `calibration=None` if too few rows show the size
            of the errors.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from shoal import ShoalRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = ShoalRegressor(calibration="cv+", random_state=0).fit(X[:400], y[:400])
        >>> lower, upper = model.predict_interval(X[400:], coverage=0.9)
        >>> bool(((lower < y[400:]) & (y[400:] < upper)).mean() > 0.7)
        True
        """
        check_is_fitted(self, "network_")
        rows = self._rows_to_predict(X)
        with np.errstate(over="ignore", invalid="ignore"):
            lower, upper = map(finite_answers, interval(self.network_, rows, coverage))
        self._warn_uncalibrated("intervals")
        return self._of_targets(lower), self._of_targets(upper)

    @lazy_too
    def predict_quantiles(self, X: Any, q: Any) -> Floats:
        """Quantiles of the targets of new rows, `(m, len(q))`, or `(m, n_y, len(q))` if y had columns; they never cross.

        Parameters
        ----------
        X : array-like, (m, n)
        q : float or sequence of floats in (0, 1)

        Raises
        ------
        InvalidParameterError
            As `predict_interval`.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from shoal import ShoalRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = ShoalRegressor(calibration="cv+", random_state=0).fit(X[:400], y[:400])
        >>> model.predict_quantiles(X[400:], [0.1, 0.5, 0.9]).shape
        (42, 3)
        """
        check_is_fitted(self, "network_")
        rows = self._rows_to_predict(X)
        with np.errstate(over="ignore", invalid="ignore"):
            found = finite_answers(quantiles(self.network_, rows, q))
        self._warn_uncalibrated("quantiles")
        return self._of_targets(found)

    def _warn_uncalibrated(self, what: str) -> None:
        """A warning if nothing calibrates them."""
        if self.network_.calibration is None:
            warn_of(
                f"{what} are those of a normal distribution, which no held-out rows check",
                "calibration='cv+' or 'split', or call calibrate with new rows",
            )

    def _of_targets(self, values: Floats) -> Floats:
        """`(m, n_y, …)` without the axis of the targets if y had none."""
        return values[:, 0] if self._one_column else values

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of `predict` on rows X `(m, n)` with targets y, the mean over the targets.

        Raises
        ------
        DataError
            For targets that cannot be compared with predictions: missing values, or labels of another type.

        Examples
        --------
        >>> import numpy as np
        >>> from shoal import ShoalRegressor
        >>> X = np.linspace(-2, 2, 60)[:, None]
        >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
        >>> bool(model.score(X, X[:, 0] ** 2) > 0.9)
        True
        """
        with named_failure("y or sample_weight", y), outside_named(False):
            return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def warn_of(what: str, instead: str) -> None:
    """Warn that numbers are not calibrated, and say what calibrates them."""
    warnings.warn(UncalibratedWarning(f"{what}; fit with {instead}"), stacklevel=4)
