"""Settings: what a user may set, declared once, checked once, and translated once to the chapter's names.

Each field of `Settings` is one parameter of the estimators. Its name is the chapter's. The declaration has scikit-learn's name, which
users see, the kind of value (`shoal.kinds`), the default, and the documentation:

    lam: ... = declared("alpha", NumberKind(FROM_0, auto=True, each=True), "auto", "L2 penalty …")

How to use it:

    s = settings_of(estimator)                      # checked: an InvalidParameterError names the first wrong parameter
    s = checked_settings(parameters, task)          # the same of a mapping by scikit-learn's names
    s.K, s.n_h, s.lam, s.learning_rate, s.schedule  # plain types: int, float, str, bool, tuples; "auto" is still "auto"

`fit`, `partial_fit` and every other training call one of these before they read a row, and pass the settings on; nothing below reads the
estimator's attributes again. The plan decides what depends on the rows ("auto", memory, another parameter).

The same declarations serve the docstrings (`documented`), `--set` of the command line (`parsed`), and the page.
A new parameter is one field here and one argument of the constructors; a test compares both.
"""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal, TypeVar, final

from shoal.engine.device import check_spelling
from shoal.fitting.directions import DirectionsKind, Wanted
from shoal.fitting.scoring import OwnScoring, ScoringKind
from shoal.fitting.weights import ClassWeightKind
from shoal.kinds import (
    ABOVE_0,
    BETWEEN_0_AND_1,
    FROM_0,
    FROM_0_TO_1,
    FROM_0_TO_1E30,
    LARGEST,
    SHARE,
    CallbacksKind,
    ChoiceKind,
    FlagKind,
    LayerKind,
    NumberKind,
    ParameterKind,
    SeedKind,
    WholeKind,
)
from shoal.textbook import ACTIVATIONS, losses
from shoal.textbook.own_functions import OwnActivation, OwnLoss

Task = Literal["classification", "regression"]
Auto = Literal["auto"]
PerNetwork = float | tuple[float, ...]
Documented = TypeVar("Documented", bound=type)

SOLVERS = ("auto", "adam", "adamw", "sgd", "rmsprop", "lbfgs", "scg", "rprop", "lm", "bayes")
SCHEDULES = ("auto", "constant", "invscaling", "adaptive", "cosine")
INITS = ("auto", "zeros", "normal", "xavier", "he", "lecun", "nguyen_widrow")
LOSSES = tuple(g2.name for g2 in losses.LOSSES.values() if not g2.of_classes)
CALIBRATIONS: dict[Task, tuple[str | None, ...]] = {
    "regression": (None, "split", "cv+"),
    "classification": (None, "temperature", "split", "cv+"),
}
N_JOBS = WholeKind(none=True, minus_1=True)  # used by predictions too


@final
@dataclass(frozen=True)
class DeviceKind(ParameterKind):
    """Where training computes."""

    words = "a device"
    doc = '{"cpu", "cuda", "cuda:N", "auto", "torch:cpu"}'

    def plain(self, value: Any, K: int) -> str:
        check_spelling(value)
        return str(value)


@final
@dataclass(frozen=True)
class Parameter:
    """A parameter of the estimators as users see it; `task` if only one of them has it. Kind and documentation may differ by task."""

    name: str
    kinds: ParameterKind | Mapping[Task, ParameterKind]
    default: Any
    words: str | Mapping[Task, str]
    task: Task | None = None

    def kind(self, task: Task) -> ParameterKind:
        """The kind of its values."""
        return self.kinds if isinstance(self.kinds, ParameterKind) else self.kinds[task]

    def documentation(self, task: Task) -> str:
        """Its entry in a docstring."""
        words = self.words if isinstance(self.words, str) else self.words[task]
        lines = textwrap.wrap(words, 118, break_long_words=False, break_on_hyphens=False)
        return "\n        ".join([f"{self.name} : {self.kind(task).doc}, default {self.default!r}", *lines])


def declared(name: str, kinds: Any, default: Any, words: Any = "", task: Task | None = None) -> Any:
    """A field of `Settings`: scikit-learn's name, kind, default and documentation of a parameter."""
    return field(default=() if name == "callbacks" else default, metadata={"parameter": Parameter(name, kinds, default, words, task)})


