"""Exhibit 14, beyond the slides: 32 networks from 32 seeds trained at once, judged on rows that they do not see.

A run is one population of the library's engine: the same rows, the same steps, other first weights. So are the networks of five widths
beside each other. Those on other numbers of points read other rows, and are a population for each number.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from shoal.engine.minibatch import advance, begin, current
from shoal.engine.predict import logits
from shoal.population import Population, member, merge, stack, take
from shoal.recipe import Recipe
from shoal.textbook import Parameters, cost, exercise_parameters, flower, forward
from shoal.textbook.optimizers import GradientDescent
from shoal.web.chapter import RATE, SIGMOID, TANH, Array
from shoal.web.exhibits.cards import card, long_sum, term, total
from shoal.web.exhibits.predict import choice, shown
from shoal.web.languages import tr
from shoal.web.pictures import outcome
from shoal.web.playground.training import warm
from shoal.web.progress import counting
from shoal.web.question import Answer, Choice, ParameterReader, Question, WholeReader

TITLE = "Enough and too much"
SLIDE = "beyond the slides"

SIZES, WIDTHS = (20, 50, 100, 200, 400), (1, 2, 4, 8, 16)
HELD = 500  # points that no network learns from
SEEDS, EIGHT = 32, 8
STEPS, EVERY = 1000, 25  # all costs are looked at after so many steps each


@lru_cache(maxsize=len(SIZES) * 2)
def drawn(m: int, labels: str) -> tuple[Array, Array, Array, Array]:
    """X (2, m), Y (1, m) to learn from and the same of the held-out points: a flower of 900 points, in an order drawn once.

    The points of a smaller m are among those of a larger one. Shuffled labels are the same labels at other points.
    """
    X, Y = flower(max(SIZES) + HELD)
    rng = np.random.default_rng(0)
    order = rng.permutation(X.shape[1])
    learned, held = order[:m], order[max(SIZES) :]
    own = rng.permutation(learned) if labels == "shuffled" else learned
    return X[:, learned], Y[:, own], X[:, held], Y[:, held]


def starts(widths: list[int], seeds: int) -> Population:
    """The exercise's first weights for each of these widths, from the seeds 1 to `seeds`."""
    return stack([exercise_parameters(n_h, seed=k + 1) for n_h in widths for k in range(seeds)])


@dataclass(frozen=True)
class SeedRun:
    """One population's training: costs `(looks, K)` of its points and of the held-out ones, and the networks at every look."""

    train: Array
    held: Array
    networks: list[Population]

    @property
    def stops(self) -> Array:
        """The look at which each network's held-out cost is lowest, `(K,)`."""
        return np.asarray(self.held.argmin(axis=0))


def train(start: Population, m: int, labels: str) -> SeedRun:
    """Batch gradient descent with the exercise's rate: the engine's steps for all networks at once."""
    X, Y, X_held, Y_held = drawn(m, labels)
    recipe = Recipe(activation=TANH.name, rule=GradientDescent(), learning_rate=RATE)
    state = begin(start, recipe, SIGMOID, np.full(start.K, float(m)), np.float64)
    counting(lambda: (state.t, STEPS))
    rows, targets, whole = np.ascontiguousarray(X.T), np.ascontiguousarray(Y.T), [np.arange(m)] * EVERY
    costs, networks = [], [current(state)]
    while state.t < STEPS:
        advance(state, rows, targets, whole, np.full((EVERY, start.K), RATE))
        networks.append(current(state))
    for X_seen, Y_seen in ((X, Y), (X_held, Y_held)):
        costs.append(np.array([SIGMOID.loss(logits(now, X_seen.T, TANH.name), Y_seen).mean(axis=-1) for now in networks]))
    return SeedRun(costs[0], costs[1], networks)


@lru_cache(maxsize=12)
def trial(m: int, n_h: int, labels: str) -> SeedRun:
    """32 networks of one width."""
    warm()
    return train(starts([n_h], SEEDS), m, labels)


