"""Places of the rows to learn from, which decide who holds them out, found as they are written to blocks."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.draws import Purpose, row_draws
from shoal.fitting.block_store import Parts
from shoal.fitting.folds import RowFacts, row_keys
from shoal.table_models.cut import Cut


@dataclass
class Placing:
    """Places of rows, chunk by chunk as they are written; `borders` are the times from which rows evaluate networks, and are set aside."""

    cut: Cut
    parts: Parts
    borders: tuple[float, float] = (np.inf, np.inf)
    rows: list[NDArray[np.int64]] = field(default_factory=list)
    keys: list[NDArray[np.uint64]] = field(default_factory=list)
    roles: list[NDArray[Any]] = field(default_factory=list)

    def see(self, X: Any, piece: pd.DataFrame) -> NDArray[np.int64]:
        """The places of rows to learn from, prepared `X (m, n)` and raw, `(m,)`."""
        if not self.parts.whole:
            return self.drawn(X, piece)
        first = sum(map(len, self.rows))
        self.rows.append(piece.index.to_numpy())
        self.keys.append(row_keys(X))
        if self.cut.groups is not None:
            self.roles.append(self.cut.names(piece).to_numpy(str))
        elif self.cut.time is not None:
            self.roles.append(self.cut.moments(piece))
        return np.arange(first, first + len(piece))

    def again(self, X: Any, piece: pd.DataFrame) -> NDArray[np.int64]:
        """The places of rows that were seen."""
        if not self.parts.whole:
            return self.drawn(X, piece)
        return np.searchsorted(np.concatenate(self.rows), piece.index.to_numpy())

    def drawn(self, X: Any, piece: pd.DataFrame) -> NDArray[np.int64]:
        """Places by draws: of a group, of what a row holds where it may be calibrated on, or of its number; with a time by that."""
        if self.cut.time is not None:
            times = self.cut.moments(piece)
            judges = np.where(times >= self.borders[0], min(1, self.parts.n), 0)
            return np.where(times >= self.borders[1], self.parts.n + 1, judges) if self.parts.aside else judges
        if self.cut.groups is not None:
            named = pd.util.hash_pandas_object(self.cut.names(piece), index=False).to_numpy()
        else:
            named = row_keys(X) if self.parts.by_value else piece.index.to_numpy()
        own = row_draws(self.cut.seed, Purpose.SAMPLE, piece.index.to_numpy())
        return self.parts.of(row_draws(self.cut.seed, Purpose.JUDGED, named), own)

    def facts(self) -> RowFacts | None:
        """What decides who holds rows out, but for weights and labels, once all rows were seen; None where draws decided."""
        if not self.parts.whole:
            return None
        facts = RowFacts(sum(map(len, self.keys)), keys=np.concatenate(self.keys))
        if self.cut.groups is not None:
            names = np.unique(np.concatenate(self.roles), return_inverse=True)[1]
            return replace(facts, groups=names.astype(np.int64))
        return facts if self.cut.time is None else replace(facts, time=np.concatenate(self.roles))


def borders_of(cut: Cut, sample: pd.DataFrame, parts: Parts) -> tuple[float, float]:
    """The times from which rows judge networks, and are set aside, by a sample of the rows to learn from."""
    if cut.time is None or parts.whole or not len(sample):
        return np.inf, np.inf
    times = np.sort(cut.moments(sample))
    last = len(times) - 1
    aside = times[min(last, int(len(times) * (1 - parts.aside)))] if parts.aside else np.inf
    before = times[times < aside]
    judges = before[min(len(before) - 1, int(len(before) * (1 - parts.share)))] if parts.n and len(before) else np.inf
    return float(judges), float(aside)
