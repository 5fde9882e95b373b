"""What numbers become before layer 1: z-scores, ramps beside them, and the target's scale, worked by hand."""

import numpy as np
import pytest
from scipy import sparse

from shoal.encoding import (
    SparseRows,
    are_flags,
    decode_target,
    encode,
    encode_target,
    encoded_names,
    fit_encoding,
    fit_target,
    fold,
    fold_target,
    moments,
    plain,
    ramp_edges,
    raw_ramps,
)
from shoal.errors import DataError
from shoal.textbook import Parameters

TO_ROUNDING = 1e-14  # a few operations on numbers of size 1
WEIGHTED_SUMS = 1e-12  # sums over some dozens of rows, in another order


def column(*values):
    return np.array(values, float)[:, None]


# --- z-scores -------------------------------------------------------------------------------------------------------


def test_a_z_score_by_hand():
    encoding = fit_encoding(column(1, 2, 3, 6), ramps=False)
    assert encoding.center[0] == 3
    assert encoding.scale[0] == np.sqrt(3.5)  # (4 + 1 + 0 + 9) / 4
    np.testing.assert_allclose(encode(encoding, column(3, 6)), column(0, 3 / np.sqrt(3.5)), rtol=TO_ROUNDING)


def test_a_constant_column_becomes_zero_and_keeps_its_unit():
    for constant in (0.0, 0.1, 5.0, -1e9):
        encoding = fit_encoding(column(*[constant] * 7), ramps=True)
        assert encoding.scale[0] == 1
        assert encoding.n_ramps == 0
        np.testing.assert_allclose(
            encode(encoding, column(constant, constant + 2)), column(0, 2), atol=1e-6 if constant < -1 else TO_ROUNDING
        )


def test_columns_of_zero_and_one_stay_zero_and_one_and_have_no_ramps():
    X = np.array([[0, 1, 0], [1, 1, 0], [0, 2, 0], [0, 1, 0]], float)
    for rows in (X, sparse.csr_array(X)):
        assert are_flags(rows).tolist() == [True, False, True]
        encoding = fit_encoding(rows, ramps=True)
        assert (encoding.center[0], encoding.scale[0]) == (0, 1)
        assert encoding.scale[1] != 1
        assert encoding.n_ramps == 0


@pytest.mark.parametrize("shift", [1e6, -1e6, 1e9])
def test_a_column_far_from_zero_keeps_its_digits(shift):
    x = np.random.default_rng(0).standard_normal((50, 1))
    near, far = fit_encoding(x, ramps=True), fit_encoding(x + shift, ramps=True)
    lost = 4 * np.spacing(abs(shift))  # the sum x + shift itself has lost these
    assert far.scale[0] == pytest.approx(near.scale[0], abs=lost)
    np.testing.assert_allclose(encode(far, x + shift), encode(near, x), rtol=0, atol=60 * lost)  # ramps are as steep as 1 / 0.07
    assert encode(far, x + shift, np.float32).std() > 0.1  # centred before the cast, not after


def test_the_mean_of_a_column_far_from_zero_is_exact_where_it_can_be():
    x = 1e9 + np.arange(100_001) / 2**23  # steps of the last digit of 1e9
    assert moments(x[:, None])[0][0] == 1e9 + 50_000 / 2**23