def many(m: str, n_h: str, labels: str) -> Answer:
    """The costs of 32 networks at every look, and the step at which each would stop."""
    run = trial(int(m), int(n_h), labels)
    return {
        "at": list(range(0, STEPS + 1, EVERY)),
        "train": np.round(run.train.T, 4),  # of one network each: to be drawn only
        "held": np.round(run.held.T, 4),
        "median": {"train": np.median(run.train, axis=1), "held": np.median(run.held, axis=1)},
        "stops": EVERY * run.stops,
        "stop": int(np.median(EVERY * run.stops)) // EVERY * EVERY,
    }


def many_at(m: str, n_h: str, labels: str, step: int, seed: int) -> Answer:
    """One network and the average of eight at a look: costs, boundaries, and the costs of all, there and where each would stop."""
    run, at = trial(int(m), int(n_h), labels), step // EVERY
    X, Y, _, _ = drawn(int(m), labels)
    one, eight = member(run.networks[at], seed - 1), average(run, [at] * EIGHT)
    return {
        "X": X,
        "Y": Y[0],
        "one": outcome(one, TANH, 36) | {"train": float(run.train[at, seed - 1]), "held": float(run.held[at, seed - 1])},
        "eight": outcome(eight, TANH, 36),
        "now": costs_at(run, [at] * SEEDS) | {"eight": held_cost(eight)},
        "stopped": costs_at(run, run.stops.tolist()) | {"eight": held_cost(average(run, run.stops[:EIGHT].tolist()))},
    }


def average(run: SeedRun, at: list[int]) -> Parameters:
    """The first eight networks as one of 8 n_h units, each as it was at its own look: its logit is the mean of theirs."""
    return merge(stack([member(run.networks[t], k) for k, t in enumerate(at)]), np.full(EIGHT, 1 / EIGHT))


def held_cost(parameters: Parameters) -> float:
    """J over the held-out points, whose labels are always their own."""
    _, _, X, Y = drawn(max(SIZES), "own")
    return float(cost(forward(parameters, X, TANH, SIGMOID), Y, SIGMOID))


def costs_at(run: SeedRun, at: list[int]) -> dict[str, float]:
    """Medians and range over the seeds, and the mean of the first eight, each network at its own look."""
    train, held = (costs[at, np.arange(SEEDS)] for costs in (run.train, run.held))
    return {
        "train": float(np.median(train)),
        "held": float(np.median(held)),
        "low": float(held.min()),
        "high": float(held.max()),
        "mean_of_eight": float(held[:EIGHT].mean()),
    }


def many_over(m: str, n_h: str, labels: str) -> Answer:
    """Eight seeds at every width with these points, and at every number of points with these units: medians of their costs."""
    return {"widths": over_widths(int(m), labels), "sizes": over_sizes(int(n_h), labels)}


@lru_cache(maxsize=len(SIZES) * 2)
def over_widths(m: int, labels: str) -> Answer:
    """All widths as one population: the narrower ones are padded."""
    warm()
    return {"at": WIDTHS, **summarized(train(starts(list(WIDTHS), EIGHT), m, labels), len(WIDTHS))}


@lru_cache(maxsize=len(WIDTHS) * 2)
def over_sizes(n_h: int, labels: str) -> Answer:
    """A population for each number of points."""
    warm()
    parts = [summarized(train(starts([n_h], EIGHT), m, labels), 1) for m in SIZES]
    return {"at": SIZES, **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]}}


def summarized(run: SeedRun, parts: int) -> dict[str, Array]:
    """Of every eight networks: the median training and held-out cost after the last step, and held out where each would stop."""
    own = run.held[run.stops, np.arange(len(run.stops))]
    named = {"train": run.train[-1], "held": run.held[-1], "stopped": own}
    return {name: np.median(costs.reshape(parts, EIGHT), axis=1) for name, costs in named.items()}


