"""Losses with the output units that belong to them (slides 9-10): logits Z2 → A2, the loss of each example, dZ2 = ∂loss/∂Z2.

The slide's `dZ2 = A2 − Y` holds for the output unit and the loss that belong together. Each pair stands here as one
object with three functions. Shapes: Z2 `(…, n_z, m)`, Y `(n_y, m)`, A2 like Z2, loss `(…, m)` (summed over the
outputs of an example), dZ2 like Z2; a leading axis K may stand before Z2. n_z = n_y, but for the Gaussian unit,
whose logits are n_y means followed by n_y log-variances.

Losses come from the logits, never from A2, and stay finite at |Z2| = 1e4 in float32 and float64.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from shoal.textbook.activations import relu, sigmoid

Array = Any


@dataclass(frozen=True)
class Loss:
    """A loss and its output unit. `g2(Z2)` is A2; `g2.loss(Z2, Y)` is each example's loss; `g2.dZ2(Z2, Y)` is dZ2."""

    name: str
    formula: str
    loss_formula: str
    g: Callable[[Array], Array]
    loss: Callable[[Array, Array], Array]
    dZ2: Callable[[Array, Array], Array]
    logits_per_target: int = 1
    settings: tuple[tuple[str, float], ...] = ()  # what `make_loss` needs beside the name to make it again

    def __call__(self, Z2: Array) -> Array:
        return self.g(Z2)

    def __reduce__(self) -> tuple[Any, ...]:
        return remade, (self.name, self.settings)  # another process makes it anew: lambdas do not travel


def sum_outputs(L: Array) -> Array:
    """Each example's loss: the sum over its outputs, `(…, n_y, m)` → `(…, m)`."""
    return array_namespace(L).sum(L, axis=-2)


# --- sigmoid and cross-entropy: one label, or many independent ones -------------------------------------------------


def cross_entropy(Z2: Array, Y: Array) -> Array:
    """−[y ln a + (1 − y) ln(1 − a)] = max(0, z) − y z + ln(1 + e^−|z|), a = σ(z)"""
    xp = array_namespace(Z2)
    return sum_outputs(relu(Z2) - Y * Z2 + xp.log1p(xp.exp(-xp.abs(Z2))))


# --- softmax and cross-entropy: one class of several ----------------------------------------------------------------


def softmax(Z2: Array) -> Array:
    """eᶻ / Σ eᶻ over the outputs, shifted by the largest z, which changes nothing and cannot overflow."""
    xp = array_namespace(Z2)
    e = xp.exp(Z2 - xp.max(Z2, axis=-2, keepdims=True))
    return e / xp.sum(e, axis=-2, keepdims=True)


def softmax_cross_entropy(Z2: Array, Y: Array) -> Array:
    """−Σ y ln a = Σ y (ln Σ eᶻ − z); Y holds 0 and 1, or shares that add up to 1"""
    xp = array_namespace(Z2)
    shifted = Z2 - xp.max(Z2, axis=-2, keepdims=True)
    log_sum = xp.log(xp.sum(xp.exp(shifted), axis=-2, keepdims=True))
    return sum_outputs(Y * (log_sum - shifted))


# --- identity and a loss of the residual r = z − y ------------------------------------------------------------------


def identity(Z2: Array) -> Array:
    """a = z"""
    return Z2


def squared_error(Z2: Array, Y: Array) -> Array:
    """½ (z − y)²"""
    return sum_outputs((Z2 - Y) * (Z2 - Y) / 2)


def absolute_error(Z2: Array, Y: Array) -> Array:
    """|z − y|"""
    return sum_outputs(array_namespace(Z2).abs(Z2 - Y))


def absolute_error_slope(Z2: Array, Y: Array) -> Array:
    """sign(z − y), 0 at the kink"""
    return array_namespace(Z2).sign(Z2 - Y)


def huber(delta: float) -> Loss:
    """Identity with Huber's loss: ½ r² for |r| ≤ δ, else δ (|r| − δ/2). `delta` in units of Y, above 0."""

    def loss(Z2: Array, Y: Array) -> Array:
        xp = array_namespace(Z2)
        r = xp.abs(Z2 - Y)
        return sum_outputs(xp.where(r <= delta, r * r / 2, delta * (r - delta / 2)))

    def dZ2(Z2: Array, Y: Array) -> Array:
        return array_namespace(Z2).clip(Z2 - Y, -delta, delta)

    return Loss("huber", "z", "½ r², or δ (|r| − δ/2) for |r| > δ", identity, loss, dZ2, settings=(("delta", delta),))


def quantile(q: float) -> Loss:
    """Identity with the pinball loss, whose minimum is the q-quantile: q (y − z) for y > z, else (1 − q)(z − y)."""

    def loss(Z2: Array, Y: Array) -> Array:
        xp = array_namespace(Z2)
        r = Z2 - Y
        return sum_outputs(xp.where(r > 0, (1 - q) * r, -q * r))

    def dZ2(Z2: Array, Y: Array) -> Array:
        xp = array_namespace(Z2)
        r = Z2 - Y
        return xp.where(r > 0, (1 - q) * xp.ones_like(r), xp.where(r < 0, -q * xp.ones_like(r), xp.zeros_like(r)))

    return Loss("quantile", "z", "q (y − z), or (1 − q)(z − y) for z > y", identity, loss, dZ2, settings=(("q", q),))


