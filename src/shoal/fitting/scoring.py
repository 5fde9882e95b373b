"""The score by which early stopping chooses the best epoch: the parameter `scoring`, scikit-learn's name and values."""

from dataclasses import dataclass, field
from typing import Any, final

from shoal.kinds import ParameterKind
from shoal.nearest_names import nearest


@dataclass(frozen=True)
class OwnScoring:
    """A score of the user's own: a scorer's name, or a function of an estimator, X and y; the larger, the better.

    `estimator` is the one that was given it, whose copies are scored.
    """

    given: Any
    estimator: Any = field(default=None, compare=False)

    def __repr__(self) -> str:
        return named(self.given)


def named(given: Any) -> str:
    """A score by its name; the same in every process."""
    if isinstance(given, str):
        return repr(given)
    return f"{given.__module__}.{given.__qualname__}" if hasattr(given, "__qualname__") else " ".join(repr(given).split())


@final
@dataclass(frozen=True)
class ScoringKind(ParameterKind):
    """A scorer of scikit-learn by its name, or any function of an estimator, X and y; None and "loss" are the loss."""

    words = "None, 'loss', the name of a scorer of scikit-learn such as 'roc_auc', or a function of an estimator, X and y"
    doc = 'None, "loss", str or callable'

    def plain(self, value: Any, K: int) -> OwnScoring | None:
        if value is None or (isinstance(value, str) and value == "loss"):
            return None
        if isinstance(value, str):
            from sklearn.metrics import get_scorer_names

            names = get_scorer_names()
            if value in names:
                return OwnScoring(str(value))
            near = nearest(value, ["loss", *names])
            raise ValueError(f"it must be {self.words}" + (f"; the nearest names are {', '.join(map(repr, near))}" if near else ""))
        if not callable(value):
            raise ValueError
        if str(getattr(value, "__module__", "")).startswith("sklearn.metrics.") and hasattr(value, "__qualname__"):
            name = value.__qualname__
            raise ValueError(f"{name} takes targets and predictions, not an estimator; give make_scorer({name})")
        return OwnScoring(value)
