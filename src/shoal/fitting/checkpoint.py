"""The saved state of an interrupted training: a file of plain arrays, from which the same call continues and gives the same bits.

One class serves rows in memory, on disk and on a cluster; `about_fit` states what two calls must have in common.
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
from shoal.training.progress import Epoch, packed_events, unpacked_events

Arrays = dict[str, NDArray[Any]]

EVERY = 10.0  # seconds between two writings
MAY_DIFFER = (
    "random_state",
    "callbacks",
    "n_jobs",
    "verbose",
)  # of two calls, one of which continues the other
LAYOUT = "3"  # of the arrays: increase it with every change of a checkpoint's contents
LIMITS = ("max_iter", "max_time", "max_fun")  # these too if the training is between two steps, so that it can continue for longer


class Checkpoint:
    """A file, or none if `path` is None; `about` states what its arrays belong to. It is written every `every` seconds."""

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
        """The arrays of an earlier call, None if there are none.

        Raises
        ------
        CheckpointError
            For a file that is not a checkpoint, or of another fit.
        """
        self.about = about = about | {"layout": LAYOUT}
        if self.path is None or not self.path.exists():
            return None
        before, arrays = read(self.path)
        for name in dict.fromkeys([*about, *before]):
            if before.get(name) != about.get(name):
                raise CheckpointError(
                    f"{self.path} belongs to another fit: {name} was {before.get(name)}, and is {about.get(name)}. Choose another file, "
                    "or remove it to start again."
                )
        return arrays

    def seed(self) -> int | None:
        """The seed of an earlier call, which a call without `random_state` continues with; None if there is none."""
        return None if self.path is None or not self.path.exists() else int(read(self.path)[0]["seed"])

    def keep(self, arrays: Arrays, done: str, events: Sequence[Epoch] = (), *, at_once: bool = False) -> None:
        """Keep the state of training, and write it if that is due; `done` describes it, `events` are those so far."""
        self.arrays, self.done, self.events = arrays, done, events[:]
        if at_once or self.due:
            self.write()

    @property
    def due(self) -> bool:
        """Whether the file was written long enough ago."""
        return time.monotonic() - self.written > self.every

    def refuse_widths(self) -> None:
        """Refuse several trainings, of which the evidence chooses one: they have no single state."""
        if self.path is not None:
            raise InvalidParameterError(
                "with solver='bayes' and hidden_layer_sizes='auto' several widths are trained, which a checkpoint cannot save; set "
                "hidden_layer_sizes, or leave checkpoint out"
            )

    def write(self) -> None:
        """Write the kept state if it is not yet written."""
        if self.path is None or self.arrays is None:
            return
        arrays: dict[str, Any] = {"about": np.array(json.dumps(self.about)), **self.arrays, **packed_events(self.events)}
        with replacing(self.path) as out:
            np.savez(out, **arrays)
        self.arrays, self.written = None, time.monotonic()

    def left(self) -> str:
        """A sentence for a user who has lost the cluster: what remains and how to continue."""
        self.write()
        if self.path is None:
            return "Nothing is left: start again, and set checkpoint=FILE to save the progress."
        if not self.done and not self.path.exists():
            return f"{self.path} has no progress to save yet: start again."
        if not self.done:
            return f"The checkpoint of an earlier call is {self.path}: the same call continues from it."
        return f"The checkpoint is {self.path} ({self.done}): the same call continues from it."


NO_CHECKPOINT = Checkpoint()


def read(path: Path) -> tuple[dict[str, str], Arrays]:
    """The fit that a checkpoint belongs to, and its arrays."""
    try:
        with np.load(io.BytesIO(read_input(path, CheckpointError, "checkpoint")), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return json.loads(str(arrays.pop("about"))), arrays
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} is not a complete checkpoint of shoal ({error}). Choose another file, or remove it.") from error


def about_fit(settings: Settings, rows: Mapping[str, str], **more: Any) -> dict[str, str]:
    """What two calls must have in common if one continues the other: settings, and rows (`Source.identity`)."""
    may_differ = (*MAY_DIFFER, *(LIMITS if settings.solver in FULL_BATCH else ()))
    given = {f.metadata["parameter"].name: getattr(settings, f.name) for f in fields(settings) if "parameter" in f.metadata}
    known = {name: repr(value) for name, value in given.items() if name not in may_differ}
    return {"task": settings.task, **known, **rows, **{name: str(value) for name, value in more.items()}}


def identity_of(summary: Summary, own: Summary | None = None) -> dict[str, str]:
    """The identity of rows that were summed up, and of the user's `own` validation rows."""
    judges = {} if own is None else {f"validation: {name}": values for name, values in rows_of(own).items()}
    return {name: " ".join(f"{v:.9g}" for v in np.atleast_1d(values)) for name, values in {**rows_of(summary), **judges}.items()}


def rows_of(summary: Summary) -> dict[str, Any]:
    """The identity of rows."""
    return {
        "number of rows": summary.m,
        "weight of the rows": summary.inputs.weight,
        "means of the inputs": summary.inputs.mean,
        "means of the targets": summary.targets.mean,
        "rows of each class": summary.class_rows,
        "weight of each class": summary.class_weights,
    }


def seeded(settings: Settings, checkpoint: Checkpoint) -> Settings:
    """The settings with the seed of the call that this one continues, if none is set.

    Raises
    ------
    InvalidParameterError
        For training that continues with networks in memory.
    """
    if settings.warm_start and checkpoint.path is not None:
        raise InvalidParameterError("warm_start continues with networks in memory; with checkpoint= set warm_start=False")
    known = checkpoint.seed() if settings.random_state is None else None
    return settings if known is None else replace(settings, random_state=known)


class Watched:
    """A training whose state is saved after every step; `earlier` are the events of the call that it continues."""

    def __init__(self, run: Training, checkpoint: Checkpoint, before: Arrays | None) -> None:
        self.run, self.checkpoint, self.validation = run, checkpoint, run.validation
        self.earlier: list[Epoch] = [] if before is None else unpacked_events(before)
        if before is not None:
            run.unpack(before, self.earlier)

    def __iter__(self) -> Iterator[Epoch]:
        if self.checkpoint.path is None:
            yield from self.run
            return
        events = list(self.earlier)
        for event in self.run:
            events.append(event)
            if self.run.packable:
                self.checkpoint.keep(self.run.pack(), f"after step {event.epoch}", events)
            yield event
