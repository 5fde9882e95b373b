"""Calibration of a fitted model on new rows: rows that none of its networks was trained on.

Temperature and scores are those that a fit computes of rows it sets aside (`calibration`): a fit with calibration="split" whose rows were
these has the same scores.
"""

from dataclasses import dataclass, replace

import numpy as np

from shoal.errors import DataError, InvalidParameterError
from shoal.fitting.fitted import Fitted
from shoal.kinds import ChoiceKind
from shoal.network import Network, Noise
from shoal.types import Floats
from shoal.uncertainty.answers import Held, answers, mean_variance, taken, together, weights_of
from shoal.uncertainty.calibration import cooled, fit_temperature
from shoal.uncertainty.label_sets import calibrated_labels
from shoal.uncertainty.noise import counted, in_target_units
from shoal.uncertainty.predictive import calibrated, least_scores

LEAST_ROWS = least_scores(0.9)
ROWS_OF_A_TEMPERATURE = 50  # with fewer the log loss of new rows rises by more than a hundredth if the model was right (docs/how-sure.md)
OF_CLASSES = ChoiceKind(("temperature", "split"))


@dataclass(frozen=True)
class NewRows:
    """Rows for a calibration: `held` as the networks read them, and what is computed of them, "split" or "temperature"."""

    held: Held
    kind: str


def with_new_rows(fitted: Fitted, rows: NewRows) -> Fitted:
    """The fitted model, calibrated on rows that none of its networks was trained on; what calibrated it before is replaced.

    Raises
    ------
    DataError
        For fewer than 9 rows of weight above 0, 50 for a temperature.
    InvalidParameterError
        For a regression that predicts one quantile.
    """
    network, held = fitted.network, taken(rows.held, np.flatnonzero(rows.held.weight > 0))
    n = len(held.Y)
    least, why = (ROWS_OF_A_TEMPERATURE, "show a temperature") if rows.kind == "temperature" else (LEAST_ROWS, "cover 90 %")
    if n < least:
        raise DataError(
            f"calibrate got {n} rows of weight above 0, and {least} are the fewest that {why}; give more rows that the model was not "
            "trained on"
        )
    if rows.kind == "temperature":
        T = fit_temperature(network, held)
        cooler = replace(cooled(network, T), calibration=None, thresholds=moved(network.thresholds, T))
        return replace(fitted, network=cooler, temperature=fitted.temperature * T, calibrated_on_new_rows=True)
    if network.classes:
        scored = replace(network, calibration=calibrated_labels(network, held, "split", n))
    else:
        if not network.g2.centred:
            raise InvalidParameterError(
                f"calibrate makes intervals, but loss={network.output!r} predicts one quantile, which has no interval around it; fit with "
                "loss 'squared_error', 'huber', 'absolute_error', 'poisson' or 'gaussian'"
            )
        scored = network if network.noise is not None else replace(network, noise=constant_noise(network, held))
        scored = replace(scored, calibration=calibrated(scored, held, "split", n))
    return replace(fitted, network=scored, calibrated_on_new_rows=True)


def moved(thresholds: tuple[float, ...], T: float) -> tuple[float, ...]:
    """Thresholds of probabilities whose logits are divided by T, so that no predicted class changes."""
    p = np.asarray(thresholds)
    return tuple(float(v) for v in 1 / (1 + ((1 - p) / p) ** (1 / T)))


def constant_noise(network: Network, held: Held) -> Noise:
    """Noise of one size everywhere, for a network that has none, such as an imported one.

    Intervals do not depend on this size: scores are divided by it, and widths multiplied. So the rows that it is taken from may give the
    scores too.
    """
    outputs, everyone = answers(network, held.X), weights_of(network, held.out & (network.shares > 0)[:, None])
    apart = in_target_units(network, held.Y) - together(network, outputs, everyone)
    square: Floats = np.average(apart**2 / mean_variance(outputs, everyone), axis=0, weights=held.weight)
    square = np.maximum(square, np.finfo(np.float64).tiny)
    n_y = len(square)
    at, one = tuple(np.zeros(1) for _ in square), np.ones(n_y)
    return Noise(at, tuple(square[o : o + 1] for o in range(n_y)), np.zeros(n_y), one, one, one, "held-out rows", counted(held.weight))