def how_many(key: str, m: str, n_h: str, labels: str, step: int, seed: int) -> Answer:
    """How a cost of one network, or of the average of eight, is computed."""
    run, at = trial(int(m), int(n_h), labels), step // EVERY
    X, Y, X_held, Y_held = drawn(int(m), labels)
    if key == "train":
        X_held, Y_held = X, Y
    parameters = average(run, [at] * EIGHT) if key == "eight" else member(run.networks[at], seed - 1)
    cache = forward(parameters, X_held, TANH, SIGMOID)
    losses = SIGMOID.loss(cache.Z2, Y_held)
    whose = tr("The average of the networks 1 to 8") if key == "eight" else tr("Network {seed}", seed=seed)
    points = tr("the {m} points that it learns from", m=losses.size) if key == "train" else tr("{m} held-out points", m=HELD)
    answer = card(
        tr("J, training") if key == "train" else tr("J, held out"),
        "J = 1/m Σ L(ŷ, y)",
        long_sum(losses, None, 1, "point"),
        [total(tr("sum"), losses.sum()), total(f"÷ {losses.size}", cost(cache, Y_held, SIGMOID))],
        tr("{whose} at step {step}, over {points}.", whose=whose, step=step, points=points),
    )
    return answer | {"because": averaged(run, at, X_held[:, :1])} if key == "eight" else answer


def averaged(run: SeedRun, at: int, x: Array) -> Answer:
    """The card of the average's z2 at one point: an eighth of each network's."""
    Z2 = logits(take(run.networks[at], range(EIGHT)), x.T, TANH.name)[:, 0, 0]
    terms = [term(1 / EIGHT, z, note=tr("1/8 · z2 of network {k}", k=k + 1)) for k, z in enumerate(Z2)]
    return card(tr("z2 at point 1"), tr("z2 = 1/8 Σ z2 of each"), terms, [total(tr("sum"), Z2.mean())])


def predict(m: str, n_h: str, labels: str, step: int) -> Answer:
    """What the average of eight networks costs, beside what they cost on average."""
    at = many_at(m, n_h, labels, step, 1)["now"]
    return choice(
        tr(
            "At step {step} the held-out costs of networks 1 to 8 are {J} on average. Take the mean of their z2 at every point instead: "
            "what does this average cost?",
            step=step,
            J=shown(at["mean_of_eight"]),
        ),
        (tr("at most that"), tr("exactly that"), tr("more than that")),
        0,
        tr("The loss of a point is convex in z2: the chord between two of its points lies above the curve."),
        tr("{J}. The loss at a mean of z2 is at most the mean of the losses, at every point.", J=shown(at["eight"])),
    )


def words(values: tuple[int, ...], *first: int) -> Choice:
    """One of these numbers; the first named is the default, and the copy records those named."""
    return Choice(tuple(str(v) for v in (*first, *(v for v in values if v not in first))), tuple(str(v) for v in first))


@dataclass(frozen=True)
class LookReader(WholeReader):
    """A step after which the costs were looked at."""

    def read(self, name: str, text: str) -> int:
        return super().read(name, text) // EVERY * EVERY


OF_MANY: dict[str, ParameterReader] = {
    "m": words(SIZES, 50, 20, 200),
    "n_h": words(WIDTHS, 8, 1, 4, 16),
    "labels": Choice(("own", "shuffled")),
}
STEP = {"step": LookReader(0, STEPS, STEPS, (100, STEPS))}
OF_ONE: dict[str, ParameterReader] = OF_MANY | STEP | {"seed": WholeReader(1, SEEDS, 1)}
QUESTIONS = (
    Question("many", many, OF_MANY),
    Question("many_at", many_at, OF_ONE),
    Question("many_over", many_over, OF_MANY),
    Question("how_many", how_many, {"key": Choice(("train", "held", "eight"))} | OF_ONE),
    Question("predict_14", predict, OF_MANY | STEP),
)
