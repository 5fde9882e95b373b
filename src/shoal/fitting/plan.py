"""From what a user set to a complete recipe: the measured defaults where nothing was said.

The numbers are those of a study over 36 tables (docs/defaults.md): a fixed rule, nothing tuned to a set. Two kinds of
members: RAMPS see z-scores and ramps, PLAIN see z-scores alone; half of the networks are of each kind.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np

from shoal.engine.device import found
from shoal.errors import InvalidParameterError
from shoal.recipe import Recipe, Schedule, momentum_rule
from shoal.textbook.optimizers import Adam, Optimizer, RMSprop

Task = Literal["classification", "regression"]

SMALL = 100  # below so many rows: full batches, nothing held back but to learn from it in the end
FEW = 16  # different rows, below which nothing is held back at all: eighths of them say nothing
WIDE_FROM = 5_000  # rows from which 128 hidden units are better than 64
FLOAT32_FROM = 500  # rows
FASTER_FROM = 2_000  # rows from which classes are learned at twice the rate (docs/defaults.md)
PARTS = 8  # each member holds out one of so many parts of the rows
SOLVERS = ("auto", "adam", "adamw", "sgd", "rmsprop", "lbfgs", "scg", "rprop", "lm", "bayes")
SCHEDULES = ("auto", "constant", "invscaling", "adaptive", "cosine")
STEPS = {"classification": 50, "regression": 60}  # updates = so many times √rows
EPOCHS_WITHIN = (20, 400)
EPOCHS_OF_SMALL: dict[Task, int] = {"classification": 400, "regression": 1_000}  # at most, where rows held out say when to stop


@dataclass(frozen=True)
class Kind:
    """What one kind of member does by default with Adam."""

    learning_rate: float
    decay: float
    dropout: float
    weight_average: float


KINDS: dict[tuple[Task, bool], Kind] = {  # (task, with ramps)
    ("classification", True): Kind(0.003, 0.3, 0.2, 0.0),
    ("classification", False): Kind(0.003, 0.03, 0.1, 0.0),
    ("regression", True): Kind(0.02, 0.02, 0.0, 0.995),
    ("regression", False): Kind(0.01, 0.0, 0.0, 0.0),
}
RAMP_SCALE: dict[Task, float] = {"classification": 1.0, "regression": 0.3}


@dataclass(frozen=True)
class WholeRows:
    """What a solver that steps over all rows at once does by default: λ of each task, most steps, hidden units."""

    lam: Mapping[Task, float]
    steps: int
    holds_out: bool = True
    width: int | None = None  # None: as with every other solver


FULL_BATCH: dict[str, WholeRows] = {
    "lbfgs": WholeRows({"classification": 1.0, "regression": 0.1}, 500),
    "scg": WholeRows({"classification": 1.0, "regression": 0.1}, 500),
    "rprop": WholeRows({"classification": 1.0, "regression": 0.1}, 500),
    "lm": WholeRows({"classification": 1.0, "regression": 0.1}, 100, width=16),
    "bayes": WholeRows({"classification": 0.0, "regression": 0.0}, 200, holds_out=False),
}
FLAT = 1e-5  # the largest derivative of J at which a full-batch solver has arrived
WIDTHS = (2, 4, 8, 16, 32, 64)  # hidden units among which the evidence chooses
# What a user who sets it has said of the way that AdamW shall go: L-BFGS then does not go on after it.
ADAMW_S_WAY = ("batch_size", "learning_rate", "learning_rate_init", "max_iter", "alpha", "dropout", "weight_average", "n_iter_no_change")
NEEDS_BATCHES = ("dropout", "input_dropout", "weight_average")


@dataclass(frozen=True)
class Plan:
    """How an estimator will train: the recipe, and what is decided for it outside the recipe."""

    recipe: Recipe
    solver: str
    width: int
    with_ramps: tuple[bool, ...]
    hold_out: int  # parts that the rows are dealt into, 0 to hold out nothing
    single_precision: bool
    max_fun: int = 15_000  # evaluations of J that L-BFGS may take
    widths: tuple[int, ...] = ()  # among which the evidence is to choose
    instead: str = "adamw"  # what solver="auto" takes
    polished: bool = False  # L-BFGS goes on after AdamW
    all_rows: bool = False  # in the end the networks learn from the rows too that they held out


def chosen(value: Any, default: Any) -> Any:
    """`value`, or `default` where it is "auto"."""
    return default if is_auto(value) else value


def plan(
    p: Mapping[str, Any],
    task: Task,
    m: int,
    seed: int,
    *,
    sparse: bool,
    own_validation: bool,
    online: bool = False,
    begun: tuple[bool, ...] | None = None,
    different: int | None = None,
) -> Plan:
    """The plan for m training rows and the constructor's parameters `p`; `online` for `partial_fit`.

    `different` counts the different rows where they are few (None: as many as rows). `begun` says which members see ramps where
    training goes on with networks that there are.
    """
    check(p)
    solver, device = chosen(p["solver"], auto_solver(online)), found(p["device"], sparse=sparse)
    ramps = member_kinds(p, solver, sparse) if begun is None else begun
    if len(ramps) != p["n_networks"]:
        raise InvalidParameterError(
            f"n_networks is {p['n_networks']}, but training goes on with the {len(ramps)} networks of the earlier call; "
            "keep their number, or begin anew with warm_start=False"
        )
    if solver in FULL_BATCH:
        return plan_whole_rows(p, task, m, seed, solver, ramps, device, own_validation=own_validation)
    kinds = [KINDS[task, ramp] for ramp in ramps]
    batch = batch_size(p, m)
    schedule = learning_schedule(p, task, solver, online)
    to_the_end = not online and not own_validation and begun is None and wants_all_rows(p, task, m)
    hold_out = 0 if online or own_validation else parts_held_out(p, m, of_few=to_the_end and (different or m) >= FEW)
    epochs = 1 if online else max_epochs(p, task, m, batch, EPOCHS_OF_SMALL[task] if to_the_end and hold_out else EPOCHS_WITHIN[1])
    validated = bool(hold_out) or own_validation
    by_default = solver in ("adam", "adamw")
    faster = 2 if task == "classification" and m >= FASTER_FROM and not online else 1
    auto_alpha = tuple(k.decay for k in kinds) if solver == "adamw" else 1e-4
    alpha = chosen(p["alpha"], auto_alpha)
    recipe = Recipe(
        activation=p["activation"],
        rule=rule(p, solver),
        learning_rate=chosen(p["learning_rate_init"], tuple(faster * k.learning_rate for k in kinds) if by_default else SGD_RATES[solver]),
        schedule=schedule,
        power_t=p["power_t"],
        lam=0.0 if solver == "adamw" else alpha,
        decay=alpha if solver == "adamw" else 0.0,
        batch_size=batch,
        equal_batches=p["batch_size"] == "auto",
        max_epochs=epochs,
        max_time=p["max_time"],
        shuffle=p["shuffle"] and batch < m,
        dropout=chosen(p["dropout"], tuple(k.dropout for k in kinds) if m >= SMALL and by_default else 0.0),
        input_dropout=p["input_dropout"],
        weight_average=chosen(p["weight_average"], tuple(k.weight_average for k in kinds) if by_default and not online else 0.0),
        patience=patience(p, schedule, epochs, validated, online),
        tol=chosen(p["tol"], 0.0 if validated else 1e-4),
        seed=seed,
        device=device,
    )
    single = chosen(p["dtype"], "float32" if m >= FLOAT32_FROM else "float64") == "float32"
    polished = validated and not online and wants_polish(p, task)
    all_rows = to_the_end and hold_out > 0
    return Plan(recipe, solver, width(p, m), ramps, hold_out, single, polished=polished, all_rows=all_rows)


def wants_polish(p: Mapping[str, Any], task: Task) -> bool:
    """Whether L-BFGS may go on from AdamW's weights: smooth regression (squared error, no ramps) with nothing said of AdamW's way."""
    smooth = task == "regression" and p.get("loss", "squared_error") == "squared_error" and p["ramps"] is False and p["standardize"]
    return bool(smooth and is_auto(p["solver"]) and p["input_dropout"] == 0 and all(is_auto(p[name]) for name in ADAMW_S_WAY))


def wants_all_rows(p: Mapping[str, Any], task: Task, m: int) -> bool:
    """Whether networks learn from all rows in the end.

    Not where the rows held out must stay so, training may go on, or its rate falls as they say ("adaptive"). Of few rows always. Of
    many, numbers gain one percent of RMSE from it, and classes half a percent of log loss: enough for twice the time, and too little.
    """
    free = p["early_stopping"] == "auto" and p["calibration"] != "cv+" and not p["warm_start"] and p["learning_rate"] != "adaptive"
    return bool(free and (task == "regression" or m < SMALL))


def auto_solver(online: bool) -> str:
    """What "auto" takes: AdamW; Adam for rows that come in pieces. The measurements stand in docs/solvers.md."""
    return "adam" if online else "adamw"


def plan_whole_rows(
    p: Mapping[str, Any], task: Task, m: int, seed: int, solver: str, ramps: tuple[bool, ...], device: str, *, own_validation: bool
) -> Plan:
    """The plan of a solver that steps over all rows at once."""
    for name in NEEDS_BATCHES:
        if not is_auto(p[name]) and np.any(np.asarray(p[name]) > 0):
            raise InvalidParameterError(
                f"{name} is {p[name]!r}, but solver {solver!r} has no minibatches; choose 'adamw', or leave {name} out"
            )
    kind = FULL_BATCH[solver]
    steps = int(chosen(p["max_iter"], kind.steps))
    held = p["early_stopping"] is True or (kind.holds_out and p["early_stopping"] == "auto")
    hold_out = parts_held_out(p, m) if held and not own_validation else 0
    auto_width = is_auto(p["hidden_layer_sizes"])
    recipe = Recipe(
        activation=p["activation"],
        lam=chosen(p["alpha"], kind.lam[task]),
        batch_size=m,
        max_epochs=steps,
        max_time=p["max_time"],
        shuffle=False,
        patience=int(chosen(p["n_iter_no_change"], max(8, math.ceil(0.1 * steps)))),
        tol=chosen(p["tol"], FLAT),
        seed=seed,
        device=device,
    )
    return Plan(
        recipe,
        solver,
        kind.width if auto_width and kind.width else width(p, m),
        ramps,
        hold_out,
        p["dtype"] == "float32",
        int(p["max_fun"]),
        WIDTHS if auto_width and solver == "bayes" else (),
        auto_solver(False),
    )


SGD_RATES = {"sgd": 0.05, "rmsprop": 0.003}  # on standardised inputs; scikit-learn's 0.001 does not arrive within its epochs


def check(p: Mapping[str, Any]) -> None:
    """Refuse what no recipe can mean, by the user's own names."""
    one_of("solver", p["solver"], SOLVERS)
    one_of("learning_rate", p["learning_rate"], SCHEDULES)
    one_of("dtype", p["dtype"], ("auto", "float32", "float64"))
    one_of("ramps", p["ramps"], ("auto", True, False))
    one_of("early_stopping", p["early_stopping"], ("auto", True, False))
    counts = {name: p[name] for name in ("n_networks", "max_iter", "max_fun", "batch_size", "n_iter_no_change")}
    for name, value in counts.items():
        may_be_auto = name not in ("n_networks", "max_fun")
        if not is_count(value) and not (may_be_auto and is_auto(value)):
            raise InvalidParameterError(f"{name} is {value!r}; it must be a whole number from 1 on{', or auto' * may_be_auto}")
    for name, (is_right, words) in NUMBERS.items():
        if not (is_auto(p[name]) and name in MAY_BE_AUTO) and not (p[name] is None and name == "max_time"):
            check_number(name, p[name], is_right, words, p["n_networks"])
    if p["n_jobs"] not in (None, -1) and not is_count(p["n_jobs"]):
        raise InvalidParameterError(f"n_jobs is {p['n_jobs']!r}; it must be a number of threads from 1 on, or None for all cores")
    callbacks = () if p["callbacks"] is None else p["callbacks"]
    if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
        raise InvalidParameterError(f"callbacks is {callbacks!r}; it must be a list of functions that take an Epoch, or None")


