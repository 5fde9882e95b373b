"""The command, or the lines of Python, that make a model again."""

import shlex
from typing import Any

from shoal.estimators.raw import Facts


def settings_of(estimator: Any) -> dict[str, Any]:
    """The parameters that were set, by name; not the seed, nor what belongs to the running program."""
    defaults = type(estimator)().get_params(deep=False)
    given = estimator.get_params(deep=False)
    return {name: v for name, v in given.items() if name not in ("random_state", "callbacks") and repr(v) != repr(defaults[name])}


def command(facts: Facts, estimator: Any) -> str:
    """What makes the model again: a command where it came from a file, else Python."""
    chosen = settings_of(estimator)
    seed = {} if estimator.random_state == facts.seed else {"random_state": estimator.random_state}
    if not facts.table or facts.test_table == "a frame":
        return in_python(facts, {**chosen, **seed})
    words = ["shoal", "fit", facts.table, *(w for name in facts.targets for w in ("--target", name)), "--task", facts.task]
    words += [w for name, v in {**chosen, **seed}.items() for w in ("--set", f"{name}={v!r}")]
    for option, value in (("--test", facts.test_table), ("--groups", facts.groups), ("--time", facts.time)):
        words += [option, value] if value else []
    words += [w for name in facts.categories for w in ("--category", name)]
    words += ["--max-memory", facts.max_memory] if facts.max_memory else []
    words += ["--seed", str(facts.seed), *(["--refit"] if facts.refit else [])]
    if facts.test_fraction != 0.2:
        return in_python(facts, {**chosen, **seed})  # the command line holds out a fifth
    return shlex.join(words)


def in_python(facts: Facts, settings: dict[str, Any]) -> str:
    """The call of shoal.fit."""
    table = repr(facts.table) if facts.table else "frame"
    target = repr(facts.targets[0] if len(facts.targets) == 1 else list(facts.targets))
    said = {"task": facts.task, "test_fraction": facts.test_fraction, "seed": facts.seed, "settings": settings}
    said |= {name: getattr(facts, name) for name in ("groups", "time", "categories", "refit", "max_memory") if getattr(facts, name)}
    test = {"": "", "a frame": ", test=test_frame"}.get(facts.test_table, f", test={facts.test_table!r}")
    return f"shoal.fit({table}, {target}{test}, {', '.join(f'{name}={value!r}' for name, value in said.items())})"
