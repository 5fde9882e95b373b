"""The engine's entry points on a device, by PyTorch: the textbook's own lines over tensors, K networks a product.

These modules import PyTorch (`shoal[torch]`), and are imported when a device was asked for. Rows go over once a run, their
order and the learning rates once an epoch; costs stay on the device until the epoch ends.
"""

from shoal.engine.torch.minibatch import begin_on_device
from shoal.engine.torch.packing import pack
from shoal.engine.torch.sums import dense_sums

__all__ = ["begin_on_device", "dense_sums", "pack"]
