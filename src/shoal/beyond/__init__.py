"""Beyond one machine: searches, training and prediction on the workers of a Dask cluster. Needs the extra `shoal[dask]`."""

from shoal.beyond.fitting import fit, fit_pipeline
from shoal.beyond.lazily import lazily, predict, predict_proba
from shoal.beyond.searching import folds_on
from shoal.beyond.tables import fit_table

__all__ = ["fit", "fit_pipeline", "fit_table", "folds_on", "lazily", "predict", "predict_proba"]
