"""Whole fits beside scikit-learn's and PyTorch's: same epochs, batch, optimizer, learning rate and precision.

    python benchmarks/speed.py [--short] [--rows NAME …] [--out benchmarks/speed.csv]

Every row is timed in interleaved runs (ours, scikit-learn, PyTorch on one thread, PyTorch on all, again from the start)
and gives medians and the median of the ratios peer / ours, with each tool's accuracy on the same 2,000 unseen rows. Adam,
learning rate 0.001, float32, no ramps, no early stopping, no penalty. `textbook` is the chapter's own lines in NumPy.
"fits" are 128 networks one after another, extrapolated from 6. Run it on a quiet machine; the table says what sgemm reached.
"""

import argparse
import os
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

from shoal import ShoalClassifier, ShoalSearchCV
from shoal.engine.threads import cores
from shoal.textbook import ACTIVATIONS, Adam, Parameters, backward, forward, make_loss
from shoal.textbook.optimizers import start, update

try:
    import torch
except ImportError:
    torch = None

# name: rows, inputs, hidden units, batch, epochs, activation
FITS = {
    "1000x10-8 relu": (1000, 10, 8, 32, 200, "relu"),
    "1000x10-8 tanh": (1000, 10, 8, 32, 200, "tanh"),
    "10000x30-32 relu": (10_000, 30, 32, 200, 50, "relu"),
    "10000x30-32 tanh": (10_000, 30, 32, 200, 50, "tanh"),
    "10000x30-100 relu": (10_000, 30, 100, 200, 50, "relu"),
    "10000x30-100 tanh": (10_000, 30, 100, 200, 50, "tanh"),
    "20000x784-100 relu": (20_000, 784, 100, 200, 20, "relu"),
    "20000x784-800 relu": (20_000, 784, 800, 200, 5, "relu"),
}
MANY = {"128 nets 10000x30-16 relu": "relu", "128 nets 10000x30-16 tanh": "tanh"}
TEST_ROWS = 2000
SETTLED = 0.1  # seconds before each call: the threads of the tool before, which wait by computing, have gone to sleep then


