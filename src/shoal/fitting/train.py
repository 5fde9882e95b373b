"""Training of a prepared population: initial weights, the plan's solver, events and curves, and warnings about the result."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from shoal.draws import Purpose, member_stream
from shoal.encoding import CONSTANT, Encoding, SparseRows, blocks
from shoal.engine.device import PROCESSOR, described
from shoal.engine.ramps import WORTH_LOOKING_UP
from shoal.errors import DivergedError, InterruptedWarning, InvalidParameterError, MemberDivergedWarning
from shoal.fitting.plan import FULL_BATCH, SMALL, Plan, is_auto
from shoal.fitting.settings import Settings
from shoal.fitting.step_costs import refuse_unfit, warn_slow
from shoal.population import Population, stack
from shoal.recipe import each
from shoal.textbook import initialization as rules
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import Parameters
from shoal.training.full_batch import FullBatch
from shoal.training.longer import TIMES, Longer
from shoal.training.minibatch import Run
from shoal.training.progress import Epoch
from shoal.training.rows import Judging, Rows, Validation
from shoal.training.two_stage import LbfgsAfterAdamW, RefitOnAllRows, best_epochs
from shoal.types import Floats

Training = Run | FullBatch | LbfgsAfterAdamW | Longer | RefitOnAllRows

POLISH = ", then lbfgs if held-out rows allow it"
LONGER = ", longer if held-out rows ask for it"
ALL_ROWS = "; then again on all rows"

LARGE = 1e6  # values of unscaled inputs beyond which they, and not the learning rate, make training diverge
AT_THE_END = 0.9  # of the planned epochs: a mean best epoch beyond it is at the end
LAST_PART = 3  # a third: the learning rate is nearly 0 in the last tenth
STILL_FALLING = 0.01  # a loss that fell by a hundredth in the last tenth of the epochs had not settled
UNCHANGED = 2  # widths in a row with lower evidence before the search ends


def looks_ramps_up(p: Plan) -> bool:
    """Whether training uses lookup tables for ramps: with large minibatches, and without dropout of inputs."""
    r = p.recipe
    by_product = p.solver in FULL_BATCH or r.device != PROCESSOR or np.any(np.asarray(r.input_dropout) > 0)
    return bool(any(p.with_ramps) and not by_product and r.batch_size >= WORTH_LOOKING_UP)


def full_batch(p: Plan, population: Population, g2: Loss, rows: Rows, m: int, *, validation: Judging | None, dtype: Any) -> FullBatch:
    """A full-batch run over rows in memory or elsewhere, before its first step; one place processes m of them, one after the other."""
    if FULL_BATCH[p.solver].by_curvature:
        refuse_unfit(p, population, g2, m)
        warn_slow(p, population, m)
    return FullBatch(p.recipe, population, g2, rows, solver=p.solver, validation=validation, dtype=dtype, max_fun=p.max_fun)


def in_curves(event: Epoch, run: Training) -> bool:
    """Whether the curves include an event: not those of the refit on all rows, which is not evaluated."""
    return event.validation_loss is not None or run.validation is None


def ended(run: Run, p: Plan, validation: Validation | None) -> Training:
    """The run with the second stage of the plan; unchanged if no rows evaluate it."""
    if validation is None:
        return run
    first: Run | LbfgsAfterAdamW | Longer = LbfgsAfterAdamW(run) if p.polished else run
    for _ in range(p.longer):
        assert not isinstance(first, LbfgsAfterAdamW)
        first = Longer(first, len(p.with_ramps))
    return RefitOnAllRows(first, validation.weight) if p.all_rows else first


def announced(p: Plan, asked: str) -> str:
    """One line: the solver, and the device if `asked` is not the processor."""
    words = f"solver: {p.solver}{POLISH * p.polished}{LONGER * bool(p.longer)}{ALL_ROWS * p.all_rows}"
    return words if asked == PROCESSOR else f"{words}; {described(p.recipe.device, asked)}"


def takes_pieces(estimator: Any) -> bool:
    """Whether `partial_fit` exists: not with a solver that needs all rows at once."""
    if isinstance(estimator.solver, str) and estimator.solver in FULL_BATCH:
        raise AttributeError(
            f"solver is {estimator.solver!r}, which needs all rows, and partial_fit gets them call by call; choose 'adam', 'adamw', "
            "'sgd' or 'rmsprop', or call fit"
        )
    return True


def warn_unsettled(run: Training, p: Plan, events: list[Epoch], *, asked: bool) -> None:
    """Name the networks that a limit stopped before they had settled, and what to change.

    If the user `asked` for a stop (`asks_to_settle`), every network that has not reached it is named, as in scikit-learn. Otherwise only
    those whose loss was still decreasing are, and none if the learning rate ends at 0 anyway or nothing stops training early. Every
    network that used up `max_fun` is named.
    """
    if not events or not (asked or (p.recipe.patience is not None and "cosine" not in p.recipe.schedule)):
        return
    waiting, left = run.unsettled()
    at_limit = waiting & (run.epochs == p.recipe.max_epochs)
    spent = left & ~at_limit
    fall, what = last_fall(events), "loss"
    at_limit &= asked | (fall > STILL_FALLING)
    for who, limit in ((at_limit, f"max_iter={p.recipe.max_epochs} epochs"), (spent, f"max_fun={p.max_fun} evaluations")):
        gone = np.flatnonzero(who)
        if len(gone):
            most = fall[gone].max()
            fell = f"it fell by up to {most:.1%} in the last tenth of them" if most > 0 else "it did not fall in the last tenth of them"
            fell = fell if len(events) > 1 else "it was seen once"
            if isinstance(run.validation, Validation) and run.validation.scoring is not None:
                what, fell = "score", "each best score was followed by too few epochs"
            warnings.warn(
                ConvergenceWarning(
                    f"{limit} ended before the {what} settled in networks {gone.tolist()} of {run.K}: {fell}; "
                    f"raise {limit.partition('=')[0]}"
                ),
                stacklevel=5,
            )


def warn_cut_short(run: Training, events: list[Epoch]) -> None:
    """Warn if the planned epochs, whose number nobody set, ended while held-out rows showed that the networks still improved.

    Not if a longer training was tried and was no better, and not if the rows held out are too few to show it.
    """
    if isinstance(run, FullBatch) or run.validation is None or not events or run.beginner.m < SMALL:
        return
    if run.validation.scoring is not None:  # the loss does not decide
        return
    fine = (run.diverged == 0) & ~run.tried_longer
    best = best_epochs([event.validation_loss for event in events]) / run.planned_epochs
    fall = last_fall(events, LAST_PART)
    if not fine.any() or best[fine].mean() < AT_THE_END or fall[fine].mean() <= STILL_FALLING:
        return
    planned = int(run.planned_epochs.max())
    warnings.warn(
        ConvergenceWarning(
            f"the loss of held-out rows was still falling when the planned {planned} epochs ended: by {fall[fine].mean():.1%} in the last "
            f"third of them; set max_iter={TIMES * planned} for a longer training"
        ),
        stacklevel=5,
    )


def report_divergence(diverged: NDArray[np.int64], p: Plan, largest: float, *, standardized: bool) -> None:
    """Name the networks that became infinite or NaN, and the likely cause; raise an error if all did.

    `diverged (K,)` is the epoch of each, 0 for none; `largest` the largest raw input.
    """
    gone = np.flatnonzero(diverged)
    if not len(gone):
        return
    rate = float(np.max(each(p.recipe.learning_rate, len(diverged))))
    cause = f"the learning rate (learning_rate_init={rate:g}) is probably too high; try {rate / 10:g}"
    cause += "" if standardized else ", or standardize=True if the columns are of very different size"
    if len(gone) < len(diverged):
        warnings.warn(
            MemberDivergedWarning(
                f"networks {gone.tolist()} of {len(diverged)} diverged in epochs {diverged[gone].tolist()} and were left out: {cause}"
            ),
            stacklevel=5,
        )
        return
    if not standardized and largest > LARGE:
        cause = (
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed. "
            f"X holds values up to {largest:.3g}: set standardize=True"
        )
    raise DivergedError(f"training diverged in epoch {diverged.min()}, its loss became infinite or NaN: {cause}")


def asks_to_settle(settings: Settings, p: Plan) -> bool:
    """Whether the user defines when training has settled, by `tol` or `n_iter_no_change`, and no schedule ends it anyway."""
    says = not (is_auto(settings.tol) and is_auto(settings.patience))
    return says and not ends_by_plan(settings, p)


def ends_by_plan(settings: Settings, p: Plan) -> bool:
    """Whether training ends by a number of epochs that was planned here, with a learning rate of 0."""
    return "cosine" in p.recipe.schedule and is_auto(settings.max_epochs)


def last_fall(events: list[Epoch], part: int = 10) -> Floats:
    """By which fraction the best validation loss, or else the best loss, fell in the last tenth (or `part`) of these epochs, `(K,)`."""
    curve = np.array([e.loss if e.validation_loss is None else e.validation_loss for e in events])
    if len(curve) < 2:
        return np.full(curve.shape[1], np.inf)
    late = max(1, len(curve) // part)
    before, after = np.fmin.reduce(curve[:-late]), np.fmin.reduce(curve[-late:])
    with np.errstate(invalid="ignore"):  # a stopped network has no loss, and does not decrease
        return np.asarray(np.nan_to_num((before - after) / np.maximum(np.abs(before), 1e-300)))


def spread_of(losses: Floats) -> str:
    """One line: the spread of the networks' final losses."""
    known = np.sort(losses[np.isfinite(losses)])
    if not len(known):
        return "no network has a final loss"
    return f"final losses of {len(known)} networks: {known[0]:.6g} to {known[-1]:.6g}, median {np.median(known):.6g}"