@final
@dataclass(frozen=True, kw_only=True)
class Settings:
    """All parameters of one fit, checked, in plain types, by the chapter's names. Parameters of the other task have their defaults."""

    task: Task
    loss: str = declared(
        "loss",
        ChoiceKind(LOSSES, own=OwnLoss),
        "squared_error",
        '"poisson" predicts counts (y ≥ 0) through exp; "gaussian" learns a mean and a variance for every row; `shoal.OwnLoss` is one of '
        "your own (docs/own-functions.md).",
        "regression",
    )
    n_h: int | Auto = declared(
        "hidden_layer_sizes",
        LayerKind(),
        "auto",
        'Hidden units of each network; "auto" is 64, from 5,000 rows on 128. A second hidden layer is refused.',
    )
    activation: str = declared(
        "activation",
        ChoiceKind(tuple(ACTIVATIONS), others=(("sigmoid", ACTIVATIONS["sigmoid"].name),), own=OwnActivation),
        "relu",
        'Of the hidden units; "sigmoid" is another name of "logistic"; `shoal.OwnActivation` is one of your own (docs/own-functions.md).',
    )
    solver: str = declared(
        "solver",
        ChoiceKind(SOLVERS),
        "auto",
        '"auto" is "adamw" with the measured defaults ("adam" in `partial_fit`). Those that step over all rows at once, in float64: '
        '"lbfgs", "scg" (scaled conjugate gradients), "rprop" (any loss), "lm" (Levenberg-Marquardt), "bayes" (the same, with the '
        'penalty found from the data; `hidden_layer_sizes="auto"` then chooses by evidence, `evidence_table_`). docs/solvers.md says '
        "which is for what.",
    )
    lam: PerNetwork | Auto = declared(
        "alpha",
        NumberKind(FROM_0, auto=True, each=True),
        "auto",
        "L2 penalty α/(2m) (‖W1‖² + ‖W2‖²), and ‖W3‖² with `skip`; m is the total weight of the training rows, the same for every batch "
        'size; with "adamw" a decoupled decay: weights shrink by learning rate · α an update.',
    )
    batch_size: int | Auto = declared(
        "batch_size",
        WholeKind(limit=True, auto=True),
        "auto",
        '"auto": the power of 2 nearest rows/24 within 16..256; all rows below 100. More than all rows are all rows.',
    )
    schedule: str = declared(
        "learning_rate",
        ChoiceKind(SCHEDULES),
        "auto",
        'How the learning rate changes. "auto" falls to 0 as a cosine, its first half flat for regression; constant in `partial_fit`.',
    )
    learning_rate: PerNetwork | Auto = declared(
        "learning_rate_init", NumberKind(ABOVE_0, auto=True, each=True), "auto", "Learning rate at the start."
    )
    power_t: float = declared("power_t", NumberKind(FROM_0), 0.5, 'Exponent of "invscaling".')
    max_epochs: int | Auto = declared(
        "max_iter",
        WholeKind(limit=True, auto=True),
        "auto",
        {
            "classification": 'Epochs; "auto" makes 50 √rows updates within 20..400 epochs.',
            "regression": 'Epochs; "auto" makes 60 √rows updates within 20..400 epochs.',
        },
    )
    shuffle: bool = declared("shuffle", FlagKind(), True, "Draw a new order of the rows in every epoch.")
    random_state: Any = declared("random_state", SeedKind(), None, "The same seed gives the same networks; None draws one, `seed_`.")
    tol: float | Auto = declared(
        "tol",
        NumberKind(FROM_0, auto=True, infinite=LARGEST),
        "auto",
        'By how much a loss must fall to count as better. "auto" is 0 where rows are held out, else 1e-4.',
    )
    verbose: bool = declared("verbose", FlagKind(counts=True), False, "Print a line for every epoch.")
    warm_start: bool = declared("warm_start", FlagKind(), False, "`fit` continues with the networks of the last call.")
    mu: float = declared("momentum", NumberKind(FROM_0_TO_1), 0.9, 'Of "sgd".')
    nesterov: bool = declared("nesterovs_momentum", FlagKind(), True, 'Of "sgd" with a momentum.')
    early_stopping: bool | Auto = declared(
        "early_stopping",
        ChoiceKind(("auto", True, False)),
        "auto",
        {
            "classification": "Hold out rows, evaluate each network on its own part of them after every epoch, and keep its best weights. "
            '"auto": from 16 different rows on; below 100 rows networks are then trained again on all of them, up to their best epoch.',
            "regression": '"auto" holds rows out, from 16 different ones on, to find the best epoch of each network, and then trains '
            "again on all rows up to it; True keeps the rows held out, as scikit-learn does.",
        },
    )
    validation_fraction: float | Auto = declared(
        "validation_fraction",
        NumberKind(BETWEEN_0_AND_1, auto=True),
        "auto",
        'Fraction of the rows each network holds out; "auto" is 1/8, another eighth for each of up to eight networks of a kind.',
    )
    scoring: OwnScoring | None = declared(
        "scoring",
        ScoringKind(),
        None,
        "The score by which each network's best epoch is chosen on its held-out rows, the larger the better: the name of a scorer of "
        'scikit-learn, such as "roc_auc", or a function of an estimator, X and y. None and "loss" are the loss. '
        "`validation_scores_` has it (docs/solvers.md).",
    )
    beta_1: float = declared("beta_1", NumberKind(SHARE), 0.9, "Decay of Adam's mean of the gradient.")
    beta_2: float = declared("beta_2", NumberKind(SHARE), 0.99, "Decay of Adam's and RMSprop's mean of the squared gradient.")
    epsilon: float = declared("epsilon", NumberKind(ABOVE_0), 1e-8, "Added to what Adam and RMSprop divide by.")
    patience: int | Auto = declared(
        "n_iter_no_change",
        WholeKind(limit=True, auto=True, infinite=True),
        "auto",
        'Epochs without improvement before a network stops; "auto" is 35 % of all, at least 8; infinity never stops early.',
    )
    max_fun: int = declared("max_fun", WholeKind(limit=True), 15_000, 'Evaluations of the cost that "lbfgs" may take for each network.')
    max_time: float | None = declared(
        "max_time",
        NumberKind(ABOVE_0, none=True, unit="seconds", infinite=LARGEST),
        None,
        "Seconds after which training ends with the best weights so far.",
    )
    dropout: PerNetwork | Auto = declared(
        "dropout", NumberKind(SHARE, auto=True, each=True), "auto", "Fraction of the hidden units that is set to 0 for each row of a batch."
    )
    input_dropout: PerNetwork = declared(
        "input_dropout", NumberKind(SHARE, each=True), 0.0, "Fraction of the inputs that is set to 0 for each row of a batch."
    )
    class_weight: Any = declared(
        "class_weight",
        ClassWeightKind(),
        None,
        "Weights of rows by their class. The keys of a dict are the labels as in y; missing classes have the weight 1. "
        '"balanced" gives all classes the same total weight. For several columns of 0 and 1: a list with a dict for each.',
        "classification",
    )
    q: float = declared("quantile", NumberKind(BETWEEN_0_AND_1), 0.5, 'Which quantile the loss "quantile" predicts.', "regression")
    delta: float = declared(
        "huber_delta",
        NumberKind(ABOVE_0, unit="standard deviations"),
        1.0,
        'Where the loss "huber" turns linear, in standard deviations of the target.',
        "regression",
    )
    K: int = declared("n_networks", WholeKind(), 8, "Networks trained together.")
    init: str = declared("init", ChoiceKind(INITS), "auto", "Rule of the first weights.")
    init_scale: float = declared(
        "init_scale", NumberKind(FROM_0_TO_1E30), 0.01, 'Standard deviation of "normal" weights: the chapter\'s 0.01.'
    )
    standardize: bool = declared("standardize", FlagKind(), True, "False feeds X as it is, without ramps: the chapter's network.")
    ramps: bool | Auto = declared(
        "ramps",
        ChoiceKind(("auto", True, False)),
        "auto",
        'Piecewise-linear ramps in addition to the z-scores; "auto" in half of the networks (the one network if there is one), '
        "and in none if the table is wide: 100 columns or more, and more than rows or alike as in spectra. Networks then learn from "
        "principal components (docs/defaults.md).",
    )
    skip: bool = declared(
        "skip",
        FlagKind(),
        False,
        "Connections from the inputs to the outputs past the hidden layer, as in R's nnet: a linear part besides the network, of the "
        "same encoded inputs, under the same penalty. They begin at 0. Regression on wide tables has them in any case (docs/defaults.md).",
    )
    directions: Wanted | None = declared(
        "monotonic_cst",
        DirectionsKind(),
        None,
        {
            "classification": "In which inputs the probability of the second of two classes must increase (1) or decrease (-1); 0 leaves "
            "an input free. Training keeps signs of weights that prove it for every row (docs/monotone.md).",
            "regression": "In which inputs predictions must increase (1) or decrease (-1); 0 leaves an input free. Training keeps signs of "
            "weights that prove it for every row (docs/monotone.md).",
        },
    )
    weight_average: PerNetwork | Auto = declared(
        "weight_average",
        NumberKind(SHARE, auto=True, each=True),
        "auto",
        "Decay of the moving average of the weights, which is then evaluated and kept; 0 keeps the raw weights.",
    )
    dtype: str = declared("dtype", ChoiceKind(("auto", "float32", "float64")), "auto", '"auto" is float64 below 500 rows, else float32.')
    calibration: str | None = declared(
        "calibration",
        {task: ChoiceKind(choices) for task, choices in CALIBRATIONS.items()},
        None,
        {
            "classification": '"temperature" divides the logits by the number that makes held-out rows most likely. "split" and "cv+" keep '
            'what `predict_set` needs: "split" holds out a fifth of the rows from all networks, "cv+" every row from one network of each '
            "kind, every fifth from two, and all rows are learned from (docs/how-sure.md).",
            "regression": 'How `predict_interval` and `predict_quantiles` are calibrated. "split" holds out a fifth of the rows from all '
            'networks, and intervals then have the stated coverage for any data; "cv+" holds out every row from one network of each kind, '
            "every fifth from two, and all rows are learned from. docs/how-sure.md has measurements of both.",
        },
    )
    callbacks: tuple[Callable[[Any], None], ...] = declared(
        "callbacks",
        CallbacksKind(),
        None,
        "Each is called with an `Epoch` after every pass over the rows. Its `network()` has the weights so far; a callback that returns "
        "True stops training (docs/solvers.md).",
    )
    n_jobs: int | None = declared(
        "n_jobs",
        N_JOBS,
        None,
        "Threads that may compute; None and -1 are all cores. The number changes no bit of the result.",
    )
    device: str = declared(
        "device",
        DeviceKind(),
        "cpu",
        'Where training computes. "cuda" (or "cuda:1", …) needs PyTorch, the extra `shoal[torch]`, and such a device, else it is refused; '
        '"auto" selects it if it exists and X is dense, else the processor; `device_` names it. "torch:cpu" is PyTorch on the '
        "processor, to test the same code. Predictions run on the processor, so that a model gives the same ones on every machine "
        "(docs/scale.md).",
    )


