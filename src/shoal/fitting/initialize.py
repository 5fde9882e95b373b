"""Before and after training: initial weights drawn, members weighed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.draws import Purpose, member_stream
from shoal.encoding import blocks
from shoal.fitting.settings import Settings
from shoal.population import Population, stack
from shoal.textbook import initialization as rules
from shoal.textbook.propagation import Parameters
from shoal.types import Floats

SHARPNESS = 0.2  # a kind of members whose validation loss is so much worse, relatively, weighs 1/e of the best kind


def initial_population(s: Settings, seed: int, n_h: int, inputs: NDArray[np.bool_], square_lengths: Floats, b2: Floats) -> Population:
    """Initial weights of every member, each from its own stream.

    `inputs (K, n_x)` is what each member sees, `square_lengths (K,)` the mean squared length of its input rows, `b2 (n_z,)`
    the output biases of the rule "auto".
    """
    networks = []
    for k, seen in enumerate(inputs):
        n_x = int(seen.sum())
        drawn = draw(s, member_stream(seed, k, Purpose.WEIGHTS), n_x, n_h, len(b2), square_lengths[k])
        W1 = np.zeros((n_h, len(seen)))
        W1[:, seen] = drawn.W1
        networks.append(Parameters(W1, drawn.b1, drawn.W2, b2[:, None] if s.init == "auto" else drawn.b2))
    return stack(networks, inputs)


def draw(s: Settings, rng: np.random.Generator, n_x: int, n_h: int, n_z: int, square_length: float) -> Parameters:
    """One network's initial weights by the rule that `init` names."""
    if s.init == "zeros":
        return rules.zeros(n_x, n_h, n_z)
    if s.init == "normal":
        return rules.small_random(rng, n_x, n_h, n_z, s.init_scale)
    if s.init == "auto":
        return rules.unit_variance(rng, n_x, n_h, n_z, square_length)
    return {"xavier": rules.xavier, "he": rules.he, "lecun": rules.lecun, "nguyen_widrow": rules.nguyen_widrow}[s.init](rng, n_x, n_h, n_z)


def weigh_members(with_ramps: tuple[bool, ...], finite: NDArray[np.bool_], validation_loss: Floats | None) -> Floats:
    """Each member's share: kinds by their mean validation loss, exp(−(v/v_min − 1)/0.2), members of a kind alike."""
    kinds = np.array(with_ramps)
    shares = finite.astype(float)
    if validation_loss is not None and len(set(with_ramps)) == 2:
        means = {
            ramp: float(np.mean(validation_loss[(kinds == ramp) & finite])) for ramp in (True, False) if ((kinds == ramp) & finite).any()
        }
        least = min(means.values())
        if 0 < least < np.inf:  # of a negative log-likelihood, or one never judged, no ratio means anything: kinds weigh alike
            for ramp, value in means.items():
                shares[kinds == ramp] *= np.exp(-(value / least - 1) / SHARPNESS)
    return np.asarray(shares / shares.sum())


def inputs_seen(with_ramps: tuple[bool, ...], n_plain: int, n_x: int) -> NDArray[np.bool_]:
    """Which of the n_x encoded inputs each member sees, `(K, n_x)`: those beyond `n_plain` are ramps."""
    inputs = np.ones((len(with_ramps), n_x), bool)
    inputs[:, n_plain:] = np.array(with_ramps)[:, None]
    return inputs


def mean_squares(encoded: Any, weight: Floats | None) -> Floats:
    """Mean square of each encoded input, `(n_x,)`; of the inputs that a network sees they add up to a row's mean squared length."""
    total, count = np.zeros(encoded.shape[1]), 0.0
    for s in blocks(encoded.shape):
        rows = encoded[s]
        w = np.ones(len(rows)) if weight is None else weight[s]
        with np.errstate(over="ignore"):  # then training leaves the finite numbers, which has a name
            total, count = total + w @ np.square(rows, dtype=np.float64), count + w.sum()
    return np.asarray(total / count)