def by_evidence(
    widths: tuple[int, ...],
    begin: Callable[[int], Training],
    watch: Callable[[Training], list[Epoch]],
    say: Callable[[str], None],
) -> tuple[Training, list[Epoch], dict[str, Floats]]:
    """Train with one width after the other and keep the one of the highest mean log evidence.

    Returns the run that is kept, its events, and the table: a row for every width.
    """
    rows: list[tuple[float, ...]] = []
    best: tuple[float, Training, list[Epoch]] | None = None
    worse = 0
    for n_h in widths:
        try:
            run = begin(n_h)
        except InvalidParameterError:
            if best is None:
                raise
            break  # wider networks than the limits allow are not candidates
        events = watch(run)
        found = run.result().evidence
        assert found is not None
        here = float(np.mean(found.log_evidence))
        rows.append((n_h, here, float(found.log_evidence.max()), float(found.gamma.mean()), float(found.n_parameters[0])))
        say(f"{n_h} hidden units: log evidence {here:.2f}, {rows[-1][3]:.1f} of {rows[-1][4]:.0f} parameters in use")
        worse = 0 if best is None or here > best[0] else worse + 1
        if worse == 0:
            best = here, run, events
        elif worse == UNCHANGED:
            break
    assert best is not None
    names = ("hidden_units", "log_evidence", "best_log_evidence", "gamma", "n_parameters")
    table = dict(zip(names, map(np.array, zip(*rows, strict=True)), strict=True))
    return best[1], best[2], table


