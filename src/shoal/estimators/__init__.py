"""scikit-learn's interface to the library: `__init__` stores, `fit` calls, attributes end in `_`; no mathematics."""
