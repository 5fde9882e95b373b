"""From the user's settings to a complete recipe: measured defaults for every "auto".

The numbers come from a study over 36 tables (docs/defaults.md): a fixed rule, tuned to no data set. There are two kinds of members: RAMPS
see z-scores and ramps, PLAIN see z-scores alone; half of the networks are of each kind.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np

from shoal.engine.device import PROCESSOR, found
from shoal.errors import InvalidParameterError
from shoal.fitting.settings import Settings, Task
from shoal.recipe import Recipe, Schedule, momentum_rule
from shoal.textbook.losses import make_loss
from shoal.textbook.optimizers import Adam, Optimizer, RMSprop
from shoal.textbook.own_name import OwnName

SMALL = 100  # below so many rows: full batches; rows are held out only if the refit learns from them
FEW = 16  # different rows, below which nothing is held out: eighths of them are too few
WIDE_FROM = 5_000  # rows from which 128 hidden units are better than 64
FLOAT32_FROM = 500  # rows
FASTER_FROM = 2_000  # rows from which classification uses twice the rate (docs/defaults.md)
SMALLEST_SHARE = 1e-18  # of the rows that a network may hold out: of any number of rows that is one
DROPOUT_FROM = 64  # hidden units; narrower networks need all of theirs, and in classification a higher learning rate
MOST_FASTER = 10  # times
PARTS = 8  # each member holds out one of so many parts of the rows
STEPS = {"classification": 50, "regression": 60}  # updates = so many times √rows
EPOCHS_WITHIN = (20, 400)
LONGER = 2  # times that a training with four times the epochs may follow
EPOCHS_OF_SMALL: dict[Task, int] = {"classification": 400, "regression": 1_000}  # at most, if held-out rows decide when to stop


@dataclass(frozen=True)
class MemberKind:
    """The defaults of one kind of member with Adam."""

    learning_rate: float
    decay: float
    dropout: float
    weight_average: float


KINDS: dict[tuple[Task, bool], MemberKind] = {  # (task, with ramps)
    ("classification", True): MemberKind(0.003, 0.3, 0.2, 0.0),
    ("classification", False): MemberKind(0.003, 0.03, 0.1, 0.0),
    ("regression", True): MemberKind(0.02, 0.02, 0.0, 0.995),
    ("regression", False): MemberKind(0.01, 0.0, 0.0, 0.0),
}
RowKind = Literal["dense", "sparse", "wide"]

WIDE_KINDS: dict[Task, MemberKind] = {  # of principal components
    "classification": MemberKind(0.003, 0.03, 0.1, 0.0),
    "regression": MemberKind(0.002, 0.0, 0.0, 0.0),
}
RAMP_SCALE: dict[Task, float] = {"classification": 1.0, "regression": 0.3}


@dataclass(frozen=True)
class WholeRows:
    """The facts about a solver that steps over all rows at once (`training.solvers`), and its defaults.

    Attributes
    ----------
    lam : mapping
        λ of each task.
    steps : int
        At most.
    holds_out : bool
        Whether rows are held out for early stopping.
    width : int or None
        Hidden units; None: as with every other solver.
    by_curvature : bool
        Whether a step costs the square of the parameters, and needs a loss with curvature.
    by_evidence : bool
        Whether the evidence of the data determines hidden units and noise.
    """

    lam: Mapping[Task, float]
    steps: int
    holds_out: bool = True
    width: int | None = None
    by_curvature: bool = False
    by_evidence: bool = False


FULL_BATCH: dict[str, WholeRows] = {
    "lbfgs": WholeRows({"classification": 1.0, "regression": 0.1}, 500),
    "scg": WholeRows({"classification": 1.0, "regression": 0.1}, 500),
    "rprop": WholeRows({"classification": 1.0, "regression": 0.1}, 500),
    "lm": WholeRows({"classification": 1.0, "regression": 0.1}, 100, width=16, by_curvature=True),
    "bayes": WholeRows({"classification": 0.0, "regression": 0.0}, 200, holds_out=False, by_curvature=True, by_evidence=True),
}
FLAT = 1e-5  # the largest derivative of J at which a full-batch solver has converged
WIDTHS = (2, 4, 8, 16, 32, 64)  # hidden units among which the evidence chooses
# Settings of AdamW: if a user sets one of them, L-BFGS does not follow AdamW.
ADAMW_S_WAY = ("batch_size", "schedule", "learning_rate", "max_epochs", "lam", "dropout", "weight_average", "patience")
NEEDS_BATCHES = ("dropout", "input_dropout", "weight_average")


@dataclass(frozen=True)
class Plan:
    """How an estimator trains: the recipe, and the decisions outside the recipe."""

    recipe: Recipe
    solver: str
    width: int
    with_ramps: tuple[bool, ...]
    hold_out: int  # parts that the rows are split into, 0 to hold out nothing
    single_precision: bool
    max_fun: int = 15_000  # evaluations of J that L-BFGS may take
    widths: tuple[int, ...] = ()  # the evidence chooses among these
    instead: str = "adamw"  # what solver="auto" selects
    polished: bool = False  # L-BFGS follows AdamW
    longer: int = 0  # how many times a longer training may follow, each if held-out rows ask for it
    skip: bool = False  # whether the networks have skip connections
    all_rows: bool = False  # the refit learns from the held-out rows too
    projected: bool = False  # networks learn from principal components (`projection`)
    linear: bool = False  # they start as linear models of these: skip connections, and W2 of 0

    @property
    def dtype(self) -> np.dtype:
        """The precision in which networks are trained and kept."""
        return np.dtype(np.float32 if self.single_precision else np.float64)


def chosen(value: Any, default: Any) -> Any:
    """`value`, or `default` if it is "auto"."""
    return default if is_auto(value) else value


def plan(
    s: Settings,
    m: int,
    seed: int,
    *,
    rows: RowKind = "dense",
    own_validation: bool,
    online: bool = False,
    earlier_ramps: tuple[bool, ...] | None = None,
    different: int | None = None,
) -> Plan:
    """The plan for m training rows and the settings `s`; `online` for `partial_fit`.

    `different` counts the different rows if they are few (None: as many as rows). `earlier_ramps` states which members see ramps if
    training continues with existing networks. Wide `rows` are projected (`projection`); these and sparse ones have no ramps.
    """
    task, wide = s.task, rows == "wide"
    solver, device = chosen(s.solver, auto_solver(online)), found(s.device, sparse=rows == "sparse")
    if device != PROCESSOR:
        refuse_own(s, device)
    ramps = member_kinds(s, solver, without=rows != "dense") if earlier_ramps is None else of_earlier(s, earlier_ramps)
    if solver in FULL_BATCH:
        return replace(plan_whole_rows(s, m, seed, solver, ramps, device, own_validation=own_validation), projected=wide)
    linear = wide and starts_linear(s, solver)
    batch = batch_size(s, m)
    schedule = learning_schedule(s, solver, online)
    to_the_end = not online and not own_validation and earlier_ramps is None and wants_all_rows(s, m)
    hold_out = 0 if online or own_validation else parts_held_out(s, m, of_few=to_the_end and (different or m) >= FEW)
    epochs = 1 if online else max_epochs(s, m, batch, EPOCHS_OF_SMALL[task] if to_the_end and hold_out else EPOCHS_WITHIN[1])
    validated = bool(hold_out) or own_validation
    recipe = Recipe(
        activation=s.activation,
        rule=rule(s, solver),
        schedule=schedule,
        power_t=s.power_t,
        batch_size=batch,
        equal_batches=s.batch_size == "auto",
        max_epochs=epochs,
        max_time=s.max_time,
        shuffle=s.shuffle and batch < m,
        input_dropout=s.input_dropout,
        patience=patience(s, schedule, epochs, validated, online),
        tol=chosen(s.tol, 0.0 if validated else 1e-4),
        seed=seed,
        device=device,
        **by_members(s, m, solver, ramps, online=online, wide=wide),
    )
    single = chosen(s.dtype, "float32" if m >= FLOAT32_FROM else "float64") == "float32"
    polished = validated and not online and s.scoring is None and wants_polish(s, wide=wide)
    all_rows = to_the_end and hold_out > 0
    longer = LONGER if validated and not polished and earlier_ramps is None and may_train_longer(s, m, online=online) else 0
    stages: dict[str, Any] = {"polished": polished, "longer": longer, "all_rows": all_rows, "projected": wide, "linear": linear}
    return Plan(recipe, solver, width(s, m), ramps, hold_out, single, skip=s.skip or linear, **stages)


def refuse_own(s: Settings, device: str) -> None:
    """Refuse functions of the user's own, which are NumPy's, where another library computes."""
    for name in (s.activation, s.loss):
        if isinstance(name, OwnName):
            raise InvalidParameterError(
                f"device {device!r} cannot use the own {name.noun} {str(name)!r}, whose functions are NumPy's; choose device='cpu'"
            )


def of_earlier(s: Settings, ramps: tuple[bool, ...]) -> tuple[bool, ...]:
    """Which members see ramps, of the networks that training continues with."""
    if len(ramps) != s.K:
        raise InvalidParameterError(
            f"n_networks is {s.K}, but training continues with the {len(ramps)} networks of the earlier call; "
            "keep their number, or start again with warm_start=False"
        )
    return ramps


def starts_linear(s: Settings, solver: str) -> bool:
    """Whether networks of a wide table start as linear models: regression of squared error with Adam and the default first weights."""
    return solver in ("adam", "adamw") and s.task == "regression" and make_loss(s.loss).is_least_squares and s.init == "auto"


def by_members(s: Settings, m: int, solver: str, ramps: tuple[bool, ...], *, online: bool, wide: bool) -> dict[str, Any]:
    """What each member may have of its own with minibatches: by default with Adam what its kind does."""
    kinds = [WIDE_KINDS[s.task] if wide else KINDS[s.task, ramp] for ramp in ramps]
    by_default, decoupled = solver in ("adam", "adamw"), solver == "adamw"
    n_h = width(s, m)
    faster = rate_factor(s.task, m, n_h, online=online)
    alpha = chosen(s.lam, tuple(k.decay for k in kinds) if decoupled else 1e-4)
    return {
        "learning_rate": chosen(s.learning_rate, tuple(faster * k.learning_rate for k in kinds) if by_default else SGD_RATES[solver]),
        "lam": 0.0 if decoupled else alpha,
        "decay": alpha if decoupled else 0.0,
        "dropout": chosen(s.dropout, tuple(k.dropout for k in kinds) if m >= SMALL and by_default and n_h >= DROPOUT_FROM else 0.0),
        "weight_average": chosen(s.weight_average, tuple(k.weight_average for k in kinds) if by_default and not online else 0.0),
    }


def rate_factor(task: Task, m: int, n_h: int, *, online: bool) -> float:
    """By how much the learning rate of classification is higher: with many rows, and for narrow networks, in proportion."""
    if task == "regression":
        return 1
    return (2 if m >= FASTER_FROM and not online else 1) * min(MOST_FASTER, max(1.0, DROPOUT_FROM / n_h))


def wants_polish(s: Settings, *, wide: bool = False) -> bool:
    """Whether L-BFGS may follow AdamW: smooth regression (squared error, no ramps) with none of AdamW's settings set."""
    smooth = s.task == "regression" and make_loss(s.loss).is_least_squares and (wide or s.ramps is False) and s.standardize
    return bool(smooth and is_auto(s.solver) and s.input_dropout == 0 and all(is_auto(getattr(s, name)) for name in ADAMW_S_WAY))