def data(m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a smooth problem with an interaction and noise, m for training and TEST_ROWS more."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m + TEST_ROWS, n)).astype(np.float32)
    z = X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * np.sin(3 * X[:, 3])
    return X, (z + 0.3 * rng.normal(size=len(z)) > 0).astype(int)


def ours(h: int, b: int, epochs: int, activation: str, K: int = 1) -> ShoalClassifier:
    """Our classifier with the peers' settings."""
    return ShoalClassifier(
        h, activation, solver="adam", batch_size=b, max_iter=epochs, learning_rate="constant", learning_rate_init=0.001, alpha=0.0, tol=0.0,
        n_iter_no_change=10**6, early_stopping=False, dropout=0.0, weight_average=0.0, ramps=False, n_networks=K, dtype="float32",
        random_state=0,
    )  # fmt: skip


def mlp(h: int, b: int, epochs: int, activation: str) -> MLPClassifier:
    """scikit-learn's."""
    return MLPClassifier(
        (h,), activation=activation, batch_size=b, max_iter=epochs, alpha=0.0, tol=0.0, n_iter_no_change=10**6, random_state=0
    )


def torch_fit(X: np.ndarray, y: np.ndarray, h: int, b: int, epochs: int, activation: str, threads: int) -> Callable[[np.ndarray], float]:
    """PyTorch in eager mode, as its tutorials have it; returns the scoring function."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    g = torch.nn.ReLU() if activation == "relu" else torch.nn.Tanh()
    net = torch.nn.Sequential(torch.nn.Linear(X.shape[1], h), g, torch.nn.Linear(h, 1))
    loss, rule = torch.nn.BCEWithLogitsLoss(), torch.optim.Adam(net.parameters(), 0.001)
    rows, targets = torch.from_numpy(X), torch.from_numpy(y.astype(np.float32))[:, None]
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for s in range(0, len(X), b):
            some = order[s : s + b]
            rule.zero_grad()
            loss(net(rows[some]), targets[some]).backward()
            rule.step()

    def score(test: np.ndarray, labels: np.ndarray) -> float:
        with torch.no_grad():
            return float(((net(torch.from_numpy(test)) > 0).numpy()[:, 0] == labels).mean())

    return score


def textbook_fit(X: np.ndarray, y: np.ndarray, h: int, b: int, epochs: int, activation: str) -> Callable[[np.ndarray], float]:
    """The chapter's lines on minibatches, in NumPy."""
    rng, n = np.random.default_rng(0), X.shape[1]
    g1, g2 = ACTIVATIONS[activation], make_loss("sigmoid")
    W1, W2 = rng.normal(size=(h, n)) * n**-0.5, rng.normal(size=(1, h)) * h**-0.5
    parameters = Parameters(*(w.astype(np.float32) for w in (W1, np.zeros((h, 1)), W2, np.zeros((1, 1)))))
    rule = Adam()
    memory, t = start(rule, parameters), 0
    columns, targets = X.T, y[None].astype(np.float32)
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for s in range(0, len(X), b):
            some = order[s : s + b]
            cache, t = forward(parameters, columns[:, some], g1, g2), t + 1
            gradients = backward(parameters, columns[:, some], targets[:, some], cache, g1, g2)
            parameters, memory = update(rule, parameters, gradients, memory, 0.001, t)
    return lambda test, labels: float(((forward(parameters, test.T, g1, g2).A2[0] > 0.5) == labels).mean())


def timed(run: Callable[[], object]) -> tuple[float, object]:
    """Seconds of one call, and what it returned."""
    time.sleep(SETTLED)
    began = time.perf_counter()
    result = run()
    return time.perf_counter() - began, result


def sgemm_rate(threads: int) -> float:
    """GFLOP/s of a product of 1500 × 1500 matrices, median of 5."""
    from threadpoolctl import threadpool_limits

    A = np.random.default_rng(0).random((1500, 1500), np.float32)
    with threadpool_limits(threads):
        return 2 * 1500**3 / np.median([timed(lambda: A @ A)[0] for _ in range(6)][1:]) / 1e9


def summary(name: str, seconds: dict[str, list[float]], scores: dict[str, float], unit: float = 1.0) -> list[dict[str, object]]:
    """A line for every tool: median seconds, ratio to ours, score."""
    mine = np.array(seconds["shoal"])
    return [
        {
            "work": name,
            "tool": tool,
            "seconds": np.median(s) * unit,
            "times ours": np.median(np.array(s) / mine),
            "accuracy": scores.get(tool, np.nan),
        }
        for tool, s in seconds.items()
    ]


def one_network(name: str, repeats: int) -> list[dict[str, object]]:
    """One network of every tool."""
    m, n, h, b, epochs, activation = FITS[name]
    X, y = data(m, n)
    train, test = (X[:m], y[:m]), (X[m:], y[m:])
    few = max(1, epochs // 10)
    tools: dict[str, Callable[[], object]] = {
        "shoal": lambda: ours(h, b, epochs, activation).fit(*train).score,
        "scikit-learn": lambda: mlp(h, b, epochs, activation).fit(*train).score,
        "textbook": lambda: textbook_fit(*train, h, b, few, activation),
    }
    if torch is not None:
        tools["torch, 1 thread"] = lambda: torch_fit(*train, h, b, epochs, activation, 1)
        tools[f"torch, {cores()} threads"] = lambda: torch_fit(*train, h, b, epochs, activation, cores())
    ours(h, b, 1, activation).fit(*train)
    seconds: dict[str, list[float]] = {tool: [] for tool in tools}
    scores: dict[str, float] = {}
    for _ in range(repeats):
        for tool, fit in tools.items():
            took, score = timed(fit)
            seconds[tool].append(took * (epochs / few if tool == "textbook" else 1))
            if tool != "textbook":  # which trained for a tenth of the epochs
                scores[tool] = score(*test)  # type: ignore[operator]
    return summary(name, seconds, scores)


def many_networks(name: str, repeats: int) -> list[dict[str, object]]:
    """128 networks at once, against 128 fits of the others one after another (6, times 128/6)."""
    activation, m, n, h, b, epochs, K = MANY[name], 10_000, 30, 16, 200, 20, 128
    X, y = data(m, n)
    train, test = (X[:m], y[:m]), (X[m:], y[m:])
    ours(h, b, 1, activation, K).fit(*train)
    seconds: dict[str, list[float]] = {"shoal": [], "scikit-learn": []}
    scores: dict[str, float] = {}
    for _ in range(repeats):
        took, model = timed(lambda: ours(h, b, epochs, activation, K).fit(*train))
        seconds["shoal"].append(took)
        scores["shoal"] = model.score(*test)  # type: ignore[attr-defined]
        took, score = timed(lambda: [mlp(h, b, epochs, activation).fit(*train) for _ in range(6)][-1].score)
        seconds["scikit-learn"].append(took * K / 6)
        scores["scikit-learn"] = score(*test)  # type: ignore[operator]
        for threads in sorted({1, cores()}) if torch is not None else ():
            took, score = timed(lambda threads=threads: [torch_fit(*train, h, b, epochs, activation, threads) for _ in range(6)][-1])
            tool = f"torch, {threads} thread{'s' * (threads > 1)}"
            seconds.setdefault(tool, []).append(took * K / 6)
            scores[tool] = score(*test)  # type: ignore[operator]
    found = summary(name, seconds, scores)
    rate = 4 * b * n * h * K * epochs * (m // b) / np.median(seconds["shoal"]) / 1e9
    both = sgemm_rate(cores())
    print(f"{name}: {rate:.0f} GFLOP/s of 4·b·n·h, {rate / both:.0%} of the {both:.0f} that sgemm reached on {cores()} cores")
    return found


def search(repeats: int) -> list[dict[str, object]]:
    """48 candidates × 5 folds on 5000 × 20."""
    X, y = data(5000, 20)
    X, y = X[:5000], y[:5000]
    grid = {
        "alpha": [0.0, 1e-4, 1e-3, 1e-2],
        "learning_rate_init": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2],
        "hidden_layer_sizes": [(16,), (32,)],
    }
    mine = lambda: ShoalSearchCV(ours(32, 200, 20, "relu"), grid, cv=5).fit(X, y)  # noqa: E731
    theirs = lambda: GridSearchCV(mlp(32, 200, 20, "relu"), grid, cv=5, n_jobs=2).fit(X, y)  # noqa: E731
    mine()
    seconds: dict[str, list[float]] = {"shoal": [], "scikit-learn": []}
    scores = {}
    for _ in range(repeats):
        for tool, run in (("shoal", mine), ("scikit-learn", theirs)):
            took, found = timed(run)
            seconds[tool].append(took)
            scores[tool] = found.best_score_  # type: ignore[attr-defined]
    return summary("search 48 x 5 on 5000x20", seconds, scores)


def prediction(repeats: int) -> list[dict[str, object]]:
    """One row, and 1e6 rows through 30 → 100 → 1."""
    X, y = data(10_000, 30)
    model, other = ours(100, 200, 2, "relu").fit(X, y), mlp(100, 200, 2, "relu").fit(X, y)
    big = np.random.default_rng(1).normal(size=(1_000_000, 30)).astype(np.float32)
    found = []
    for name, rows, calls in (("predict 1 row", X[:1].copy(), 500), ("predict 1e6 rows", big, 1)):
        model.predict(rows)
        seconds: dict[str, list[float]] = {"shoal": [], "scikit-learn": []}
        for _ in range(max(5, repeats)):
            for tool, estimator in (("shoal", model), ("scikit-learn", other)):
                seconds[tool].append(timed(lambda e=estimator, x=rows, n=calls: [e.predict(x) for _ in range(n)])[0] / calls)
        found += summary(name, seconds, {"shoal": model.score(X, y), "scikit-learn": other.score(X, y)})
    return found


def populations() -> None:
    """How the time of one network grows with their number, and that of one row with theirs."""
    X, y = data(10_000, 30)

    def each(K: int, m: int, epochs: int) -> float:
        rows = np.resize(X, (m, 30)), np.resize(y, m)
        one = min(timed(lambda: ours(16, 200, 1, "relu", K).fit(*rows))[0] for _ in range(3))
        more = min(timed(lambda: ours(16, 200, 1 + epochs, "relu", K).fit(*rows))[0] for _ in range(3))
        return (more - one) / epochs / K / m * 1e9

    few, many = each(32, 10_000, 20), each(1024, 10_000, 2)
    short, long = each(32, 10_000, 20), each(32, 1_000_000, 1)
    print(f"ns a network and row: {few:.2f} of 32 networks, {many:.2f} of 1024 ({many / few:.2f} times)")
    print(f"ns a network and row: {short:.2f} of 1e4 rows, {long:.2f} of 1e6 ({long / short:.2f} times)")


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--short", action="store_true", help="the small fits once each: under 60 seconds")
    arguments.add_argument("--rows", nargs="*", help="only these rows")
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--out", type=Path)
    chosen = arguments.parse_args()
    warnings.simplefilter("ignore")
    work: dict[str, Callable[[int], list[dict[str, object]]]] = {name: lambda r, n=name: one_network(n, r) for name in FITS}
    work |= {name: lambda r, n=name: many_networks(n, r) for name in MANY} | {"search": search, "predict": prediction}
    names = chosen.rows or (["1000x10-8 relu", "10000x30-32 relu", "predict"] if chosen.short else list(work))
    repeats = 1 if chosen.short else chosen.repeats
    before, lines = (sgemm_rate(1), sgemm_rate(cores())), []
    for name in names:
        found = work[name](repeats)
        print(pd.DataFrame(found).to_string(index=False, float_format="{:.4g}".format), flush=True)
        lines += found
    if not chosen.rows and not chosen.short:
        populations()
    versions = f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, PyTorch {'-' if torch is None else torch.__version__}"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{versions}, Python {platform.python_version()}, {cores()} cores, load {load:.1f}")
    after = sgemm_rate(1), sgemm_rate(cores())
    print("sgemm GFLOP/s on one core and on all: {:.0f} and {:.0f} before, {:.0f} and {:.0f} after".format(*before, *after))
    if chosen.out:
        pd.DataFrame(lines).to_csv(chosen.out, index=False, float_format="%.5g")


if __name__ == "__main__":
    main()
