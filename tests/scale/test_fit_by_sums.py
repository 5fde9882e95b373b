"""Full-batch training on Dask collections: the numbers of the fit in memory, whatever the partitions."""

from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import shoal
from clusters import running_cluster
from sampling import sampled
from shoal import ShoalClassifier, ShoalRegressor
from shoal.dask.partitions import Raw, Span, Sum, over_spans, span_ends, tree
from shoal.dask.survey import quantiles_of_all
from shoal.encoding import ramp_edges
from shoal.errors import DataError, InvalidParameterError

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

SAME = 1e-9  # relative: float64 sums in another order, through some steps of a smooth network
QUICK = {"max_iter": 6, "n_networks": 2, "hidden_layer_sizes": 4, "activation": "tanh", "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:max_iter")  # few steps on purpose


def rows(m=140):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, 3)) * [1.0, 10.0, 0.1] + [0.0, 1000.0, 0.0]
    return X, X[:, 0] + np.sin(X[:, 1]) + 5 * X[:, 2] + 0.1 * rng.normal(size=m)


def pieces(values, ends):
    """An array cut at these rows; two equal ones make an empty partition."""
    starts = [0, *ends]
    return da.concatenate(
        [da.from_array(values[a:b], chunks=-1) for a, b in zip(starts, [*ends, len(values)], strict=True)], allow_unknown_chunksizes=True
    )


def assert_same(there, here, X):
    for ours, theirs in zip((*there.coefs_, *there.intercepts_), (*here.coefs_, *here.intercepts_), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=SAME, atol=SAME * np.abs(theirs).max())
    np.testing.assert_allclose(there.loss_curve_, here.loss_curve_, rtol=SAME)
    assert there.n_iter_ == here.n_iter_
    answer = "predict_proba" if hasattr(here, "classes_") else "predict"
    np.testing.assert_allclose(getattr(there, answer)(X), getattr(here, answer)(X), rtol=SAME)


CUTS = {"1": [], "2": [40], "7": [10, 30, 31, 70, 90, 120], "empty": [0, 50, 50, 140]}


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize(("solver", "skip"), [("lbfgs", False), ("lm", False), ("bayes", False), ("lbfgs", True), ("bayes", True)])
def test_regression_equals_the_fit_in_memory(client, solver, skip, cuts):
    X, y = rows()
    here = ShoalRegressor(solver=solver, skip=skip, **QUICK).fit(X, y)
    there = shoal.dask.fit(ShoalRegressor(solver=solver, skip=skip, **QUICK), pieces(X, CUTS[cuts]), pieces(y, CUTS[cuts]), client=client)
    assert_same(there, here, X)
    np.testing.assert_allclose(there.network_.noise.variance[0], here.network_.noise.variance[0], rtol=1e-7)  # of squares of residuals
    assert there.network_.noise.source == here.network_.noise.source
    np.testing.assert_array_equal(there.network_.lowest, here.network_.lowest)


@pytest.mark.parametrize(("settings", "weighted"), [({"ramps": True}, False), ({"ramps": False}, True)])
def test_cells_far_from_all_others_are_limited_as_in_memory(client, settings, weighted):
    X, y = rows()
    X[[3, 77], [2, 0]] = 1e5, -300.0
    weight = np.random.default_rng(1).integers(1, 3, len(y)).astype(float) if weighted else None
    settings = {**QUICK, "solver": "lbfgs", **settings}
    here = ShoalRegressor(**settings).fit(X, y, weight)
    cut = CUTS["7"]
    there = shoal.dask.fit(
        ShoalRegressor(**settings), pieces(X, cut), pieces(y, cut), pieces(weight, cut) if weighted else None, client=client
    )
    assert len(here.network_.encoding.limited_inputs) == 2
    assert there.network_.encoding.limited_inputs == here.network_.encoding.limited_inputs
    assert_same(there, here, X)


@pytest.mark.parametrize("settings", [{"ramps": True, "early_stopping": False}, {}, {"class_weight": "balanced", "solver": "lm"}])
def test_classes_of_which_a_partition_has_one_only(client, settings):
    X, y = rows()
    order = np.argsort(y)
    X, labels = X[order], np.array(["a", "b", "c"], object)[np.digitize(y[order], np.quantile(y, [0.5, 0.8]))]
    settings = {**QUICK, "solver": "lbfgs", **settings}
    here = ShoalClassifier(**settings).fit(X, labels)
    there = ShoalClassifier(**settings).fit(pieces(X, [60, 100, 130]), pieces(labels, [60, 100, 130]))  # Dask's current client
    assert there.classes_.tolist() == ["a", "b", "c"]
    assert_same(there, here, X)


