"""Exhibit 0, beyond the slides: one input and ReLU units, whose clipped lines add up to a curve; then two inputs and their regions."""

import warnings
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from shoal.errors import InvalidParameterError
from shoal.estimators.regressor import ShoalRegressor
from shoal.network import folded, predict_members
from shoal.population import take
from shoal.textbook import ACTIVATIONS, Parameters, cost, forward, make_loss
from shoal.textbook.piecewise_linear import bump, joints, linear_segments, through_points
from shoal.web.chapter import SEED, Array
from shoal.web.exhibits.cards import Card, card, long_sum, term, total
from shoal.web.exhibits.plane_regions import LINES_TAKE, arrangement
from shoal.web.exhibits.predict import choice, number, shown
from shoal.web.languages import tr
from shoal.web.progress import counting
from shoal.web.question import Answer, Choice, ParameterReader, Question, WholeReader

TITLE = "Joints"
SLIDE = "(beyond the slides: one input, ReLU units)"

RELU, SQUARED = ACTIVATIONS["relu"], make_loss("squared_error")
LOW, HIGH = -1.0, 1.0
PLACES = np.linspace(LOW, HIGH, 201)
PLACES.setflags(write=False)
MOST = 20
BEGINNING = 87  # the draw of the first units; of the first 4000, one whose sum stays near the picture for every n
NETWORKS = 12  # of the library's fit, with the chapter's seed: so many networks are trained together, and the best is shown
WIDTHS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20)
HAND_DRAWN = 41  # places at which a curve drawn by hand is kept
LARGEST = 1000.0  # of a weight that a reader sets


class DrawnCurve:
    """A curve drawn by hand, as the text of 41 heights in thousandths, `120,-35,…`, from x = −1 to x = 1."""

    default = ""
    recorded = ("",)

    def read(self, name: str, text: str) -> tuple[int, ...]:
        if not text:
            return ()
        try:
            heights = tuple(int(part) for part in text.split(","))
        except ValueError:
            heights = ()
        if len(heights) != HAND_DRAWN or max(map(abs, heights)) > 2000:
            raise InvalidParameterError(f"{name}={text[:40]!r} is no drawn curve: {HAND_DRAWN} whole numbers from −2000 to 2000")
        return heights


class UnitsByHand:
    """Units set by hand, `w:b:v` each, and b2 after a semicolon: `1.5:0.9:0.7,-1:0.2:-0.4;0.1`."""

    default = ""
    recorded = ("",)

    def read(self, name: str, text: str) -> Parameters | None:
        if not text:
            return None
        try:
            units, b2 = text.split(";")
            rows = np.array([[float(v) for v in unit.split(":")] for unit in units.split(",")])
            w, b, v = rows.T
            by_hand = Parameters(w[:, None], b[:, None], v[None, :], np.array([[float(b2)]]))
        except ValueError:
            raise InvalidParameterError(f"{name}={text[:60]!r} are no units; the form is w:b:v,w:b:v;b2") from None
        if len(rows) > MOST or not all(np.all(np.abs(p) <= LARGEST) for p in by_hand):
            raise InvalidParameterError(f"{name}={text[:60]!r}: at most {MOST} units, each number within ±{LARGEST:g}")
        return by_hand


# --- the curve and the units ------------------------------------------------------------------------------------------


def target(curve: str, drawn: tuple[int, ...]) -> Array:
    """The curve to be approximated, at the 201 `PLACES`."""
    if curve == "own":
        return np.interp(PLACES, np.linspace(LOW, HIGH, HAND_DRAWN), np.array(drawn) / 1000) if drawn else np.zeros_like(PLACES)
    return {
        "wave": 0.8 * np.sin(1.5 * np.pi * PLACES),
        "hill": 1.1 * np.exp(-8 * PLACES**2) - 0.3,
        "step": np.where(PLACES < 0, -0.6, 0.7),
        "valley": 1.5 * np.abs(PLACES) - 0.7,
    }[curve]


def beginning(n: int) -> Parameters:
    """The units that a reader begins with: the first ones stay where they are when more are added."""
    rng, i = np.random.default_rng(BEGINNING), np.arange(MOST)
    at = 1.7 * ((0.21 + 0.618034 * i) % 1) - 0.85  # the golden section: each joint falls into the widest gap so far
    w = np.where(rng.random(MOST) < 0.35, -1.2, 1.5)
    v = np.round(rng.uniform(0.5, 0.9, MOST) * rng.choice([-1, 1], MOST), 2)
    return Parameters(w[:n, None], np.round(-w * at, 3)[:n, None], v[None, :n], np.array([[-0.1]]))


