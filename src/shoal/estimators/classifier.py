"""ShoalClassifier: one class of several, or any number of labels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_is_fitted

from shoal.errors import DataError
from shoal.estimators.checks import finite_answers, named_failure
from shoal.estimators.estimator import FittedAttribute, ShallowEstimator, keep_parameters
from shoal.estimators.new_rows import calibrated_on
from shoal.estimators.remote import lazy_too
from shoal.fitting.new_rows import OF_CLASSES
from shoal.fitting.settings import documented
from shoal.fitting.train import takes_pieces
from shoal.kinds import FlagKind
from shoal.network import predict
from shoal.training.progress import Epoch
from shoal.types import Floats
from shoal.uncertainty.label_sets import label_sets
from shoal.uncertainty.outside import outside_named


@documented("classification")
class ShoalClassifier(ClassifierMixin, ShallowEstimator):
    """A shoal of shallow networks that classifies.

    `fit` standardises the inputs, trains `n_networks` networks with one hidden layer as one population, and combines
    them at the logits into a single network. Arguments set to "auto" follow measured defaults (docs/defaults.md);
    parameters that you set are used as they are. `from shoal import ShoalClassifier as MLPClassifier` works.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray, (n_classes,)
    network_ : Network
        The trained network, which prediction uses.
    coefs_, intercepts_ : lists of ndarray
        The same as ONE network in float64 over raw inputs (and raw ramps, named by `encoded_feature_names_`). Inputs with cells far from
        all others are limited before (`network_.encoding.limited_inputs`).
    skip_coefs_ : ndarray, (n_encoded_inputs, n_outputs), or None
        With `skip=True` the weights from the inputs directly to the outputs, in addition to `coefs_`.
    loss_curve_, loss_, best_loss_, validation_scores_, best_validation_score_, n_iter_, t_, out_activation_, solver_
        As scikit-learn's, means over the networks; None where unused.
    final_losses_ : ndarray, (n_networks,)
        The last loss of every network: the spread over their random starts.
    evidence_ : dict of ndarray or None
        With "bayes": `alpha (n_networks, 4)` (W1, b1, W2, b2; W3 is a fifth with `skip=True`), `beta`, `gamma`, `n_parameters`,
        `log_evidence` of every network.
    evidence_table_ : dict of ndarray
        With "bayes" and `hidden_layer_sizes="auto"`: the evidence of each width that was tried.
    temperature_ : float
        The divisor of the logits; 1 with `calibration=None`. The output layer's weights already include it.
    thresholds_ : tuple of float
        The probabilities above which a class is predicted, if `shoal.fit` was given a threshold: one for two classes, one for each label.
    device_ : str
        Where training computed: the value of `device`, or what "auto" selected.
    feature_importances_ : ndarray, (n_features,)
        Exact sensitivities, adding up to 1: the mean of `|dy/dx|` per standard deviation of each input, over the outputs and at most 1000
        of the training rows. Computed when first asked for. Fits on disk or a cluster, and imported networks, have none.
    seed_ : int
        With `random_state=seed_` you get the same fit again, bit for bit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from shoal import ShoalClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ShoalClassifier(random_state=0).fit(X, y)
    >>> model.predict(X[:3]), bool(model.score(X, y) > 0.9)
    (array([0, 0, 0]), True)
    """

    _task = "classification"
    classes_ = FittedAttribute(lambda f: f.targets.classes)
    thresholds_ = FittedAttribute(lambda f: f.network.thresholds)
    _multilabel = FittedAttribute(lambda f: f.targets.multilabel)

    def __init__(
        self,
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
        class_weight: Any = None,
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
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> "ShoalClassifier":
        """One pass over these rows. The first call needs all `classes`, and fixes the scaling for all later ones.

        Examples
        --------
        >>> import numpy as np
        >>> from shoal import ShoalClassifier
        >>> X, y = np.eye(4)[[0, 1, 2, 3] * 5], np.array([0, 0, 1, 1] * 5)
        >>> model = ShoalClassifier(random_state=0).partial_fit(X, y, classes=[0, 1])
        >>> model.partial_fit(X, y).classes_
        array([0, 1])
        """
        if not self.__sklearn_is_fitted__():
            if classes is None:
                raise DataError("classes must be passed on the first call to partial_fit: later rows may have labels that these do not")
            classes = checked_classes(classes)
        elif classes is not None and not self._multilabel and not np.array_equal(self.classes_, checked_classes(classes)):
            raise DataError(
                f"classes is {checked_classes(classes).tolist()}, but the first call of partial_fit was given {self.classes_.tolist()}"
            )
        return self._fit_piece(X, y, sample_weight, classes=classes)  # type: ignore[no-any-return]

    def calibrate(self, X: Any, y: Any, sample_weight: Any = None, *, calibration: str = "temperature") -> "ShoalClassifier":
        """Calibrate the fitted model on rows that it was not trained on, in place of what calibrated it before.

        Weights of the hidden layer, and predicted classes, stay as they are. A file of the model keeps the calibration.

        Parameters
        ----------
        X : array-like, (m, n)
        y : array-like, (m,) or (m, k)
            Labels that the model was fitted with.
        sample_weight : array-like, (m,)
            For "split" a row counts once if its weight is above 0.
        calibration : {"temperature", "split"}
            "temperature" divides the logits by the number that makes these rows most likely (`temperature_` contains it); sets of classes
            have to be calibrated again afterwards, on other rows. "split" keeps these rows' scores for `predict_set`.

        Raises
        ------
        DataError
            For fewer than 50 rows for a temperature, 9 for sets, or rows and labels that do not fit the model.
        InvalidParameterError
            For another calibration, or a Dask collection.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(random_state=0).fit(X[::2], y[::2])
        >>> model.calibrate(X[1::4], y[1::4], calibration="split").predict_set(X[3::4]).shape
        (37, 3)
        """
        return calibrated_on(self, X, y, sample_weight, OF_CLASSES.read("calibration", calibration))

    @lazy_too
    def predict_proba(self, X: Any) -> Floats:
        """Probabilities `(m, n_classes)`, rows add up to 1; for 0/1 labels each label's own, `(m, k)`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(random_state=0).fit(X, y)
        >>> model.predict_proba(X).shape, bool((abs(model.predict_proba(X).sum(axis=1) - 1) < 1e-6).all())
        ((150, 3), True)
        """
        p = self._predicted(X)
        return p if p.shape[1] > 1 or self._multilabel else np.hstack([1 - p, p])

    @lazy_too
    def predict_log_proba(self, X: Any) -> Floats:
        """ln of `predict_proba`, −∞ for probability 0.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(random_state=0).fit(X, y)
        >>> model.predict_log_proba(X).shape
        (150, 3)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @lazy_too
    def predict_set(self, X: Any, coverage: float = 0.9, *, by_class: bool = False) -> NDArray[np.bool_]:
        """Which classes are in a set that contains the class of a new row with this probability, `(m, n_classes)`.

        With the scores s_i = 1 − probability of the own class, each of a row that the networks had not learned from, a class c belongs to
        the set of x if #{i : s_i < 1 − p_c(x)} < coverage · (n + 1), p_c of the networks that held row i out (Sadinle, Lei and Wasserman
        2019; for "cv+" Romano, Sesia and Candès 2020). A set may be empty, where no class is as likely as the own classes of that share of
        rows were. docs/how-sure.md states what is guaranteed and what was measured.

        Parameters
        ----------
        X : array-like, (m, n)
        coverage : float in (0, 1)
        by_class : bool
            Whether the probability holds for the rows of every class; each class then needs enough rows of its own.

        Returns
        -------
        ndarray of bool, (m, n_classes); for 0/1 labels `(m, k, 2)`, a set of 0 and 1 for each label

        Raises
        ------
        InvalidParameterError
            Unless calibrated by "split" or "cv+"; for a coverage outside (0, 1), or one that needs more held-out rows.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(calibration="cv+", random_state=0).fit(X[::2], y[::2])
        >>> sets = model.predict_set(X[1::2], coverage=0.95)
        >>> sets.shape, bool(sets[range(75), y[1::2]].mean() > 0.85)
        ((75, 3), True)
        """
        check_is_fitted(self, "network_")
        each = FlagKind().read("by_class", by_class)
        rows = self._rows_to_predict(X)
        with np.errstate(over="ignore", invalid="ignore"):
            finite_answers(predict(self.network_, rows))
            found = label_sets(self.network_, rows, coverage, by_class=each)
        return found if self._multilabel else found[:, 0]

    @lazy_too
    def predict(self, X: Any) -> NDArray[Any]:
        """The most likely class of every row `(m,)`; for 0/1 labels those above a half, `(m, k)`.

        A model that `shoal.fit` made with `threshold=` uses that in place of a half. For an estimator alone scikit-learn's
        `TunedThresholdClassifierCV` and `FixedThresholdClassifier` do the same.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(random_state=0).fit(X, y)
        >>> model.predict(X[[0, 149]])
        array([0, 2])
        """
        p, limits = self._predicted(X), self._fitted.network.limits
        if self._multilabel:
            return (p > limits).astype(int)
        return np.asarray(self.classes_.take(p[:, 0] > limits[0] if p.shape[1] == 1 else p.argmax(axis=1)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The mean accuracy of `predict` on rows X `(m, n)` with labels y; for 0/1 labels every one of a row must be correct.

        Raises
        ------
        DataError
            For targets that cannot be compared with predictions: missing values, or labels of another type.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(random_state=0).fit(X, y)
        >>> bool(model.score(X, y) > 0.9)
        True
        """
        with named_failure("y or sample_weight", y), outside_named(False):
            return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def checked_classes(classes: Any) -> NDArray[Any]:
    """All labels given to `partial_fit`, sorted, each once.

    Raises
    ------
    DataError
        For no label, or labels that cannot be compared with one another.
    """
    with named_failure("classes", classes), np.errstate(invalid="ignore"):
        found = np.asarray(unique_labels(list(classes) if isinstance(classes, set | frozenset) else classes))
    if not len(found):
        raise DataError("classes is empty; give all labels of this and later calls")
    return found
