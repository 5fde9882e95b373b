"""What a check says when it has something to say: what was seen, what to do, and what it is about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal[
    "saturated",
    "dead",
    "identical",
    "mirrored",
    "idle",
    "vanishing",
    "exploding",
    "diverging",
    "rattling",
    "slow",
    "overfitting",
    "underfitting",
    "unscaled",
    "constant",
    "leakage",
    "imbalance",
    "disagreement",
]
TITLES: dict[Kind, str] = {
    "saturated": "saturated units",
    "dead": "dead units",
    "identical": "identical units",
    "mirrored": "mirrored units",
    "idle": "units that do nothing",
    "vanishing": "vanishing gradient",
    "exploding": "exploding gradient",
    "diverging": "diverging training",
    "rattling": "learning rate too high",
    "slow": "learning rate too low",
    "overfitting": "overfitting",
    "underfitting": "underfitting",
    "unscaled": "unscaled inputs",
    "constant": "constant inputs",
    "leakage": "a column that gives the answer away",
    "imbalance": "a rare class that is not learned",
    "disagreement": "members that disagree",
}


@dataclass(frozen=True)
class Finding:
    """One thing to know about a network.

    Attributes
    ----------
    kind : str
        One of `TITLES`, which has a few plain words for each.
    evidence : str
        What was seen, with its numbers.
    advice : str
        What to do.
    units : tuple of int
        The hidden units it is about, from 1; empty where it is about none, or about units of several members.
    columns : tuple of str
        The inputs it is about.
    members : tuple of int
        The networks of the shoal it is about, from 1; empty where it is about all, or there is one.
    """

    kind: Kind
    evidence: str
    advice: str
    units: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    members: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """The kind in a few plain words."""
        return TITLES[self.kind]


@dataclass(frozen=True)
class Diagnosis(Sequence[Finding]):
    """All that there is to say about a network, a sequence of `Finding`; empty, and so false, for a healthy one.

    Attributes
    ----------
    findings : tuple of Finding
    n_rows : int
        Rows that were looked at.
    """

    findings: tuple[Finding, ...]
    n_rows: int

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, place: int) -> Finding:  # type: ignore[override]
        return self.findings[place]

    def __str__(self) -> str:
        if not self.findings:
            return f"No findings on {self.n_rows} rows."
        return "\n".join(f"{f.title}: {f.evidence} {f.advice}" for f in self.findings)

    def __repr__(self) -> str:
        return str(self)


def counted(found: NDArray[np.int64]) -> tuple[int, ...]:
    """Units as people count them."""
    return tuple(int(i) + 1 for i in found)


def some_units(found: NDArray[np.int64]) -> str:
    """`Unit 3 is`, `Units 1, 2 and 4 are`, `12 units are`."""
    numbers = [str(i) for i in counted(found)]
    if len(numbers) == 1:
        return f"Unit {numbers[0]} is"
    if len(numbers) > 6:
        return f"{len(numbers)} units ({', '.join(numbers[:3])} …) are"
    return f"Units {', '.join(numbers[:-1])} and {numbers[-1]} are"
