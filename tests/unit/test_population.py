"""K networks side by side: padding, masks, taking some, and one network of them all."""

import numpy as np

from problems import network, population
from shoal.population import member, merge, stack, take


def three():
    rng = np.random.default_rng(0)
    return [network(rng, 4, n_h, 2) for n_h in (2, 5, 3)]


def test_networks_are_padded_to_the_widest_with_zeros():
    networks = three()
    group = stack(networks)
    assert group.K == 3
    assert group.widths.tolist() == [2, 5, 3]
    assert [w.shape for w in group.parameters] == [(3, 5, 4), (3, 5, 1), (3, 2, 5), (3, 2, 1)]
    assert group.units.tolist() == [[True] * 2 + [False] * 3, [True] * 5, [True] * 3 + [False] * 2]
    for w, unit in zip(group.parameters.W1, group.units, strict=True):
        assert not w[~unit].any()
    assert group.inputs.all()


def test_a_member_taken_out_again_is_what_went_in():
    networks = three()
    for k, one in enumerate(networks):
        for before, after in zip(one, member(stack(networks), k), strict=True):
            np.testing.assert_array_equal(before, after)


def test_an_input_that_a_network_does_not_see_has_no_weight_in_it():
    seen = np.array([[True, False, True, True], [True] * 4, [False] * 4])
    group = stack(three(), seen)
    assert not group.parameters.W1[0][:, 1].any()
    assert group.parameters.W1[1].all()
    assert not group.parameters.W1[2].any()
    np.testing.assert_array_equal(group.inputs, seen)


def test_some_are_taken_in_the_order_asked_for():
    group = stack(three())
    some = take(group, [2, 0])
    assert some.widths.tolist() == [3, 2]
    np.testing.assert_array_equal(some.parameters.b2, group.parameters.b2[[2, 0]])
    assert take(group, np.array([1])).K == 1


def test_changing_what_was_taken_leaves_the_group_alone():
    group = stack(three())
    take(group, [1]).parameters.W1[:] = 7
    assert not (group.parameters.W1 == 7).any()


def test_precision_changes_weights_and_nothing_else():
    group = population((2, 3), 4, 1)
    single = group.astype(np.dtype(np.float32))
    assert all(w.dtype == np.float32 for w in single.parameters)
    np.testing.assert_array_equal(single.widths, group.widths)


def test_two_networks_merged_by_hand():
    """One unit each: W2 of the one network is the members' W2 times their shares, b2 the shared-out mean."""
    rng = np.random.default_rng(1)
    a, b = network(rng, 2, 1, 1), network(rng, 2, 2, 1)
    W1, b1, W2, b2 = merge(stack([a, b]), np.array([0.25, 0.75]))
    np.testing.assert_array_equal(W1, np.vstack([a.W1, b.W1]))
    np.testing.assert_array_equal(b1, np.vstack([a.b1, b.b1]))
    np.testing.assert_array_equal(W2, np.hstack([0.25 * a.W2, 0.75 * b.W2]))
    np.testing.assert_allclose(b2, 0.25 * a.b2 + 0.75 * b.b2, rtol=1e-15)  # one rounding