def test_whole_weights_are_repeated_rows():
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.standard_normal(40), rng.integers(0, 4, 40), rng.choice([0.0, 1.5, 2.0], 40)])
    times = rng.integers(0, 4, 40)
    weighted, repeated = fit_encoding(X, times.astype(float), ramps=True), fit_encoding(np.repeat(X, times, axis=0), ramps=True)
    np.testing.assert_allclose(weighted.center, repeated.center, rtol=WEIGHTED_SUMS)
    np.testing.assert_allclose(weighted.scale, repeated.scale, rtol=WEIGHTED_SUMS)
    np.testing.assert_allclose(weighted.ramp_center, repeated.ramp_center, rtol=WEIGHTED_SUMS)
    for one, other in zip(weighted.edges, repeated.edges, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_columns_have_the_moments_of_the_dense_ones(weighted):
    rng = np.random.default_rng(2)
    X = np.where(rng.random((60, 5)) < 0.7, 0.0, rng.standard_normal((60, 5)) + 3)
    X[:, 3], X[:, 4] = 0.1, 0.0  # a full constant column, and an empty one
    weight = rng.uniform(0.1, 2, 60) if weighted else None
    mean, sd = moments(X, weight)
    sparse_mean, sparse_sd = moments(sparse.coo_array(X), weight)
    np.testing.assert_allclose(sparse_mean, mean, rtol=WEIGHTED_SUMS)
    np.testing.assert_allclose(sparse_sd, sd, rtol=WEIGHTED_SUMS)
    assert sparse_sd[3] == sparse_sd[4] == 1


def test_sparse_rows_become_dense_and_encoded_where_they_are_asked_for():
    X = np.array([[0, 2.0], [3, 0], [0, 0], [1, 5]])
    encoding = fit_encoding(sparse.csr_array(X), ramps=True)
    assert encoding.n_ramps == 0
    S = encode(encoding, sparse.csr_array(X), np.float32)
    assert isinstance(S, SparseRows)
    assert (S.shape, len(S)) == ((4, 2), 4)
    np.testing.assert_array_equal(S[1:3], encode(encoding, X, np.float32)[1:3])
    np.testing.assert_array_equal(S[np.array([3, 0])], encode(encoding, X, np.float32)[[3, 0]])
    assert S[1:3].dtype == np.float32


def test_numbers_whose_squares_are_not_finite_are_refused_by_column():
    with pytest.raises(DataError, match="column 1 of X holds numbers so large"):
        fit_encoding(np.array([[0, 1e200], [1, -1e200], [2, 0]]), ramps=False)
    with pytest.raises(DataError, match=r"^y holds numbers so large"):
        fit_target(column(1e200, -1e200))


def test_a_plain_encoding_leaves_numbers_as_they_are():
    X = np.random.default_rng(3).standard_normal((4, 3))
    np.testing.assert_array_equal(encode(plain(3), X), X)


# --- ramps ----------------------------------------------------------------------------------------------------------


def test_ramps_of_a_worked_column_by_hand():
    """Values 0, 1, 2, 4: all are edges. Ramps run 0..1, 1..2, 2..4; 3 lies half way up the last."""
    X = column(0, 1, 2, 4)
    encoding = fit_encoding(X, ramps=True, ramp_scale=0.5)
    np.testing.assert_array_equal(encoding.edges[0], [0, 1, 2, 4])
    raw = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]
    np.testing.assert_array_equal(raw_ramps(X, encoding.edges), raw)
    np.testing.assert_array_equal(encoding.ramp_center, [3 / 4, 2 / 4, 1 / 4])
    encoded = encode(encoding, column(3.0, 0.5))
    np.testing.assert_allclose(encoded[:, 1:], [[0.125, 0.25, 0.125], [-0.125, -0.25, -0.125]], rtol=TO_ROUNDING)  # (raw − mean) · ½
    np.testing.assert_allclose(encoded[:, 0], (np.array([3.0, 0.5]) - 1.75) / X.std(), rtol=TO_ROUNDING)


def test_ramps_rise_with_x_between_zero_and_one_and_are_constant_outside_the_edges():
    X = np.random.default_rng(4).standard_normal((200, 1)) ** 3
    edges = fit_encoding(X, ramps=True).edges
    x = np.linspace(edges[0][0] - 5, edges[0][-1] + 5, 1000)[:, None]
    R = raw_ramps(x, edges)
    assert R.shape[1] == len(edges[0]) - 1 == 8
    assert np.all(np.diff(R, axis=0) >= 0)
    assert R.min() == 0
    assert R.max() == 1
    assert not R[x[:, 0] <= edges[0][0]].any()
    assert R[x[:, 0] >= edges[0][-1]].all()


def test_the_sum_of_the_ramps_grows_by_one_from_edge_to_edge():
    edges = (np.array([-1.0, 0.0, 5.0, 7.0]),)
    np.testing.assert_array_equal(raw_ramps(edges[0][:, None], edges).sum(axis=1), [0, 1, 2, 3])


def test_ramps_have_mean_zero_over_the_training_rows():
    rng = np.random.default_rng(5)
    X, weight = rng.standard_normal((80, 2)), rng.uniform(0, 2, 80)
    encoded = encode(fit_encoding(X, weight, ramps=True), X)
    np.testing.assert_allclose(np.average(encoded, axis=0, weights=weight), 0, atol=TO_ROUNDING)


def test_up_to_nine_values_all_are_edges():
    assert ramp_edges(np.repeat(np.arange(9.0), 3)).tolist() == list(range(9))
    assert len(ramp_edges(np.arange(10.0))) < 10


@pytest.mark.parametrize("values", [[5.0] * 6, [1.0, 2.0, 1.0, 2.0], [-3.0, 7.5]])
def test_a_column_with_one_or_two_values_has_no_ramps(values):
    assert ramp_edges(np.array(values)).size == 0