def mean_of_finite(values: Floats) -> float:
    """The mean of the finite values, NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def means_of_finite(rows: list[Floats]) -> list[float]:
    """Each row's mean of its finite values; rows without any are left out."""
    if not rows:
        return []
    values = np.array(rows, np.float64)
    finite = np.isfinite(values)
    counts = finite.sum(axis=1)
    sums = np.where(finite, values, 0.0).sum(axis=1)
    return [float(v) for v in sums[counts > 0] / counts[counts > 0]]


def history(events: list[Epoch]) -> dict[str, Floats]:
    """The events' numbers as arrays `(epochs, K)`."""
    curves = {"loss": [e.loss for e in events], "learning_rate": [e.learning_rate for e in events]}
    if events and events[0].validation_loss is not None:
        curves["validation_loss"] = [e.validation_loss for e in events if e.validation_loss is not None]
        curves["validation_score"] = [e.validation_score for e in events if e.validation_score is not None]
    return {name: np.array(values) for name, values in curves.items()}


SHARPNESS = 0.2  # a kind of members whose validation loss is so much worse, relatively, has 1/e of the weight of the best kind


def constant_inputs(encoding: Encoding, squares: Floats) -> NDArray[np.bool_]:
    """Which encoded inputs are 0 in every training row, `(n_x,)`, from their mean `squares`: 0, or what rounding left of a constant."""
    rounding = np.zeros(len(squares))
    rounding[: encoding.n_inputs] = np.where(encoding.scale == 1.0, CONSTANT * encoding.center**2, 0.0)
    return np.asarray(squares <= rounding)


def initial_population(
    s: Settings,
    seed: int,
    n_h: int,
    inputs: NDArray[np.bool_],
    square_lengths: Floats,
    b2: Floats,
    silent: NDArray[np.bool_] | None = None,
) -> Population:
    """Initial weights of every member, each from its own stream.

    `inputs (K, n_x)` are each member's inputs, `square_lengths (K,)` the mean squared length of its input rows, `b2 (n_z,)`
    the output biases of the rule "auto". The weights of `silent (n_x,)` inputs are 0: no training row would change them, and a new row
    that is not constant there would meet what was drawn.
    """
    networks = []
    for k, seen in enumerate(inputs):
        n_x = int(seen.sum())
        drawn = draw(s, member_stream(seed, k, Purpose.WEIGHTS), n_x, n_h, len(b2), square_lengths[k])
        W1 = np.zeros((n_h, len(seen)))
        W1[:, seen] = drawn.W1
        if silent is not None:
            W1[:, silent] = 0.0
        one = Parameters(W1, drawn.b1, drawn.W2, b2[:, None] if s.init == "auto" else drawn.b2)
        networks.append(rules.with_skip(one) if s.skip else one)
    return stack(networks, inputs)


