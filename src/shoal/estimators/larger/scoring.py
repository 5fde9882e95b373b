"""Scores of rows that come in pieces: `scores.metrics_of` and `sureness.sureness_of` as sums.

All of them are what the rows together would give, to rounding; the area under the ROC curve, which is no sum, is that of a seeded
sample where there are more rows than `ROC_ROWS`.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from shoal.draws import Purpose, row_draws
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.larger.survey import Sample
from shoal.estimators.scores import Metrics, answers, checked_scores
from shoal.estimators.sureness import COVERAGE, LEAST_ROWS
from shoal.fitting.summary import Moments, moments_of
from shoal.metrics import explained, surprise
from shoal.table.target import Task
from shoal.types import Floats
from shoal.uncertainty.reliability import BINS

ROC_ROWS = 1_000_000


@dataclass
class Scores:
    """A fitted model's scores, added up over pieces of rows that it has not learned from."""

    model: Any
    task: Task
    m: int = 0
    sums: dict[str, Any] = field(default_factory=dict)
    targets: Moments | None = None
    ranked: Sample = field(default_factory=lambda: Sample(ROC_ROWS))

    def see(self, X: Any, y: NDArray[Any]) -> None:
        """Score a piece: prepared rows and what they hold."""
        if self.task == "regression":
            self.see_numbers(X, y)
        else:
            shares = np.asarray(answers(self.model.predict_proba, X), np.float64)
            self.see_classes(np.asarray(answers(self.model.predict, X)), shares, y)
        self.m += len(y)

    def add(self, **found: Any) -> None:
        """Add to the sums."""
        for name, value in found.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def see_numbers(self, X: Any, y: Floats) -> None:
        """Errors of numbers, and how often intervals hold them."""
        residual = (y - np.asarray(answers(self.model.predict, X), np.float64)).reshape(len(y), -1)
        with np.errstate(over="ignore", invalid="ignore"):  # named in `metrics`
            self.add(squares=np.sum(residual**2, axis=0), distances=np.sum(np.abs(residual), axis=0))
        here = moments_of(y.reshape(len(y), -1), np.ones(len(y)))
        self.targets = here if self.targets is None else self.targets + here
        calibration = self.calibration()
        if calibration is not None and len(calibration.scores) >= LEAST_ROWS:
            lower, upper = self.model.predict_interval(X, COVERAGE)
            self.add(inside=float(np.mean((lower <= y) & (y <= upper))) * len(y), width=float(np.mean(upper - lower)) * len(y))

    def calibration(self) -> Any:
        """What the model's intervals stand on; None where it has none."""
        network = getattr(self.model, "network_", None)
        return None if network is None else network.calibration

    def see_classes(self, predicted: NDArray[Any], shares: Floats, y: NDArray[Any]) -> None:
        """Right answers, the surprise, and what says whether probabilities can be believed."""
        if y.ndim == 2:
            self.add(right=float(np.sum(np.all(predicted == y, axis=1))))
            columns = [(np.column_stack([1 - p, p]), np.column_stack([1 - hit, hit])) for p, hit in zip(shares.T, y.T, strict=True)]
        else:
            self.add(right=float(np.sum(predicted == y)))
            shares = shares / shares.sum(axis=1, keepdims=True)  # float32 shares add up to 1 only nearly
            columns = [(shares, (y[:, None] == self.model.classes_).astype(float))]
            if len(self.model.classes_) == 2:
                draws = row_draws(0, Purpose.SAMPLE, np.arange(self.m, self.m + len(y)))
                self.ranked.see(draws, pd.DataFrame({"share": shares[:, 1], "hit": columns[0][1][:, 1] > 0}))
        for number, (p, hit) in enumerate(columns):
            self.add(**{f"{name} {number}": value for name, value in sums_of_classes(p, hit).items()})

    def metrics(self) -> Metrics:
        """What `scores.metrics_of` says of all rows seen."""
        m, sums = self.m, self.sums
        if self.task == "regression":
            assert self.targets is not None
            scores = {"rmse": float(np.mean(np.sqrt(sums["squares"] / m))), "mae": float(np.mean(sums["distances"] / m))}
            r2 = np.mean(explained(sums["squares"], self.targets.squares))
            return checked_scores({**scores, "r2": float(r2)} if m > 1 else scores)
        scores = {"accuracy": sums["right"] / m, "log_loss": self.mean("surprise")}
        hits = self.ranked.frame
        if len(hits) and hits["hit"].nunique() == 2:
            scores["roc_auc"] = float(roc_auc_score(hits["hit"], hits["share"]))
        return scores

    def sureness(self) -> Metrics:
        """What `sureness.sureness_of` says of all rows seen."""
        if isinstance(self.model, ShoalClassifier):
            gaps = [np.abs(value).sum() / self.m for name, value in self.sums.items() if name.startswith("gaps")]
            return {"brier_score_loss": self.mean("brier"), "calibration_error": float(np.mean(gaps))}
        if "inside" not in self.sums:
            return {}
        return {"coverage_90": self.sums["inside"] / self.m, "width_90": self.sums["width"] / self.m}

    def mean(self, name: str) -> float:
        """The mean over rows, and over labels where there are several."""
        return float(np.mean([value for key, value in self.sums.items() if key.startswith(f"{name} ")]) / self.m)


def sums_of_classes(shares: Floats, hit: Floats) -> dict[str, Any]:
    """Sums over rows for one target: −ln of what the right class was given, Brier's score, and the gaps of the calibration error."""
    counted = slice(1, None) if shares.shape[1] == 2 else slice(None)
    best, rows = shares.argmax(axis=1), np.arange(len(shares))
    sure, right = shares[rows, best], hit[rows, best]
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    return {
        "surprise": float(np.sum(hit * surprise(shares))),
        "brier": float(np.sum((shares - hit)[:, counted] ** 2)),
        "gaps": np.bincount(place, weights=sure - right, minlength=BINS),
    }