def test_weights_several_targets_and_own_validation_rows(client):
    X, y = rows()
    Y, w = np.column_stack([y, -(y**2)]), np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    own = {"X_val": X[:30], "y_val": Y[:30]}
    settings = {**QUICK, "solver": "lbfgs", "ramps": True}
    here = ShoalRegressor(**settings).fit(X[30:], Y[30:], w[30:], **own)
    split = {"X_val": pieces(X[:30], [9]), "y_val": pieces(Y[:30], [9])}
    there = shoal.dask.fit(
        ShoalRegressor(**settings), pieces(X[30:], [50]), pieces(Y[30:], [50]), pieces(w[30:], [50]), **split, client=client
    )
    assert_same(there, here, X)
    np.testing.assert_allclose(there.validation_scores_, here.validation_scores_, rtol=SAME)


@pytest.mark.parametrize("settings", [{"solver": "bayes"}, {"solver": "lbfgs", "alpha": 0.3}])
def test_weights_that_add_up_to_one_are_relative_there_too(client, settings):
    X, y = rows()
    w = np.random.default_rng(1).uniform(0.2, 2.0, len(y))
    w[:9], w[40:] = 0.0, w[40:].round()  # whole numbers in some partitions alone
    here = ShoalRegressor(**QUICK, **settings).fit(X, y, w / 512)
    there = shoal.dask.fit(ShoalRegressor(**QUICK, **settings), pieces(X, [40]), pieces(y, [40]), pieces(w / 512, [40]), client=client)
    assert_same(there, here, X)
    np.testing.assert_allclose(there.network_.noise.variance[0], here.network_.noise.variance[0], rtol=1e-7)


def test_frames_with_unsorted_and_duplicate_indices(client):
    X, y = rows()
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(X, columns=list("abc"), index=rng.integers(0, 5, len(y))).assign(y=y)
    parts = dd.from_map(lambda i: frame.iloc[i * 50 : (i + 1) * 50], range(3))
    settings = {**QUICK, "solver": "lm"}
    here = ShoalRegressor(**settings).fit(frame[list("abc")], frame["y"])
    there = shoal.dask.fit(ShoalRegressor(**settings), parts[list("abc")], parts["y"], client=client)
    assert there.feature_names_in_.tolist() == list("abc")
    assert_same(there, here, frame[list("abc")])


def test_rows_in_memory_are_sent(client):
    X, y = rows()
    frame, settings = pd.DataFrame(X, columns=list("abc")), {**QUICK, "solver": "lbfgs"}
    here = ShoalRegressor(**settings).fit(frame, y, np.arange(140.0))
    there = shoal.dask.fit(ShoalRegressor(**settings), frame, y, np.arange(140.0), client=client)
    assert there.feature_names_in_.tolist() == list("abc")
    assert_same(there, here, frame)
    with pytest.raises(DataError, match="X has 140 rows, y has 139"):
        shoal.dask.fit(ShoalRegressor(**settings), X, y[1:], client=client)


def test_labels_of_several_kinds(client):
    X, y = rows()
    Y = (np.column_stack([y, -y, X[:, 0]]) > 0).astype(int)
    settings = {**QUICK, "solver": "lbfgs"}
    here = ShoalClassifier(**settings).fit(X, Y)
    assert_same(shoal.dask.fit(ShoalClassifier(**settings), pieces(X, [77]), pieces(Y, [77]), client=client), here, X)


