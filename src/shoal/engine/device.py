"""Where training computes: the processor, or a device that PyTorch drives. Asked for and missing is an error by name.

PyTorch is the extra `shoal[torch]` and is imported when a device is asked for. The lines that run there are `on_device/`.
"""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from shoal.encoding import SparseRows
from shoal.errors import DeviceError, InvalidParameterError, TooLargeError
from shoal.kinds import shown

Tensor = Any  # PyTorch's, whose types are not there without the extra

PROCESSOR = "cpu"
SPELLINGS = "'cpu', 'cuda' (or 'cuda:1', …), 'auto', or 'torch:cpu' (PyTorch on the processor, to try the same lines without a device)"


def check_spelling(asked: Any) -> None:
    """Refuse what names no device.

    Raises
    ------
    InvalidParameterError
    """
    if not isinstance(asked, str) or not (asked in (PROCESSOR, "auto", "cuda", "torch:cpu") or re.fullmatch(r"cuda:[0-9]{1,4}", asked)):
        raise InvalidParameterError(f"device is {shown(asked)}; choose one of {SPELLINGS}")


def found(asked: str, *, sparse: bool = False) -> str:
    """The device that training will use: what was asked for if it is there, and what "auto" comes to.

    Parameters
    ----------
    asked : {"cpu", "cuda", "cuda:N", "auto", "torch:cpu"}
        "auto" is "cuda" where PyTorch is installed and sees such a device, and the rows are dense; else "cpu".
    sparse : whether the rows are sparse, which the processor alone trains on

    Raises
    ------
    InvalidParameterError
        For another spelling, and for sparse rows.
    DeviceError
        For a device that is not there, with what PyTorch sees; without PyTorch, with the extra to install.
    """
    check_spelling(asked)
    if asked == PROCESSOR:
        return PROCESSOR
    if asked == "auto":
        return "cuda" if not sparse and devices_seen() > 0 else PROCESSOR
    if sparse:
        raise InvalidParameterError(
            f"device is {asked!r}, but X is sparse, and sparse rows are trained on by the processor alone; choose device='cpu', or give "
            "X.toarray() where that fits in memory"
        )
    torch = library(asked)
    number = int(asked.removeprefix("cuda:")) if ":" in asked and asked != "torch:cpu" else 0
    if asked != "torch:cpu" and devices_seen() <= number:
        raise DeviceError(
            f"device is {asked!r}, but {what_is_seen(torch)}; choose device='cpu', or 'auto' to take a device where there is one"
        )
    return asked


def library(asked: str) -> Any:
    """PyTorch.

    Raises
    ------
    DeviceError
        Where it is not installed.
    """
    try:
        import torch
    except ImportError:
        raise DeviceError(
            f"device is {asked!r}, which PyTorch drives, and PyTorch is not installed: pip install 'shoal[torch]', or choose device='cpu'"
        ) from None
    return torch


def devices_seen() -> int:
    """How many CUDA devices PyTorch can use; 0 without PyTorch."""
    try:
        torch = library("auto")
    except DeviceError:
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a driver that is too old is named below
        return int(torch.cuda.device_count()) if torch.cuda.is_available() else 0


def what_is_seen(torch: Any) -> str:
    """In words: the devices that PyTorch can use, or why there are none."""
    n = devices_seen()
    if n:
        names = ", ".join(f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(n))
        return f"PyTorch {torch.__version__} sees {names}"
    if not (torch.version.cuda or torch.version.hip):
        return f"PyTorch {torch.__version__} was built for the processor alone, pytorch.org has those for devices"
    return f"PyTorch {torch.__version__} sees no device: no driver for it, or none that this process may use"


def described(device: str, asked: str) -> str:
    """In a line for people: where training computes, and why where that was left open."""
    words = f"device: {device}"
    if device.startswith("cuda"):
        words += f" ({library(asked).cuda.get_device_name(device)})"
    if asked != "auto" or device != PROCESSOR:
        return words
    try:
        return f"{words} ({what_is_seen(library(asked))})"
    except DeviceError:
        return f"{words} (PyTorch is not installed)"


def torch_name(device: str) -> str:
    """As PyTorch spells it."""
    return device.removeprefix("torch:")


def on_device(values: Any) -> bool:
    """Whether an array is PyTorch's."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(values, torch.Tensor)


def send(values: Any, device: str, dtype: Any = None) -> Tensor:
    """An array on the device, in NumPy's precision `dtype` if given; what is there already is not sent again."""
    torch = library(device)
    if isinstance(values, SparseRows):
        raise InvalidParameterError(
            f"device is {device!r}, but the rows are sparse, which the processor alone trains on; choose device='cpu'"
        )
    with out_of_memory(device):
        if isinstance(values, torch.Tensor):
            return values.to(torch_name(device), None if dtype is None else getattr(torch, np.dtype(dtype).name))
        values = np.ascontiguousarray(values, dtype)
        return torch.tensor(values, device=torch_name(device))  # a copy also where the device is the processor


@contextmanager
def out_of_memory(device: str) -> Iterator[None]:
    """While it lasts, a device without enough memory raises an error that names it."""
    torch = library(device)
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TooLargeError(
            f"the memory of device {device!r} does not suffice: {str(error).partition('.')[0]}; set fewer n_networks or "
            "hidden_layer_sizes, a smaller batch_size, dtype='float32', or device='cpu'"
        ) from error
