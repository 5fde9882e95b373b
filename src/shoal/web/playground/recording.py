"""Recorded runs for the copy without a server: one for each of the page's own data sets, with a limited number of frames.

A recording has the same data as a live run, so the copy draws it with the same code.
"""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from shoal.web.playground.cards import ALWAYS, how
from shoal.web.playground.live import DATA_SEED, LiveRun, records
from shoal.web.playground.settings import STARTS, of_sample, read_settings
from shoal.web.question import Answer

MOMENTS = 50
COARSE = 10  # thousandths: a tenth of the step between two shades of a picture
_OWN: dict[str, tuple[dict[str, str], int]] = {
    "flower": ({}, 5000),
    "moons": ({"points": "100", "noise": "0.36", "units": "12", "hold_out": "0.4"}, 1500),  # overfits
    "circles": ({"units": "3", "activation": "relu"}, 1500),
    "spirals": ({"units": "12", "noise": "0.04"}, 3000),
    "xor": ({}, 3000),
    "blobs": ({"units": "6"}, 600),
    "curve": ({"units": "8", "networks": "5", "points": "60", "noise": "0.2"}, 2000),
    "surface": ({"units": "8"}, 1000),
}
# Set → its run: settings that differ from the playground's defaults, and the last update. All rows at once: an update is an epoch.
RUNS = {name: ({**STARTS[name], **own}, last) for name, (own, last) in _OWN.items()}


def moments(last: int, most: int) -> list[int]:
    """Updates from 0 to `last`, at most `most`: each of the first, then at growing distances, because the cost falls more slowly."""
    return sorted({0, *np.unique(np.round(np.geomspace(1, last, most - 1))).astype(int).tolist()})


def recording(name: str, most: int = MOMENTS) -> Answer:
    """One run: its settings as in the address, its scene, and for each moment the frame, the exports, and cards."""
    own, last = RUNS[name]
    chosen = read_settings({"data": name, **own})
    run = LiveRun(chosen, of_sample(name, chosen["points"], chosen["noise"], chosen["hold_out"], DATA_SEED))
    frames, taken, cards = [], [], []
    for t in moments(last, most):
        while run.training.t < t and run.training.advance(t - run.training.t):
            pass
        run.training.keep()
        frames.append(lighter(run.frame(warn=True)))
        taken.append(run.take())
        cards.append({key: how(run.training, key) for key in ALWAYS if described(key, frames[-1])})
    return {
        "settings": {"data": name, **own},
        "scene": run.view.scene(),
        "frames": frames,
        "records": records(run.training, -1),
        "taken": taken,
        "cards": cards,
    }


def lighter(frame: dict[str, Any]) -> dict[str, Any]:
    """The frame with its shades in coarser steps, which nobody can see and which compress to half the size; lines stay unchanged."""
    coarse = {"tiles": [coarser(tile) for tile in frame["tiles"]]}
    return frame | coarse | {name: coarser(frame[name]) for name in ("heat", "spread") if name in frame}


def coarser(field: str) -> str:
    """A packed field (`pictures.packed`) in multiples of `COARSE`."""
    thousandths = np.frombuffer(base64.b64decode(field), "<i2")
    return base64.b64encode((np.round(thousandths / COARSE) * COARSE).astype("<i2").tobytes()).decode()


def described(key: str, frame: Mapping[str, Any]) -> bool:
    """Whether this number is on the page at this moment."""
    return (key != "loss" or frame["event"] is not None) and (key not in ("test", "score_test") or frame["score_test"] is not None)


def recordings(most: int = MOMENTS) -> Answer:
    """Every set's run."""
    return {name: recording(name, most) for name in RUNS}
