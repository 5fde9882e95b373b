"""What stands on the engine takes a device as it is: estimators, solvers, search and page, by PyTorch on the processor."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from problems import population
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV, TooLargeError
from shoal.engine.minibatch import begin
from shoal.engine.sums import judge
from shoal.fitting.settings import settings_of
from shoal.inspection.monotone import proven_directions
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.training.full_batch import FullBatch
from shoal.training.rows import Validation, in_memory

torch = pytest.importorskip("torch")
from shoal.engine.torch import layout as groups  # noqa: E402 - plain, so that a module that is gone fails instead of skipping the file
from shoal.engine.torch import sums as judging  # noqa: E402

HERE, THERE = "cpu", "torch:cpu"
FLOAT64 = 1e-12  # sums of some dozens of products of size 1, in another order and with exp by another library
TO_ROUNDING = 1e-9  # whole runs of some dozens of steps

pytestmark = pytest.mark.usefixtures("one_torch_thread")


TABLE = np.random.default_rng(1).normal(size=(120, 3))
TARGET = TABLE[:, 0] + TABLE[:, 1] * TABLE[:, 2]
QUICK = {"random_state": 0, "max_iter": 4, "n_networks": 4, "hidden_layer_sizes": 3, "dtype": "float64"}


@pytest.mark.filterwarnings("ignore:max_iter=4 epochs ended")
@pytest.mark.parametrize("solver", ["auto", "sgd", "rmsprop", "lbfgs", "lm", "bayes"])
def test_an_estimator_learns_the_same_on_a_device(solver):
    there, here = (ShoalRegressor(solver=solver, device=where, **QUICK).fit(TABLE, TARGET) for where in (THERE, HERE))
    assert (there.device_, here.device_) == (THERE, HERE)
    np.testing.assert_allclose(there.predict(TABLE), here.predict(TABLE), rtol=TO_ROUNDING, atol=TO_ROUNDING)
    np.testing.assert_allclose(there.loss_curve_, here.loss_curve_, rtol=TO_ROUNDING)
    assert pickle.loads(pickle.dumps(there)).predict(TABLE[:1]) == there.predict(TABLE[:1])
    assert b"torch" not in pickle.dumps(there).replace(b"torch:cpu", b""), "it travels to where no PyTorch is"


@pytest.mark.filterwarnings("ignore:max_iter=4 epochs ended")
@pytest.mark.parametrize("solver", ["adamw", "sgd", "lbfgs"])
def test_directions_hold_on_a_device(solver):
    settings = {**QUICK, "solver": solver, "monotonic_cst": (-1, 0, 1), "skip": True}  # the first against what the rows say
    there, here = (ShoalRegressor(device=where, **settings).fit(TABLE, TARGET) for where in (THERE, HERE))
    np.testing.assert_allclose(there.predict(TABLE), here.predict(TABLE), rtol=TO_ROUNDING, atol=TO_ROUNDING)
    assert proven_directions(there.network_)[0] == -1
    assert proven_directions(there.network_)[2] == 1


class InTwoBlocks:
    """Rows that lie elsewhere, as in a file or on other machines; work on them is pickled on its way."""

    def __init__(self, rows):
        self.m, self.n_y, self.total, self.rows = rows.m, rows.n_y, rows.total, rows

    def total_of(self, work):
        travelled, r = pickle.loads(pickle.dumps(work)), self.rows
        return travelled(r.X[:50], r.Y[:50], r.weights[:, :50]) + travelled(r.X[50:], r.Y[50:], r.weights[:, 50:])


@pytest.mark.parametrize("solver", ["lbfgs", "lm", "bayes"])
def test_blocks_of_rows_that_lie_elsewhere_are_worked_on_at_the_device(solver):
    networks, Y = population((4, 4), 3, 1), TARGET[:, None]
    rows = in_memory(TABLE, Y, 2, np.linspace(0.5, 2, 2 * len(Y)).reshape(2, -1))
    trained = []
    for where, given in ((THERE, InTwoBlocks(rows)), (THERE, rows), (HERE, rows)):
        recipe = Recipe(activation="tanh", lam=0.1, batch_size=len(Y), max_epochs=6, tol=0.0, device=where)
        run = FullBatch(recipe, networks, make_loss("squared_error"), given, solver=solver, validation=Validation(TABLE, Y))
        events = list(run)
        trained.append((events[-1].loss, events[-1].validation_loss, *run.result().population.parameters))
    for there in trained[:2]:
        for a, b in zip(there, trained[2], strict=True):
            np.testing.assert_allclose(a, b, rtol=TO_ROUNDING, atol=TO_ROUNDING)


def test_training_goes_on_with_the_rules_memory_and_begins_one_anew_elsewhere():
    models = [ShoalRegressor(solver="adam", warm_start=True, device=where, **QUICK) for where in (THERE, HERE)]
    for _ in range(2):
        there, here = (model.fit(TABLE, TARGET) for model in models)
    np.testing.assert_allclose(there.predict(TABLE), here.predict(TABLE), rtol=TO_ROUNDING, atol=TO_ROUNDING)
    assert there.set_params(device=HERE).fit(TABLE, TARGET).device_ == HERE


def test_a_search_on_a_device_finds_the_same():
    y = TARGET > 0
    grid = {"alpha": [0.0, 1.0], "learning_rate_init": [0.01, 0.1]}
    there, here = (ShoalSearchCV(ShoalClassifier(device=where, **QUICK), grid, cv=2).fit(TABLE, y) for where in (THERE, HERE))
    np.testing.assert_allclose(there.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"])
    np.testing.assert_allclose(there.predict_proba(TABLE), here.predict_proba(TABLE), rtol=TO_ROUNDING, atol=TO_ROUNDING)
    assert there.best_estimator_.device_ == THERE


@pytest.mark.filterwarnings("ignore:max_iter=4 epochs ended")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_score_of_ones_own_chooses_the_same_epoch_on_a_device(solver):
    """Networks are scored as estimators that predict on the processor: the device only trains them."""
    y, held = (TARGET > 0.5).astype(int), {"validation_fraction": 0.3, "early_stopping": True, "scoring": "roc_auc"}
    there, here = (ShoalClassifier(solver=solver, device=where, **QUICK, **held).fit(TABLE, y) for where in (THERE, HERE))
    assert there.device_ == THERE
    np.testing.assert_allclose(there.validation_scores_, here.validation_scores_, rtol=TO_ROUNDING)
    np.testing.assert_allclose(there.predict_proba(TABLE), here.predict_proba(TABLE), rtol=TO_ROUNDING, atol=TO_ROUNDING)


def test_the_page_trains_and_steps_back_on_a_device():
    pytest.importorskip("starlette")
    from shoal.web.playground.cards import memory
    from shoal.web.playground.training import Training

    runs = []
    for where in (THERE, HERE):
        settings = settings_of(ShoalRegressor(solver="adam", device=where, early_stopping=False, **QUICK))
        data = SimpleNamespace(X=TABLE, y=TARGET, train=np.arange(len(TARGET)), test=np.arange(0), names=("a", "b", "c"))
        run = Training(settings, data)
        for _ in range(3):
            run.advance(2)
            run.keep()
        assert run.back()
        runs.append(run)
    there, here = runs
    assert there.t == here.t == 4
    for a, b in zip(there.population.parameters, here.population.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=FLOAT64, atol=FLOAT64)
    assert memory(there, "second", "W1", (0, 0), 1) == pytest.approx(memory(here, "second", "W1", (0, 0), 1), rel=FLOAT64)


def test_memory_that_does_not_suffice_is_told_of_by_name(monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("Tried to allocate 80.00 GiB. GPU 0 has a total capacity of 79.25 GiB")

    monkeypatch.setattr("shoal.engine.torch.minibatch.updated", full)
    with pytest.raises(TooLargeError, match=r"memory of device 'torch:cpu' does not suffice.*fewer n_networks"):
        ShoalRegressor(device=THERE, **QUICK).fit(TABLE, TARGET)


WIDE = np.random.default_rng(2).normal(size=(40, 50))  # fifty inputs to three hidden units: what is large is the inputs


@pytest.mark.parametrize("own", [False, True], ids=["all rows", "rows of their own"])
def test_networks_that_are_judged_on_rows_of_their_own_get_few_of_many_inputs_at_once(own, monkeypatch):
    """Each network's own rows are a copy for each network: beside them the hidden layer is the smaller part."""
    most, sizes = 2 * 50 * 4, []
    monkeypatch.setattr(judging, "MOST_HIDDEN", most)
    block_sums = judging.block_sums

    def spying(state, group, X, *rest):
        sizes.append(X.shape)
        return block_sums(state, group, X, *rest)

    monkeypatch.setattr(judging, "block_sums", spying)
    mine, Y = (np.arange(0, 30), np.arange(10, 40)) if own else None, WIDE[:, :1]
    found = []
    for where in (THERE, HERE):
        state = begin(population((3, 3), 50, 1), Recipe(device=where), make_loss("squared_error"), np.full(2, 40), np.float64)
        found.append(judge(state, WIDE, Y, mine, None))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=FLOAT64)
    if own:
        assert all(np.prod(shape) <= most for shape in sizes)
        assert sizes[0] == (2, 50, 4)
    else:
        assert sizes == [(50, 40)], "one copy for all is no larger than the rows"


@pytest.mark.parametrize(("input_dropout", "together"), [(0.0, 4), (0.2, 1)])
def test_networks_that_drop_inputs_are_as_many_together_as_their_inputs_allow(input_dropout, together, monkeypatch):
    monkeypatch.setattr(groups, "MOST_HIDDEN", 4 * 3 * 16)
    recipe = Recipe(batch_size=16, input_dropout=input_dropout, device=THERE)
    state = begin(population((3,) * 4, 12, 1), recipe, make_loss("squared_error"), np.full(4, 40), np.float64)
    assert [len(group.members) for group in state.groups] == [together] * (4 // together)
