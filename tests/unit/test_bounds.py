"""What does not fit together is refused before a kernel computes: no entry reads or writes outside of the arrays that it gets."""

import dataclasses

import numpy as np
import pytest

from problems import population, rows
from shoal.encoding import encode, fit_encoding
from shoal.engine import layout
from shoal.engine.arguments import refuse
from shoal.engine.kernels import dispatch_module, predict_module, small_lm_module, sums_module
from shoal.engine.minibatch import advance, advance_in_order, begin
from shoal.engine.predict import compiled_logits, raw_logits
from shoal.engine.ramps import find_ramp_positions, in_precision
from shoal.engine.sums import judge, sums
from shoal.errors import LayoutError
from shoal.population import Population, member
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.textbook.initialization import with_skip
from shoal.textbook.optimizers import Adam
from shoal.textbook.propagation import Parameters

M, N_X, N_Y, K, BATCH = 400, 15, 2, 2, 200
FAR = 10**12
X, Y = rows("squared_error", M, N_X, N_Y)
ORDER, ENDS, RATES = np.arange(M), np.array([0, BATCH, M]), np.full((2, K), 0.01)


def begun(networks):
    recipe = Recipe("relu", Adam(0.9, 0.99, 1e-8), batch_size=BATCH)
    return begin(networks, recipe, make_loss("squared_error"), np.full(networks.K, float(M)), np.float64)


NARROW, WIDE = [5, 4], [128]  # a group of two networks; one network in slices, over threads


def with_one(values, at, value):
    """A copy with another value at one place."""
    values = values.copy()
    values[at] = value
    return values


GIVEN = {
    "a row far beyond": {"order": with_one(ORDER, 7, FAR)},
    "a row after the last": {"order": with_one(ORDER, -1, M)},
    "a row before the first": {"order": with_one(ORDER, 0, -1)},
    "batches beyond the order": {"ends": np.array([0, BATCH, M + 1])},
    "a batch that begins before it": {"ends": np.array([-1, BATCH, M])},
    "a batch that runs backwards": {"ends": np.array([0, BATCH, BATCH - 1])},
    "no batches and no beginning": {"ends": np.array([FAR])},
    "a column too few": {"X": X[:, 1:]},
    "a column too many": {"X": np.hstack([X, X])},
    "fewer rows than targets": {"X": X[1:]},
    "fewer targets than rows": {"Y": Y[1:]},
    "a target too few": {"Y": Y[:, :1]},
    "a target too many": {"Y": np.hstack([Y, Y])},
    "X is no table": {"X": X[0]},
    "a weight too few": {"weight": np.ones(M - 1)},
    "weights of too few networks": {"weight": np.ones((3, M))},
    "a rate too few": {"rates": np.full((1, 2), 0.01)},
    "rates of more networks": {"rates": np.full((2, 3), 0.01)},
    "rates of no networks": {"rates": np.full(2, 0.01)},
}


@pytest.mark.parametrize("widths", [NARROW, WIDE], ids=["group", "slices"])
@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN.keys())
def test_advance_refuses_rows_batches_and_weights_that_do_not_fit(widths, given, monkeypatch):
    if widths is WIDE:
        monkeypatch.setattr(layout, "number_of_slices", lambda h, b, n: 2)
    state = begun(population(widths, N_X, N_Y))
    assert {group.slices for group in state.groups} == ({1} if widths is NARROW else {2})
    before = [group.weights.copy() for group in state.groups]
    rates = np.full((2, len(widths)), 0.01)
    given = {"X": X, "Y": Y, "order": ORDER, "ends": ENDS, "rates": rates, **given}
    with pytest.raises(LayoutError, match=r"fit one another|columns|tables|weights"):
        advance_in_order(state, *(given[name] for name in ("X", "Y", "order", "ends", "rates")), given.get("weight"))
    assert all(np.array_equal(group.weights, w) for group, w in zip(state.groups, before, strict=True))
    assert np.isfinite(advance_in_order(state, X, Y, ORDER, ENDS, rates)).all(), "the same state computes what fits"


@pytest.mark.parametrize("name", ["weights", "first", "second", "average"])
@pytest.mark.parametrize("change", [lambda w: w[:-1].copy(), lambda w: np.append(w, 0.0)], ids=["shorter", "longer"])
def test_advance_refuses_memory_of_another_length(name, change):
    state = begun(population(NARROW, N_X, N_Y))
    (group,) = state.groups
    setattr(group, name, change(group.weights))
    with pytest.raises(LayoutError):
        advance(state, X, Y, [ORDER], RATES[:1])