def shown_units(curve: str, drawn: tuple[int, ...], n: int, by: str, by_hand: Parameters | None) -> Parameters:
    """The network that is shown; one set by hand is completed with the beginning's units, or cut, to n."""
    if by == "pair":
        return Parameters(np.ones((2, 1)), np.array([[0.4], [-0.2]]), np.array([[2.0, -2.0]]), np.array([[-0.6]]))
    if by == "bump":
        return bump(-0.5, 0.0, 0.5, 0.9)
    if by == "bumps":
        return interpolating(target(curve, drawn), n)
    more = beginning(n)
    if by_hand is None:
        return more
    W1, b1 = (np.concatenate([own[:n], rest[len(own) :]]) for own, rest in ((by_hand.W1, more.W1), (by_hand.b1, more.b1)))
    return Parameters(W1, b1, np.concatenate([by_hand.W2[:, :n], more.W2[:, by_hand.W2.size :]], axis=1), by_hand.b2)


def interpolating(y: Array, n: int) -> Parameters:
    """n units with joints in equal steps, through n + 1 points of the curve."""
    at = np.linspace(LOW, HIGH, n + 1)
    return through_points(at, np.interp(at, PLACES, y))


def error(parameters: Parameters, y: Array) -> float:
    """The mean square error over `PLACES`: twice the chapter's cost, whose losses are halves of squares."""
    return 2 * float(cost(forward(parameters, PLACES[None, :], RELU, SQUARED), y[None, :], SQUARED))


# --- answers ----------------------------------------------------------------------------------------------------------


def polyline(parameters: Parameters) -> list[list[float]]:
    """The network's graph as the ends of its straight segments."""
    ends = linear_segments(parameters, LOW, HIGH).ends
    heights = forward(parameters, ends[None, :], RELU, SQUARED).A2[0]
    return [[float(x), float(y)] for x, y in zip(ends, heights, strict=True)]


def alone(parameters: Parameters, i: int) -> Parameters:
    """Unit i by itself, weighted by its W2: one clipped line."""
    return Parameters(parameters.W1[[i]], parameters.b1[[i]], parameters.W2[:, [i]], np.zeros((1, 1)))


def relu_sum(curve: str, drawn: tuple[int, ...], n: int, by: str, units: Parameters | None) -> Answer:
    """The units' clipped lines, their sum, the joints, the pattern of active units on each segment, and the error."""
    y = target(curve, drawn)
    network = shown_units(curve, drawn, n, by, units)
    W1, b1, W2, b2 = network
    segments = linear_segments(network, LOW, HIGH)
    A2 = forward(network, PLACES[None, :], RELU, SQUARED).A2[0]
    worst = int(np.argmax(np.abs(A2 - y)))
    return {
        "y": np.round(y, 5),
        "units": [
            {"w": W1[i, 0], "b": b1[i, 0], "v": W2[0, i], "joint": joint, "line": polyline(alone(network, i))}
            for i, joint in enumerate(joints(W1, b1)[:, 0])
        ],
        "b2": b2[0, 0],
        "shapes": bumps(network) if by == "bumps" else [],
        "ends": segments.ends,
        "active": segments.active.T.astype(int),
        "slopes": segments.slopes[0],
        "sum": polyline(network),
        "different": 1 + int(np.sum(np.abs(np.diff(segments.slopes[0])) > 1e-12)),
        "error": error(network, y),
        "worst": {"at": PLACES[worst], "by": abs(A2[worst] - y[worst])},
        "cards": sum_cards(network, y, A2),
    }


def bumps(network: Parameters) -> list[list[list[float]]]:
    """The same sum as bumps: the hat with its top at each joint and at the last point, as high as the curve there."""
    at = np.append(joints(network.W1, network.b1)[:, 0], HIGH)
    heights = forward(network, at[None, :], RELU, SQUARED).A2[0]
    around = np.concatenate([[2 * at[0] - at[1]], at, [2 * at[-1] - at[-2]]])
    return [polyline(bump(around[k], at[k], around[k + 2], height)) for k, height in enumerate(heights)]


