"""Workers and schedulers that die: nothing is lost, no bit changes, and a later call goes on."""

import numpy as np
import pytest

import shoal
from clusters import kill_a_worker, own_scheduler
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import CheckpointError, ClusterError, OutputError

da = pytest.importorskip("dask.array")
CommClosedError = pytest.importorskip("distributed.comm").CommClosedError

QUICK = {"max_iter": 8, "n_networks": 2, "hidden_layer_sizes": 4, "activation": "tanh", "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:max_iter")  # few steps on purpose


def rows(m=160):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, 3))
    return da.from_array(X, chunks=(50, 3)), da.from_array(X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=m), chunks=50), X


def assert_same_bits(ours, theirs, X):
    for a, b in zip((*ours.coefs_, *ours.intercepts_), (*theirs.coefs_, *theirs.intercepts_), strict=True):
        np.testing.assert_array_equal(a, b)
    assert ours.loss_curve_ == theirs.loss_curve_
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def at_epoch(number, action):
    """A callback that acts once."""
    done = []

    def watch(event):
        if event.epoch == number and not done:
            done.append(action())

    return watch


@pytest.mark.slow  # Dask waits many seconds for the dead worker
@pytest.mark.parametrize("solver", ["lbfgs", *(pytest.param(name, marks=pytest.mark.slow) for name in ("lm", "bayes"))])
def test_a_worker_that_dies_while_sums_are_taken_changes_no_bit(client, solver):
    X, y, raw = rows()
    whole = shoal.dask.fit(ShoalRegressor(solver=solver, **QUICK), X, y, client=client)
    watch = at_epoch(3, lambda: kill_a_worker(client))
    survivor = shoal.dask.fit(ShoalRegressor(solver=solver, callbacks=[watch], **QUICK), X, y, client=client)
    assert_same_bits(survivor, whole, raw)