Test = Callable[[Any], Any]
FROM_0: tuple[Test, str] = (lambda v: (v >= 0) & (v < math.inf), "0 or more")
ABOVE_0: tuple[Test, str] = (lambda v: (v > 0) & (v < math.inf), "above 0")
SHARE: tuple[Test, str] = (lambda v: (v >= 0) & (v < 1), "from 0 to below 1")
NUMBERS = {
    "alpha": FROM_0,
    "learning_rate_init": ABOVE_0,
    "power_t": FROM_0,
    "tol": FROM_0,
    "momentum": (lambda v: (v >= 0) & (v <= 1), "from 0 to 1"),
    "beta_1": SHARE,
    "beta_2": SHARE,
    "epsilon": ABOVE_0,
    "max_time": (lambda v: v > 0, "above 0 seconds, or None for no limit"),
    "validation_fraction": (lambda v: (v > 0) & (v < 1), "between 0 and 1"),
    "dropout": SHARE,
    "input_dropout": SHARE,
    "weight_average": SHARE,
    "init_scale": FROM_0,
}
MAY_BE_AUTO = ("alpha", "learning_rate_init", "tol", "validation_fraction", "dropout", "weight_average")
ONE_FOR_EACH = ("alpha", "learning_rate_init", "dropout", "input_dropout", "weight_average")  # or one number for each network