def test_many_values_are_cut_at_quantiles():
    """1..80 in 8 bins: the inverted distribution function takes row 80·k/8, and the smallest value."""
    assert ramp_edges(np.arange(1.0, 81.0)).tolist() == [1, 10, 20, 30, 40, 50, 60, 70, 80]


def test_a_heavy_value_is_an_edge_of_its_own_and_takes_one_bin_of_the_others():
    """0 holds half of the rows; the others, 1..70, are cut into 7 bins."""
    values = np.concatenate([np.zeros(70), np.arange(1.0, 71.0)])
    assert ramp_edges(values).tolist() == [0, 1, 10, 20, 30, 40, 50, 60, 70]


def test_however_many_values_are_heavy_the_others_have_four_bins():
    heavy = np.repeat(np.arange(-7.0, -1.0), 100)  # six values with 100 rows each, and 40 others
    edges = ramp_edges(np.concatenate([heavy, np.arange(1.0, 41.0)]))
    assert edges.tolist() == [-7, -6, -5, -4, -3, -2, 1, 10, 20, 30, 40]


def test_a_row_of_weight_zero_gives_no_edge():
    X = column(0, 1, 2, 4, 100)
    assert fit_encoding(X, np.array([1.0, 1, 1, 1, 0]), ramps=True).edges[0].tolist() == [0, 1, 2, 4]


def test_encoded_columns_are_named_after_their_inputs_and_edges():
    encoding = fit_encoding(np.column_stack([[0, 1, 2, 4], [7, 7, 7, 8]]).astype(float), ramps=True)
    assert encoded_names(encoding, ["a", "b"]) == ["a", "b", "a[0..1]", "a[1..2]", "a[2..4]"]


def test_edges_far_from_zero_have_names_that_tell_them_apart():
    encoding = fit_encoding(column(1e7, 1e7 + 1, 1e7 + 2), ramps=True)
    assert encoded_names(encoding, ["x"]) == ["x", "x[10000000..10000001]", "x[10000001..10000002]"]


# --- folding, and targets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [(), (3,)], ids=["one", "K"])
def test_folding_moves_scales_and_ramps_into_the_first_layer(lead):
    rng = np.random.default_rng(6)
    X = rng.standard_normal((30, 2)) * [1.0, 50.0] + [4.0, -200.0]
    encoding = fit_encoding(X, ramps=True, ramp_scale=0.3)
    n = 2 + encoding.n_ramps
    W = Parameters(*(rng.standard_normal((*lead, *shape)) for shape in ((5, n), (5, 1), (2, 5), (2, 1))))
    folded = fold(encoding, W)
    raw = np.hstack([X, raw_ramps(X, encoding.edges)])
    Z1 = W.W1 @ encode(encoding, X).T + W.b1
    np.testing.assert_allclose(folded.W1 @ raw.T + folded.b1, Z1, atol=1e-12)  # numbers up to 50, differences of products up to 10³
    np.testing.assert_array_equal(folded.W2, W.W2)
    np.testing.assert_array_equal(folded.b2, W.b2)


def test_targets_are_scaled_there_and_back_and_folded_into_the_last_layer():
    Y = np.array([[1.0, -1e6], [3.0, -1e6 + 4], [5.0, -1e6 + 8]])
    target = fit_target(Y)
    np.testing.assert_array_equal(target.center, [3, -1e6 + 4])
    np.testing.assert_allclose(target.scale, [np.sqrt(8 / 3), np.sqrt(32 / 3)], rtol=TO_ROUNDING)
    scaled = encode_target(target, Y)
    np.testing.assert_allclose(scaled, np.array([[-1, -1], [0, 0], [1, 1]]) * np.sqrt(1.5), rtol=TO_ROUNDING)
    np.testing.assert_allclose(decode_target(target, scaled), Y, rtol=TO_ROUNDING)
    W = Parameters(np.ones((1, 1)), np.zeros((1, 1)), np.array([[2.0], [3.0]]), np.array([[0.0], [1.0]]))
    folded = fold_target(target, W)
    A1 = np.array([[0.5, -1.0]])
    np.testing.assert_allclose(folded.W2 @ A1 + folded.b2, decode_target(target, (W.W2 @ A1 + W.b2).T).T, rtol=TO_ROUNDING)


def test_a_constant_target_keeps_its_unit():
    target = fit_target(column(4, 4, 4))
    assert (target.center[0], target.scale[0]) == (4, 1)