# --- exp and Poisson ------------------------------------------------------------------------------------------------


def exp_limits(Z: Array) -> float:
    """The z beyond which eᶻ continues as its tangent: at z = 1e4, 10,000 of them still add up to a finite number in Z's precision."""
    return 690.0 if array_namespace(Z).finfo(Z.dtype).bits > 32 else 68.0


def log_variance_limits(Z: Array) -> float:
    """As `exp_limits`, lower: the precision e⁻ˢ is multiplied by a squared residual, up to 1e8 for residuals of 1e4."""
    return 600.0 if array_namespace(Z).finfo(Z.dtype).bits > 32 else 46.0


def tangent_exp(Z: Array, limit: float) -> Array:
    """eᶻ up to `limit`, beyond it the tangent there: finite, convex and increasing for every z."""
    xp = array_namespace(Z)
    inside = xp.where(limit < Z, limit * xp.ones_like(Z), Z)
    return xp.exp(inside) * (1 + (Z - inside))


def tangent_exp_prime(Z: Array, limit: float) -> Array:
    """The slope of `tangent_exp`: eᶻ, constant beyond `limit`."""
    xp = array_namespace(Z)
    return xp.exp(xp.where(limit < Z, limit * xp.ones_like(Z), Z))


def exp_unit(Z2: Array) -> Array:
    """a = eᶻ, the expected count"""
    return tangent_exp(Z2, exp_limits(Z2))


def poisson_loss(Z2: Array, Y: Array) -> Array:
    """a − y z: the negative log-likelihood of a count y ≥ 0 without ln y!, which no weight can change"""
    return sum_outputs(exp_unit(Z2) - Y * Z2)


def poisson_error(Z2: Array, Y: Array) -> Array:
    """a − y"""
    return tangent_exp_prime(Z2, exp_limits(Z2)) - Y


# --- Gaussian: a mean and a log-variance for each target ------------------------------------------------------------


def halves(Z2: Array) -> tuple[Array, Array]:
    """Means μ and log-variances s, `(…, 2 n_y, m)` → two of `(…, n_y, m)`."""
    n_y = Z2.shape[-2] // 2
    return Z2[..., :n_y, :], Z2[..., n_y:, :]


def gaussian_unit(Z2: Array) -> Array:
    """a = (μ, σ²) with σ² = eˢ"""
    mu, s = halves(Z2)
    return array_namespace(Z2).concat([mu, tangent_exp(s, log_variance_limits(s))], axis=-2)


def gaussian_loss(Z2: Array, Y: Array) -> Array:
    """½ [s + (y − μ)² e⁻ˢ + ln 2π]: the negative log-likelihood in nats"""
    mu, s = halves(Z2)
    r = mu - Y
    return sum_outputs((s + r * r * tangent_exp(-s, log_variance_limits(s)) + math.log(2 * math.pi)) / 2)


def gaussian_error(Z2: Array, Y: Array) -> Array:
    """∂/∂μ = (μ − y) e⁻ˢ and ∂/∂s = ½ [1 − (y − μ)² e⁻ˢ]"""
    mu, s = halves(Z2)
    r, limit = mu - Y, log_variance_limits(s)
    return array_namespace(Z2).concat([r * tangent_exp(-s, limit), (1 - r * r * tangent_exp_prime(-s, limit)) / 2], axis=-2)


SIGMOID = Loss("sigmoid", "1 / (1 + e⁻ᶻ)", "−[y ln a + (1 − y) ln(1 − a)]", sigmoid, cross_entropy, lambda Z2, Y: sigmoid(Z2) - Y)
SOFTMAX = Loss("softmax", "eᶻ / Σ eᶻ", "−Σ y ln a", softmax, softmax_cross_entropy, lambda Z2, Y: softmax(Z2) - Y)
SQUARED_ERROR = Loss("squared_error", "z", "½ (z − y)²", identity, squared_error, lambda Z2, Y: Z2 - Y)
ABSOLUTE_ERROR = Loss("absolute_error", "z", "|z − y|", identity, absolute_error, absolute_error_slope)
POISSON = Loss("poisson", "eᶻ", "a − y z", exp_unit, poisson_loss, poisson_error)
GAUSSIAN = Loss("gaussian", "(μ, eˢ)", "½ [s + (y − μ)² e⁻ˢ + ln 2π]", gaussian_unit, gaussian_loss, gaussian_error, logits_per_target=2)

NAMES = ("sigmoid", "softmax", "squared_error", "huber", "absolute_error", "quantile", "poisson", "gaussian")


def remade(name: str, settings: tuple[tuple[str, float], ...]) -> Loss:
    """The loss of this name and these `settings`."""
    own = dict(settings)
    return make_loss(name, delta=own.get("delta", 1.0), q=own.get("q", 0.5))


def make_loss(name: str, *, delta: float = 1.0, q: float = 0.5) -> Loss:
    """The loss called `name`, with its output unit; `delta` is Huber's threshold in units of Y, `q` the quantile in (0, 1)."""
    if name == "huber":
        return huber(delta)
    if name == "quantile":
        return quantile(q)
    return {o.name: o for o in (SIGMOID, SOFTMAX, SQUARED_ERROR, ABSOLUTE_ERROR, POISSON, GAUSSIAN)}[name]