@pytest.mark.slow
def test_the_evidence_chooses_the_same_width(client):
    X, y = rows(60)
    settings = {"solver": "bayes", "max_iter": 12, "n_networks": 1, "random_state": 0}
    here = ShoalRegressor(**settings).fit(X, y)
    there = shoal.dask.fit(ShoalRegressor(**settings), pieces(X, [20]), pieces(y, [20]), client=client)
    np.testing.assert_allclose(
        there.evidence_table_["log_evidence"], here.evidence_table_["log_evidence"], rtol=1e-6
    )  # a sum of logs that cancel
    assert there.network_.population.widths.tolist() == here.network_.population.widths.tolist()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda X, y: X.__setitem__((-1, 0), np.nan), "partition 3 of 3: Input X contains NaN"),
        (lambda X, y: X.__setitem__((-1, 0), "many"), "partition 3 of 3: .*could not convert string to float: 'many'"),
        (lambda X, y: y.__setitem__(-1, np.inf), "partition 3 of 3: y holds inf in row 50"),
        (lambda X, y: y.__setitem__(-1, "no"), "partition 3 of 3: .*'no'"),
    ],
)
def test_what_is_wrong_in_the_last_partition_is_named(client, spoil, words):
    X, y = rows()
    X, y = X.astype(object), y.astype(object)
    spoil(X, y)
    with pytest.raises(DataError, match=words):
        shoal.dask.fit(ShoalRegressor(solver="lm", **QUICK), pieces(X, [50, 90]), pieces(y, [50, 90]), client=client)


def test_labels_of_another_kind_or_only_held_out_are_named(client):
    X, y = rows()
    labels = (y > 0).astype(int)
    halves = labels[:70], np.array(["yes"] * 70)
    mixed = dd.from_map(lambda i: pd.Series(halves[i]), range(2), meta=pd.Series([], dtype=object))
    with pytest.raises(DataError, match="partition 2: y holds text, where partition 1 holds numbers"):
        shoal.dask.fit(ShoalClassifier(solver="lbfgs", **QUICK), pieces(X, [70]), mixed, client=client)
    held = np.where(np.arange(40) == 39, 7, labels[:40])
    with pytest.raises(DataError, match=r"partition 2 of 2 of X_val: y has \[7\], which is not among the classes \[0, 1\]"):
        shoal.dask.fit(
            ShoalClassifier(solver="lbfgs", **QUICK),
            pieces(X, [70]),
            pieces(labels, [70]),
            X_val=pieces(X[:40], [20]),
            y_val=pieces(held, [20]),
            client=client,
        )
    with pytest.raises(DataError, match="y has 1 class only"):
        shoal.dask.fit(ShoalClassifier(solver="lbfgs", **QUICK), pieces(X, [70]), pieces(np.zeros(140, int), [70]), client=client)


def test_what_does_not_fit_together_is_named(client):
    X, y = rows()
    fresh = ShoalRegressor(solver="lm", **QUICK)
    with pytest.raises(DataError, match="y is a ndarray, and other rows are in a Dask collection: give it as one too"):
        shoal.dask.fit(fresh, pieces(X, []), y, client=client)
    with pytest.raises(DataError, match=r"partition (1 of 2: X has 50 rows, y has 60|2 of 2: X has 90 rows, y has 80)"):
        shoal.dask.fit(fresh, pieces(X, [50]), unknown(pieces(y, [60])), client=client)
    with pytest.raises(DataError, match="X has 2 partitions and y has 3; they must be cut alike"):
        shoal.dask.fit(fresh, pieces(X, [50]), unknown(pieces(y, [60, 90])), client=client)
    with pytest.raises(DataError, match="every row has weight 0"):
        shoal.dask.fit(fresh, pieces(X, []), pieces(y, []), pieces(0 * y, []), client=client)
    with pytest.raises(DataError, match="no partition has any row"):
        shoal.dask.fit(fresh, pieces(X[:0], []), pieces(y[:0], []), client=client)


def unknown(array):
    """The same without its sizes being known."""
    return da.concatenate(
        [array.blocks[i][array.blocks[i] == array.blocks[i]] for i in range(array.numblocks[0])], allow_unknown_chunksizes=True
    )


def test_sums_do_not_depend_on_the_spans():
    values = np.random.default_rng(0).normal(size=13) * 10.0 ** np.arange(13)  # any other order rounds otherwise
    sums = [Sum(None if i == 5 else value) for i, value in enumerate(values)]
    totals = set()
    for threads in (1, 2, 3, 5, 16):
        ends = span_ends(13, threads)
        totals.add(tree([tree(sums[a:b]) for a, b in pairwise([0, *ends])]).value)
        assert ends[-1] == 13
    assert len(totals) == 1
    assert totals != {sum(v.value for v in sums if v.value is not None)}
    assert span_ends(13, 1) == [13]
    assert span_ends(16, 2) == [8, 16]
    assert span_ends(3, 8) == [1, 2, 3]


def numbers(block):
    return np.array([float(block.number) / 7])


