"""The sources of a fit's rows, and the one protocol by which the pipeline reads them.

`Source` has three implementations: `InMemory` here, blocks on disk (`on_disk`), and the partitions of a Dask cluster
(`shoal.dask.source`). Each answers the same questions; what is asked, and in which order, stands in `pipeline`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.derived import cached_property
from shoal.encoding import Encoding, SparseRows, encode, fit_encoding, plain
from shoal.engine.lists import RowLists, lists_of, takes_lists, worth_listing
from shoal.engine.ramps import find_ramp_positions
from shoal.errors import DataError
from shoal.fitting.calibration import FittedRows, JudgedOn, calibrate, for_prediction, judged_on, largest_of
from shoal.fitting.directions import constrains
from shoal.fitting.folds import RowFacts, different_rows, kept_out, member_weights, refuse_too_few, set_aside, watched
from shoal.fitting.limits import refuse_too_large
from shoal.fitting.plan import FULL_BATCH, RAMP_SCALE, Plan, is_auto
from shoal.fitting.projection import Projection, find_projection, is_wide
from shoal.fitting.settings import Settings
from shoal.fitting.targets import EncodedTargets, Targets, checked_targets, encode_targets, fit_targets, initial_bias
from shoal.fitting.train import Training, ended, full_batch, looks_ramps_up, mean_squares
from shoal.fitting.weights import in_rows, row_weights
from shoal.network import Network
from shoal.population import Population
from shoal.training.minibatch import Run
from shoal.training.progress import Trained
from shoal.training.rows import Validation, in_memory
from shoal.types import Floats
from shoal.words import squares_if_filled, with_words


class TrainingRows(Protocol):
    """Encoded training rows, in memory or elsewhere."""

    @property
    def mean_squares(self) -> Floats:
        """Mean square of each encoded input, `(n_x,)`."""

    @property
    def largest(self) -> float:
        """The magnitude of the largest raw input."""

    def begin(self, plan: Plan, population: Population, *, listened: bool) -> Training:
        """The training of these networks before its first step."""

    def calibrated(self, network: Network, trained: Trained) -> tuple[Network, float]:
        """The network with its noise, intervals or temperature, and that temperature (`calibration.calibrate`)."""


class Source(Protocol):
    """Rows with their targets and weights.

    Attributes
    ----------
    m : int
        Rows.
    unit : float
        The given weight of one row (fitting/weights.py); weights of `weighted` are in rows.
    sparse, own_validation : bool
        Whether the rows are sparse, and whether the user gave validation rows.
    """

    @property
    def m(self) -> int:
        """Rows."""

    @property
    def unit(self) -> float:
        """The given weight of one row."""

    @property
    def sparse(self) -> bool:
        """Whether the rows are a sparse matrix."""

    @property
    def own_validation(self) -> bool:
        """Whether the user gave validation rows."""

    def check_same_classes(self, targets: Targets) -> None:
        """Refuse to continue with rows whose classes differ from those before."""

    def weighted(self, settings: Settings, seed: int, classes: NDArray[Any] | None = None) -> Self:
        """The source with weights by class according to `class_weight`, and without rows set aside for calibration."""

    def different(self) -> int | None:
        """The number of different rows that count, if they are few; None if they are many."""

    def wide(self, settings: Settings) -> bool:
        """Whether networks are to learn from principal components (`projection`)."""

    def targets(self, settings: Settings, known: Targets | None, classes: NDArray[Any] | None = None) -> Targets:
        """The meaning of y: decided now, or checked against the decision of an earlier call."""

    def encoding(self, settings: Settings, plan: Plan) -> Encoding:
        """What a number becomes before layer 1."""

    def rows(self, settings: Settings, plan: Plan, targets: Targets, encoding: Encoding, seed: int, before: Network | None) -> TrainingRows:
        """The rows encoded, with those that each network holds out."""

    def bias(self, targets: Targets) -> Floats:
        """Initial output biases of the rule "auto", `(n_z,)`."""

    def identity(self) -> dict[str, str]:
        """The identity of the rows, in words and numbers."""


@dataclass(frozen=True)
class InMemory:
    """Rows in memory, checked: `X (m, n)` dense or CSR, `y` from `targets.checked_targets`, `weight (m,)` or None.

    `given` is the weight before rows were set aside for calibration, `aside` are these rows. `own` are the user's validation rows
    `(X, y, weight)`. `groups (m,)` are equal numbers for rows that are held out together, `time (m,)` numbers by which rows are held out
    from the end.
    """

    X: Any
    y: NDArray[Any]
    weight: Floats | None = None
    own: tuple[Any, NDArray[Any], Floats | None] | None = None
    given: Floats | None = None
    aside: NDArray[np.int64] | None = None
    unit: float = 1.0
    groups: NDArray[np.int64] | None = None
    time: NDArray[Any] | None = None
    learned_y: list[tuple[Targets, EncodedTargets]] = field(default_factory=list, compare=False)  # results of `learned`

    def facts(self, weight: Floats | None, labels: NDArray[Any] | None = None) -> RowFacts:
        """The facts that decide which rows are held out."""
        return RowFacts(self.m, weight, labels, self.X, groups=self.groups, time=self.time)

    @property
    def m(self) -> int:
        """Rows."""
        return int(self.X.shape[0])

    @property
    def sparse(self) -> bool:
        """Whether the rows are a sparse matrix."""
        return bool(sparse.issparse(self.X))

    @property
    def own_validation(self) -> bool:
        """Whether the user gave validation rows."""
        return self.own is not None

    def check_same_classes(self, targets: Targets) -> None:
        """Refuse to continue with rows whose classes differ from those before.

        Raises
        ------
        DataError
        """
        if targets.classes is None or not targets.one_column or self.y.ndim != 1:
            return
        found = np.unique(self.y)
        if not np.array_equal(found, targets.classes):
            raise DataError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {targets.classes}, `y` has {found}; keep them, or start again with warm_start=False"
            )

    def weighted(self, settings: Settings, seed: int, classes: NDArray[Any] | None = None) -> Self:
        """Weights by class, in rows, and weight 0 for rows that are set aside for calibration."""
        weight = self.weight
        if settings.class_weight is not None:
            by_class = row_weights(settings.class_weight, self.y, classes)
            weight = by_class if weight is None else weight * by_class
            if not weight.any():
                raise DataError(f"class_weight={settings.class_weight!r} leaves every row with weight 0: there are no rows to learn from")
        weight, unit = in_rows(weight)
        one_class = settings.task == "classification" and self.y.ndim == 1
        labels = np.unique(self.y, return_inverse=True)[1] if one_class and settings.calibration == "split" else None
        aside, kept = set_aside(settings.calibration, self.facts(weight, labels), seed), weight
        if aside is not None:
            kept = np.ones(self.m) if weight is None else weight.copy()
            kept[aside] = 0.0
        return replace(self, weight=kept, given=weight, aside=aside, unit=unit)

    def different(self) -> int | None:
        """The number of different rows that count, if they are few."""
        return different_rows(self.X, self.weight)

    def wide(self, settings: Settings) -> bool:
        """Whether the inputs are scaled and free, the plan may decide about ramps, and the rows are wide."""
        return settings.standardize and not constrains(settings.directions) and is_auto(settings.ramps) and is_wide(self.X, self.weight)

    def targets(self, settings: Settings, known: Targets | None, classes: NDArray[Any] | None = None) -> Targets:
        """Decided from these rows, or checked against the decision of an earlier call."""
        found = fit_targets(settings, self.y, self.weight, classes) if known is None else known
        self.learned(found)  # raises an error for targets that do not fit
        return found

    def identity(self) -> dict[str, str]:
        """The identity of the rows: their number, and digests of their contents."""
        own = (None, None, None) if self.own is None else self.own
        given = {"inputs": self.X, "targets": self.y, "weights": self.weight, "groups": self.groups, "time": self.time}
        given |= dict(zip(("X_val", "y_val", "sample_weight_val"), own, strict=True))
        return {"number of rows": str(self.m), **{f"digest of the {name}": digest(value) for name, value in given.items()}}

    def learned(self, targets: Targets) -> EncodedTargets:
        """The targets in the network's form; computed once, though three stages of a fit use them."""
        if not self.learned_y or self.learned_y[0][0] is not targets:
            self.learned_y[:] = [(targets, encode_targets(targets, self.y))]
        return self.learned_y[0][1]

    def bias(self, targets: Targets) -> Floats:
        """Initial output biases."""
        return initial_bias(targets, self.learned(targets), self.weight)

    def encoding(self, settings: Settings, plan: Plan) -> Encoding:
        """z-scores, and the ramps of the plan."""
        if not settings.standardize:
            return plain(self.X.shape[1])
        found = fit_encoding(self.X, self.weight, ramps=any(plan.with_ramps), ramp_scale=RAMP_SCALE[settings.task])
        return with_words(self.X, self.weight, found) if self.sparse else found

    def rows(
        self, settings: Settings, plan: Plan, targets: Targets, encoding: Encoding, seed: int, before: Network | None
    ) -> "RowsInMemory":
        """All rows encoded, with those that each network holds out and those that evaluate the fitted network."""
        X, weight, dtype = self.X, self.weight, plan.dtype
        refuse_too_large(X, encoding, plan, targets.n_z, dtype)
        encoded, learned = encode(encoding, X, dtype), self.learned(targets)
        own = None if self.own is None else validation_rows(self.own, targets, encoding, dtype)
        facts = self.facts(weight, learned.labels)
        held = kept_out(settings.calibration, facts, plan, seed, own=own is not None)
        if settings.early_stopping is True and plan.hold_out:
            refuse_too_few(held, facts)
        watching = own
        if held is not None and plan.hold_out:
            watching = watched(settings.calibration, held, plan, Validation(encoded, learned.Y.astype(dtype), weight))
        fitted = FittedRows(X, encoded, learned.Y, weight, self.given, held, self.aside)
        judged = judged_on(fitted, len(plan.with_ramps), settings.calibration, own=own, before=before)
        ramp_positions = find_ramp_positions(encoding, encoded) if looks_ramps_up(plan) else None
        weights = member_weights(self.m, weight, held)
        raw = None if settings.scoring is None else self.own or (X, self.y, weight)
        known = watching, judged, dtype, ramp_positions, self.groups, raw
        return RowsInMemory(settings, targets, encoded, learned.Y, weight, weights, *known)

    def piece(self, settings: Settings, plan: Plan, targets: Targets, encoding: Encoding, before: Network | None) -> "RowsInMemory":
        """The rows of one call of `partial_fit`: none is held out."""
        dtype = np.dtype(np.float32 if settings.dtype == "float32" else np.float64)
        encoded, Y = encode(encoding, self.X, dtype), self.learned(targets).Y
        judged = judged_on(FittedRows(self.X, encoded, Y, self.weight), len(plan.with_ramps), before=before)
        return RowsInMemory(settings, targets, encoded, Y, self.weight, self.weight, None, judged, dtype)


