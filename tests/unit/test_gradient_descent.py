"""Slide 9: batch gradient descent, one step by hand and then many."""

import math
from itertools import islice, pairwise

import numpy as np

from shoal.textbook import ACTIVATIONS, Parameters, cost, descend, exercise_parameters, flower, forward, make_loss, train
from shoal.textbook.initialization import zeros

RELU, TANH = ACTIVATIONS["relu"], ACTIVATIONS["tanh"]
SQUARED_ERROR, SIGMOID = make_loss("squared_error"), make_loss("sigmoid")
# One input, one ReLU unit, one example x = 2, y = 1: z1 = 3, z2 = 6, J = ½·5²; whole numbers, nothing is rounded.
HAND, X, Y = Parameters(np.array([[1.0]]), np.array([[1.0]]), np.array([[2.0]]), np.array([[0.0]])), np.array([[2.0]]), np.array([[1.0]])


def test_the_first_step_by_hand():
    first, second = islice(descend(HAND, X, Y, RELU, SQUARED_ERROR, learning_rate=0.125), 2)
    assert first.parameters is HAND
    assert first.J == 12.5
    assert [g.item() for g in first.gradients] == [5.0, 15.0, 5.0, 10.0, 20.0, 10.0]  # dZ2 dW2 db2 dZ1 dW1 db1
    assert [w.item() for w in second.parameters] == [1 - 2.5, 1 - 1.25, 2 - 1.875, 0 - 0.625]  # w − dw / 8
    assert second.cache.Z1.item() == -3.25  # −1.5·2 − 0.25: the step was too long, the unit is dead
    assert second.J == 0.5 * 1.625**2
    assert second.gradients.dW1.item() == 0.0


def test_a_dead_relu_unit_stays_where_it_is():
    dead = train(HAND, X, Y, RELU, SQUARED_ERROR, 0.125, 1)
    later = train(HAND, X, Y, RELU, SQUARED_ERROR, 0.125, 50)
    assert (later.W1, later.b1, later.W2) == (dead.W1, dead.b1, dead.W2)
    np.testing.assert_allclose(later.b2, Y, rtol=0, atol=0.005)  # b2 alone learns: 1.625 · (7/8)⁴⁹ = 0.0023 is left


def test_from_zeros_the_first_cost_is_ln_2():
    points, labels = flower()
    first = next(descend(zeros(2, 4, 1), points, labels, TANH, SIGMOID, 1.2))
    np.testing.assert_allclose(first.J, math.log(2), rtol=1e-15)  # a mean of 400 equal numbers


def test_training_n_steps_takes_n_updates():
    points, labels = flower(40)
    steps = list(islice(descend(exercise_parameters(3), points, labels, TANH, SIGMOID, 1.2), 8))
    for n in (0, 1, 7):
        for w, w_step in zip(train(exercise_parameters(3), points, labels, TANH, SIGMOID, 1.2, n), steps[n].parameters, strict=True):
            np.testing.assert_array_equal(w, w_step)


def test_each_step_holds_the_cost_of_the_parameters_it_began_with():
    points, labels = flower(40)
    for step in islice(descend(exercise_parameters(3), points, labels, TANH, SIGMOID, 1.2), 5):
        assert cost(forward(step.parameters, points, TANH, SIGMOID), labels, SIGMOID) == step.J


def test_with_a_small_learning_rate_the_cost_falls_at_every_step():
    points, labels = flower(40)
    J = [step.J for step in islice(descend(exercise_parameters(4), points, labels, TANH, SIGMOID, 0.1), 200)]
    assert all(after < before for before, after in pairwise(J))


def test_training_leaves_the_parameters_that_it_was_given():
    points, labels = flower(40)
    parameters = exercise_parameters(3)
    train(parameters, points, labels, TANH, SIGMOID, 1.2, 3)
    for w, kept in zip(parameters, exercise_parameters(3), strict=True):
        np.testing.assert_array_equal(w, kept)


def test_k_networks_descend_together_as_each_would_alone():
    points, labels = flower(40)
    starts = [exercise_parameters(3, seed=seed) for seed in (2, 3)]
    together = train(Parameters(*(np.stack(w) for w in zip(*starts, strict=True))), points, labels, TANH, SIGMOID, 0.5, 20)
    for k, alone in enumerate(starts):
        for w, w_alone in zip(together, train(alone, points, labels, TANH, SIGMOID, 0.5, 20), strict=True):
            np.testing.assert_allclose(w[k], w_alone, rtol=0, atol=1e-12)  # 20 steps, each adding 40 products in another order
