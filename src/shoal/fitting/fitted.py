"""Fitted: the result of a fit. Every attribute of a fitted estimator is derived from it, so none can be set twice or forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from shoal.derived import cached_property
from shoal.encoding import encoded_names
from shoal.engine.device import PROCESSOR
from shoal.fitting.importances import RowSample, importances
from shoal.fitting.projection import Projection
from shoal.fitting.targets import Targets
from shoal.fitting.train import means_of_finite
from shoal.network import Network, folded
from shoal.population import Population
from shoal.textbook.propagation import Parameters
from shoal.training.progress import Epoch
from shoal.types import Floats


@dataclass(frozen=True)
class Continuation:
    """What `warm_start` and `partial_fit` continue from. A model file does not contain it.

    Attributes
    ----------
    population : Population
        The weights that were kept.
    judged : Population
        The weights for which held-out rows are still valid; `warm_start` holds out the same rows again.
    with_ramps : tuple of bool, (K,)
        Which members see ramps.
    kind : tuple
        What another run must have in common with this one to use `memory`.
    memory : Any
        The optimizer's state.
    rows : int
        Training rows so far, counted in every epoch.
    events : list of Epoch
    projection : Projection or None
        Of wide rows, whose scores these networks read.
    """

    population: Population
    judged: Population
    with_ramps: tuple[bool, ...]
    kind: tuple[Any, ...]
    memory: Any
    rows: int
    events: list[Epoch]
    projection: Projection | None = None


@dataclass(frozen=True)
class Fitted:
    """A fitted model.

    Attributes
    ----------
    network : Network
        Everything that prediction needs.
    targets : Targets
        What y means.
    named : bool
        Whether the inputs had names.
    seed : int
    temperature : float
        The divisor of the logits; 1 without calibration by temperature.
    solver : str
        The solver, such as "adamw+lbfgs"; "none" for an imported network.
    device : str
    rows_seen : int
        Training rows, counted in every epoch.
    final_losses : ndarray, (K,)
        Each network's last loss, NaN if it is not known.
    evidence : mapping or None
        Of the solver "bayes".
    evidence_table : mapping or None
        The widths that were tried, with the evidence of each.
    continuation : Continuation or None
        None where training cannot go on.
    trained_on : str
        On a cluster: "whole" or "own", which part of the rows each network learned from; else empty.
    share_rows : tuple of int
        On a cluster: how many rows each network learned from.
    epochs_before : int
        Epochs of the calls that this one continued.
    kept_importances : ndarray, (n,), or None
        Importances that were computed before, of a model from a pickle or a file.
    sample : RowSample or None
        Rows to compute them with; only in the process of the fit.
    calibrated_on_new_rows : bool
        Whether the calibration is of rows that came after the fit (`new_rows`), which a further fit does not continue.
    """

    network: Network
    targets: Targets
    named: bool = False
    seed: int = 0
    temperature: float = 1.0
    solver: str = "none"
    device: str = PROCESSOR
    rows_seen: int = 0
    final_losses: Floats = field(default_factory=lambda: np.empty(0))
    evidence: Mapping[str, Any] | None = None
    evidence_table: Mapping[str, Floats] | None = None
    continuation: Continuation | None = None
    trained_on: str = ""
    share_rows: tuple[int, ...] = ()
    epochs_before: int = 0
    kept_importances: Floats | None = None
    sample: RowSample | None = None
    calibrated_on_new_rows: bool = False

    # --- derived ------------------------------------------------------------------------------------------------------

    @cached_property
    def parameters(self) -> Parameters:
        """The merged network over raw inputs and raw ramps."""
        return folded(self.network)

    @cached_property
    def coefs(self) -> list[Floats]:
        """W1ᵀ and W2ᵀ, as in scikit-learn."""
        return [self.parameters.W1.T.copy(), self.parameters.W2.T.copy()]

    @cached_property
    def intercepts(self) -> list[Floats]:
        """b1 and b2 as vectors."""
        return [self.parameters.b1[:, 0].copy(), self.parameters.b2[:, 0].copy()]

    @cached_property
    def skip_coefs(self) -> Floats | None:
        """W3ᵀ, None without skip connections."""
        W3 = self.parameters.W3
        return None if W3 is None else W3.T.copy()

    @cached_property
    def encoded_names(self) -> Any:
        """A name for every encoded input."""
        return np.array(encoded_names(self.network.encoding, self.network.feature_names), dtype=object)

    @cached_property
    def loss_curve(self) -> list[float]:
        """The mean loss of the networks after each epoch."""
        return means_of_finite(list(self.network.history["loss"]))

    @cached_property
    def validation_scores(self) -> list[float] | None:
        """The networks' mean score on held-out rows after each epoch; None if none were held out."""
        return means_of_finite(list(self.network.history.get("validation_score", ()))) or None

    @cached_property
    def importances(self) -> Floats | None:
        """A number for each input, `(n,)`, adding up to 1; None where neither they nor rows to compute them with are known."""
        return self.kept_importances if self.sample is None else importances(self.network, self.sample)

    @property
    def loss(self) -> float:
        """The last loss, NaN if there is none."""
        return self.loss_curve[-1] if self.loss_curve else float("nan")

    @property
    def best_validation_score(self) -> float | None:
        """The highest validation score."""
        return max(self.validation_scores) if self.validation_scores else None

    @property
    def best_loss(self) -> float | None:
        """The lowest loss, if no rows were held out."""
        return None if self.validation_scores or not self.loss_curve else min(self.loss_curve)

    @property
    def n_epochs(self) -> int:
        """Passes over the rows in the last call, as in scikit-learn; the curves are of all calls."""
        return len(self.network.history["loss"]) - self.epochs_before

    @property
    def unit_name(self) -> str:
        """scikit-learn's name for the output unit."""
        return self.network.g2.unit.name

    def __getstate__(self) -> dict[str, Any]:
        state = {f.name: getattr(self, f.name) for f in fields(self)}  # derived values are computed again
        return state | {"kept_importances": self.importances, "sample": None}  # rows stay in the process of the fit

    def without_continuation(self) -> "Fitted":
        """Everything that prediction needs, without what only further training needs."""
        return replace(self, continuation=None, sample=None)
