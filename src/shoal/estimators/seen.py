"""What a person sees of a fitted estimator: its diagnosis, and its picture in a notebook."""

from abc import ABC
from typing import Any

from sklearn.base import BaseEstimator

from shoal.estimators.diagnosed import diagnosed
from shoal.estimators.notebook import notebook_lines
from shoal.inspection import Diagnosis


class SeenEstimator(BaseEstimator, ABC):
    """An estimator that shows itself. Abstract: see ShoalClassifier and ShoalRegressor."""

    def diagnose(self, X: Any, y: Any) -> Diagnosis:
        """What may be wrong with the network, seen on rows X `(m, n)` with their y.

        Parameters
        ----------
        X, y : as for `fit`; best rows that it has not learned from

        Returns
        -------
        Diagnosis
            A sequence of `Finding`, empty for a healthy network; docs/diagnosis.md says what is looked for.

        Raises
        ------
        DataError
            For targets of another kind, or classes that the network does not know.
        """
        return diagnosed(self, X, y)

    def _html_repr(self) -> str:
        """scikit-learn's diagram, and of a fitted estimator its shape, solver, score and curve."""
        diagram: str = super()._html_repr()
        return diagram + (notebook_lines(self) if hasattr(self, "network_") else "")