def sum_cards(network: Parameters, y: Array, A2: Array) -> dict[str, Answer]:
    """How the numbers of `relu_sum` are computed: the error, each joint, the slope on each segment."""
    W1, b1, W2, _ = network
    squares = (A2 - y) ** 2
    m = len(y)
    cards = {
        "error": card(
            "error",
            "1/m Σ (ŷ − y)²",
            long_sum(squares, None, m // 2, of="place"),
            [total(tr("sum"), squares.sum()), total(f"÷ {m}", error(network, y))],
            tr("The mean of the squares at {m} places from x = −1 to x = 1.", m=m),
        )
    }
    for i, joint in enumerate(joints(W1, b1)[:, 0]):
        if np.isfinite(joint):
            cards[f"joint-{i + 1}"] = card(
                tr("joint of unit {i}", i=i + 1), "−b / w", [term(-b1[i, 0], 1 / W1[i, 0], note="−b · 1/w")], [total("−b / w", joint)]
            )
    segments = linear_segments(network, LOW, HIGH)
    for p, slope in enumerate(segments.slopes[0]):
        terms: list[Card] = [term(W2[0, i], W1[i, 0], note=f"v{i + 1} · w{i + 1}") for i in np.flatnonzero(segments.active[:, p])]
        says = tr("The sum over the active units of this segment.") if terms else tr("No unit is active here.")
        cards[f"slope-{p + 1}"] = card(tr("slope on segment {p}", p=p + 1), "Σ v w", terms, [total(tr("sum"), slope)], says)
    return cards


@lru_cache(maxsize=256)
def fitted(curve: str, drawn: tuple[int, ...], n: int) -> Parameters:
    """The library's own fit: 12 networks trained together by Levenberg-Marquardt, and of these the one with the least error."""
    y = target(curve, drawn)
    fit: dict[str, Any] = {"solver": "lm", "alpha": 0.0, "init": "nguyen_widrow", "max_iter": 100, "early_stopping": False, "ramps": False}
    shoal = ShoalRegressor(hidden_layer_sizes=n, activation="relu", n_networks=NETWORKS, random_state=SEED, **fit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the steps are few on purpose, and who reads the page cannot set more
        shoal.fit(PLACES[:, None], y)
    best = int(np.argmin(np.mean((predict_members(shoal.network_, PLACES[:, None])[:, :, 0] - y) ** 2, axis=1)))
    return folded(replace(shoal.network_, population=take(shoal.network_.population, [best]), shares=np.ones(1)))


def relu_fit(curve: str, drawn: tuple[int, ...], n: int) -> Answer:
    """The library's fit with as many units: its joints, its sum and its error."""
    network, y = fitted(curve, drawn, n), target(curve, drawn)
    at = joints(network.W1, network.b1)[:, 0]
    A2 = forward(network, PLACES[None, :], RELU, SQUARED).A2[0]
    return {
        "n": n,
        "joints": np.sort(at[(at > LOW) & (at < HIGH)]),
        "sum": polyline(network),
        "error": error(network, y),
        "seed": SEED,
        "networks": NETWORKS,
        "cards": {"error": sum_cards(network, y, A2)["error"]},
    }


def relu_widths(curve: str, drawn: tuple[int, ...], fit: str) -> Answer:
    """The error against the number of units: of joints in equal steps, and of the library's fits."""
    y = target(curve, drawn)
    equal = [error(interpolating(y, n), y) for n in range(1, MOST + 1)]
    if fit == "no":
        return {"equal": equal, "widths": [], "fits": []}
    fits: list[float] = []
    counting(lambda: (len(fits), len(WIDTHS)))
    for n in WIDTHS:
        fits.append(error(fitted(curve, drawn, n), y))
    return {"equal": equal, "widths": WIDTHS, "fits": fits}


def predict(curve: str, drawn: tuple[int, ...], n: int, by: str, units: Parameters | None, u: int) -> Answer:
    """Where the joint of the chosen unit is."""
    W1, b1, _, _ = shown_units(curve, drawn, n, by, units)
    i = min(u, len(W1)) - 1
    w, b = float(W1[i, 0]), float(b1[i, 0])
    hint = tr("The unit switches where w x + b = 0.")
    if w == 0:
        return choice(
            tr("Unit {i} has w = 0. Where is its joint?", i=i + 1),
            (tr("nowhere"), tr("at x = 0"), tr("at x = b")),
            0,
            hint,
            tr("w x + b is b at every x."),
        )
    at = -b / w
    because = card(tr("The joint of unit {i}", i=i + 1), "−b / w", [term(-b, 1 / w, note="−b · 1/w")], [total("−b / w", at)])
    asks = tr("Unit {i} has w = {w} and b = {b}. At which x is its joint?", i=i + 1, w=shown(w), b=shown(b))
    return number(asks, at, 2, hint, because)


CURVE = Choice(("wave", "hill", "step", "valley", "own"), ("wave", "hill", "step", "valley"))
N = WholeReader(1, MOST, 4, WIDTHS)
OF_CURVE: dict[str, ParameterReader] = {"curve": CURVE, "drawn": DrawnCurve()}
OF_UNITS: dict[str, ParameterReader] = {**OF_CURVE, "n": N, "by": Choice(("yours", "pair", "bump", "bumps")), "units": UnitsByHand()}
QUESTIONS = (
    Question("predict_0", predict, {**OF_UNITS, "u": WholeReader(1, MOST, 1)}),
    Question("relu_sum", relu_sum, OF_UNITS),
    Question("relu_fit", relu_fit, {**OF_CURVE, "n": N}),
    Question("relu_widths", relu_widths, {**OF_CURVE, "fit": Choice(("no", "yes"))}),
    Question("arrangement", arrangement, LINES_TAKE),
)