def may_train_longer(s: Settings, m: int, *, online: bool) -> bool:
    """Whether held-out rows may ask for more epochs (`training.longer`).

    Not if the user defines the end, if training may continue, and not with many rows: their trainings take seconds.
    """
    free = is_auto(s.max_epochs) and is_auto(s.patience) and is_auto(s.tol) and is_auto(s.schedule) and s.scoring is None
    return free and not (online or s.warm_start) and SMALL <= m < WIDE_FROM


def wants_all_rows(s: Settings, m: int) -> bool:
    """Whether the networks are refitted on all rows.

    Not if held-out rows must stay so, if training may continue, or if the rate depends on them ("adaptive"). With few rows always.
    Regression gains one percent of RMSE from it, but less with many rows, as classification does of log loss: too little for twice the
    time. Where L-BFGS follows AdamW, it takes less.
    """
    free = s.early_stopping == "auto" and s.calibration != "cv+" and not s.warm_start and s.schedule != "adaptive"
    return bool(free and (m < WIDE_FROM or wants_polish(s) if s.task == "regression" else m < SMALL))


def auto_solver(online: bool) -> str:
    """What "auto" selects: AdamW; Adam for `partial_fit`. The measurements are in docs/solvers.md."""
    return "adam" if online else "adamw"


def plan_whole_rows(s: Settings, m: int, seed: int, solver: str, ramps: tuple[bool, ...], device: str, *, own_validation: bool) -> Plan:
    """The plan of a solver that steps over all rows at once."""
    for name in NEEDS_BATCHES:
        value = getattr(s, name)
        if not is_auto(value) and np.any(np.asarray(value) > 0):
            raise InvalidParameterError(
                f"{name} is {value!r}, but solver {solver!r} has no minibatches; choose 'adamw', or leave {name} out"
            )
    kind = FULL_BATCH[solver]
    steps = chosen(s.max_epochs, kind.steps)
    held = s.early_stopping is True or (kind.holds_out and s.early_stopping == "auto")
    hold_out = parts_held_out(s, m) if held and not own_validation else 0
    auto_width = is_auto(s.n_h)
    recipe = Recipe(
        activation=s.activation,
        lam=chosen(s.lam, kind.lam[s.task]),
        batch_size=m,
        max_epochs=steps,
        max_time=s.max_time,
        shuffle=False,
        patience=chosen(s.patience, max(8, math.ceil(0.1 * steps))),
        tol=chosen(s.tol, FLAT),
        seed=seed,
        device=device,
    )
    return Plan(
        recipe,
        solver,
        kind.width if auto_width and kind.width else width(s, m),
        ramps,
        hold_out,
        s.dtype == "float32",
        s.max_fun,
        WIDTHS if auto_width and kind.by_evidence else (),
        auto_solver(False),
        skip=s.skip,
    )