def test_begin_refuses_populations_whose_arrays_are_not_of_one_size():
    networks = population(NARROW, N_X, N_Y)
    for i in range(4):
        for axis in (0, 1, 2):
            parts = list(networks.parameters)
            parts[i] = np.concatenate([parts[i], parts[i]], axis=axis)
            with pytest.raises(LayoutError):
                begun(Population(Parameters(*parts), networks.widths, networks.inputs))
    for widths in ([5, 6], [-1, 5], [5]):
        with pytest.raises(LayoutError):
            begun(Population(networks.parameters, np.array(widths), networks.inputs))
    with pytest.raises(LayoutError):
        begun(Population(networks.parameters, networks.widths, networks.inputs[:, 1:]))


@pytest.mark.parametrize("row", [-1, M, FAR])
def test_judging_refuses_rows_that_are_not_there(row):
    state = begun(population(NARROW, N_X, N_Y))
    with pytest.raises(LayoutError, match="a row that X does not have"):
        judge(state, X, Y, (np.array([0, row]), np.array([1])), None)
    with pytest.raises(LayoutError):
        judge(state, X, Y[1:], None, None)
    with pytest.raises(LayoutError):
        judge(state, X, Y, None, np.ones(M + 1))


def test_sums_refuse_rows_that_do_not_fit():
    networks, g2 = population(NARROW, N_X, N_Y), make_loss("squared_error")
    for wrong in ((X[:, 1:], Y), (X[1:], Y), (X, Y[:, :1])):
        with pytest.raises(LayoutError):
            sums(networks, *wrong, "relu", g2)
    with pytest.raises(LayoutError):
        sums(networks, X, Y, "relu", g2, np.ones(M + 1))


def test_the_kernel_of_gradient_sums_looks_at_every_array_itself():
    kernel, G, h, n, n_z, b = sums_module(), 2, 3, 4, 2, 5
    size = G * h * 8 + G * n_z * h + G * n_z
    at = dispatch_module().addresses("relu", "squared_error", None, n_z, np.dtype(np.float64))
    given = kernel.RowArrays(np.ones((9, n)), np.ones((9, n_z)), np.ones((G, 9)), np.arange(9), np.array([0, b, 9]))
    own = kernel.PerNetwork(np.zeros((4, G)), np.zeros((3, G), np.int64))
    fitting = [kernel.Shape(G, h, n, n_z, 0, b, 0, *at), given, np.ones(size), np.ones(size), own, np.ones(7), np.zeros(G), np.zeros(size)]
    refuse(kernel.gradient_sums(*fitting))
    wrong = {
        0: (fitting[0]._replace(G=G + 1), fitting[0]._replace(n=9), fitting[0]._replace(b=b - 1)),
        1: (given._replace(X=np.ones((9, n - 1))), given._replace(Y=np.ones((8, n_z))), given._replace(weight=np.ones((3, 9)))),
        2: (np.ones(size - 1),),
        3: (np.ones(size - 1),),
        4: (own._replace(whole=np.full((3, G), h + 1)),),
        5: (np.ones(6),),
        6: (np.zeros(G - 1),),
        7: (np.zeros(size + 1),),
    }
    for place, values in wrong.items():
        for value in (*values, *[given._replace(order=with_one(given.order, 3, row)) for row in (-1, 9, FAR) if place == 1]):
            with pytest.raises(LayoutError):
                refuse(kernel.gradient_sums(*fitting[:place], value, *fitting[place + 1 :]))


# --- prediction ------------------------------------------------------------------------------------------------------

ENCODING = fit_encoding(X, ramps=True)


def network():
    return member(population([6], N_X + ENCODING.n_ramps, N_Y), 0)


def broken_encodings():
    empty = np.empty(0)
    first, *others = ENCODING.edges
    far = (*ENCODING.edges[:-1], *([empty] * 4000), ENCODING.edges[-1])
    yield "a ramp of a column far beyond", dataclasses.replace(ENCODING, edges=far)
    yield "more edges than columns", dataclasses.replace(ENCODING, edges=(*ENCODING.edges, empty))
    yield "fewer edges than columns", dataclasses.replace(ENCODING, edges=ENCODING.edges[:-1])
    yield "more ramps than centres", dataclasses.replace(ENCODING, edges=(np.append(first, FAR), *others))
    yield "more centres than ramps", dataclasses.replace(ENCODING, ramp_center=np.append(ENCODING.ramp_center, 0.0))
    yield "a scale too few", dataclasses.replace(ENCODING, scale=ENCODING.scale[1:])
    yield "a centre too few", dataclasses.replace(ENCODING, center=ENCODING.center[1:])


@pytest.mark.parametrize("encoding", [pytest.param(e, id=name) for name, e in broken_encodings()])
def test_prediction_refuses_an_encoding_that_is_not_the_networks(encoding):
    for entry in (raw_logits, compiled_logits):
        with pytest.raises(LayoutError):
            entry(network(), encoding, X, "relu")