def check_number(name: str, value: Any, is_right: Test, words: str, K: int = 1) -> None:
    """Refuse what is not a number, or one outside its range."""
    if isinstance(value, float | int) and is_right(value):
        return  # one plain number, as most are, needs no array
    try:
        numbers = np.asarray(np.nan if isinstance(value, str) else value, np.float64)
    except (TypeError, ValueError):
        numbers = np.array(np.nan)
    if not np.all(is_right(numbers)):
        raise InvalidParameterError(f"{name} is {value!r}; it must be {words}{', or auto' * (name in MAY_BE_AUTO)}")
    if numbers.shape != () and (name not in ONE_FOR_EACH or numbers.shape != (K,)):
        many = f", or one for each of the {K} networks" if name in ONE_FOR_EACH else ""
        raise InvalidParameterError(f"{name} is {value!r}; it must be one number{many}")


def is_auto(value: Any) -> bool:
    """Whether it is the word "auto"."""
    return isinstance(value, str) and value == "auto"


def is_count(value: Any) -> bool:
    """Whether it is a whole number from 1 on."""
    return isinstance(value, Real) and not isinstance(value, bool) and float(value).is_integer() and float(value) >= 1


def one_of(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    """Refuse a value that is not among the choices."""
    if not any(value is c or value == c for c in choices):
        raise InvalidParameterError(f"{name} is {value!r}; choose one of {', '.join(map(repr, choices))}")


def width(p: Mapping[str, Any], m: int) -> int:
    """The number of hidden units; a second hidden layer is refused."""
    sizes = chosen(p["hidden_layer_sizes"], 128 if m >= WIDE_FROM else 64)
    sizes = tuple(sizes) if hasattr(sizes, "__len__") else (sizes,)
    if len(sizes) != 1:
        raise InvalidParameterError(
            f"hidden_layer_sizes is {sizes!r}: shoal trains networks with exactly one hidden layer; "
            f"give one number, such as ({sizes[0] if sizes else 64},)"
        )
    if not is_count(sizes[0]):
        raise InvalidParameterError(f"hidden_layer_sizes is {sizes!r}; it must be a whole number of units from 1 on")
    return int(sizes[0])


def member_kinds(p: Mapping[str, Any], solver: str, sparse: bool) -> tuple[bool, ...]:
    """Which members see ramps: by default half of them, the one network when there is one; none without standardising.

    By default none either where a step costs the square of the parameters.
    """
    K = int(p["n_networks"])
    if not p["standardize"] or sparse or (is_auto(p["ramps"]) and solver in ("lm", "bayes")):
        return (False,) * K
    with_ramps = K - K // 2 if p["ramps"] == "auto" else K * bool(p["ramps"])
    return (True,) * with_ramps + (False,) * (K - with_ramps)


def batch_size(p: Mapping[str, Any], m: int) -> int:
    """The power of 2 nearest m/24 within 16..256; all rows below 100."""
    if p["batch_size"] != "auto":
        return min(int(p["batch_size"]), m)
    return m if m < SMALL else 2 ** round(min(8.0, max(4.0, math.log2(m / 24))))


def max_epochs(p: Mapping[str, Any], task: Task, m: int, batch: int, of_small: int) -> int:
    """As many as make 50 √m updates (60 for regression), within 20..400; `of_small` below 100 rows."""
    low, high = EPOCHS_WITHIN
    if p["max_iter"] != "auto":
        return int(p["max_iter"])
    if m < SMALL:
        return of_small
    return int(min(high, max(low, round(STEPS[task] * math.sqrt(m) / max(1, round(m / batch))))))


def learning_schedule(p: Mapping[str, Any], task: Task, solver: str, online: bool) -> Schedule:
    """Cosine to 0, its first half flat for regression; constant where training has no planned end."""
    if p["learning_rate"] != "auto":
        if online and p["learning_rate"] == "cosine":
            raise InvalidParameterError(
                "learning_rate is 'cosine', which falls to 0 at the last planned update, and partial_fit plans none; "
                "choose 'constant' or 'invscaling'"
            )
        schedule: Schedule = p["learning_rate"]
        return schedule
    if online:
        return "constant"
    return "cosine" if task == "classification" else "flat_cosine"


def parts_held_out(p: Mapping[str, Any], m: int, *, of_few: bool = False) -> int:
    """Into how many parts the rows are dealt, of which each member holds out one; 0 for none, as by default below 100 rows."""
    if p["early_stopping"] is False or (p["early_stopping"] == "auto" and m < SMALL and not of_few):
        return 0
    return PARTS if p["validation_fraction"] == "auto" else max(2, round(1 / p["validation_fraction"]))


def patience(p: Mapping[str, Any], schedule: str, epochs: int, validated: bool, online: bool) -> int | None:
    """Epochs without improvement: 35 % of all, at least 8; scikit-learn's 10 for a rate without end, or for a `tol` that is set.

    Never where a cosine ends anyway.
    """
    if online:
        return None
    if p["n_iter_no_change"] != "auto":
        return int(p["n_iter_no_change"])
    if validated:
        return max(8, math.ceil(0.35 * epochs))
    return None if "cosine" in schedule and is_auto(p["tol"]) else 10


def rule(p: Mapping[str, Any], solver: str) -> Optimizer:
    """The update rule that the solver's name and its numbers mean."""
    if solver == "sgd":
        return momentum_rule(p["momentum"], p["nesterovs_momentum"])
    if solver == "rmsprop":
        return RMSprop(p["beta_2"], p["epsilon"])
    return Adam(p["beta_1"], p["beta_2"], p["epsilon"])
