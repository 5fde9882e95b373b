"""`engine.packing` of a state on a device: by way of NumPy, so that a checkpoint is read where there is no such device."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine import packing as cpu
from shoal.engine.device import send
from shoal.engine.minibatch import leave
from shoal.engine.packing import Arrays, array_like
from shoal.engine.torch.layout import DeviceGroup, Networks
from shoal.engine.torch.minibatch import OnDevice
from shoal.textbook.propagation import Parameters


@cpu.pack.register
def pack(state: OnDevice) -> Arrays:
    """What updates have changed, in NumPy."""
    arrays: Arrays = {"engine.t": np.array(state.t), "engine.alive": state.alive.copy()}
    for i, group in enumerate(state.groups):
        for name, tensor in tensors(group).items():
            arrays[f"engine.{i}.{name}"] = np.array(tensor.cpu().numpy())
    return arrays


@cpu.unpack.register
def unpack(state: OnDevice, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Bring a state before its first update to where another one was."""
    leave(state, array_like(arrays, "engine.alive", state.alive))
    for i, group in enumerate(state.groups):
        found = {
            name: send(array_like(arrays, f"engine.{i}.{name}", tensor.cpu().numpy()).copy(), state.recipe.device)
            for name, tensor in tensors(group).items()
        }

        def part(kind: str, of: Any = found) -> Any:
            return tuple(tensor for name, tensor in of.items() if name.startswith(kind + "."))

        now = group.networks
        memory = tuple(part(f"memory{j}") for j in range(len(now.memory)))
        names = tuple(now.parameters.named())
        average = None if now.average is None else tree(names, part("average"))
        group.networks = Networks(tree(names, part("now")), memory, average)
        group.best = None if group.best is None else tree(names, part("best"))
    state.t = int(array_like(arrays, "engine.t", np.array(0)))


def tree(names: tuple[str, ...], leaves: tuple[Any, ...]) -> Parameters:
    """Parameters of leaves in the order of their names."""
    return Parameters(**dict(zip(names, leaves, strict=True)))


def tensors(group: DeviceGroup) -> dict[str, Any]:
    """All that updates change of a group, by name."""
    now = group.networks
    memory = {f"memory{j}": parts for j, parts in enumerate(now.memory)}
    kinds = {"now": now.parameters, **memory, "average": now.average, "best": group.best}
    return {f"{kind}.{j}": tensor for kind, parts in kinds.items() for j, tensor in enumerate(parts or ())}
