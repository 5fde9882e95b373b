"""A finding of a check: its evidence, what to do, and which units, columns and members it concerns."""

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
    "ended early",
    "overfitting",
    "underfitting",
    "unscaled",
    "constant",
    "leakage",
    "imbalance",
    "disagreement",
    "no measurement",
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
    "ended early": "training that ended too early",
    "overfitting": "overfitting",
    "underfitting": "underfitting",
    "unscaled": "unscaled inputs",
    "constant": "constant inputs",
    "leakage": "a column that determines the target",
    "imbalance": "a rare class that is not learned",
    "disagreement": "members that disagree",
    "no measurement": "a column that is no measurement",
}


@dataclass(frozen=True)
class Finding:
    """One fact about a network that needs attention.

    Attributes
    ----------
    kind : str
        One of `TITLES`, which has a short title for each.
    evidence : str
        The evidence, with its numbers.
    advice : str
        What to do.
    units : tuple of int
        The hidden units concerned, from 1; empty if there are none, or if units of several members are concerned.
    columns : tuple of str
        The inputs concerned.
    members : tuple of int
        The members concerned, from 1; empty if all are, or if there is one.
    """

    kind: Kind
    evidence: str
    advice: str
    units: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    members: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """A short title of the kind."""
        return TITLES[self.kind]


@dataclass(frozen=True)
class Diagnosis(Sequence[Finding]):
    """All findings about a network, a sequence of `Finding`; empty, and so false, for a healthy network.

    Attributes
    ----------
    findings : tuple of Finding
    n_rows : int
        Number of rows examined.
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
    """Indices of units, counted from 1."""
    return tuple(int(i) + 1 for i in found)


def some_units(found: NDArray[np.int64]) -> str:
    """`Unit 3 is`, `Units 1, 2 and 4 are`, `12 units are`."""
    numbers = [str(i) for i in counted(found)]
    if len(numbers) == 1:
        return f"Unit {numbers[0]} is"
    if len(numbers) > 6:
        return f"{len(numbers)} units ({', '.join(numbers[:3])} …) are"
    return f"Units {', '.join(numbers[:-1])} and {numbers[-1]} are"