SGD_RATES = {"sgd": 0.05, "rmsprop": 0.003}  # on standardised inputs; scikit-learn's 0.001 does not converge within its epochs


def costs_squares(solver: str) -> bool:
    """Whether a step of the solver costs the square of the parameters."""
    return solver in FULL_BATCH and FULL_BATCH[solver].by_curvature


def is_auto(value: Any) -> bool:
    """Whether it is the word "auto"."""
    return isinstance(value, str) and value == "auto"


def width(s: Settings, m: int) -> int:
    """The number of hidden units."""
    return int(chosen(s.n_h, 128 if m >= WIDE_FROM else 64))


def member_kinds(s: Settings, solver: str, *, without: bool) -> tuple[bool, ...]:
    """Which members see ramps: by default half of them, the one network if there is one; none without standardising.

    By default none either if a step costs the square of the parameters. `without` says that the rows have none: sparse or wide ones.
    """
    K = s.K
    if not s.standardize or without or (is_auto(s.ramps) and costs_squares(solver)):
        return (False,) * K
    with_ramps = K - K // 2 if s.ramps == "auto" else K * bool(s.ramps)
    return (True,) * with_ramps + (False,) * (K - with_ramps)


def batch_size(s: Settings, m: int) -> int:
    """The power of 2 nearest m/24 within 16..256; all rows below 100."""
    if s.batch_size != "auto":
        return min(s.batch_size, m)
    return m if m < SMALL else 2 ** round(min(8.0, max(4.0, math.log2(m / 24))))


