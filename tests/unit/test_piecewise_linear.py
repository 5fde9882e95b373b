"""ReLU networks as piecewise-linear functions, against the forward pass; regions of lines, against the signs at a point of each."""

from itertools import combinations

import numpy as np
import pytest

from shoal.errors import DataError, InvalidParameterError
from shoal.textbook import ACTIVATIONS, Parameters, forward, make_loss
from shoal.textbook.piecewise_linear import active_units, bump, cut_regions, joints, linear_segments, most_regions, through_points

RELU, SQUARED = ACTIVATIONS["relu"], make_loss("squared_error")
X = np.linspace(-1.0, 1.0, 401)[None, :]


def network(n_h, seed):
    rng = np.random.default_rng(seed)
    return Parameters(*(rng.standard_normal(shape) for shape in ((n_h, 1), (n_h, 1), (2, n_h), (2, 1))))


@pytest.mark.parametrize("n_h", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("seed", range(5))
def test_between_its_joints_a_network_is_a_straight_line(n_h, seed):
    parameters = network(n_h, seed)
    ends, active, slopes, offsets = linear_segments(parameters, -1.0, 1.0)
    cache = forward(parameters, X, RELU, SQUARED)
    segment = np.clip(np.searchsorted(ends, X[0], side="right") - 1, 0, len(ends) - 2)
    np.testing.assert_allclose(slopes[:, segment] * X[0] + offsets[:, segment], cache.A2, rtol=0, atol=1e-13)  # sums of 20 numbers near 1
    away = np.min(np.abs(X[0][:, None] - ends), axis=1) > 1e-12  # at a joint itself the sum is 0 to rounding
    np.testing.assert_array_equal(active[:, segment[away]], cache.Z1[:, away] > 0)
    np.testing.assert_array_equal(active_units(parameters.W1, parameters.b1, X), cache.Z1 > 0)
    found = joints(parameters.W1, parameters.b1)[:, 0]
    assert set(ends[1:-1]) == set(found[np.abs(found) < 1])
    assert len(ends) - 1 <= most_regions(n_h, 1) == n_h + 1
    neighbours = np.sum(active[:, 1:] != active[:, :-1], axis=0)
    assert np.all(neighbours == 1), "one unit switches at each joint"


def test_a_unit_without_weight_has_no_joint_and_a_shared_joint_is_one():
    W1, b1 = np.array([[0.0], [2.0], [-4.0]]), np.array([[1.0], [-1.0], [2.0]])
    np.testing.assert_array_equal(joints(W1, b1)[:, 0], [np.nan, 0.5, 0.5])
    segments = linear_segments(Parameters(W1, b1, np.ones((1, 3)), np.zeros((1, 1))), -1.0, 1.0)
    assert segments.ends.tolist() == [-1, 0.5, 1]
    assert segments.active.tolist() == [[True, True], [False, True], [True, False]]


def test_skip_connections_tilt_every_piece():
    parameters = network(3, 0)
    tilted = Parameters(parameters.W1, parameters.b1, parameters.W2, parameters.b2, np.array([[2.0], [-1.0]]))
    difference = linear_segments(tilted, -1.0, 1.0).slopes - linear_segments(parameters, -1.0, 1.0).slopes
    np.testing.assert_allclose(difference, np.broadcast_to([[2.0], [-1.0]], difference.shape), rtol=1e-14)


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_n_units_go_through_n_plus_1_points_and_are_the_sum_of_bumps(n):
    rng = np.random.default_rng(n)
    x, y = np.sort(rng.uniform(-1, 1, n + 1)), rng.standard_normal(n + 1)
    inside = np.linspace(x[0], x[-1], 301)[None, :]
    got = forward(through_points(x, y), inside, RELU, SQUARED).A2
    straight = np.interp(inside, x, y)
    steepest = np.max(np.abs(np.diff(y) / np.diff(x)))
    np.testing.assert_allclose(got, straight, rtol=0, atol=1e-14 * n * (1 + steepest))
    around = np.concatenate([[x[0] - 1], x, [x[-1] + 1]])
    hats = sum(forward(bump(*around[i : i + 3], y[i]), inside, RELU, SQUARED).A2 for i in range(n + 1))
    np.testing.assert_allclose(hats, straight, rtol=0, atol=1e-14 * n * (1 + steepest))


@pytest.mark.parametrize("n", [2, 4, 8, 16])
def test_the_error_of_n_pieces_is_within_its_bound(n):
    x = np.linspace(-1, 1, n + 1)
    off = forward(through_points(x, np.sin(3 * x)), X, RELU, SQUARED).A2 - np.sin(3 * X)
    assert np.max(np.abs(off)) <= (2 / n) ** 2 * 9 / 8


def witnesses(W1, b1):
    """A point inside each region: around every crossing, beside every line, and far away between all directions."""
    found = [np.array([[0.1234], [0.0567]])]
    ring = np.linspace(0, 2 * np.pi, 2000, endpoint=False) + 1e-3
    circle = np.stack([np.cos(ring), np.sin(ring)])
    for i, j in combinations(range(len(W1)), 2):
        pair = W1[[i, j]]
        if abs(np.linalg.det(pair)) > 1e-9:
            found.append(np.linalg.solve(pair, -b1[[i, j]]) + 1e-4 * circle)
    for w, b in zip(W1, b1, strict=True):
        if np.any(w):
            foot, beside = (-b * w / (w @ w))[:, None], 1e-4 * w[:, None]
            found += [foot + beside, foot - beside]
    return np.concatenate([*found, 1e6 * circle], axis=1)


def by_signs(W1, b1):
    """The regions as patterns that occur; a witness on a line is in no region."""
    points, has_edge = witnesses(W1, b1), np.any(W1 != 0, axis=1)
    beside = np.all(np.abs(W1 @ points + b1)[has_edge] > 1e-9, axis=0)
    return len({column.tobytes() for column in active_units(W1, b1, points[:, beside]).T})


def grid_of_lines():
    rng = np.random.default_rng(3)
    for n in (0, 1, 2, 3, 5, 8):
        for _ in range(3):
            yield rng.standard_normal((n, 2)), rng.uniform(-1, 1, (n, 1))
            yield rng.integers(-2, 3, (n, 2)).astype(float), rng.integers(-2, 3, (n, 1)).astype(float)  # parallel, doubled, w = 0
        yield rng.standard_normal((n, 2)), np.zeros((n, 1))  # all through the origin
        yield np.tile([[1.0, 2.0]], (n, 1)), np.arange(float(n))[:, None]  # all parallel


@pytest.mark.parametrize(("W1", "b1"), list(grid_of_lines()))
def test_the_regions_of_lines_are_the_patterns_that_occur(W1, b1):
    assert 1 + sum(cut_regions(W1, b1)) == by_signs(W1, b1)


@pytest.mark.parametrize("n", [1, 2, 7, 20])
def test_lines_in_general_position_make_the_most_regions(n):
    rng = np.random.default_rng(n)
    assert 1 + sum(cut_regions(rng.standard_normal((n, 2)), rng.standard_normal((n, 1)))) == most_regions(n) == 1 + n + n * (n - 1) // 2


def test_counts_are_exact_where_rounding_would_merge_or_part_crossings():
    """Three lines through one point to the last bit, and the same with one bit of difference."""
    W1, b1 = np.array([[1.0, 0.1], [1.0, 0.2], [1.0, 0.3]]), np.zeros((3, 1))
    assert cut_regions(W1, b1) == [1, 2, 2]
    b1[2] = 5e-324
    assert cut_regions(W1, b1) == [1, 2, 3]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: joints(np.ones((2, 2)), np.ones((2, 1))), DataError, r"W1 has shape \(2, 2\); here units have 1 input: \(n_h, 1\)"),
        (lambda: joints(np.ones((2, 1)), np.ones(2)), DataError, r"b1 has shape \(2,\)"),
        (lambda: cut_regions(np.ones((2, 3)), np.ones((2, 1))), DataError, r"\(n_h, 2\)"),
        (lambda: linear_segments(network(2, 0), 1.0, 1.0), InvalidParameterError, "low=1.0 is not less than high=1.0"),
        (lambda: bump(0.0, 2.0, 1.0), InvalidParameterError, "do not increase"),
        (lambda: through_points(np.zeros(1), np.zeros(1)), DataError, "two points or more"),
        (lambda: through_points(np.array([0.0, 0.0]), np.zeros(2)), InvalidParameterError, "x does not increase"),
        (lambda: most_regions(-1), InvalidParameterError, "n_h=-1"),
    ],
)
def test_what_does_not_fit_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