@pytest.mark.parametrize(
    "solver",
    [
        pytest.param("lbfgs", marks=pytest.mark.slow),
        pytest.param("lm", marks=pytest.mark.slow),
        pytest.param("bayes", marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_training_goes_on_from_its_checkpoint_as_if_nothing_had_happened(client, solver, tmp_path):
    X, y, raw = rows()
    kept = tmp_path / "kept"
    whole = shoal.dask.fit(ShoalRegressor(solver=solver, **QUICK), X, y, client=client)

    def stop():
        raise ValueError("the power is off")

    with pytest.raises(ValueError, match="power"):
        shoal.dask.fit(ShoalRegressor(solver=solver, callbacks=[at_epoch(4, stop)], **QUICK), X, y, client=client, checkpoint=kept)
    steps = []
    later = ShoalRegressor(solver=solver, callbacks=[lambda event: steps.append(event.epoch)], **QUICK)
    assert_same_bits(shoal.dask.fit(later, X, y, client=client, checkpoint=kept), whole, raw)
    assert steps == [5, 6, 7, 8]
    again = shoal.dask.fit(ShoalRegressor(solver=solver, **QUICK), X, y, client=client, checkpoint=kept)  # there is nothing left to do
    assert_same_bits(again, whole, raw)


@pytest.mark.slow
def test_a_scheduler_that_dies_ends_in_an_error_that_tells_where_the_checkpoint_lies(client, tmp_path):
    X, y, raw = rows()
    kept = tmp_path / "kept"
    with own_scheduler() as (address, end):
        dying = ShoalRegressor(solver="lbfgs", callbacks=[at_epoch(4, end)], **QUICK)
        with pytest.raises(ClusterError, match=r"The checkpoint is .*kept \(after step 4\): the same call continues from it"):
            shoal.dask.fit(dying, X, y, client=address, checkpoint=kept)
    later = shoal.dask.fit(ShoalRegressor(solver="lbfgs", **QUICK), X, y, client=client, checkpoint=kept)
    assert_same_bits(later, shoal.dask.fit(ShoalRegressor(solver="lbfgs", **QUICK), X, y, client=client), raw)


@pytest.mark.parametrize("earlier", [True, False])
def test_a_scheduler_that_dies_before_the_first_step_leaves_what_an_earlier_call_has_kept(client, tmp_path, monkeypatch, earlier):
    X, y, _ = rows()
    kept = tmp_path / "kept"
    if earlier:
        shoal.dask.fit(ShoalRegressor(solver="lbfgs", **QUICK), X, y, client=client, checkpoint=kept)

    def gone(*_args):
        raise CommClosedError("gone")

    monkeypatch.setattr(client, "gather", gone)
    words = r"The checkpoint of an earlier call is .*kept: the same call continues" if earlier else r"kept has no progress to save yet"
    with pytest.raises(ClusterError, match=words):
        shoal.dask.fit(ShoalRegressor(solver="lbfgs", **QUICK), X, y, client=client, checkpoint=kept)


def test_a_checkpoint_of_another_fit_or_none_at_all_is_named(client, tmp_path):
    X, y, _ = rows()
    kept = tmp_path / "kept"
    shoal.dask.fit(ShoalRegressor(solver="lm", **QUICK), X, y, client=client, checkpoint=kept)
    with pytest.raises(CheckpointError, match="belongs to another fit: solver was 'lm', and is 'lbfgs'"):
        shoal.dask.fit(ShoalRegressor(solver="lbfgs", **QUICK), X, y, client=client, checkpoint=kept)
    with pytest.raises(CheckpointError, match="belongs to another fit: means of the inputs was"):
        shoal.dask.fit(ShoalRegressor(solver="lm", **QUICK), X + 1, y, client=client, checkpoint=kept)
    kept.write_bytes(kept.read_bytes()[:500])
    with pytest.raises(CheckpointError, match="is not a complete checkpoint"):
        shoal.dask.fit(ShoalRegressor(solver="lm", **QUICK), X, y, client=client, checkpoint=kept)
    with pytest.raises(OutputError, match="There is no folder"):
        shoal.dask.fit(ShoalRegressor(solver="lm", **QUICK), X, y, client=client, checkpoint=tmp_path / "no" / "kept")


def test_without_a_fixed_seed_the_checkpoints_is_taken(client, tmp_path):
    X, y, raw = rows()
    settings = {**QUICK, "random_state": None, "solver": "lbfgs"}
    first = shoal.dask.fit(ShoalClassifier(**settings), X, (y > 0).astype(int), client=client, checkpoint=tmp_path / "kept")
    assert_same_bits(
        shoal.dask.fit(ShoalClassifier(**settings), X, (y > 0).astype(int), client=client, checkpoint=tmp_path / "kept"), first, raw
    )


def test_a_checkpoint_is_not_taken_for_other_limits_weights_or_validation_rows(client, tmp_path):
    X, y, raw = rows()
    short = {**QUICK, "max_iter": 2, "solver": "adamw"}
    shoal.dask.fit(ShoalRegressor(**short), X, y, client=client, checkpoint=tmp_path / "short")
    with pytest.raises(CheckpointError, match="belongs to another fit: max_iter was 2, and is 3"):
        shoal.dask.fit(ShoalRegressor(**{**short, "max_iter": 3}), X, y, client=client, checkpoint=tmp_path / "short")
    for solver in ("adamw", "lbfgs"):
        model, kept = ShoalRegressor(**{**short, "solver": solver}), tmp_path / solver
        own = {"X_val": X[:50], "y_val": y[:50]}
        shoal.dask.fit(model, X, y, da.ones(len(raw), chunks=50), **own, client=client, checkpoint=kept)
        with pytest.raises(CheckpointError, match=r"weight of the rows was 160, and is 320"):
            shoal.dask.fit(model, X, y, 2 * da.ones(len(raw), chunks=50), **own, client=client, checkpoint=kept)
        other = {"X_val": X[:50] + 1, "y_val": y[:50]}
        with pytest.raises(CheckpointError, match="validation: means of the inputs was"):
            shoal.dask.fit(model, X, y, da.ones(len(raw), chunks=50), **other, client=client, checkpoint=kept)
        other = {"X_val": X[:50], "y_val": y[50:100]}
        with pytest.raises(CheckpointError, match="validation: means of the targets was"):
            shoal.dask.fit(model, X, y, da.ones(len(raw), chunks=50), **other, client=client, checkpoint=kept)