@cache
def parameters(task: Task) -> dict[str, Parameter]:
    """The parameters of a task's estimator by the chapter's names, in the order of its constructor."""
    found = {f.name: f.metadata["parameter"] for f in fields(Settings) if f.metadata}
    return {name: p for name, p in found.items() if p.task in (None, task)}


def kind_of(name: str, task: Task = "regression") -> ParameterKind | None:
    """The kind of a parameter's values, by scikit-learn's name; None for an unknown name."""
    every = [*parameters(task).values(), *parameters("classification").values()]
    return next((p.kind(task if p.task is None else p.task) for p in every if p.name == name), None)


def checked_settings(given: Mapping[str, Any], task: Task) -> Settings:
    """The settings of values by scikit-learn's names.

    Raises
    ------
    InvalidParameterError
        With the name of the first invalid parameter, its value, and the allowed values.
    """
    known, found = parameters(task), {}
    K = known["K"].kind(task).read("n_networks", given["n_networks"])
    for name, p in known.items():
        value = given[p.name]
        if type(value) is not type(p.default) or value != p.default:  # defaults, as most are, are in `Settings`
            found[name] = p.kind(task).read(p.name, value, K)
    return Settings(task=task, **found)


def settings_of(estimator: Any) -> Settings:
    """The checked settings of a ShoalClassifier or ShoalRegressor."""
    task: Task = estimator._task
    found = checked_settings({p.name: getattr(estimator, p.name) for p in parameters(task).values()}, task)
    return found if found.scoring is None else replace(found, scoring=replace(found.scoring, estimator=estimator))


def parsed(name: str, text: str) -> Any:
    """The value of a command-line text for a parameter; the estimator refuses an unknown name."""
    kind = kind_of(name)
    return text if kind is None else kind.parse(text)


def documented(task: Task) -> Callable[[Documented], Documented]:
    """A decorator that writes all parameters of a task's estimator in place of `{parameters}` in the docstring."""

    def written(cls: Documented) -> Documented:
        if cls.__doc__:  # python -OO has none
            cls.__doc__ = cls.__doc__.replace("{parameters}", "\n    ".join(p.documentation(task) for p in parameters(task).values()))
        return cls

    return written