def max_epochs(s: Settings, m: int, batch: int, of_small: int) -> int:
    """The number that gives 50 √m updates (60 for regression), within 20..400; `of_small` below 100 rows."""
    low, high = EPOCHS_WITHIN
    if s.max_epochs != "auto":
        return s.max_epochs
    if m < SMALL:
        return of_small
    return int(min(high, max(low, round(STEPS[s.task] * math.sqrt(m) / max(1, round(m / batch))))))


def learning_schedule(s: Settings, solver: str, online: bool) -> Schedule:
    """Cosine to 0, its first half flat for regression; constant if training has no planned end."""
    if s.schedule != "auto":
        if online and s.schedule == "cosine":
            raise InvalidParameterError(
                "learning_rate is 'cosine', which falls to 0 at the last planned update, and partial_fit plans none; "
                "choose 'constant' or 'invscaling'"
            )
        return cast(Schedule, s.schedule)
    if online:
        return "constant"
    return "cosine" if s.task == "classification" else "flat_cosine"


def parts_held_out(s: Settings, m: int, *, of_few: bool = False) -> int:
    """The number of parts of the rows, of which each member holds out one; 0 for none, as by default below 100 rows."""
    if s.early_stopping is False or (s.early_stopping == "auto" and m < SMALL and not of_few):
        return 0
    if s.validation_fraction == "auto":
        return PARTS
    return max(2, round(min(m, 1 / max(s.validation_fraction, SMALLEST_SHARE))))


def patience(s: Settings, schedule: str, epochs: int, validated: bool, online: bool) -> int | None:
    """Epochs without improvement: 35 % of all, at least 8; scikit-learn's 10 for a rate without end, or for a `tol` that is set.

    None if a cosine schedule ends anyway.
    """
    if online:
        return None
    if s.patience != "auto":
        return s.patience
    if validated:
        return max(8, math.ceil(0.35 * epochs))
    return None if "cosine" in schedule and is_auto(s.tol) else 10


def rule(s: Settings, solver: str) -> Optimizer:
    """The update rule of the solver's name and its numbers."""
    if solver == "sgd":
        return momentum_rule(s.mu, s.nesterov)
    if solver == "rmsprop":
        return RMSprop(s.beta_2, s.epsilon)
    return Adam(s.beta_1, s.beta_2, s.epsilon)
