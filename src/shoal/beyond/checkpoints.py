"""What is left of a training when the cluster goes away: a file of plain arrays, from which the same call goes on."""

import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.errors import CheckpointError
from shoal.files import read_input, refuse_unwritable, replacing
from shoal.fitting.plan import FULL_BATCH
from shoal.fitting.summary import Summary
from shoal.training.events import Epoch, packed_events, unpacked_events
from shoal.training.full_batch import FullBatch

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
    """A file, or none where `path` is None; `about` says what the arrays in it belong to."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = None if path is None else Path(path)
        self.about: dict[str, str] = {}
        self.arrays: Arrays | None = None
        self.done = ""
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

    def keep(self, arrays: Arrays, done: str, *, at_once: bool = False) -> None:
        """Remember where training stands, and write it where that is due; `done` says in words how far it is."""
        self.arrays, self.done = arrays, done
        if at_once or time.monotonic() - self.written > EVERY:
            self.write()

    def write(self) -> None:
        """Write what is remembered and not yet written."""
        if self.path is None or self.arrays is None:
            return
        arrays: dict[str, Any] = {"about": np.array(json.dumps(self.about)), **self.arrays}
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


def read(path: Path) -> tuple[dict[str, str], Arrays]:
    """What a checkpoint belongs to, and its arrays."""
    try:
        with np.load(io.BytesIO(read_input(path, CheckpointError, "checkpoint")), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return json.loads(str(arrays.pop("about"))), arrays
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} is not a whole checkpoint of shoal's ({error}). Give another file, or remove it.") from error


def about_fit(estimator: Any, summary: Summary, own: Summary | None = None, **more: Any) -> dict[str, str]:
    """What two calls must be alike in, of which one goes on with the other: settings, rows, and the user's `own` validation rows."""
    may_differ = (*MAY_DIFFER, *(LIMITS if estimator.solver in FULL_BATCH else ()))
    settings = {name: repr(value) for name, value in estimator.get_params().items() if name not in may_differ}
    judges = {} if own is None else {f"validation: {name}": values for name, values in rows_of(own).items()}
    rows = {name: " ".join(f"{v:.9g}" for v in np.atleast_1d(values)) for name, values in {**rows_of(summary), **judges}.items()}
    return {"estimator": type(estimator).__name__, **settings, **rows, **{name: str(value) for name, value in more.items()}}


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


class Watched:
    """A full-batch run whose state is kept after every step; `earlier` are the events of the call that it goes on with."""

    def __init__(self, run: FullBatch, checkpoint: Checkpoint, before: Arrays | None) -> None:
        self.run, self.checkpoint, self.validation = run, checkpoint, run.validation
        self.earlier: list[Epoch] = [] if before is None else unpacked_events(before)
        if before is not None:
            run.unpack(before, self.earlier)

    def __iter__(self) -> Iterator[Epoch]:
        events = list(self.earlier)
        try:
            for event in self.run:
                events.append(event)
                if self.checkpoint.path is not None:
                    self.checkpoint.keep(self.run.pack() | packed_events(events), f"after step {event.epoch}")
                yield event
        finally:
            self.checkpoint.write()
