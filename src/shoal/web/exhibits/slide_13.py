"""Exhibit 13: np.dot against a Python loop, on this machine."""

import threading
import time

import numpy as np
from threadpoolctl import threadpool_limits

from shoal.errors import ShoalError
from shoal.textbook import compare_dot
from shoal.web.exhibits.cards import card, term, total
from shoal.web.exhibits.predict import number
from shoal.web.languages import grouped, tr
from shoal.web.question import Answer, Choice, Question

TITLE = "Loop against product"
SLIDE = "Vectorization demo"

SEED = 13  # another seed draws other numbers
BEST_OF = 11
PRINTED = {"sum": 2499584.436480, "product_ms": 4.652, "loop_ms": 4441.977, "ratio": 955}  # on the slide
RUNNING = threading.Lock()


class BusyError(ShoalError):
    """Another measurement is running; two at the same time would disturb each other."""


def dot(length: str) -> Answer:
    """The slide's demo: two random vectors, one np.dot, one loop. np.dot: best of eleven on one thread, after one to warm up."""
    if not RUNNING.acquire(blocking=False):
        raise BusyError(
            tr(
                "another measurement is running (perhaps in another tab), and two at the same time would disturb each other. "
                "Wait for it to end"
            )
        )
    try:
        return measured(int(float(length)))
    finally:
        RUNNING.release()


def measured(n: int, seed: int = SEED) -> Answer:
    """The loop and the product over n uniform numbers from this seed, with their times in milliseconds."""
    rng = np.random.default_rng(seed)
    a, b = rng.random(n), rng.random(n)
    with threadpool_limits(1):  # on a busy machine the threads of a matrix library wait for each other longer than they compute
        both = compare_dot(a, b, time.perf_counter, BEST_OF)
    return {
        "n": n,
        "product": both.product,
        "loop": both.loop,
        "relative": both.relative_difference,
        "product_ms": 1000 * both.product_time,
        "loop_ms": 1000 * both.loop_time,
        "ratio": both.ratio,
        "slide": PRINTED,
        "expected": n / 4,
    }


def predict(length: str) -> Answer:
    """The sum before it is computed, from the mean of a product."""
    n = int(float(length))
    mean = [term(n, 0.5, 0.5, note=tr("n · mean of a · mean of b"))]
    because = card(tr("About n / 4"), tr("n times the mean of a b"), mean, [total("n / 4", n / 4)])
    asks = tr("a and b are {n} random numbers each, uniform from 0 to 1. About what is their dot product?", n=grouped(n))
    return number(asks, n / 4, 2, tr("The mean of a product of two independent numbers is the product of their means."), because)


TAKES = {"length": Choice(("1e6", "1e5", "1e7"), ("1e5", "1e6"))}
QUESTIONS = (Question("dot", dot, TAKES, measured=True), Question("predict_13", predict, TAKES))
