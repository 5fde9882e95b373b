"""The full-batch solvers, each in its own file: `SOLVERS` makes one from a name, an objective and two limits."""

from collections.abc import Callable
from typing import Any

from shoal.training.solvers.bayes import bayes
from shoal.training.solvers.lbfgs import LBFGS
from shoal.training.solvers.levenberg_marquardt import levenberg_marquardt
from shoal.training.solvers.rprop import Rprop
from shoal.training.solvers.scg import ScaledConjugateGradient
from shoal.training.solvers.solver import Objective, Solver

SOLVERS: dict[str, Callable[[Objective, float, int], Solver[Any]]] = {
    "lbfgs": LBFGS,
    "scg": ScaledConjugateGradient,
    "rprop": Rprop,
    "lm": levenberg_marquardt,
    "bayes": bayes,
}
