"""Figures on matplotlib's axes, as scikit-learn's Display objects: `SomeDisplay.from_…(…, ax=ax)` draws and keeps what it drew.

Colours, fonts and grid follow matplotlib's settings (`matplotlib.rc_context`, `matplotlib.style`), light or dark. For ROC and calibration
curves, confusion matrices and decision boundaries use scikit-learn's Displays with a fitted model.
"""

from shoal.inspection.figures.diagram import NetworkDisplay, UnitsDisplay
from shoal.inspection.figures.displays import (
    EffectDisplay,
    ErrorHistogramDisplay,
    ImportanceDisplay,
    IntervalsDisplay,
    RegressionDisplay,
    TrainingCurvesDisplay,
)

__all__ = [
    "EffectDisplay",
    "ErrorHistogramDisplay",
    "ImportanceDisplay",
    "IntervalsDisplay",
    "NetworkDisplay",
    "RegressionDisplay",
    "TrainingCurvesDisplay",
    "UnitsDisplay",
]
