"""What a step costs that solves for all parameters at once: refused beyond reason, and announced if all steps may take minutes."""

import math
import warnings

from shoal.errors import InvalidParameterError, SlowFitWarning
from shoal.fitting.plan import WIDTHS, Plan
from shoal.population import Population
from shoal.textbook.losses import LOSSES, Loss
from shoal.textbook.own_name import OwnName

MOST_BYTES = 4 << 30  # of JᵀJ and its factor, all networks together
LONGEST_STEP = 60.0  # seconds
WORTH_SAYING = 120.0  # seconds that all steps may take, from which on a warning says so
MULTIPLICATIONS = 1e10  # per second and core, of products in float64: half of the rate of the machine of docs/solvers.md


def refuse_unfit(p: Plan, population: Population, g2: Loss, m: int) -> None:
    """Refuse losses without curvature, and p² numbers or operations beyond reason, before anything is computed."""
    if g2.root is None:
        curved = [other.name for other in LOSSES.values() if other.root is not None]
        why = "is one of your own" if isinstance(g2.name, OwnName) else "has straight parts"
        raise InvalidParameterError(
            f"solver is {p.solver!r}, which needs a loss with curvature everywhere ({', '.join(curved)}); {g2.name!r} {why}: "
            "choose solver 'lbfgs' or 'adamw', or another loss"
        )
    n_p = largest_parameter_count(population)
    n_bytes, seconds = 16 * population.K * n_p**2, seconds_of_step(population, m)
    if n_bytes > MOST_BYTES or seconds > LONGEST_STEP:
        raise InvalidParameterError(
            f"solver is {p.solver!r}, but {population.K} networks of {n_p} parameters over {m} rows would need {n_bytes / 2**30:.1f} GiB "
            f"and about {seconds:.0f} s a step; solver='auto' selects {p.instead!r} here, and 'lbfgs' needs neither; or set fewer "
            "hidden_layer_sizes or n_networks, or ramps=False"
        )


def seconds_of_step(population: Population, m: int, n_h: int | None = None) -> float:
    """What a step over m rows takes that costs the square and the cube of the parameters; with n_h hidden units instead of its own."""
    n_p = largest_parameter_count(population, n_h)
    return population.K * (m * g2_rows(population) * n_p**2 + n_p**3) / MULTIPLICATIONS


def warn_slow(p: Plan, population: Population, m: int) -> None:
    """Say before the first step that the steps may take minutes, and what takes less; of several widths once, before the first."""
    own = int(population.parameters.W1.shape[1])
    if p.widths and own != p.widths[0]:
        return
    widths, steps = p.widths or (own,), p.recipe.max_epochs
    longest = math.inf if p.recipe.max_time is None else p.recipe.max_time
    each = {n_h: seconds_of_step(population, m, n_h) for n_h in widths}
    limits = {n_h: min(steps * seconds, longest) for n_h, seconds in each.items() if seconds <= LONGEST_STEP}  # wider ones are refused
    total = sum(limits.values())
    if total <= WORTH_SAYING:
        return
    narrow = (n_h for n_h in WIDTHS if p.widths or n_h < own)
    quick = max((n_h for n_h in narrow if steps * seconds_of_step(population, m, n_h) < 60), default=0)
    less = [f"hidden_layer_sizes={quick} takes less than a minute"] if quick else []
    less += [f"n_networks=1 one part in {population.K} of the time"] if population.K > 1 else []
    n_p = largest_parameter_count(population, max(limits))
    turns = f" with {', '.join(map(str, limits))} hidden units, one width after the other" if p.widths else ""
    warnings.warn(
        SlowFitWarning(
            f"solver is {p.solver!r}, and {population.K} networks{turns}, of up to {n_p:,} parameters, may take up to "
            f"{in_minutes(total)}: a step costs their cube. "
            f"{'; '.join([*less, 'max_time= limits each training'])}. An interrupted fit keeps the best weights so far"
        ),
        stacklevel=6,
    )


def in_minutes(seconds: float) -> str:
    """A time in whole minutes, or hours."""
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"


def largest_parameter_count(population: Population, n_h: int | None = None) -> int:
    """p of the network that sees the most inputs; with n_h hidden units instead of its own."""
    n_h = population.parameters.W1.shape[1] if n_h is None else n_h
    n_x, n_z = population.inputs.sum(axis=1).max(), population.parameters.W2.shape[1]
    skip = 0 if population.parameters.W3 is None else n_z * n_x
    return int(n_h * (n_x + 1 + n_z) + n_z + skip)


def g2_rows(population: Population) -> int:
    """Rows of the Jacobian per example."""
    return int(population.parameters.W2.shape[1])