def linear_start(population: Population, X: Floats, Y: Floats, weights: Floats | None, penalty: float) -> Population:
    """The networks as linear models: W3 and b2 by ridge regression on the rows that each learns from, W2 of 0.

    `weights` are None, `(m,)` or `(K, m)`. W2 learns first, as its gradient is that of a network with drawn hidden units.
    """
    p, X = population.parameters.map(np.copy), np.asarray(X, np.float64)
    assert p.W3 is not None
    each_weight = np.broadcast_to(np.ones(len(X)) if weights is None else np.asarray(weights, np.float64), (population.K, len(X)))
    for k, w in enumerate(each_weight):
        mean, middle = w @ X / w.sum(), w @ Y / w.sum()
        centred = X - mean
        slopes = np.linalg.solve((centred.T * w) @ centred + penalty * np.eye(X.shape[1]), (centred.T * w) @ (Y - middle))
        p.W2[k], p.W3[k], p.b2[k] = 0.0, slopes.T, (middle - mean @ slopes)[:, None]
    return replace(population, parameters=p)


def draw(s: Settings, rng: np.random.Generator, n_x: int, n_h: int, n_z: int, square_length: float) -> Parameters:
    """One network's initial weights by the rule `init`."""
    if s.init == "zeros":
        return rules.zeros(n_x, n_h, n_z)
    if s.init == "normal":
        return rules.small_random(rng, n_x, n_h, n_z, s.init_scale)
    if s.init == "auto":
        return rules.unit_variance(rng, n_x, n_h, n_z, square_length)
    return {"xavier": rules.xavier, "he": rules.he, "lecun": rules.lecun, "nguyen_widrow": rules.nguyen_widrow}[s.init](rng, n_x, n_h, n_z)


def weigh_members(with_ramps: tuple[bool, ...], finite: NDArray[np.bool_], validation_loss: Floats | None) -> Floats:
    """Each member's weight in the mean: kinds by their mean validation loss, exp(−(v/v_min − 1)/0.2), members of a kind equally."""
    kinds = np.array(with_ramps)
    shares = finite.astype(float)
    if validation_loss is not None and len(set(with_ramps)) == 2:
        means = {
            ramp: float(np.mean(validation_loss[(kinds == ramp) & finite])) for ramp in (True, False) if ((kinds == ramp) & finite).any()
        }
        least = min(means.values())
        if 0 < least < np.inf:  # a ratio of negative log-likelihoods, or without a loss, has no meaning: kinds have equal weights
            for ramp, value in means.items():
                shares[kinds == ramp] *= np.exp(-(value / least - 1) / SHARPNESS)
    return np.asarray(shares / shares.sum())


def inputs_seen(with_ramps: tuple[bool, ...], n_plain: int, n_x: int) -> NDArray[np.bool_]:
    """Which of the n_x encoded inputs each member sees, `(K, n_x)`: those beyond `n_plain` are ramps."""
    inputs = np.ones((len(with_ramps), n_x), bool)
    inputs[:, n_plain:] = np.array(with_ramps)[:, None]
    return inputs


def mean_squares(encoded: Any, weight: Floats | None) -> Floats:
    """Mean square of each encoded input, `(n_x,)`; the sum over a network's inputs is a row's mean squared length."""
    if isinstance(encoded, SparseRows) and not encoded.encoding.n_ramps and encoded.encoding.limits is None:
        return sparse_mean_squares(encoded, weight)
    total, count = np.zeros(encoded.shape[1]), 0.0
    for s in blocks(encoded.shape):
        rows = encoded[s]
        w = np.ones(len(rows)) if weight is None else weight[s]
        with np.errstate(over="ignore"):  # training then becomes infinite or NaN, which has a named error
            total, count = total + w @ np.square(rows, dtype=np.float64), count + w.sum()
    return np.asarray(total / count)


def sparse_mean_squares(rows: SparseRows, weight: Floats | None) -> Floats:
    """`mean_squares` from the stored numbers, and the zeros by their weight."""
    e, n = rows.encoding, rows.shape[1]
    columns = sparse.csc_array(rows.matrix, dtype=np.float64, copy=True)
    columns.sum_duplicates()
    w = np.ones(len(rows)) if weight is None else np.asarray(weight, np.float64)
    place, of_cells = np.repeat(np.arange(n), np.diff(columns.indptr)), w[columns.indices]
    squares = np.square((columns.data - e.center[place]) / e.scale[place])
    zeros = w.sum() - np.bincount(place, weights=of_cells, minlength=n)
    return np.asarray((np.bincount(place, weights=of_cells * squares, minlength=n) + zeros * np.square(e.center / e.scale)) / w.sum())


def interrupted(training: Callable[[], Any]) -> bool:
    """Train; returns whether Ctrl-C ended it. Warnings of the training are passed on to the caller."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        training()
    for seen in caught:  # recorded, not suppressed: the caller's own filters decide about them
        warnings.warn(seen.message, seen.category, stacklevel=4)
    return any(issubclass(seen.category, InterruptedWarning) for seen in caught)
