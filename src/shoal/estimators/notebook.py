"""What a notebook shows under scikit-learn's diagram of a fitted estimator: shape, solver, score and curve."""

from typing import Any

import numpy as np

from shoal.fitting.curves import means_of_finite
from shoal.network import Network
from shoal.types import Floats

WIDTH, HEIGHT, EDGE = 220, 56, 3  # pixels
MOST_POINTS = 120


def notebook_lines(estimator: Any) -> str:
    """HTML of a fitted estimator: one line of text, and its mean loss in training and validation as a small SVG."""
    network: Network = estimator.network_
    K, widths = network.population.K, sorted(set(network.population.widths.tolist()))
    n_z = network.merged.W2.shape[0]
    units = f"{widths[0]}" if len(widths) == 1 else f"{widths[0]} to {widths[-1]}"
    shape = f"{K} network{'s' if K > 1 else ''} of {network.encoding.n_inputs} → {units} {network.activation} → {n_z} {network.output}"
    score = estimator.best_validation_score_
    name = "R²" if not network.classes else "accuracy"
    parts = [shape, f"{estimator.solver_}, {estimator.n_iter_} epochs", f"loss {estimator.loss_:.4g}"]
    parts += [] if score is None else [f"{name} {score:.4g} on validation rows"]
    return f'<div style="margin: 0.4em 0">{"; ".join(parts)}<br>{sparkline(network)}</div>'


def sparkline(network: Network) -> str:
    """The mean curves over the epochs, in the notebook's own colour; dashed for validation. Nothing before the second epoch."""
    curves = [(mean_curve(network.history.get(name)), dash) for name, dash in (("loss", ""), ("validation_loss", "4 3"))]
    drawn = [(c, dash) for c, dash in curves if len(c) > 1]
    if not drawn:
        return ""
    low, high = min(c.min() for c, _ in drawn), max(c.max() for c, _ in drawn)
    lines = "".join(polyline(c, low, high, dash) for c, dash in drawn)
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    label = "loss over the epochs" + (", dashed on validation rows" if len(drawn) > 1 else "")
    return f'<svg {size} role="img" aria-label="{label}" fill="none" stroke="currentColor"><title>{label}</title>{lines}</svg>'


def mean_curve(values: Floats | None) -> Floats:
    """The mean over the members that still train, `(epochs,)`, without the epochs where none does."""
    return np.array([] if values is None else means_of_finite(list(values)))


def polyline(curve: Floats, low: float, high: float, dash: str) -> str:
    """One curve from the left to the right edge, the lowest loss at the bottom."""
    some = np.linspace(0, len(curve) - 1, min(len(curve), MOST_POINTS)).astype(int)
    x = EDGE + (WIDTH - 2 * EDGE) * some / (len(curve) - 1)
    y = EDGE + (HEIGHT - 2 * EDGE) * (high - curve[some]) / (high - low or 1.0)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}"{f" stroke-dasharray={dash!r}" if dash else ""}/>'
