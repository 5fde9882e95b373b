"""The playground's own data sets: small and seeded. One function draws each, so that one line of Python draws them again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.datasets import make_blobs, make_circles, make_moons

from shoal.errors import InvalidParameterError
from shoal.textbook import flower

Array = np.ndarray[Any, np.dtype[Any]]
Drawn = tuple[Array, Array]

CENTRES = np.array([[0.0, 2.4], [2.3, 0.7], [1.4, -2.0], [-1.4, -2.0], [-2.3, 0.7]])


@dataclass(frozen=True)
class SampleSet:
    """One set: its name on the page, its task, its columns, and the function that draws it from points, noise and a seed."""

    title: str
    task: Literal["classification", "regression"]
    columns: tuple[str, ...]
    draw: Callable[[int, float, int], Drawn]


def petals(points: int, noise: float, seed: int) -> Drawn:
    """The chapter's flower, whose points are fixed: the companion exercise publishes figures for them."""
    X, Y = flower(points - points % 2)
    return X.T, Y[0].astype(int)


def moons(points: int, noise: float, seed: int) -> Drawn:
    """Two half moons that interlock."""
    X, y = make_moons(points, noise=noise, random_state=seed)
    return X, y


def circles(points: int, noise: float, seed: int) -> Drawn:
    """A ring around a ring."""
    X, y = make_circles(points, noise=noise, factor=0.5, random_state=seed)
    return X, y


def blobs(points: int, noise: float, seed: int) -> Drawn:
    """Five clouds, five classes."""
    X, y = make_blobs(points, centers=CENTRES, cluster_std=0.2 + 2 * noise, random_state=seed)[:2]
    return X, y


def spirals(points: int, noise: float, seed: int) -> Drawn:
    """Two arms that wind around each other."""
    rng = np.random.default_rng(seed)
    y = np.arange(points) % 2
    t = np.sqrt(rng.uniform(0.02, 1, points)) * 3 * np.pi
    angle = t + np.pi * y
    X = np.column_stack([t * np.cos(angle), t * np.sin(angle)]) / np.pi
    return X + noise * rng.standard_normal(X.shape), y


def exclusive_or(points: int, noise: float, seed: int) -> Drawn:
    """Class 1 if the two inputs have the same sign."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (points, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    return X + noise * rng.standard_normal(X.shape), y


def curve(points: int, noise: float, seed: int) -> Drawn:
    """One input, a wave with decreasing amplitude."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, points)
    return x[:, None], np.sin(2 * x) * np.exp(-x / 4) + noise * rng.standard_normal(points)


def surface(points: int, noise: float, seed: int) -> Drawn:
    """Two inputs, a hill and a hollow."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (points, 2))
    hill, hollow = np.exp(-((X - 0.8) ** 2).sum(axis=1)), np.exp(-((X + 0.8) ** 2).sum(axis=1))
    return X, 2 * (hill - hollow) + noise * rng.standard_normal(points)


TWO = ("x1", "x2")
SAMPLES: dict[str, SampleSet] = {
    "flower": SampleSet("flower", "classification", TWO, petals),
    "moons": SampleSet("moons", "classification", TWO, moons),
    "circles": SampleSet("circles", "classification", TWO, circles),
    "spirals": SampleSet("spirals", "classification", TWO, spirals),
    "xor": SampleSet("exclusive or", "classification", TWO, exclusive_or),
    "blobs": SampleSet("five blobs", "classification", TWO, blobs),
    "curve": SampleSet("curve", "regression", ("x1",), curve),
    "surface": SampleSet("surface", "regression", TWO, surface),
}


def sample(name: str, points: int = 400, noise: float = 0.1, seed: int = 0) -> Drawn:
    """X `(points, n_x)` and y `(points,)` of one set; the flower takes neither noise nor seed."""
    if name not in SAMPLES:
        raise InvalidParameterError(f"there is no set {name!r}; choose one of {', '.join(SAMPLES)}")
    return SAMPLES[name].draw(points, noise, seed)
