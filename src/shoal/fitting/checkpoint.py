"""What is left of a training that is interrupted: a file of plain arrays, from which the same call goes on to the same bits.

Rows in memory, on disk and on a cluster are kept by the same class; `about_fit` says what two calls must be alike in.
"""

import io
import json
import os
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.errors import CheckpointError, InvalidParameterError
from shoal.files import read_input, refuse_unwritable, replacing
from shoal.fitting.plan import FULL_BATCH
from shoal.fitting.settings import Settings
from shoal.fitting.summary import Summary
from shoal.fitting.train import Training
from shoal.training.events import Epoch, packed_events, unpacked_events

Arrays = dict[str, NDArray[Any]]

EVERY = 10.0  # seconds between two writings
MAY_DIFFER = (
    "random_state",
    "callbacks",
    "n_jobs",
    "verbose",
)  # of two calls of which one goes on with the other
LAYOUT = "3"  # of the arrays: raise it with a change of what a checkpoint holds
LIMITS = ("max_iter", "max_time", "max_fun")  # these too where a training stands between two steps, from which it goes on for longer


class Checkpoint:
    """A file, or none where `path` is None; `about` says what the arrays in it belong to. `every` so many seconds it is written."""

    def __init__(self, path: str | os.PathLike[str] | None = None, every: float = EVERY) -> None:
        self.path, self.every = None if path is None else Path(path), every
        self.about: dict[str, str] = {}
        self.arrays: Arrays | None = None
        self.done = ""
        self.events: Sequence[Epoch] = ()
        self.written = time.monotonic()
        if self.path is not None:
            refuse_unwritable(self.path)

    def earlier(self, about: dict[str, str]) -> Arrays | None:
        """What an earlier call has left, None where there is none.

        Raises
        ------
        CheckpointError
            For a file that is no checkpoint, or of another fit.
        """
        self.about = about = about | {"layout": LAYOUT}
        if self.path is None or not self.path.exists():
            return None
        before, arrays = read(self.path)
        for name in sorted(set(before) | set(about)):
            if before.get(name) != about.get(name):
                raise CheckpointError(
                    f"{self.path} belongs to another fit: {name} was {before.get(name)}, and is {about.get(name)}. Give another file, "
                    "or remove it to begin anew."
                )
        return arrays

    def seed(self) -> int | None:
        """The seed of an earlier call, which one without `random_state` goes on with; None where there is none."""
        return None if self.path is None or not self.path.exists() else int(read(self.path)[0]["seed"])

    def keep(self, arrays: Arrays, done: str, events: Sequence[Epoch] = (), *, at_once: bool = False) -> None:
        """Remember how far training is, and write it where that is due; `done` says it in words, `events` are those so far."""
        self.arrays, self.done, self.events = arrays, done, events[:]
        if at_once or time.monotonic() - self.written > self.every:
            self.write()

    def refuse_widths(self) -> None:
        """Several trainings after each other, of which the evidence chooses one, leave no single state to go on from."""
        if self.path is not None:
            raise InvalidParameterError(
                "with solver='bayes' and hidden_layer_sizes='auto' several widths are trained, and no checkpoint keeps them; give "
                "hidden_layer_sizes, or no checkpoint"
            )

    def write(self) -> None:
        """Write what is remembered and not yet written."""
        if self.path is None or self.arrays is None:
            return
        arrays: dict[str, Any] = {"about": np.array(json.dumps(self.about)), **self.arrays, **packed_events(self.events)}
        with replacing(self.path) as out:
            np.savez(out, **arrays)
        self.arrays, self.written = None, time.monotonic()

    def left(self) -> str:
        """In a sentence, for who has lost the cluster: what is left and how to go on."""
        self.write()
        if self.path is None:
            return "Nothing is left: begin anew, and give checkpoint=FILE to keep what is done."
        if not self.done and not self.path.exists():
            return f"Nothing was done that {self.path} could keep: begin anew."
        if not self.done:
            return f"The checkpoint of an earlier call lies in {self.path}: the same call goes on from there."
        return f"The checkpoint lies in {self.path} ({self.done}): the same call goes on from there."


NO_CHECKPOINT = Checkpoint()


def read(path: Path) -> tuple[dict[str, str], Arrays]:
    """What a checkpoint belongs to, and its arrays."""
    try:
        with np.load(io.BytesIO(read_input(path, CheckpointError, "checkpoint")), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return json.loads(str(arrays.pop("about"))), arrays
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} is not a whole checkpoint of shoal's ({error}). Give another file, or remove it.") from error


def about_fit(settings: Settings, rows: Mapping[str, str], **more: Any) -> dict[str, str]:
    """What two calls must be alike in, of which one goes on with the other: settings, and rows (`Source.identity`)."""
    may_differ = (*MAY_DIFFER, *(LIMITS if settings.solver in FULL_BATCH else ()))
    given = {f.metadata["parameter"].name: getattr(settings, f.name) for f in fields(settings) if "parameter" in f.metadata}
    known = {name: repr(value) for name, value in given.items() if name not in may_differ}
    return {"task": settings.task, **known, **rows, **{name: str(value) for name, value in more.items()}}


def identity_of(summary: Summary, own: Summary | None = None) -> dict[str, str]:
    """By what rows that were summed up are known again, and the user's `own` validation rows."""
    judges = {} if own is None else {f"validation: {name}": values for name, values in rows_of(own).items()}
    return {name: " ".join(f"{v:.9g}" for v in np.atleast_1d(values)) for name, values in {**rows_of(summary), **judges}.items()}


def rows_of(summary: Summary) -> dict[str, Any]:
    """By what rows are known again."""
    return {
        "number of rows": summary.m,
        "weight of the rows": summary.inputs.weight,
        "means of the inputs": summary.inputs.mean,
        "means of the targets": summary.targets.mean,
        "rows of each class": summary.class_rows,
        "weight of each class": summary.class_weights,
    }


def seeded(settings: Settings, checkpoint: Checkpoint) -> Settings:
    """The settings with the seed of the call that this one goes on with, where none is asked for.

    Raises
    ------
    InvalidParameterError
        For training that goes on with networks in memory.
    """
    if settings.warm_start and checkpoint.path is not None:
        raise InvalidParameterError("warm_start goes on with networks in memory; with checkpoint= choose warm_start=False")
    known = checkpoint.seed() if settings.random_state is None else None
    return settings if known is None else replace(settings, random_state=known)


class Watched:
    """A training whose state is kept after every step; `earlier` are the events of the call that it goes on with."""

    def __init__(self, run: Training, checkpoint: Checkpoint, before: Arrays | None) -> None:
        self.run, self.checkpoint, self.validation = run, checkpoint, run.validation
        self.earlier: list[Epoch] = [] if before is None else unpacked_events(before)
        if before is not None:
            run.unpack(before, self.earlier)

    def __iter__(self) -> Iterator[Epoch]:
        events = list(self.earlier)
        for event in self.run:
            events.append(event)
            if self.checkpoint.path is not None and self.run.packable:
                self.checkpoint.keep(self.run.pack(), f"after step {event.epoch}", events)
            yield event
