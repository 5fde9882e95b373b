"""The chapter's equations, once: pure functions in its own notation, examples as columns. Start with `propagation`."""

from shoal.textbook.activations import ACTIVATIONS, Activation, masked
from shoal.textbook.descent import Step, descend, train
from shoal.textbook.flower import exercise_parameters, flower
from shoal.textbook.gradient_check import GradientCheck, check_gradients, numerical_gradients
from shoal.textbook.outputs import Output, output
from shoal.textbook.propagation import Forward, Gradients, Parameters, backward, cost, forward, penalty
from shoal.textbook.rules import Adam, GradientDescent, Momentum, Nesterov, RMSprop, update

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Adam",
    "Forward",
    "GradientCheck",
    "GradientDescent",
    "Gradients",
    "Momentum",
    "Nesterov",
    "Output",
    "Parameters",
    "RMSprop",
    "Step",
    "backward",
    "check_gradients",
    "cost",
    "descend",
    "exercise_parameters",
    "flower",
    "forward",
    "masked",
    "numerical_gradients",
    "output",
    "penalty",
    "train",
    "update",
]
