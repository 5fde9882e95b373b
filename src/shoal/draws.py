"""Every random number of the project.

A stream is named by what it is for: the seed, the purpose, and for one network its member number. It never depends
on where a network stands in a group or on how many threads compute, so that the same seed gives the same weights.
"""

from enum import IntEnum
from typing import Any

import numpy as np


class Purpose(IntEnum):
    """What a stream is for. The numbers are part of every result: never renumber them."""

    WEIGHTS = 1
    DROPOUT = 2
    ROW_ORDER = 3
    SPLIT = 4


def member_stream(seed: int, member: int, purpose: Purpose) -> np.random.Generator:
    """The stream of one network: its initial weights, or its dropout."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose, member])))


def group_stream(seed: int, purpose: Purpose) -> np.random.Generator:
    """The stream that all networks of a group share: the order of the rows, the rows held out."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose])))


def seed_from(random_state: Any) -> int:
    """A seed from scikit-learn's `random_state`: an int is taken as it is, a RandomState draws one, None asks the system."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)
