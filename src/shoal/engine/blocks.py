"""Networks of a population that see the same inputs, so that one matrix product serves them all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.population import Population
from shoal.textbook.propagation import Parameters


@dataclass
class Block:
    """Some networks of a group and the inputs that they all see.

    `members (k,)` are their places in the group; `columns` are the inputs' places, None for all of them;
    `parameters` have a leading axis k; `units (k, n_h, 1)` is 0 for padding, None where every unit is in use.
    """

    members: NDArray[np.int64]
    columns: NDArray[np.int64] | slice | None
    parameters: Parameters
    units: Any

    def columns_of(self, rows: Any) -> Any:
        """The rows' inputs that this block sees, as columns `(n_seen, m)`."""
        return (rows if self.columns is None else rows[:, self.columns]).T


def split(population: Population, dtype: np.dtype) -> list[Block]:
    """The blocks of a population, in the order in which their first members stand; the weights are copied."""
    blocks = []
    for members, seen in kinds_of_inputs(population):
        columns = seen_columns(seen)
        W1, b1, W2, b2 = (np.array(w[members], dtype=dtype) for w in population.parameters)
        W1 = W1 if columns is None else np.ascontiguousarray(W1[:, :, columns])
        units = population.units[members]
        blocks.append(Block(members, columns, Parameters(W1, b1, W2, b2), None if units.all() else units[:, :, None].astype(dtype)))
    return blocks


def kinds_of_inputs(population: Population) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """The members that see the same inputs and these inputs `(n_x,)`, in the order of their first members."""
    kinds: dict[bytes, list[int]] = {}
    for k, seen in enumerate(population.inputs):
        kinds.setdefault(seen.tobytes(), []).append(k)
    return [(np.array(members), population.inputs[members[0]]) for members in kinds.values()]


def seen_columns(seen: NDArray[np.bool_]) -> NDArray[np.int64] | slice | None:
    """The columns that a mask lets through: None for all, a slice (which needs no copy) for the first ones."""
    if seen.all():
        return None
    n = int(seen.sum())
    return slice(0, n) if seen[:n].all() else np.flatnonzero(seen)


def join(blocks: list[Block], like: Population) -> Population:
    """The blocks' weights back in the shapes and places of the population that they were split from."""
    parameters = Parameters(*(np.zeros(w.shape, blocks[0].parameters.W1.dtype) for w in like.parameters))
    for block in blocks:
        columns = slice(None) if block.columns is None else block.columns
        for k, place in enumerate(block.members):
            parameters.W1[place][:, columns] = block.parameters.W1[k]
        for whole, part in zip(parameters[1:], block.parameters[1:], strict=True):
            whole[block.members] = part
    return Population(parameters, like.widths, like.inputs)