def test_many_lanes_are_added_up_on_workers_in_the_same_order(client):
    spans = client.map(lambda i: Span(i, i + 1, (Raw(i, np.zeros((1, 1)), np.zeros(1), None),)), range(75))
    found = over_spans(client, numbers, spans)
    assert found == tree([Sum(np.array([i / 7])) for i in range(75)]).value


@pytest.mark.slow  # a cluster of its own
def test_one_worker_gives_the_bits_of_two(client):
    X, y = rows()
    two = shoal.dask.fit(ShoalRegressor(solver="lbfgs", **QUICK), pieces(X, CUTS["7"]), pieces(y, CUTS["7"]), client=client)
    with running_cluster(1) as alone:
        one = shoal.dask.fit(ShoalRegressor(solver="lbfgs", **QUICK), pieces(X, CUTS["7"]), pieces(y, CUTS["7"]), client=alone)
    np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])


@pytest.mark.parametrize("weighted", [False, True])
def test_no_more_columns_are_brought_together_at_once_than_there_are_workers(client, monkeypatch, weighted):
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(60, 5)), rng.integers(0, 3, 60).astype(float) if weighted else None
    spans = [Span(i, i + 1, (Raw(i, X[s], X[s, 0], None if weight is None else weight[s]),)) for i, s in enumerate(CUT)]
    sizes, gather = [], client.gather
    monkeypatch.setattr(client, "gather", lambda futures: (sizes.append(len(futures)), gather(futures))[1])
    found = quantiles_of_all(client, True, 5, [*client.scatter(spans, hash=False), Span(3, 4, ())])
    assert sizes == [2, 2, 1]
    kept = slice(None) if weight is None else weight > 0
    for j, (_, edges) in enumerate(found):
        np.testing.assert_array_equal(edges, ramp_edges(X[kept, j], None if weight is None else weight[kept]))


CUT = (slice(0, 20), slice(20, 50), slice(50, 60))


HELD = {"early_stopping": True}
CALIBRATED = {  # what is predicted, settings, whether networks are evaluated on the caller's rows
    "split": ("numbers", {"calibration": "split"}, False),
    "split, stopped early": ("numbers", {"calibration": "split", **HELD}, False),
    "split, caller's rows": ("numbers", {"calibration": "split"}, True),
    "split of two targets by lm": ("targets", {"calibration": "split", "solver": "lm", "alpha": 0.1}, False),
    "temperature": ("classes", {"calibration": "temperature"}, False),
    "temperature, weighed classes": ("classes", {"calibration": "temperature", "class_weight": "balanced", **HELD}, False),
    "temperature, caller's rows": ("classes", {"calibration": "temperature"}, True),
    "temperature of two labels": ("labels", {"calibration": "temperature"}, False),
    "sets, split": ("classes", {"calibration": "split"}, False),
    "sets, cv+": ("classes", {"calibration": "cv+", **HELD}, False),
    "sets of two labels": ("labels", {"calibration": "cv+"}, False),
    "cv+": ("numbers", {"calibration": "cv+"}, False),
    "cv+, stopped early": ("numbers", {"calibration": "cv+", **HELD}, False),
    "cv+, caller's rows": ("numbers", {"calibration": "cv+"}, True),
    "cv+ of one kind": ("numbers", {"calibration": "cv+", "ramps": False, "n_networks": 2, **HELD}, False),
    "cv+, gaussian": ("numbers", {"calibration": "cv+", "loss": "gaussian", **HELD}, False),
    "cv+, evidence": ("numbers", {"calibration": "cv+", "solver": "bayes", "hidden_layer_sizes": 3}, False),
}
BY = {"rows": {}, "groups": {"groups": 5}, "time": {"time": 3}}  # rows that belong together, or have one time
EACH = [(name, list(BY)[k % 3], k % 2 == 0) for k, name in enumerate(CALIBRATED)]


