"""The chapter's equations, once: pure functions in its own notation, examples as columns. Start with `propagation`."""

from shoal.textbook.activations import ACTIVATIONS, Activation, masked
from shoal.textbook.flower import exercise_parameters, flower
from shoal.textbook.gradient_check import GradientCheck, check_gradients, numerical_gradients
from shoal.textbook.gradient_descent import DescentStep, descend, gradient_step, train
from shoal.textbook.losses import Loss, make_loss
from shoal.textbook.optimizers import Adam, GradientDescent, Momentum, Nesterov, RMSprop, update
from shoal.textbook.propagation import Forward, Gradients, Parameters, backward, cost, forward, penalty

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
    "backward",
    "check_gradients",
    "cost",
    "descend",
    "exercise_parameters",
    "flower",
    "forward",
    "gradient_step",
    "make_loss",
    "masked",
    "numerical_gradients",
    "penalty",
    "train",
    "update",
]