@dataclass(frozen=True)
class RowsInMemory:
    """Encoded rows in memory.

    Attributes
    ----------
    X : array or SparseRows, (m, n_x)
    Y : ndarray, (m, n_y)
    weight : ndarray, (m,), or None
        The user's.
    weights : ndarray, (K, m) or (m,), or None
        The weights for training, 0 if a member holds a row out.
    validation : Validation or None
        The rows that evaluate members after every epoch.
    judged : JudgedOn
        The rows that evaluate the fitted network.
    ramp_positions : RampPositions or None
        The positions of rows on ramps, if lookup tables are used.
    groups : ndarray, (m,), or None
        Equal numbers for rows that are held out together.
    raw : tuple of X, y and weight, or None
        The rows of `validation` as given, if they are to be scored (`held_out_scores`).
    """

    settings: Settings
    targets: Targets
    X: Any
    Y: Floats
    weight: Floats | None
    weights: Floats | None
    validation: Validation | None
    judged: JudgedOn
    dtype: np.dtype
    ramp_positions: Any = None
    groups: NDArray[np.int64] | None = None
    raw: tuple[Any, NDArray[Any], Floats | None] | None = None

    def projection(self) -> Projection | None:
        """The directions of wide rows, from all that count."""
        return find_projection(self.X, self.Y, self.weight, self.groups)

    def projected(self, projection: Projection) -> "RowsInMemory":
        """The rows for networks that learn from their scores; what evaluates the fitted network stays as it is."""
        X, v = projection.scores(self.X), self.validation
        if v is not None:
            v = replace(v, X=X if v.X is self.X else projection.scores(v.X))
        return replace(self, X=X, validation=v)

    @cached_property
    def mean_squares(self) -> Floats:
        """Mean square of each encoded input."""
        squares = mean_squares(self.X, self.weight)
        if not isinstance(self.X, SparseRows):
            return squares
        return squares_if_filled(self.X.matrix, self.weight, squares)

    @cached_property
    def lists(self) -> RowLists | None:
        """The rows as lists of what is not 0, if that is little."""
        return lists_of(self.X, self.dtype) if worth_listing(self.X, alone=self.settings.K == 1) else None

    @cached_property
    def largest(self) -> float:
        """The largest raw input."""
        return largest_of(self.judged)

    def begin(self, plan: Plan, population: Population, *, listened: bool, members: Sequence[int] | None = None) -> Training:
        """The training of these networks before its first step; `members` name their dropout streams, their places if None."""
        g2 = self.targets.g2
        known: dict[str, Any] = {"validation": self.validation, "dtype": self.dtype}
        if plan.solver in FULL_BATCH:
            return full_batch(plan, population, g2, in_memory(self.X, self.Y, population.K, self.weights), len(self.Y), **known)
        more: dict[str, Any] = {"members": members, "listened": listened, "ramp_positions": self.ramp_positions}
        more["lists"] = self.lists if takes_lists(population, plan.recipe) else None
        run = Run(plan.recipe, population, g2, self.X, self.Y, weight=self.weights, **known, **more)
        return ended(run, plan, self.validation)

    def calibrated(self, network: Network, trained: Trained) -> tuple[Network, float]:
        """The network with its noise, intervals or temperature."""
        return calibrate(network, self.judged, self.settings.calibration, trained)

    def for_prediction(self, network: Network, trained: Trained) -> tuple[Network, float]:
        """`calibrated` without noise and intervals."""
        return for_prediction(network, self.judged, self.settings.calibration, trained)


def digest(values: Any) -> str:
    """A short name of an array's content, type and shape, of a sparse matrix too; "" for None."""
    if values is None:
        return ""
    found = hashlib.sha256(repr((values.shape, str(values.dtype))).encode())
    for part in (values.data, values.indices, values.indptr) if sparse.issparse(values) else (values,):
        array = np.ascontiguousarray(part)
        found.update("\0".join(map(repr, array.ravel().tolist())).encode() if array.dtype.hasobject else array.tobytes())
    return found.hexdigest()[:16]


def validation_rows(own: tuple[Any, NDArray[Any], Floats | None], targets: Targets, encoding: Encoding, dtype: np.dtype) -> Validation:
    """The user's validation rows in the form that evaluates members."""
    X, y, weight = own
    Y = encode_targets(targets, checked_targets(targets.task, y)).Y
    return Validation(encode(encoding, X, dtype), Y.astype(dtype), weight)
