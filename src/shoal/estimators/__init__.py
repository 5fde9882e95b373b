"""scikit-learn's skins over the house: `__init__` stores, `fit` calls, attributes end in `_`; no mathematics."""