@pytest.mark.parametrize(("name", "role", "weighed"), sampled(EACH, product(CALIBRATED, BY, (False, True))))
def test_calibration_is_that_of_the_fit_in_memory(client, name, role, weighed):
    what, settings, own = CALIBRATED[name]
    X, y = rows(240)
    X[:30] = X[30:60]  # rows with the same inputs are held out by the same networks
    classes = np.array(["a", "b", "c"], object)[np.digitize(y, np.quantile(y, [0.5, 0.8]))]
    Y = {"numbers": y, "targets": np.column_stack([y, -(y**2)]), "classes": classes, "labels": np.column_stack([y > 0, y > 3]).astype(int)}[
        what
    ]
    kind = ShoalRegressor if what in ("numbers", "targets") else ShoalClassifier
    fresh = kind(**{**QUICK, "solver": "lbfgs", "n_networks": 6, **settings})
    ends, known = [20, 21, 100, 100, 170], {name: np.random.default_rng(2).permutation(240) // n for name, n in BY[role].items()}
    w = np.random.default_rng(1).integers(0, 3, 240) / 1.6 if weighed else None
    judges = {"X_val": X[:40], "y_val": Y[:40]} if own else {}
    if role == "time" and settings["calibration"] == "cv+":
        with pytest.raises(InvalidParameterError, match="calibration is 'cv\\+' and time is given"):
            shoal.dask.fit(fresh, pieces(X, ends), pieces(Y, ends), client=client, **known)
        return
    here = clone(fresh).fit(X, Y, w, **judges, **known)
    of_own = {name: pieces(values, [15]) for name, values in judges.items()}
    weights = None if w is None else pieces(w, ends)
    there = shoal.dask.fit(clone(fresh), pieces(X, ends), pieces(Y, ends), weights, **of_own, **known, client=client)
    assert_same(there, here, X)
    assert there.temperature_ == pytest.approx(here.temperature_, rel=1e-6)  # the tolerance of its search
    mine, its = there.network_.calibration, here.network_.calibration
    assert (mine is None) == (its is None) == (settings["calibration"] == "temperature")
    if its is not None:
        assert (mine.kind, mine.n_rows) == (its.kind, its.n_rows)
        np.testing.assert_allclose(mine.scores, its.scores, rtol=1e-7, atol=1e-8)
        if kind is ShoalClassifier:
            assert np.mean(there.predict_set(X) != here.predict_set(X)) < 0.01  # a score that rounds apart moves one rank
            np.testing.assert_array_equal(np.sort(mine.labels, axis=0), np.sort(its.labels, axis=0))
            return
        for a, b in zip(there.predict_interval(X), here.predict_interval(X), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("class_weight", ["balanced", [{1: 3.0}, {0: 0.5, 1: 2}]])
def test_classes_of_several_columns_weigh_as_in_memory(client, class_weight):
    X, y = rows()
    Y, w = np.column_stack([y > 0, y > 3]).astype(int), np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    fresh = ShoalClassifier(solver="lbfgs", class_weight=class_weight, **QUICK)
    there = shoal.dask.fit(clone(fresh), pieces(X, [60, 100]), pieces(Y, [60, 100]), pieces(w, [60, 100]), client=client)
    assert_same(there, clone(fresh).fit(X, Y, w), X)
    with pytest.raises(InvalidParameterError, match="and y has 2 columns of 0 and 1; give a list of 2 dicts"):
        shoal.dask.fit(clone(fresh).set_params(class_weight={1: 2.0}), pieces(X, [60]), pieces(Y, [60]), client=client)


def test_of_few_rows_the_same_are_held_out_as_in_memory(client):
    X, y = rows(60)
    settings = {**QUICK, "solver": "lbfgs", "early_stopping": True}
    here = ShoalRegressor(**settings).fit(X, y)
    assert_same(shoal.dask.fit(ShoalRegressor(**settings), pieces(X, [20]), pieces(y, [20]), client=client), here, X)
    with pytest.raises(DataError, match="validation set is too small: a network would hold out 1 of the rows that count"):
        shoal.dask.fit(ShoalRegressor(**settings), pieces(X[:2], [1]), pieces(y[:2], [1]), client=client)


@pytest.mark.parametrize("role", ["groups", "time"])
def test_groups_and_times_are_held_out_as_in_memory(client, role):
    X, y = rows()
    known = {role: np.random.default_rng(1).permutation(np.arange(140) // 5)}
    settings = {**QUICK, "solver": "lbfgs", "early_stopping": True}
    here = ShoalRegressor(**settings).fit(X, y, **known)
    there = shoal.dask.fit(ShoalRegressor(**settings), pieces(X, [40]), pieces(y, [40]), client=client, **known)
    assert_same(there, here, X)
    np.testing.assert_allclose(there.best_validation_score_, here.best_validation_score_, rtol=SAME)
