"""The chapter's equations, each written once: pure functions in the chapter's notation, with examples as columns. Start with `propagation`.

`README.md` in this folder is the table slide | formula | function | test | exhibit.
"""

from shoal.textbook.activations import ACTIVATIONS, Activation, masked
from shoal.textbook.flower import exercise_parameters, flower
from shoal.textbook.gradient_check import GradientCheck, check_gradients, numerical_gradients, numerical_slope, own_activation
from shoal.textbook.gradient_descent import DescentStep, descend, gradient_step, train
from shoal.textbook.losses import Loss, make_loss
from shoal.textbook.optimizers import Adam, GradientDescent, Momentum, Nesterov, RMSprop, update
from shoal.textbook.piecewise_linear import active_units, bump, cut_regions, joints, linear_segments, most_regions, through_points
from shoal.textbook.propagation import Forward, Gradients, Parameters, backward, cost, forward, penalty
from shoal.textbook.pros_and_cons import dead_units, linear_collapse, saturated
from shoal.textbook.vectorization import columns_apart, compare_dot, forward_by_loop, layer, layer_by_loop, repeated, timed, unit

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Adam",
    "DescentStep",
    "Forward",
    "GradientCheck",
    "GradientDescent",
    "Gradients",
    "Loss",
    "Momentum",
    "Nesterov",
    "Parameters",
    "RMSprop",
    "active_units",
    "backward",
    "bump",
    "check_gradients",
    "columns_apart",
    "compare_dot",
    "cost",
    "cut_regions",
    "dead_units",
    "descend",
    "exercise_parameters",
    "flower",
    "forward",
    "forward_by_loop",
    "gradient_step",
    "joints",
    "layer",
    "layer_by_loop",
    "linear_collapse",
    "linear_segments",
    "make_loss",
    "masked",
    "most_regions",
    "numerical_gradients",
    "numerical_slope",
    "own_activation",
    "penalty",
    "repeated",
    "saturated",
    "through_points",
    "timed",
    "train",
    "unit",
    "update",
]