@pytest.mark.parametrize("given", [X[:, :-1], np.hstack([X] * 99), X[0]], ids=["fewer columns", "many more columns", "no table"])
def test_prediction_refuses_other_columns_for_few_rows_and_for_many(given):
    for entry in (raw_logits, compiled_logits):
        with pytest.raises(LayoutError, match="columns"):
            entry(network(), ENCODING, given, "relu")


def test_prediction_refuses_weights_that_do_not_fit():
    whole = with_skip(network())
    for name, w in whole.named().items():
        for axis in (0, 1):
            broken = dataclasses.replace(whole, **{name: np.concatenate([w, w], axis=axis)})
            for entry in (raw_logits, compiled_logits):
                with pytest.raises(LayoutError):
                    entry(broken, ENCODING, X, "relu")


def test_the_predicting_kernel_looks_at_every_array_itself():
    n, r, H = 3, 2, 4
    at = dispatch_module().product_address(False), dispatch_module().activation_address("relu", False)
    center, W1 = np.ones((2, n + r)), np.ones((H, 8))
    limits = np.full((2, n), [[-np.inf], [np.inf]])
    fitting = (np.ones((9, n)), np.array([0, 2]), limits, center, center, W1, np.ones((2, H)), np.ones(2), np.ones((2, 8)), np.ones((2, 9)))
    refuse(predict_module().predict(*at, 128, *fitting))
    wrong = {
        0: (np.ones((9, n + 1)), np.ones((9, 99)), np.ones((10, n))),
        1: (np.array([0, n]), np.array([-1, 0]), np.array([0, FAR]), np.array([0, 1, 2])),
        2: (limits[:1], limits[:, 1:], np.ones((2, n + 1))),
        3: (np.ones((1, n + r)), np.ones((2, n))),
        4: (np.ones((1, n + r)), np.ones((2, n))),
        5: (np.ones((H, n + r)), np.ones((H + 1, 8)), np.ones((0, 8))),
        6: (np.ones((2, H - 1)), np.ones((3, H))),
        7: (np.ones(1), np.ones(3)),
        8: (np.ones((1, 8)), np.ones((3, 8)), np.ones((2, n + r))),
        9: (np.ones((2, 8)), np.ones((1, 9))),
    }
    for place, values in wrong.items():
        for value in values:
            given = [*fitting[:place], value, *fitting[place + 1 :]]
            with pytest.raises(LayoutError):
                refuse(predict_module().predict(*at, 128, *given))
    with pytest.raises(LayoutError):
        refuse(predict_module().predict(*at, 0, *fitting))


# --- ramps that are looked up, and small steps ------------------------------------------------------------------------


def test_ramp_positions_refuse_a_ramp_that_is_not_there():
    encoded = encode(ENCODING, X)[:]
    ramp_positions = find_ramp_positions(ENCODING, encoded)
    in_precision(ramp_positions, np.float64)
    with pytest.raises(LayoutError):
        find_ramp_positions(ENCODING, encoded[:, 1:])
    for change in (
        {"at": with_one(ramp_positions.at, (3, 0), ENCODING.n_ramps)},
        {"at": with_one(ramp_positions.at, (3, 0), -1)},
        {"at": ramp_positions.at[:, 1:]},
        {"share": ramp_positions.share[1:]},
        {"starts": with_one(ramp_positions.starts, 0, -5)},
        {"shift": ramp_positions.shift[1:]},
    ):
        with pytest.raises(LayoutError):
            in_precision(ramp_positions._replace(**change), np.float64)


def test_small_steps_refuse_what_does_not_fit():
    n, h, m, k = 3, 2, 9, 2
    p, steps = h * (n + 2) + 1, small_lm_module()
    found = dispatch_module()
    at = np.array([found.compiled(f, False).address for f in (found.ACTIVATIONS["tanh"], found.LOSSES["squared_error"])] + [0])
    fitting = [np.ones((n, m)), np.ones((1, m)), np.ones((k, m)), np.arange(k)]
    fitting += [np.ones((k, p)), np.ones(k), np.ones((k, p)), np.ones((k, p, p))]
    refuse(steps.curvature(at, False, *fitting))
    wrong = {
        0: (np.ones((n, m + 1)), np.ones((n + 1, m))),
        1: (np.ones((1, m - 1)),),
        2: (np.ones((k, m - 1)), np.ones((k - 1, m))),
        3: (np.array([0, k]), np.array([0, -1]), np.array([0, FAR]), np.arange(k + 1)),
        4: (np.ones((k, p - 1)), np.ones((k + 1, p))),
        5: (np.ones(k - 1),),
        6: (np.ones((k, p - 1)),),
        7: (np.ones((k, p, p - 1)), np.ones((k - 1, p, p))),
    }
    for place, values in wrong.items():
        for value in values:
            with pytest.raises(LayoutError):
                refuse(steps.curvature(at, False, *fitting[:place], value, *fitting[place + 1 :]))
