"""Figures on matplotlib's axes, as scikit-learn's Display objects: `SomeDisplay.from_…(…, ax=ax)` draws and keeps what it drew.

Colours, fonts and grid follow matplotlib's settings (`matplotlib.rc_context`, `matplotlib.style`), light or dark. `model.plot` draws
them of a fitted model, one call each. For decision boundaries use scikit-learn's `DecisionBoundaryDisplay`.
"""

from shoal.inspection.figures.classes import ClassCurvesDisplay
from shoal.inspection.figures.diagram import NetworkDisplay, UnitsDisplay
from shoal.inspection.figures.displays import (
    EffectDisplay,
    ErrorHistogramDisplay,
    ImportanceDisplay,
    IntervalsDisplay,
    RegressionDisplay,
    TrainingCurvesDisplay,
)
from shoal.inspection.figures.inputs import ProfileDisplay, RankingDisplay, WeightsDisplay

__all__ = [
    "ClassCurvesDisplay",
    "EffectDisplay",
    "ErrorHistogramDisplay",
    "ImportanceDisplay",
    "IntervalsDisplay",
    "NetworkDisplay",
    "ProfileDisplay",
    "RankingDisplay",
    "RegressionDisplay",
    "TrainingCurvesDisplay",
    "UnitsDisplay",
    "WeightsDisplay",
]
