"""Populations on a device beside the processor's engine, and beside the device's own matrix products of the same shapes.

    python benchmarks/accelerator.py [--device auto|cuda|torch:cpu] [--networks 1000 100000] [--compile] [--out accelerator.csv]

Each row is a population of networks 30 → 16 → 1 (ReLU, sigmoid, Adam, float32) that makes some updates of batches of 200 rows
through `engine.minibatch`, the door that estimators train through. Given are network-updates a second there and by the
processor's engine (medians of the repeats, which alternate), what two products of the step's shapes, W1 X and dZ1 Xᵀ, take
alone, the step's share of their rate, and how far the costs of both places are apart. `--device torch:cpu` shows the same
lines without an accelerator; `--networks 100` keeps that short. `--compile` measures the update after `torch.compile`, which
the library itself does not use.
"""

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from shoal.engine.device import described, found, torch_name
from shoal.engine.minibatch import State, advance, begin
from shoal.population import Population
from shoal.recipe import Recipe
from shoal.textbook import Adam, Parameters, make_loss

N_X, N_H, BATCH, ROWS = 30, 16, 200, 10_000


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Rows of two noisy classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, N_X)).astype(np.float32)
    return X, (X[:, :1] + X[:, 1:2] * X[:, 2:3] + 0.3 * rng.normal(size=(ROWS, 1)) > 0).astype(np.float32)


def networks(K: int) -> Population:
    """K networks with weights as LeCun draws them."""
    rng = np.random.default_rng(1)
    shapes = (K, N_H, N_X), (K, N_H, 1), (K, 1, N_H), (K, 1, 1)
    W1, b1, W2, b2 = (rng.standard_normal(shape, np.float32) for shape in shapes)
    return Population(Parameters(W1 / np.sqrt(N_X), b1, W2 / np.sqrt(N_H), b2), np.full(K, N_H), np.ones((K, N_X), bool))


def begun(population: Population, device: str) -> State:
    """The population before its first update, at a place."""
    recipe = Recipe(rule=Adam(), batch_size=BATCH, device=device)
    return begin(population, recipe, make_loss("sigmoid"), np.full(population.K, float(ROWS)), np.float32)


def seconds_of(state: State, X: np.ndarray, Y: np.ndarray, n: int) -> tuple[float, np.ndarray]:
    """Seconds for n updates, and their costs; the costs come home at the end, so that nothing is still under way."""
    batches = [np.arange(s, s + BATCH) for s in np.arange(n) * BATCH % (ROWS - BATCH)]
    rates = np.full((n, state.population.K), 0.001)
    before = time.perf_counter()
    costs = advance(state, X, Y, batches, rates)
    return time.perf_counter() - before, costs


def products(K: int, device: str, n: int) -> float:
    """Seconds that n times the two large products of an update take alone."""
    import torch

    there = torch_name(device)
    W1, X = torch.randn(K, N_H, N_X, device=there), torch.randn(N_X, BATCH, device=there)
    dZ1 = torch.randn(K, N_H, BATCH, device=there)

    def wait() -> None:
        if there.startswith("cuda"):
            torch.cuda.synchronize(there)

    for repeat in range(2):  # the first time warms up
        wait()
        before = time.perf_counter()
        for _ in range(n if repeat else 3):
            _, _ = W1 @ X, dZ1 @ X.mT
        wait()
    return time.perf_counter() - before


def passes(device: str) -> float:
    """How often an update reads or writes a whole hidden layer, by the operations that PyTorch is asked for; the products alone: 2."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    K = 200
    hidden, moved = K * N_H * BATCH, []

    class Counting(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            found = function(*args, **(kwargs or {}))
            written = "view" not in str(function) and all(r.alias_info is None for r in function._schema.returns)
            read = () if "zeros_like" in str(function) else (a for a in args if isinstance(a, torch.Tensor))
            if written:
                moved.extend(t.element_size() / 4 for t in (*read, found) if isinstance(t, torch.Tensor) and t.numel() == hidden)
            return found

    (X, Y), state = rows(), begun(networks(K), device)
    seconds_of(state, X, Y, 1)
    with Counting():
        seconds_of(state, X, Y, 1)
    return sum(moved)


def compiled_update() -> None:
    """Let `engine.torch` use its update after torch.compile."""
    import torch

    from shoal.engine.torch import minibatch as there

    compiled: Callable[..., object] = torch.compile(there.updated, fullgraph=True, dynamic=False)
    there.updated = lambda now, own, batch, how: compiled(
        now, own, batch._replace(t=torch.full((), float(batch.t), device=batch.Y.device)), how
    )


def peak_bytes(device: str) -> float:
    """The most memory of the device that was in use; NaN where it does not say."""
    import torch

    return float(torch.cuda.max_memory_allocated(torch_name(device))) if device.startswith("cuda") else float("nan")


def measured(K: int, device: str, updates: int, repeats: int) -> dict[str, float]:
    """One population at both places."""
    (X, Y), population = rows(), networks(K)
    there, here = begun(population, device), begun(population, "cpu")
    few = max(1, min(updates, 200_000 // K))  # of the processor's
    first = [seconds_of(state, X, Y, min(few, 3))[1] for state in (there, here)]  # sends, compiles
    times, alone = [], []
    for _ in range(repeats):
        times.append((seconds_of(there, X, Y, updates)[0] / updates, seconds_of(here, X, Y, few)[0] / few))
        alone.append(products(K, device, updates) / updates)
    step, step_here, product = float(np.median([t[0] for t in times])), float(np.median([t[1] for t in times])), float(np.median(alone))
    flops = 4 * BATCH * N_X * N_H * K
    return {
        "networks": K,
        "network-updates a second": K / step,
        "of the processor": K / step_here,
        "ratio": step_here / step,
        "TFLOP/s of the products alone": flops / product / 1e12,
        "share of their rate": product / step,
        "costs apart": float(np.max(np.abs(first[0] - first[1]) / np.abs(first[1]))),
        "GB of the device": peak_bytes(device) / 1e9,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--networks", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--updates", type=int, default=50, help="a repeat: one epoch of 10,000 rows")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    device = found(chosen.device)
    if device == "cpu":
        parser.exit(1, "no device is here: --device torch:cpu shows the same lines on the processor\n")
    import torch

    print(f"{described(device, device)}; PyTorch {torch.__version__}, NumPy {np.__version__}, {platform.processor() or platform.machine()}")
    print(f"an update passes over the hidden layer {passes(device):g} times, its two large products alone 2 times")
    if chosen.compile:
        compiled_update()
    table = pd.DataFrame([measured(K, device, chosen.updates, chosen.repeats) for K in chosen.networks])
    print(table.to_string(index=False, float_format=lambda v: f"{v:.3g}"))
    if chosen.out:
        table.to_csv(chosen.out, index=False)


if __name__ == "__main__":
    main()
