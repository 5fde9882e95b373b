"""A user's script, as type checkers see it: `make check` reads it with mypy, `make release` with pyright as well. It is not run."""

from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pandas as pd

import shoal
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, forward, make_loss

rng = np.random.default_rng(0)
X = rng.normal(size=(100, 3))
classifier = assert_type(ShoalClassifier(random_state=0, max_iter=5).fit(X, X[:, 0] > 0), ShoalClassifier)
probabilities = classifier.predict_proba(X[:3])
print(float(probabilities[0, 0]), classifier.score(X, X[:, 0] > 0), [W.shape for W in classifier.coefs_])

regressor = ShoalRegressor(hidden_layer_sizes=(8,), solver="lbfgs", calibration="cv+").fit(X, X[:, 0])
assert_type(regressor, ShoalRegressor)
lower, upper = regressor.predict_interval(X[:3], coverage=0.9)
print(lower + upper)

search = ShoalSearchCV(ShoalRegressor(), {"alpha": [0.01, 0.1]}, cv=3).fit(X, X[:, 0])
assert_type(search, ShoalSearchCV)
print(search.best_params_["alpha"], search.predict(X))

frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1] > 0})
model = assert_type(shoal.fit(frame, target="b"), shoal.TableModel)
print(model.predict(frame), model.evaluate(frame))
shoal.save(model, Path("b.shoal"))
loaded: Any = shoal.load("b.shoal")
found = shoal.cross_validate(frame, "b", folds=3)
assert_type(found.summary(), pd.DataFrame)
assert_type(shoal.cite("bibtex"), str)

inputs, _ = flower()
print(forward(exercise_parameters(n_h=4), inputs, ACTIVATIONS["tanh"], make_loss("sigmoid")).A2)
