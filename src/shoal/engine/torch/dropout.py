"""Who is silenced, drawn on the device: the same draws as `draws.kept` and the kernels', bit for bit.

Whole numbers wrap around in PyTorch as they do in C; it has no unsigned ones of 32 and 64 bits, so these are kept in signed ones.
"""

import torch

from shoal.engine.device import Tensor

WIDE = 1 << 64
GOLDEN, UPDATE = 0x9E3779B97F4A7C15, 0x100000001B3
LOWEST = -(1 << 31)


def signed(value: int, bits: int = 64) -> int:
    """An unsigned whole number as the signed one with the same bits."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def shifted(x: Tensor, n: int, bits: int) -> Tensor:
    """x ≫ n of unsigned numbers: zeros come in from the left."""
    return (x >> n) & ((1 << (bits - n)) - 1)


def starts(keys: Tensor, t: int, rows: Tensor) -> Tensor:
    """Where the draws of some rows of update t start, for networks of these `keys (G,)`: splitmix64, `(G, R)` int32."""
    x = keys[:, None] + (rows * signed(GOLDEN) + signed(GOLDEN * (t * UPDATE + 1)))
    x = (x ^ shifted(x, 30, 64)) * signed(0xBF58476D1CE4E5B9)
    x = (x ^ shifted(x, 27, 64)) * signed(0x94D049BB133111EB)
    low = (x ^ shifted(x, 31, 64)) & 0xFFFFFFFF
    return torch.where(low > 0x7FFFFFFF, low - (1 << 32), low).to(torch.int32)


def kept(keys: Tensor, t: int, rows: Tensor, m: int, shares: Tensor) -> Tensor:
    """Which of m examples keep which rows in update t, `(G, R, m)`; `shares (G,)` float64 are silenced. `draws.kept` in one go."""
    x = starts(keys, t, rows)[:, :, None] + torch.arange(m, dtype=torch.int32, device=keys.device) * signed(0x9E3779B9, 32)
    x = (x ^ shifted(x, 16, 32)) * signed(0x85EBCA6B, 32)
    x = (x ^ shifted(x, 13, 32)) * signed(0xC2B2AE35, 32)
    x = x ^ shifted(x, 16, 32)
    bound = (shares * 2.0**32).to(torch.int64) + LOWEST  # both sides less 2³¹, so that signed numbers compare as unsigned ones do
    return (x ^ LOWEST) >= bound.to(torch.int32)[:, None, None]


def factors(keys: Tensor, t: int, rows: Tensor, m: int, shares: Tensor, like: Tensor) -> Tensor:
    """What values are multiplied with: 0, or 1/(1 − share) that makes up for the silenced ones; `(G, R, m)` in `like`'s precision."""
    made_up = (1 / (1 - shares)).to(like.dtype)[:, None, None]
    return torch.where(kept(keys, t, rows, m, shares), made_up, torch.zeros_like(made_up))
