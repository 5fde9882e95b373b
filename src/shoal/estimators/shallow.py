"""What both estimators share: from checked rows to a trained network, and scikit-learn's attributes."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from shoal.draws import seed_from
from shoal.encoding import Encoding, encode, fit_encoding, plain
from shoal.engine.blas_threads import one_blas_thread
from shoal.engine.cores import at_most
from shoal.engine.stairs import stairs_of
from shoal.errors import DataError, InterruptedWarning, InvalidParameterError
from shoal.estimators.attributes import follow
from shoal.estimators.plain import is_plain, is_plain_target
from shoal.estimators.seen import SeenEstimator
from shoal.fitting.budget import refuse_too_large, refuse_too_many
from shoal.fitting.calibration import (
    check_calibration,
    check_pieces,
    different_rows,
    judged_on,
    kept_out,
    made_sure,
    must_be_the_same,
    refuse_too_few,
    set_aside,
)
from shoal.fitting.curves import history, mean_of_finite, means_of_finite
from shoal.fitting.initialize import initial_population, inputs_seen, mean_squares, member_weights, weigh_members
from shoal.fitting.plan import RAMP_SCALE, Plan, is_auto, plan
from shoal.fitting.problem import Continuation, Prepared, Problem
from shoal.fitting.settings import Settings, Task, settings_of
from shoal.fitting.train import (
    Training,
    announced,
    asks_to_settle,
    begin_training,
    by_evidence,
    in_curves,
    kind_of,
    looks_ramps_up,
    memory_of,
    report_divergence,
    solver_of,
    spread_of,
    warn_unsettled,
)
from shoal.fitting.weights import in_rows, penalised_in_rows
from shoal.network import Network, predict
from shoal.population import Population, with_zeros
from shoal.textbook.losses import make_loss
from shoal.training.events import Epoch
from shoal.training.minibatch import Run, Trained
from shoal.training.validation import Validation
from shoal.types import Floats
from shoal.uncertainty.outside import outside_range


class ShallowEstimator(SeenEstimator, ABC):
    """Networks with one hidden layer behind scikit-learn's interface. Abstract: see ShoalClassifier and ShoalRegressor."""

    _task: Task

    @abstractmethod
    def _problem(self, y: Any, weight: Floats | None, *, first: bool, classes: Any = None) -> Problem:
        """The targets made ready; `first` decides classes (those given, or those seen) and scaling, later calls keep them."""

    @abstractmethod
    def _checked_targets(self, y: Any) -> Any:
        """y as an array of the right kind."""

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        return list(super()._get_param_names())  # scikit-learn reads the signature anew each time, 50 µs

    # --- scikit-learn's verbs ---------------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any, sample_weight_val: Any) -> Any:
        settings = settings_of(self)
        continued = settings.warm_start and hasattr(self, "network_")
        if continued:
            self._must_continue()
        prepared = self._prepare(X, y, sample_weight, continued=continued, validation=(X_val, y_val, sample_weight_val))
        p, problem = prepared.plan, prepared.problem
        listened = bool(settings.verbose or settings.callbacks)

        def begun(population: Population) -> Training:
            rows, weight, v = prepared.encoded, prepared.weights, prepared.validation
            return begin_training(
                p,
                population,
                prepared.g2,
                rows,
                problem.Y,
                weight=weight,
                validation=v,
                dtype=prepared.dtype,
                listened=listened,
                stairs=prepared.stairs,
            )

        self._say(announced(p, self.device))
        if continued:
            run = begun(self._continuation.judged)
            earlier, events = self._resume(run), self._watch(run, p)
        else:
            earlier = []
            squares = mean_squares(prepared.encoded, prepared.weight)
            run, events = self._trained(p, lambda n_h: begun(self._drawn(p, n_h, problem, squares)))
        self._finish(run, problem, p, events, earlier)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, *, first: bool, classes: Any = None) -> Any:
        settings = settings_of(self)
        X, y, weight = self._checked(X, y, sample_weight, reset=first)
        weight = self._weighted(settings, y, weight, classes if first else getattr(self, "classes_", None))
        if not first:
            self._must_continue()
        check_pieces(settings, X.shape[0], first=first)
        if first:
            self.seed_ = seed_from(self.random_state)
        weight, unit = in_rows(weight)
        problem = self._problem(y, weight, first=first, classes=classes)
        p = self._plan(settings, X, unit=unit, own_validation=False, continued=not first, online=True)
        if first:
            self._encoding = self._fit_encoding(X, weight, p)
        dtype = np.dtype(np.float32 if self.dtype == "float32" else np.float64)
        encoded = encode(self._encoding, X, dtype)
        before = None if first else self.network_
        problem = replace(problem, judged=judged_on(X, encoded, problem.Y, len(p.with_ramps), weight=weight, before=before))
        population = self._initial(p, problem, encoded, weight) if first else self._continuation.population
        run = Run(
            p.recipe, population, make_loss(problem.output, **self._output_settings()), encoded, problem.Y, weight=weight, dtype=dtype
        )
        earlier = [] if first else self._resume(run)
        self._finish(run, problem, p, self._watch(run, p), earlier, in_pieces=True)
        return self

    def _resume(self, run: Training) -> list[Epoch]:
        """Hand the run what the last call left; returns the events so far. Another rule or precision begins with a memory of its own."""
        last = self._continuation
        run.resume(last.memory if last.kind == kind_of(run) else None, last.rows)
        return last.events

    def _say(self, line: str) -> None:
        """Print a line where printing was asked for."""
        if self.verbose:
            print(line)

    def _must_continue(self) -> None:
        if not hasattr(self, "_continuation"):
            raise DataError(
                "a model that was trained on other machines or loaded from a file cannot be trained on: no optimizer state came with it; "
                "fit it anew"
            )

    # --- steps ------------------------------------------------------------------------------------------------------

    def _prepare(
        self, X: Any, y: Any, sample_weight: Any, *, continued: bool = False, validation: tuple[Any, Any, Any] = (None, None, None)
    ) -> Prepared:
        """All that `fit` makes of its rows before the first weight is drawn."""
        settings = settings_of(self)
        check_calibration(settings)
        X, y, given = self._checked(X, y, sample_weight, reset=not continued)
        given = self._weighted(settings, y, given)
        if continued:
            self._check_same_classes(y)
            must_be_the_same(self.network_, self.calibration, X.shape[0])
        else:
            self.seed_ = seed_from(self.random_state)
        given, unit = in_rows(given)
        weight, aside = set_aside(self.calibration, X, given, self.seed_)
        problem = self._problem(y, weight, first=not continued)
        p = self._plan(settings, X, weight, unit=unit, own_validation=validation[0] is not None, continued=continued)
        if not continued:
            self._encoding = self._fit_encoding(X, weight, p)
        dtype = np.dtype(np.float32 if p.single_precision else np.float64)
        refuse_too_large(X, self._encoding, p, len(problem.b2), dtype)
        encoded = encode(self._encoding, X, dtype)
        given_rows = validation[0] is not None or validation[1] is not None
        own = self._own_validation(*validation, dtype) if given_rows else None
        rows = kept_out(self.calibration, X, p, problem.labels, self.seed_, weight, own=given_rows)
        if settings.early_stopping is True and p.hold_out:
            refuse_too_few(rows)
        watched = Validation(encoded, problem.Y.astype(dtype), weight, rows) if rows is not None and p.hold_out else own
        known = {"weight": weight, "given": given, "rows": rows, "aside": aside, "calibration": self.calibration}
        before = self.network_ if continued else None
        problem = replace(problem, judged=judged_on(X, encoded, problem.Y, len(p.with_ramps), own=own, before=before, **known))
        g2 = make_loss(problem.output, **self._output_settings())
        stairs = stairs_of(self._encoding, encoded) if looks_ramps_up(p) else None
        return Prepared(X, problem, p, g2, encoded, weight, unit, member_weights(X.shape[0], weight, rows), watched, dtype, stairs)

    def _checked(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> tuple[Any, Any, Floats | None]:
        if reset and is_plain(X) and is_plain_target(y, len(X)):
            self.n_features_in_ = X.shape[1]
            self.__dict__.pop("feature_names_in_", None)
        else:
            X, y = validate_data(
                self, X, y, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], multi_output=True, reset=reset
            )
        y = self._checked_targets(y)
        X = sparse.csr_array(X) if sparse.issparse(X) else X
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if weight is not None and weight.sum() == 0:
            raise DataError("every sample_weight is 0: there is no row to learn from")
        return X, y, weight

    def _weighted(self, settings: Settings, y: Any, weight: Floats | None, known: Any = None) -> Floats | None:
        """The rows' weights, after what their classes weigh; `known` are all classes where these rows may lack some."""
        return weight

    def _plan(
        self,
        settings: Settings,
        X: Any,
        weight: Floats | None = None,
        *,
        own_validation: bool,
        unit: float = 1.0,
        continued: bool = False,
        online: bool = False,
    ) -> Plan:
        """What the settings come to for these rows; `weight` is in rows, of which each was `unit` (fitting/weights.py)."""
        refuse_too_many(settings.K)
        p = plan(
            settings,
            X.shape[0],
            self.seed_,
            sparse=sparse.issparse(X),
            own_validation=own_validation,
            online=online,
            begun=self._continuation.with_ramps if continued else None,
            different=different_rows(X, weight),
        )
        if continued and settings.n_h != "auto" and p.width != (n_h := self._continuation.population.widths[0]):
            raise InvalidParameterError(
                f"hidden_layer_sizes is {self.hidden_layer_sizes!r}, but training goes on with networks of {n_h} hidden units; "
                "keep their number, or begin anew with warm_start=False"
            )
        return p if is_auto(settings.lam) else replace(p, recipe=penalised_in_rows(p.recipe, unit))

    def _fit_encoding(self, X: Any, weight: Floats | None, p: Plan) -> Encoding:
        if not self.standardize:
            return plain(X.shape[1])
        return fit_encoding(X, weight, ramps=any(p.with_ramps), ramp_scale=RAMP_SCALE[self._task])

    def _own_validation(self, X_val: Any, y_val: Any, weight: Any, dtype: np.dtype) -> Validation:
        if X_val is None or y_val is None:
            given, missing = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
            raise InvalidParameterError(f"{given} was given without {missing}: give both, or neither")
        X_val, y_val = validate_data(
            self, X_val, y_val, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], multi_output=True, reset=False
        )
        weight = None if weight is None else _check_sample_weight(weight, X_val, dtype=np.float64, ensure_non_negative=True)
        Y = self._problem(self._checked_targets(y_val), None, first=False).Y
        return Validation(encode(self._encoding, X_val, dtype), Y.astype(dtype), weight)

    def _initial(self, p: Plan, problem: Problem, encoded: Any, weight: Floats | None) -> Population:
        return self._drawn(p, p.width, problem, mean_squares(encoded, weight))

    def _drawn(self, p: Plan, n_h: int, problem: Problem, squares: Floats) -> Population:
        """First weights, each network's from its own stream; `squares (n_x,)` are the mean squares of the encoded inputs."""
        inputs = inputs_seen(p.with_ramps, self._encoding.n_inputs, len(squares))
        return initial_population(settings_of(self), self.seed_, n_h, inputs, inputs @ squares, problem.b2)

    def _output_settings(self) -> dict[str, float]:
        return {}

    def _check_same_classes(self, y: Any) -> None:
        """Refuse to go on with other classes; numbers have none."""

    def _trained(self, p: Plan, begun: Callable[[int], Training]) -> tuple[Training, list[Epoch]]:
        """The training that `begun` makes of a number of hidden units, done: of several numbers, that of the highest evidence."""
        if p.widths:
            run, events, self.evidence_table_ = by_evidence(p.widths, begun, lambda run: self._watch(run, p), self._say)
            return run, events
        run = begun(p.width)
        return run, self._watch(run, p)

    def _watch(self, run: Training, p: Plan) -> list[Epoch]:
        """Train, hand every event to the callbacks, and keep what there is when interrupted."""
        events: list[Epoch] = []
        done = 0
        try:
            with at_most(self.n_jobs), one_blas_thread():  # asked for here once, not at every epoch
                for event in run:
                    done = event.epoch
                    if in_curves(event, run):
                        events.append(event)
                    if self.verbose:
                        print(f"Iteration {event.epoch}, loss = {mean_of_finite(event.loss):.8f}")
                    for callback in self.callbacks or ():
                        callback(event)
        except KeyboardInterrupt:
            warnings.warn(InterruptedWarning(f"interrupted after {done} epochs; the best weights so far are kept"), stacklevel=4)
        return events

    def _finish(
        self, run: Training, problem: Problem, p: Plan, events: list[Epoch], earlier: Sequence[Epoch] = (), *, in_pieces: bool = False
    ) -> None:
        """All that a fit leaves: `events` are its own, `earlier` those of the calls that it goes on from."""
        trained = run.result()
        if not in_pieces:  # of which each is gone through once, whatever its loss does
            warn_unsettled(run, p, events, asked=asks_to_settle(self, p))
        events = [*earlier, *events]
        if len(trained.loss) > 1:
            self._say(spread_of(trained.loss))
        self._leave_network(trained, problem, p, history(events))
        self._continuation = Continuation(
            trained.population, trained.judged or trained.population, p.with_ramps, kind_of(run), memory_of(run), trained.rows, events
        )
        self._set_attributes(run, trained, p, events, len(earlier))

    def _leave_network(self, trained: Trained, problem: Problem, p: Plan, curves: dict[str, Floats]) -> None:
        """`network_`, which is all that prediction needs."""
        finite = trained.diverged == 0
        report_divergence(trained.diverged, p, problem.judged, standardized=self.standardize)
        shares = weigh_members(p.with_ramps, finite, trained.best_validation_loss)
        names = getattr(self, "feature_names_in_", None)
        names = tuple(f"x{j}" for j in range(self.n_features_in_)) if names is None else tuple(map(str, names))
        settings: dict[str, Any] = self._output_settings()
        self.network_ = Network(
            with_zeros(trained.population, finite),
            shares,
            p.recipe.activation,
            problem.output,
            self._encoding,
            problem.target,
            problem.classes,
            names,
            curves,
            **settings,
        )
        used = None if trained.evidence is None else float(np.mean(trained.evidence.gamma)) / len(problem.Y[0])
        if problem.judged is not None:
            before = None if trained.judged is None else with_zeros(trained.judged, finite)
            self.network_, self.temperature_ = made_sure(self.network_, problem.judged, self.calibration, used, before)

    def _set_attributes(self, run: Training, trained: Trained, p: Plan, events: list[Epoch], n_earlier: int = 0) -> None:
        follow(self, self.network_)
        self.loss_curve_ = means_of_finite([e.loss for e in events])
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else float("nan")
        scores = means_of_finite([e.validation_score for e in events if e.validation_score is not None])
        self.validation_scores_ = scores or None
        self.best_validation_score_ = max(self.validation_scores_) if self.validation_scores_ else None
        self.best_loss_ = None if scores or not self.loss_curve_ else min(self.loss_curve_)
        self.n_iter_ = len(events) - n_earlier  # of this call, as scikit-learn counts; the curves are of all
        self.t_ = run.rows
        self.solver_, self.device_ = solver_of(run, p), p.recipe.device
        self.final_losses_ = trained.loss
        self.evidence_ = None if trained.evidence is None else asdict(trained.evidence)

    def _predicted(self, X: Any) -> Floats:
        """The network's answer for checked rows, `(m, n_y)`."""
        X = self._rows(X)
        with at_most(self.n_jobs):
            return predict(self.network_, X)

    def _rows(self, X: Any) -> Any:
        """Rows `(m, n)` checked, dense or CSR."""
        check_is_fitted(self, "network_")
        if not self._is_plain(X):
            X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], reset=False)
        return sparse.csr_array(X) if sparse.issparse(X) else X

    def outside(self, X: Any, *, columns: bool = False) -> NDArray[np.bool_]:
        """Which rows of X `(m, n)` have an input outside the range of the rows that were learned from, `(m,)`.

        With `columns` which values do, `(m, n)`. Predictions there are guesses beyond the data, and intervals lie.
        """
        found = outside_range(self.network_, self._rows(X))
        return found if columns else np.asarray(found.any(axis=1))

    def _is_plain(self, X: Any) -> bool:
        """Whether X is a float array that scikit-learn's checks, which cost more than a row's prediction, would pass as it is."""
        return is_plain(X) and X.shape[1] == self.n_features_in_ and not hasattr(self, "feature_names_in_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
