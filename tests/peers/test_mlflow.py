"""mlflow's scikit-learn flavour stores our models: what is loaded predicts the same bits."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import shoal
from shoal import ShoalClassifier, ShoalRegressor

mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed: pip install mlflow-skinny (3.17 was compared)")
flavour = pytest.importorskip("mlflow.sklearn", reason="mlflow's scikit-learn flavour cannot be imported")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),  # few epochs settle nothing
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # mlflow's
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
QUICK = {"n_networks": 1, "hidden_layer_sizes": 4, "max_iter": 5, "random_state": 0}
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(60, 2)), columns=["a", "b"])
Y = X["a"] * X["b"]


def made(name):
    match name:
        case "regressor":
            return ShoalRegressor(**QUICK).fit(X, Y)
        case "classifier in a pipeline":
            return make_pipeline(StandardScaler(), ShoalClassifier(**QUICK)).fit(X, Y > 0)
    return shoal.fit(X.assign(kind=np.where(Y > 0, "u", "v"), y=Y), "y", settings=QUICK)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    """Runs and models of this test alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    yield
    mlflow.set_tracking_uri(before)


ROWS = X.head(7).assign(kind="u")


@pytest.mark.parametrize("name", ["regressor", "classifier in a pipeline", "raw table"])
def test_a_saved_model_predicts_the_same_bits(name, tmp_path):
    model = made(name)
    rows = ROWS if name == "raw table" else ROWS[["a", "b"]]
    flavour.save_model(model, tmp_path / "m", serialization_format="cloudpickle", pip_requirements=["shoal"])
    again = flavour.load_model(str(tmp_path / "m"))
    np.testing.assert_array_equal(again.predict(rows), model.predict(rows))
    assert type(again) is type(model)
    as_function = mlflow.pyfunc.load_model(str(tmp_path / "m"))
    np.testing.assert_array_equal(as_function.predict(rows), model.predict(rows))


def test_a_logged_model_is_loaded_from_its_run():
    model = made("regressor")
    with mlflow.start_run():
        logged = flavour.log_model(model, name="shoal", serialization_format="cloudpickle", pip_requirements=["shoal"])
        mlflow.log_params({name: value for name, value in model.get_params().items() if value is not None})
    np.testing.assert_array_equal(flavour.load_model(logged.model_uri).predict(X), model.predict(X))
