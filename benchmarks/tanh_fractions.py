"""The fraction x P(x²) / Q(x²) that `engine/kernels/vecmath.py` computes tanh by in float32: its coefficients, and their worst error.

    python benchmarks/tanh_fractions.py [--degrees 4 4] [--most 9] [--steps 6000]

First the fraction of least relative error in exact arithmetic (Lawson's iteration: least squares whose weights grow where the error is
large). Then its coefficients are rounded to float32 and moved by a few units in the last place, whichever lowers the worst error of the
arithmetic of float32. One core, two minutes.
"""

import argparse

import numpy as np

POINTS, ROUNDS = 4000, 600
single = np.float32


def least_error(degrees: tuple[int, int], most: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients of P and Q in t = x², Q(0) = 1, and the largest relative error for |x| up to `most`."""
    k = np.arange(POINTS)
    t = (1 - np.cos(np.pi * (k + 0.5) / POINTS)) / 2
    x = np.sqrt(t) * most
    f = np.tanh(x) / x
    basis = np.polynomial.chebyshev.chebvander(2 * t - 1, max(degrees))
    p, weight, below = degrees[0] + 1, np.full(POINTS, 1 / POINTS), np.ones(POINTS)
    found = (np.inf, np.zeros(p + degrees[1]))
    for _ in range(ROUNDS):
        rows = np.hstack([basis[:, :p] / (f * below)[:, None], -basis[:, 1 : degrees[1] + 1] / below[:, None]]) * np.sqrt(weight)[:, None]
        size = np.linalg.norm(rows, axis=0)
        solved = np.linalg.lstsq(rows / size, np.sqrt(weight) / below, rcond=None)[0] / size
        P, Q = basis[:, :p] @ solved[:p], 1 + basis[:, 1 : degrees[1] + 1] @ solved[p:]
        error = np.abs(P / (f * Q) - 1)
        if error.max() < found[0] and Q.min() > 0:
            found = error.max(), solved
        weight = np.maximum(weight * error / error.mean(), 1e-12)
        weight, below = weight / weight.sum(), np.abs(Q)
    largest, solved = found
    P, Q = (
        np.polynomial.chebyshev.Chebyshev(c, domain=[0, most**2]).convert(kind=np.polynomial.Polynomial).coef
        for c in (solved[:p], np.r_[1, solved[p:]])
    )
    return P / Q[0], Q / Q[0], float(largest)


def horner(coefficients: np.ndarray, t: np.ndarray) -> np.ndarray:
    """A polynomial by multiply-adds that round once."""
    total = np.full_like(t, coefficients[-1])
    for c in coefficients[-2::-1]:
        total = (total.astype(np.float64) * t + float(c)).astype(single)
    return total


def worst(P: np.ndarray, Q: np.ndarray, x: np.ndarray) -> float:
    """The largest error in units in the last place, and a little of the mean one, which ranks what is equally bad."""
    t = x * x
    found = np.clip(x * horner(P, t) / horner(Q, t), -1, 1)
    true = np.tanh(x.astype(np.float64))
    error = np.abs(found - true) / np.spacing(true.astype(single))
    return float(error.max() + 0.1 * error.mean())


def rounded(P: np.ndarray, Q: np.ndarray, most: float, steps: int) -> tuple[np.ndarray, np.ndarray, float]:
    """The coefficients in float32, moved where that lowers the worst error, and this error."""
    rng = np.random.default_rng(0)
    x = np.unique(np.concatenate([np.linspace(0.3, most, 40_000), 10 ** rng.uniform(-3, 0, 4000)]).astype(single))
    P, Q = P.astype(single), Q.astype(single)
    P[0] = Q[0] = 1  # tanh x = x near 0
    least = worst(P, Q, x)
    for _ in range(steps):
        moved = np.concatenate([P, Q])
        for place in rng.integers(0, len(moved), rng.integers(1, 4)):
            if place not in (0, len(P)):
                moved[place] += single(rng.integers(-6, 7)) * np.spacing(moved[place])
        error = worst(moved[: len(P)], moved[len(P) :], x)
        if error <= least:
            P, Q, least = moved[: len(P)], moved[len(P) :], error
    return P, Q, least


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--degrees", type=int, nargs=2, default=(4, 4))
    parser.add_argument("--most", type=float, default=9.0)
    parser.add_argument("--steps", type=int, default=6000)
    chosen = parser.parse_args()
    P, Q, error = least_error(tuple(chosen.degrees), chosen.most)
    print(f"largest relative error in exact arithmetic: {error:.2g}")
    P, Q, least = rounded(P, Q, chosen.most, chosen.steps)
    for name, found in (("P", P), ("Q", Q)):
        print(name, ", ".join(np.format_float_scientific(c, unique=True) for c in found))
    print(f"worst error in float32: {least:.2f} units in the last place")


if __name__ == "__main__":
    main()
