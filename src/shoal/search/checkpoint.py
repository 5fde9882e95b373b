"""The saved outcomes of a search: a file, from which the same call continues without training what is trained."""

import json
import re
from threading import Lock
from typing import Any

import joblib
import numpy as np

from shoal.errors import CheckpointError
from shoal.fitting.checkpoint import Arrays, Checkpoint
from shoal.search.folds import Outcomes, SearchRows, Trial

MAY_DIFFER = ("callbacks", "n_jobs", "verbose", "memory", "steps")  # of two calls; the parameters of a pipeline's steps are named apart
OF_SEARCH = ("scoring", "return_train_score", "error_score", "halving")


class FinishedCandidates:
    """The outcomes that are known, of all folds and rounds, in a checkpoint; `seed` is that of candidates without `random_state`."""

    def __init__(self, checkpoint: Checkpoint, seed: int, before: Arrays | None) -> None:
        self.seed, self._checkpoint, self._lock = seed, checkpoint, Lock()
        self._found: dict[str, Any] = {}
        if before is not None:
            try:
                self._found = dict(json.loads(str(before["outcomes"])))
            except (KeyError, ValueError, TypeError) as error:
                raise CheckpointError(
                    f"{checkpoint.path} has no complete outcomes ({error}): it is damaged. Choose another file, or remove it to start "
                    "again."
                ) from error

    def of(self, trial: Trial, n_folds: int) -> list[Outcomes]:
        """The known outcomes of every fold."""
        names = [described(candidate) for candidate in trial.candidates]
        keys = [[f"{fold} {name}" for name in names] for fold in range(n_folds)]
        return [{i: dict(self._found[key]) for i, key in enumerate(mine) if key in self._found} for mine in keys]

    def keep(self, trial: Trial, fold: int, outcomes: Outcomes) -> None:
        """Keep outcomes of a fold, and write the file if that is due. Any thread may call it."""
        if self._checkpoint.path is None:
            return
        with self._lock:
            self._found |= {f"{fold} {described(trial.candidates[i])}": dict(outcome) for i, outcome in outcomes.items()}
            if self._checkpoint.due:
                self._write()

    def write(self) -> None:
        """Write what is known."""
        with self._lock:
            if self._checkpoint.path is not None and self._found:
                self._write()

    def left(self) -> str:
        """A sentence for a user who has lost the cluster: what remains and how to continue."""
        self.write()
        return self._checkpoint.left()

    def _write(self) -> None:
        self._checkpoint.keep({"outcomes": np.array(json.dumps(self._found))}, f"{len(self._found)} candidates × folds", at_once=True)


def described(candidate: Any) -> str:
    """A candidate's parameters as a text that is the same in every process."""
    return plain({str(name): candidate[name] for name in sorted(candidate)})


def plain(value: Any) -> str:
    """What a value's text says, without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def finished_candidates(search: Any, candidates: list[dict[str, Any]], rows: SearchRows) -> FinishedCandidates:
    """The outcomes that the search's checkpoint has, none if there is no such file yet.

    Raises
    ------
    CheckpointError
        For a file that is no checkpoint, or of another search.
    """
    checkpoint = Checkpoint(search.checkpoint)
    known = checkpoint.seed()
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if known is None else known
    if checkpoint.path is None:
        return FinishedCandidates(checkpoint, seed, None)
    given = {name: value for name, value in search.estimator.get_params(deep=True).items() if name.split("__")[-1] not in MAY_DIFFER}
    about = {"kind": "search", "estimator": type(search.estimator).__name__, "seed": str(seed)}
    about |= {f"estimator's {name}": plain(value) for name, value in given.items()}
    about |= {name: plain(getattr(search, name)) for name in OF_SEARCH}
    about |= {"number of rows": str(len(rows.splits[0][0]) + len(rows.splits[0][1])), "number of folds": str(len(rows.splits))}
    about |= {f"hash of {name}": joblib.hash(getattr(rows, name)) for name in ("X", "y", "weight", "score_weight", "groups", "splits")}
    about |= {"candidates": joblib.hash([described(candidate) for candidate in candidates])}
    return FinishedCandidates(checkpoint, seed, checkpoint.earlier(about))
