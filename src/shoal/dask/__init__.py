"""Beyond one machine: searches, training and prediction on the workers of a Dask cluster. Needs the extra `shoal[dask]`."""

from shoal.dask.fitting import fit, fit_pipeline, folds_on
from shoal.dask.predict import lazily, predict, predict_proba
from shoal.dask.tables import fit_table

__all__ = ["fit", "fit_pipeline", "fit_table", "folds_on", "lazily", "predict", "predict_proba"]
