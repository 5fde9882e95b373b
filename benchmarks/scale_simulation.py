"""A cost model of full-batch training on Dask, fed with measured constants, and a simulation of clusters that nobody here has.

    python benchmarks/scale_simulation.py [--quick]

First the constants are measured on this machine: rows a second and core of a pass (by the number of multiplications), and what a
task costs the scheduler and the client, by passes of 16 … 512 spans that compute nothing over two workers. Then passes are SIMULATED,
task by task: the scheduler hands tasks out one after the other, workers compute at the measured rate, uneven by what was measured,
sums travel up a tree of eight at a time over links of 1 GB/s, and workers die at a given rate. Written to scale_simulation.csv;
everything in it but the rows called measured is simulated.
"""

import argparse
import csv
import heapq
import statistics
import time
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from dask_scale import NETWORKS, UNITS, cluster

from shoal.dask.partitions import TOGETHER, Span, over_spans
from shoal.engine.threads import at_most
from shoal.population import stack
from shoal.textbook.initialization import xavier
from shoal.textbook.losses import make_loss
from shoal.training.rows import in_memory
from shoal.training.solvers.solver import Objective, Slope, value_and_gradient

COLUMNS = 30
LINK = 1e9  # bytes a second between two machines: ten gigabits, an assumption
LANE_SECONDS = 60.0  # what a worker that died must make again of a span: reading and encoding it, an assumption


@dataclass(frozen=True)
class Constants:
    """What was measured.

    `rate`: multiplications a second and core of a pass; `uneven`: standard deviation of the seconds of equal tasks, relative;
    `fixed`, `task`: seconds that a pass costs however many tasks it has, and that each task adds.
    """

    rate: float
    uneven: float
    fixed: float
    task: float


@dataclass(frozen=True)
class Work:
    """A training: rows, encoded inputs, networks, hidden units, passes."""

    rows: float
    inputs: int = COLUMNS
    networks: int = NETWORKS
    units: int = UNITS
    passes: int = 200

    @property
    def multiplications(self) -> float:
        """Of one pass: forward, and backward twice as much."""
        return 3 * self.rows * self.networks * self.units * (self.inputs + 2)

    @property
    def sum_bytes(self) -> float:
        """Of what a span brings back: J and its gradient for every network."""
        return 8 * self.networks * (self.units * (self.inputs + 2) + 2)

    @property
    def row_bytes(self) -> float:
        """Of an encoded row in float64 with its target and weight."""
        return 8 * (self.inputs + 2)


