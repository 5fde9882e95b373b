"""Sets of classes: what they contain by the definition, how often they contain the true class, and every request they refuse."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, make_classification

import shoal
from sampling import sampled
from shoal import ShoalClassifier, ShoalRegressor
from shoal.cli.predict import predict_table
from shoal.errors import InvalidParameterError, ModelFileError
from shoal.fitting.folds import RowFacts, set_aside
from shoal.persistence.building import built
from shoal.persistence.storing import stored
from shoal.uncertainty.answers import answers, weights_of

pytestmark = pytest.mark.filterwarnings("ignore::shoal.OutsideWarning")  # new rows are drawn from all there are
QUICK = {"n_networks": 4, "hidden_layer_sizes": 16, "max_iter": 40}
KINDS = ("split", "cv+")


def made(m, seed, n_classes=3):
    X, y = make_classification(m, 6, n_informative=4, n_redundant=0, n_classes=n_classes, flip_y=0.15, class_sep=0.8, random_state=seed)
    return X, y


def fitted(calibration, m=300, seed=0, n_classes=3, **more):
    X, y = made(m + 2000, seed, n_classes)
    return ShoalClassifier(**{**QUICK, **more}, calibration=calibration, random_state=seed).fit(X[:m], y[:m]), X[m:], y[m:]


# --- the definition -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("calibration", KINDS)
def test_they_are_those_of_the_formula(calibration, n_classes, coverage, by_class):
    """One score after the other, as the definition says; for "split" by the quantile of LAC."""
    model, X, _ = fitted(calibration, 400, n_classes=n_classes)
    X, network = X[:40], model.network_
    known, shares = network.calibration, model.predict_proba(X)
    found = model.predict_set(X, coverage, by_class=by_class)
    scores, labels = known.scores[:, 0], known.labels[:, 0]
    for c in range(n_classes):
        mine = labels == c if by_class else np.ones(len(labels), bool)
        if calibration == "split":
            limit = np.sort(scores[mine])[math.ceil((mine.sum() + 1) * coverage - 1e-9) - 1]
            expected = 1 - shares[:, c] <= limit
        else:
            below = np.zeros(len(X))
            outputs = answers(network, shoal.network.encoded(network, X))
            for score, group in zip(scores[mine], known.groups[mine, 0], strict=True):
                weights = np.repeat(weights_of(network, known.members[group][:, None]), len(X), axis=1)
                p = network.g2(np.einsum("km,kzm->zm", weights, outputs.Z2))
                p = p[c] if n_classes > 2 else np.abs(p[0] - (1 - c))
                below += score < 1 - p
            expected = below < (mine.sum() + 1) * coverage - 1e-9
        np.testing.assert_array_equal(found[:, c], expected)


@pytest.mark.parametrize("calibration", KINDS)
def test_a_larger_coverage_only_adds_classes(calibration):
    model, X, _ = fitted(calibration)
    smaller = model.predict_set(X, 0.3)
    for coverage in (0.6, 0.9, 0.97):
        larger = model.predict_set(X, coverage)
        assert larger[smaller].all()
        smaller = larger
    assert model.predict_set(X, 0.97).mean() > model.predict_set(X, 0.3).mean()


@pytest.mark.parametrize("calibration", KINDS)
def test_rows_are_answered_alike_alone_and_together(calibration, monkeypatch):
    model, X, _ = fitted(calibration)
    together = model.predict_set(X[:60])
    np.testing.assert_array_equal(np.vstack([model.predict_set(X[[i]]) for i in range(60)]), together)
    monkeypatch.setattr("shoal.uncertainty.label_sets.BLOCK_ROWS", 17)
    np.testing.assert_array_equal(model.predict_set(X[:60]), together)


def test_labels_get_a_set_each_as_two_classes_do():
    X, y = made(400, 0)
    Y = np.column_stack([y > 0, X[:, 0] > 0]).astype(int)
    model = ShoalClassifier(**QUICK, calibration="split", random_state=0).fit(X[:300], Y[:300])
    found, shares, scores = model.predict_set(X[300:]), model.predict_proba(X[300:]), model.network_.calibration.scores
    assert found.shape == (100, 2, 2)
    for k in range(2):
        limit = scores[math.ceil((len(scores) + 1) * 0.9) - 1, k]
        np.testing.assert_array_equal(found[:, k], np.column_stack([shares[:, k], 1 - shares[:, k]]) <= limit)


# --- coverage -------------------------------------------------------------------------------------------------------

REPEATS = 12


def coverages(calibration, rows_of, m, coverage=0.9, **given):
    """The share of new rows whose class is in its set, for each of some fits to m rows drawn from all, and the mean size."""
    found = []
    for seed in range(REPEATS):
        X, y = rows_of(seed)
        order = np.random.default_rng(seed).permutation(len(y))
        learned, new = order[:m], order[m:]
        model = ShoalClassifier(**QUICK, calibration=calibration, random_state=seed).fit(X[learned], y[learned])
        sets = model.predict_set(X[new], coverage, **given)
        found.append((sets[np.arange(len(new)), y[new]].mean(), sets.sum(axis=1).mean(), len(new)))
    share, size, n_new = map(np.mean, zip(*found, strict=True))
    return share, size, n_new


def deviation(n, n_new, coverage):
    """Of the mean coverage of the fits: that of n scores is Beta(r, n + 1 − r), that of the new rows binomial."""
    r = math.ceil((n + 1) * coverage)
    beta = r * (n + 1 - r) / ((n + 1) ** 2 * (n + 2))
    return math.sqrt((beta + coverage * (1 - coverage) / n_new) / REPEATS)


DATA = {
    "made": (lambda seed: made(2300, seed), 300),
    "digits": (lambda seed: load_digits(return_X_y=True), 600),
    "breast cancer": (lambda seed: load_breast_cancer(return_X_y=True), 300),
}


@pytest.mark.parametrize("data", sampled(["made"], DATA))
def test_split_sets_contain_the_class_as_often_as_requested(data):
    """Exactly ⌈(n + 1) coverage⌉ / (n + 1) where no scores are equal, within three standard deviations of that mean."""
    rows_of, m = DATA[data]
    share, size, n_new = coverages("split", rows_of, m)
    n = m // 5
    assert abs(share - math.ceil((n + 1) * 0.9) / (n + 1)) < 3 * deviation(n, n_new, 0.9)
    assert 0.85 < size < 3


@pytest.mark.parametrize("data", sampled(["made"], DATA))
def test_cv_plus_sets_contain_the_class_at_least_as_often_as_requested(data):
    """The guarantee is 1 − 2α; on these sets no less than 1 − α, within three standard deviations. More is no fault but costs size."""
    rows_of, m = DATA[data]
    share, size, n_new = coverages("cv+", rows_of, m)
    assert 0.9 - 3 * deviation(m, n_new, 0.9) < share < 0.9 + 0.06
    assert 0.85 < size < 3


@pytest.mark.parametrize("calibration", KINDS)
def test_by_class_every_class_is_covered(calibration):
    """One class is a sixth of the rows and hard to tell: overall sets may miss it, sets by class must not."""

    def rows_of(seed):
        X, y = made(4000, seed, 2)
        keep = (y == 0) | (np.random.default_rng(seed).random(len(y)) < 0.2)
        return X[keep], y[keep]

    plain, by_class = [], []
    for seed in range(REPEATS):
        X, y = rows_of(seed)
        model = ShoalClassifier(**QUICK, calibration=calibration, random_state=seed).fit(X[:800], y[:800])
        rare = y[800:] == 1
        for found, given in ((plain, False), (by_class, True)):
            found.append(model.predict_set(X[800:], by_class=given)[rare, 1].mean())
    n = 800 // 6 // (5 if calibration == "split" else 1)
    assert np.mean(by_class) > 0.9 - 3 * deviation(n, 200, 0.9)
    assert np.mean(by_class) > np.mean(plain) + 0.1


def test_e8_sets_of_a_shuffled_class_contain_it_by_chance_alone():
    rng = np.random.default_rng(0)
    X, y, X_new, y_new = rng.standard_normal((400, 5)), rng.integers(0, 3, 400), rng.standard_normal((2000, 5)), rng.integers(0, 3, 2000)
    for calibration in KINDS:
        model = ShoalClassifier(**QUICK, calibration=calibration, random_state=0).fit(X, y)
        sets = model.predict_set(X_new)
        n = len(model.network_.calibration.scores)
        assert abs(sets[np.arange(2000), y_new].mean() - 0.9) < 3 * np.sqrt(0.09 / n + 0.09 / 2000) + 0.02  # cv+ covers a little more
        assert sets.sum(axis=1).mean() > 2.5, "no network knows anything"


# --- what the rows were kept from -----------------------------------------------------------------------------------


def test_e8_rows_set_aside_change_nothing_that_is_learned():
    X, y = made(300, 0)
    aside = set_aside("split", RowFacts(300, X=X, labels=y), 5)
    model = ShoalClassifier(**QUICK, calibration="split", random_state=5).fit(X, y)
    assert len(aside) == len(model.network_.calibration.scores) == 60
    weight = np.ones(300)
    weight[aside] = 0.0
    alone = ShoalClassifier(**QUICK, random_state=5).fit(X, y, weight)
    for mine, its in zip(model.network_.population.parameters, alone.network_.population.parameters, strict=True):
        np.testing.assert_array_equal(mine, its)
    expected = 1 - alone.predict_proba(X[aside])[np.arange(60), y[aside]]
    np.testing.assert_allclose(model.network_.calibration.scores[:, 0], np.sort(expected), atol=1e-6)  # float32


@pytest.mark.parametrize("seed", range(10))
def test_a_class_is_never_set_aside_whole(seed):
    y = np.r_[np.zeros(50, int), np.ones(40, int), 2, 3, 3]
    aside = set_aside("split", RowFacts(93, X=np.arange(93.0)[:, None], labels=y), seed)
    assert set(np.delete(y, aside)) == {0, 1, 2, 3}
    assert len(aside) >= 16
    twins = np.arange(93.0)[:, None]
    twins[0] = twins[90]  # the only row of class 2 has the inputs of another, which stays with it
    aside = set_aside("split", RowFacts(93, X=twins, labels=y), seed)
    assert not {0, 90} & set(aside.tolist())


def test_every_row_is_scored_by_networks_that_did_not_learn_it():
    X, y = made(240, 0)
    model = ShoalClassifier(**QUICK, calibration="cv+", random_state=1).fit(X, y)
    known = model.network_.calibration
    assert known.scores.shape == known.labels.shape == known.groups.shape == (240, 1)
    assert set(known.members.sum(axis=1)) <= {1, 2}
    np.testing.assert_array_equal(np.bincount(known.labels[:, 0]), np.bincount(y))


# --- raw rows, files, the command line ------------------------------------------------------------------------------


def flowers(m=160, seed=0):
    X, y = made(m, seed)
    return pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "kind": np.array(["low", "mid", "top"])[y]})


@pytest.fixture(scope="module")
def of_table():
    return shoal.fit(flowers(), "kind", settings={**QUICK, "calibration": "cv+"}, seed=0)


def test_raw_rows_get_the_sets_of_prepared_ones(of_table, tmp_path):
    rows = flowers(30, seed=1)
    expected = of_table["estimator"].predict_set(of_table["prepare"].transform(rows), 0.8)
    np.testing.assert_array_equal(of_table.predict_set(rows, 0.8), expected)
    rows.to_csv(tmp_path / "new.csv", index=False)
    np.testing.assert_array_equal(of_table.predict_set(tmp_path / "new.csv", 0.8), expected)
    by_class = of_table["estimator"].predict_set(of_table["prepare"].transform(rows), by_class=True)
    np.testing.assert_array_equal(of_table.predict_set(rows, by_class=True), by_class)
    table = of_table.predictions(rows, sets=0.8)
    names = [f"set(kind={label})" for label in ("low", "mid", "top")]
    assert list(table)[-3:] == names
    np.testing.assert_array_equal(table[names], expected)
    assert predict_table(of_table, tmp_path / "new.csv", tmp_path / "out.csv", sets=0.8)[0] == 30
    np.testing.assert_array_equal(pd.read_csv(tmp_path / "out.csv")[names], expected)


def test_several_targets_get_a_set_each():
    frame = flowers().assign(up=lambda f: np.where(f["a"] > 0, "yes", "no"), left=lambda f: f["b"] > 0).drop(columns="kind")
    model = shoal.fit(frame, ["up", "left"], settings={**QUICK, "calibration": "split"}, seed=0)
    table = model.predictions(frame, sets=0.8)
    names = ["set(up=no)", "set(up=yes)", "set(left=False)", "set(left=True)"]
    assert [name for name in table if name.startswith("set")] == names
    np.testing.assert_array_equal(table[names].to_numpy().reshape(-1, 2, 2), model.predict_set(frame, 0.8))


@pytest.mark.parametrize("calibration", KINDS)
def test_a_file_keeps_what_they_need(calibration, tmp_path):
    model, X, _ = fitted(calibration)
    again = shoal.load(shoal.save(model, tmp_path / "m.shoal"))
    for by_class in (False, True):
        np.testing.assert_array_equal(again.predict_set(X, by_class=by_class), model.predict_set(X, by_class=by_class))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_set(X), model.predict_set(X))


CHANGES = {
    "no scores": lambda a, c: [a.pop(name) for name in list(a) if name.startswith("label_")],
    "some of it": lambda a, c: a.pop("label_groups"),
    "a class that is none": lambda a, c: a.update(label_places=a["label_places"] + 1),
    "a group that is none": lambda a, c: a.update(label_groups=a["label_groups"] + 1),
    "a group of nobody": lambda a, c: a.update(label_members=a["label_members"] & False),
    "scores out of order": lambda a, c: a.update(label_scores=a["label_scores"][::-1].copy()),
    "a score above 1": lambda a, c: a.update(label_scores=a["label_scores"] + 1.0),
    "more scores than rows": lambda a, c: c.update(n_rows=3),
    "intervals too": lambda a, c: a.update(calibration_scores=a["label_scores"]),
    "other networks": lambda a, c: a.update(label_members=a["label_members"][:, :-1].copy()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_in_which_they_do_not_fit_is_refused(change):
    content = stored(fitted("cv+", 100)[0])
    content = replace(content, arrays=dict(content.arrays))
    built(content)
    CHANGES[change](content.arrays, content.manifest["network"]["calibration"])
    with pytest.raises(ModelFileError):
        built(content)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calibration", [None, "temperature"])
def test_without_rows_held_out_for_them_it_is_said_what_to_set(calibration):
    model, X, _ = fitted(calibration)
    with pytest.raises(InvalidParameterError, match=r"no scores of rows that were held out; fit with calibration='split' or 'cv\+'"):
        model.predict_set(X)


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5, np.nan, "0.9", None, True, [0.9]])
def test_a_coverage_that_is_none_is_named(coverage):
    model, X, _ = fitted("split", 100)
    with pytest.raises(InvalidParameterError, match="coverage"):
        model.predict_set(X, coverage)


def test_too_few_rows_are_named_with_the_number_needed():
    model, X, _ = fitted("split", 100)
    with pytest.raises(InvalidParameterError, match=r"coverage=0.99 needs at least 99 calibration rows, and there are 20"):
        model.predict_set(X, 0.99)
    with pytest.raises(InvalidParameterError, match=r"coverage=0.9 by class for class \d needs at least 9 calibration rows, and there are"):
        model.predict_set(X, by_class=True)
    with pytest.raises(InvalidParameterError, match="by_class"):
        model.predict_set(X, by_class="yes")


def test_what_is_no_class_has_no_set(of_table):
    frame = flowers()
    frame = frame.drop(columns="kind")
    model = shoal.fit(frame, "c", settings={**QUICK, "calibration": "split"})
    assert not hasattr(model, "predict_set")
    assert not hasattr(ShoalRegressor(), "predict_set")
    with pytest.raises(InvalidParameterError, match=r"sets=0.9 asks for sets of classes, but c is a number: .* --interval 0.9"):
        model.predictions(frame, sets=0.9)
    with pytest.raises(InvalidParameterError, match=r"interval=0.9 asks for intervals of numbers, but kind is a class: .* --sets 0.9"):
        of_table.predictions(flowers(), interval=0.9)


def test_one_network_cannot_hold_out_every_row():
    with pytest.raises(InvalidParameterError, match="calibration is 'cv\\+', which evaluates every row by networks that were trained"):
        ShoalClassifier(n_networks=1, calibration="cv+").fit(*made(100, 0))


def test_clone_and_training_on_keep_to_the_same_rows():
    model, X, y = fitted("split", 100)
    assert clone(model).calibration == "split"
    with pytest.raises(InvalidParameterError, match="calibration is 'split', which holds rows out"):
        ShoalClassifier(calibration="split").partial_fit(X, y, classes=[0, 1, 2])
    model.set_params(warm_start=True, early_stopping=False)
    with pytest.raises(InvalidParameterError, match="calibration is 'split' on 500 rows"):
        model.fit(X[:500], y[:500])
