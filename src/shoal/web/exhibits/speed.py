"""Exhibit 13: np.dot against a Python loop, on this machine."""

import threading
import time

import numpy as np

from shoal.engine.blas_threads import one_blas_thread
from shoal.errors import ShoalError
from shoal.web.question import Answer, Choice, Question

SLIDE = {"sum": 2499584.436480, "product_ms": 4.652, "loop_ms": 4441.977, "ratio": 955}
SEED = 13  # ours can be drawn again
BEST_OF = 11
RUNNING = threading.Lock()


class BusyError(ShoalError):
    """A measurement is going on; two at once would measure each other."""


def dot(length: str) -> Answer:
    """The slide's demo: two random vectors, one np.dot, one loop. np.dot: best of eleven on one thread, after one to warm up."""
    if not RUNNING.acquire(blocking=False):
        raise BusyError("a measurement is running already (another tab, perhaps); two at once would measure each other. Wait for it to end")
    try:
        return measured(int(float(length)))
    finally:
        RUNNING.release()


def measured(n: int, seed: int = SEED) -> Answer:
    """Both ways over n uniform numbers from this seed, with their times in milliseconds."""
    rng = np.random.default_rng(seed)
    a, b = rng.random(n), rng.random(n)
    products_ms = []
    with one_blas_thread():  # on a busy machine the threads of a matrix library wait for each other longer than they work
        product = float(np.dot(a, b))
        for _ in range(BEST_OF):
            begin = time.perf_counter()
            product = float(np.dot(a, b))
            products_ms.append(1000 * (time.perf_counter() - begin))
    begin = time.perf_counter()
    c = 0.0
    for i in range(n):
        c += a[i] * b[i]
    loop_ms = 1000 * (time.perf_counter() - begin)
    return {
        "n": n,
        "product": product,
        "loop": float(c),
        "relative": abs(float(c) - product) / product,
        "product_ms": min(products_ms),
        "loop_ms": loop_ms,
        "ratio": loop_ms / min(products_ms),
        "slide": SLIDE,
        "expected": n / 4,
    }


QUESTIONS = (Question("dot", dot, {"length": Choice(("1e5", "1e6", "1e7"), ("1e5", "1e6"))}, measured=True),)