def compute_rate(rows: int, repeats: int) -> tuple[float, float]:
    """Multiplications a second of one core in a pass, and how uneven equal passes are."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((rows, COLUMNS)), rng.standard_normal((rows, 1))
    population = stack([xavier(rng, COLUMNS, UNITS, 1) for _ in range(NETWORKS)])
    objective = Objective(population, in_memory(X, Y, NETWORKS), "relu", make_loss("squared_error"), np.zeros(NETWORKS))
    theta = np.concatenate([w.reshape(NETWORKS, -1) for w in population.parameters], axis=1)
    times = []
    with at_most(1):
        for _ in range(repeats + 1):
            start = time.perf_counter()
            value_and_gradient(objective, theta, np.arange(NETWORKS))
            times.append(time.perf_counter() - start)
    times = times[1:]  # the first one loads the kernels
    middle = statistics.median(times)
    return Work(rows).multiplications / middle, statistics.pstdev(times) / middle


def nothing(slope: Slope, block: Any) -> Slope:
    """A task that computes nothing."""
    return slope


@dataclass(frozen=True)
class Empty:
    """A partition without work."""

    number: int


def span(i: int) -> Span:
    """A span of one partition."""
    return Span(i, i + 1, (Empty(i),))


def pass_costs(counts: list[int], repeats: int) -> dict[int, float]:
    """Seconds of a pass over so many spans on two workers that compute nothing; medians."""
    slope = Slope(np.zeros(NETWORKS), np.zeros((NETWORKS, UNITS * (COLUMNS + 2) + 1)))
    found = {}
    with cluster(2) as client:
        for n in counts:
            spans = client.map(span, range(n), pure=False)
            client.gather(spans)
            times = []
            for _ in range(repeats):
                start = time.perf_counter()
                over_spans(client, partial(nothing, slope), spans)
                times.append(time.perf_counter() - start)
            found[n] = statistics.median(times)
    return found


def line_through(costs: dict[int, float]) -> tuple[float, float]:
    """What a pass costs at least, and what each of its tasks adds: least squares, relative errors alike."""
    n, seconds = np.array(list(costs)), np.array(list(costs.values()))
    tasks = n + np.where(n > TOGETHER, 1 + np.ceil(n / TOGETHER), 0)
    design = np.column_stack([np.ones(len(n)), tasks]) / seconds[:, None]
    fixed, task = np.linalg.lstsq(design, np.ones(len(n)), rcond=None)[0]
    return max(float(fixed), 0.0), max(float(task), 1e-6)


# --- the simulation -------------------------------------------------------------------------------------------------


def simulated_pass(c: Constants, work: Work, workers: int, rng: np.random.Generator, deaths_an_hour: float = 0.0) -> float:
    """Seconds of one pass: the scheduler starts a task every `c.task` s, each worker has one span, sums go up the tree."""
    spans = 1 << max(0, (workers - 1).bit_length())
    seconds = work.multiplications / spans / c.rate * np.exp(rng.normal(0, c.uneven, spans))
    hop = work.sum_bytes / LINK
    free = [0.0] * workers
    heapq.heapify(free)
    done = []
    for i in range(spans):
        start = max(heapq.heappop(free), c.fixed + c.task * (i + 1))
        end = start + seconds[i]
        if rng.random() < deaths_an_hour * seconds[i] / 3600:  # the span is made again elsewhere, and the task done again
            end += rng.random() * seconds[i] + LANE_SECONDS + seconds[i]
        heapq.heappush(free, end)
        done.append(end)
    level = done
    clock = c.fixed + c.task * spans
    while len(level) > TOGETHER:
        groups = [level[i : i + TOGETHER] for i in range(0, len(level), TOGETHER)]
        level = []
        for group in groups:
            clock = max(clock + c.task, max(group))
            level.append(clock + len(group) * hop)
    return max(level) + len(level) * hop


def model_pass(c: Constants, work: Work, workers: int) -> float:
    """The cost model: arithmetic divided by the workers, plus what tasks cost one scheduler."""
    spans = 1 << max(0, (workers - 1).bit_length())
    share = -(-spans // workers) / spans
    tasks = spans + (1 + -(-spans // TOGETHER) if spans > TOGETHER else 0)
    return work.multiplications * share / c.rate + c.fixed + c.task * tasks


def report(c: Constants, out: list[list[str]]) -> None:
    """Passes of several sizes on several clusters, simulated and by the model."""
    rng = np.random.default_rng(0)
    names = {
        "rows": 8,
        "workers": 9,
        "simulated pass": 16,
        "model": 11,
        "speed-up": 10,
        "efficiency": 12,
        "memory each": 14,
        "200 passes": 14,
    }
    print("".join(f"{name:>{width}}" for name, width in names.items()))
    for rows in (1e6, 1e8, 1e10):
        for workers in (1, 2, 16, 128, 1000, 4000):
            work = Work(rows)
            seconds = statistics.median(simulated_pass(c, work, workers, rng) for _ in range(5))
            alone = work.multiplications / c.rate
            memory = work.rows * work.row_bytes / workers / 1e9
            numbers = [
                seconds,
                model_pass(c, work, workers),
                alone / seconds,
                alone / seconds / workers,
                memory,
                seconds * work.passes / 3600,
            ]
            out.append(["simulated", f"{rows:.0e}", str(workers), *(f"{v:.4g}" for v in numbers)])
            text = f"{rows:8.0e}{workers:9d}{seconds:14.3g} s{numbers[1]:9.3g} s{numbers[2]:10.4g}{numbers[3]:12.0%}"
            print(f"{text}{memory:11.3g} GB{numbers[5]:12.3g} h")
    for deaths in (0.01, 0.1, 1.0):
        seconds = statistics.mean(simulated_pass(c, Work(1e10), 1000, rng, deaths) for _ in range(20))
        out.append(["simulated, deaths an hour and worker", "1e+10", "1000", f"{seconds:.4g}", f"{deaths:g}"])
        print(f"1e10 rows, 1000 workers of which each dies {deaths:g} times an hour: {seconds:.3g} s a pass (simulated)")


def main() -> None:
    """Measure, simulate, print, write."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--quick", action="store_true", help="few repeats")
    quick = words.parse_args().quick
    warnings.simplefilter("ignore")
    rate, uneven = compute_rate(20_000 if quick else 200_000, 3 if quick else 10)
    counts = [1, 2, 8, 16, 64] if quick else [1, 2, 8, 16, 32, 64, 128, 256, 512]
    costs = pass_costs(counts, 5 if quick else 20)
    c = Constants(rate, uneven, *line_through(costs))
    print(f"measured: {rate / 1e9:.3g}e9 multiplications a second and core, equal passes uneven by {uneven:.1%}")
    print(f"measured: a pass costs {1000 * c.fixed:.3g} ms and {1000 * c.task:.3g} ms a task")
    out = [["what", "rows", "workers", "seconds a pass", "model", "speed-up", "efficiency", "GB a worker", "hours of 200 passes"]]
    out.append(
        [
            "measured: multiplications a second, unevenness, seconds a pass, seconds a task",
            *(f"{v:.4g}" for v in (rate, uneven, c.fixed, c.task)),
        ]
    )
    for n, seconds in costs.items():
        spans = n + (1 + -(-n // TOGETHER) if n > TOGETHER else 0)
        out.append(["measured: spans, seconds of an empty pass, by the line", str(n), f"{seconds:.4g}", f"{c.fixed + c.task * spans:.4g}"])
        print(f"measured: {n:4d} spans {1000 * seconds:8.3g} ms, by the line {1000 * (c.fixed + c.task * spans):8.3g} ms")
    report(c, out)
    with Path(__file__).with_suffix(".csv").open("w", newline="") as file:
        csv.writer(file).writerows(out)


if __name__ == "__main__":
    main()
