"""What the reader may set, how it is read from the address, and the estimator that it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shoal.errors import InvalidParameterError
from shoal.estimators.base import ShallowEstimator
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.fitting.settings import INITS, Settings, settings_of
from shoal.table import Task
from shoal.textbook import ACTIVATIONS
from shoal.textbook.losses import LOSSES
from shoal.web.question import Choice, Kind, Real, Whole, brief
from shoal.web.samples import SAMPLES


@dataclass(frozen=True)
class Text:
    """Any short text, such as a column's name."""

    start: str = ""
    recorded: tuple[str, ...] = ()
    most: int = 4000

    @property
    def default(self) -> str:
        return self.start

    def read(self, name: str, text: str) -> str:
        if len(text) > self.most:
            raise InvalidParameterError(f"{name} is longer than {self.most} characters")
        return text


# The rules on offer: the estimator's solver, and the numbers that make it this one.
RULES: dict[str, dict[str, Any]] = {
    "descent": {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False},
    "momentum": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": True},
    "rmsprop": {"solver": "rmsprop", "beta_2": 0.9, "epsilon": 1e-8},
    "adam": {"solver": "adam", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
    "adamw": {"solver": "adamw", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
}
KINDS: dict[str, Kind] = {
    "data": Choice((*SAMPLES, "own")),
    "table": Text(),
    "target": Text(),
    "points": Whole(20, 2000, 400),
    "noise": Real(0, 1, 0.1),
    "hold_out": Real(0, 0.5, 0.2),
    "units": Whole(1, 64, 4),
    "activation": Choice(tuple(dict.fromkeys(("tanh", *ACTIVATIONS)))),
    "loss": Choice(tuple(g2.name for g2 in LOSSES.values() if g2.centred)),
    "solver": Choice(tuple(RULES)),
    "rate": Real(1e-5, 100, 1.2),
    "batch": Whole(0, 10_000, 0),  # 0: all rows
    "l2": Real(0, 1000, 0),
    "init": Choice(("normal", *(name for name in INITS if name != "normal"))),
    "scale": Real(0.0001, 100, 0.01),
    "seed": Whole(0, 2**31 - 1, 2),
    "networks": Whole(1, 32, 1),
    "standardize": Choice(("no", "yes")),
    "x": Text(),
    "y": Text(),
    "held": Text("{}"),
}

PICTURE = ("x", "y", "held")  # these choose what is drawn of a network; all others make another network


def read_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values from the texts of an address, defaults for those not given; an unknown name is refused."""
    for name in given:
        if name not in KINDS:
            raise InvalidParameterError(f"the playground has no {name[:40]!r}; it has {', '.join(KINDS)}")
        if not isinstance(given[name], str | int | float):
            raise InvalidParameterError(f"{name}={brief(given[name])} is neither a text nor a number")
    return {name: kind.read(name, str(given.get(name, kind.default))) for name, kind in KINDS.items()}


def parameters(chosen: Mapping[str, Any], task: Task, m: int) -> dict[str, Any]:
    """Every parameter of the estimator that this choice decides, spelled out: nothing is left to a default that may change."""
    return {
        **({"loss": chosen["loss"]} if task == "regression" else {}),
        "hidden_layer_sizes": (chosen["units"],),
        "activation": chosen["activation"],
        **RULES[chosen["solver"]],
        "alpha": chosen["l2"],
        "batch_size": min(chosen["batch"] or m, m),
        "learning_rate": "constant",
        "learning_rate_init": chosen["rate"],
        "shuffle": True,
        "early_stopping": False,
        "tol": 0.0,
        "dropout": 0.0,
        "input_dropout": 0.0,
        "weight_average": 0.0,
        "n_networks": chosen["networks"],
        "init": chosen["init"],
        "init_scale": chosen["scale"],
        "standardize": chosen["standardize"] == "yes",
        "ramps": False,
        "dtype": "float64",
        "random_state": chosen["seed"],
    }


def estimator_class(task: Task) -> type[ShallowEstimator]:
    """The estimator of a task."""
    return ShoalClassifier if task == "classification" else ShoalRegressor


def settings(chosen: Mapping[str, Any], task: Task, m: int) -> Settings:
    """The settings that this choice means; how long it trains is the reader's to say."""
    return settings_of(estimator_class(task)(**parameters(chosen, task, m), max_iter=1, n_iter_no_change=1))
