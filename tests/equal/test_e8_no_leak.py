"""E8: nothing leaks. With a target that has nothing to do with the inputs, every score is at chance."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

import shoal
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor

M, N_X = 300, 6
# Right guesses among 300 rows vary by √(¼/300) = 0.029 around a half: three standard deviations.
AT_CHANCE = 0.5 + 3 * np.sqrt(0.25 / M)
# The best epoch of a fit is the luckiest of many: one standard deviation more.
LUCKIEST = 0.5 + 4 * np.sqrt(0.25 / M)
# Squared correlations of 300 rows with noise are about 1/300; a model that learns noise scores below 0.
NO_R2 = 0.03


def rows(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((M, N_X))
    y = rng.permutation(np.repeat([0, 1], M // 2))
    return X, y, rng.standard_normal(M)


@pytest.mark.parametrize("seed", range(3))
def test_labels_drawn_at_random_are_predicted_at_chance(seed):
    X, y, _ = rows(seed)
    model = ShoalClassifier(random_state=seed, n_networks=4, hidden_layer_sizes=16)
    scores = cross_val_score(model, X, y, cv=StratifiedKFold(3, shuffle=True, random_state=seed))
    assert np.mean(scores) < AT_CHANCE


@pytest.mark.parametrize("seed", range(3))
def test_numbers_drawn_at_random_are_predicted_no_better_than_by_their_mean(seed):
    X, _, y = rows(seed)
    model = ShoalRegressor(random_state=seed, n_networks=4, hidden_layer_sizes=16, max_iter=20)
    scores = cross_val_score(model, X, y, cv=KFold(3, shuffle=True, random_state=seed))
    assert np.mean(scores) < NO_R2


# Batches of one row: an eighth of a network's updates are on a row that it holds out.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # no epoch is left out: the limit comes first on purpose
@pytest.mark.parametrize(("batch_size", "rate", "epochs"), [(1, 0.01, 25), (16, 0.03, 30), (M, 0.05, 80)])
def test_validation_scores_of_random_labels_are_at_chance_for_every_batch_size(batch_size, rate, epochs):
    X, y, _ = rows(4)
    by_heart = {
        "learning_rate": "constant",
        "learning_rate_init": rate,
        "dropout": 0.0,
        "alpha": 0.0,
        "max_iter": epochs,
        "n_iter_no_change": epochs,
    }
    model = ShoalClassifier(random_state=0, n_networks=8, ramps=True, batch_size=batch_size, **by_heart).fit(X, y)
    assert model.loss_curve_[-1] < 0.2, "it has learned its own rows by heart"
    assert model.validation_scores_[-1] < AT_CHANCE
    assert model.best_validation_score_ < LUCKIEST


def test_validation_scores_of_random_numbers_are_not_above_those_of_the_mean():
    X, _, y = rows(5)
    model = ShoalRegressor(random_state=0, n_networks=8, batch_size=1, max_iter=10, hidden_layer_sizes=16).fit(X, y)
    assert model.best_validation_score_ < NO_R2


def test_the_target_of_a_held_out_row_changes_no_weight_of_the_network_that_holds_it_out():
    X, _, y = rows(6)
    settings = {
        "random_state": 0,
        "n_networks": 2,
        "ramps": False,
        "standardize": False,
        "batch_size": 1,
        "max_iter": 1,
        "early_stopping": True,
    }
    seen = []

    def watch(event):
        seen.append(event.validation_loss)

    fits = [ShoalRegressor(**settings, callbacks=[watch]).fit(X, target) for target in (y, with_another_value_in_the_first_part(X, y))]
    one, other = (fit.network_.population.parameters.W1 for fit in fits)
    assert seen[0][0] != seen[1][0]
    np.testing.assert_array_equal(one[0], other[0])
    assert np.any(one[1] != other[1])


def with_another_value_in_the_first_part(X, y):
    """y with the target of one row changed that the first network holds out (and the second does not)."""
    from shoal.fitting.folds import random_parts

    changed = y.copy()
    changed[random_parts(len(X), 8, None, 0)[0][0]] += 3.0
    return changed


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # the limit comes first on purpose
@pytest.mark.parametrize("own", [False, True])
def test_held_out_rows_of_a_category_read_by_target_means_are_predicted_at_chance(own):
    """By the networks that hold them out, and by the model: levels of ten rows, or of a hundred, a few of which have a column beside."""
    rng = np.random.default_rng(7)
    m, levels = 6_000, 40 if own else 600
    codes = rng.integers(0, levels, m)
    table = pd.DataFrame({"code": [f"{chr(97 + i % 26)}{chr(97 + i // 26)}y" for i in codes], "x": rng.standard_normal(m)})
    table["y"] = rng.permutation(np.repeat(["no", "yes"], m // 2))
    by_heart = {
        "dropout": 0.0,
        "alpha": 0.0,
        "learning_rate": "constant",
        "learning_rate_init": 0.01,
        "max_iter": 30,
        "n_iter_no_change": 30,
    }
    model = shoal.fit(table, "y", settings={"n_networks": 4, "hidden_layer_sizes": 32, **by_heart})
    names = list(model["prepare"].get_feature_names_out())
    assert "code, share of yes" in names
    assert any(name.startswith("code_") for name in names) == own
    deviation = np.sqrt(0.25 / (0.8 * m / 2))  # each of four networks holds out an eighth of the rows that are learned from
    assert model["estimator"].validation_scores_[-1] < 0.5 + 3 * deviation
    assert model["estimator"].best_validation_score_ < 0.5 + 4 * deviation
    assert abs(model.facts_.metrics["accuracy"] - 0.5) < 3 * np.sqrt(0.25 / (0.2 * m))
