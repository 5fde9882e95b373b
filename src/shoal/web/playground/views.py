"""What the playground shows of a run: the scene, which changes with the reader's choices, and frames, which change with training."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from shoal.encoding import encode
from shoal.engine.predict import logits
from shoal.errors import InvalidParameterError
from shoal.fitting.targets import places
from shoal.inspection import Costs, Finding, findings
from shoal.network import Network, in_units
from shoal.population import Population, member
from shoal.table_models.look import Look
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.losses import make_loss
from shoal.textbook.propagation import forward
from shoal.types import Floats
from shoal.web.languages import tr
from shoal.web.pictures import packed, unit_rows
from shoal.web.playground.finding_words import described
from shoal.web.playground.settings import Data, held_rows, typical
from shoal.web.playground.training import Training
from shoal.web.question import brief, json_object

GRID, TILE, LINE = 56, 20, 161  # points along a side of the outcome, of a unit's tile, of a curve
MOST_POINTS = 1200
SHOWN_INPUTS = 10
SHOWN_OUTPUTS = 8
WARNED_ROWS = 600
CURVE = 300  # points of the cost curve that the warnings use
MARGIN = 0.06


class View:
    """One view of a run: the columns drawn, and the held values of the others."""

    def __init__(self, data: Data, training: Training, x: str, y: str, held: Mapping[str, Any]) -> None:
        self.data, self.training = data, training
        self.x, self.y = drawn_columns(data, x, y)
        self.held = {name: self.held_value(name, value) for name, value in held.items() if name not in (self.x, self.y)}
        self.spans = {name: span(data.numbers(name)) for name in (self.x, self.y) if name}
        self.plane = bool(self.y)
        self.outcome = self.grid(GRID if self.plane else LINE)
        self.tiles = self.grid(TILE)
        self.shown = shown_inputs(data, self.x, self.y)
        self.warned_X = data.X[:: max(1, len(data.X) // WARNED_ROWS)]
        self.reference = 1.0 if data.task == "classification" else float(np.max(np.abs(data.y[data.train] - self.center))) or 1.0

    @property
    def center(self) -> float:
        """The value of the neutral colour: the mean of a regression's target."""
        if self.data.task != "regression":
            return 0.5
        y = self.data.y[self.data.train]
        with np.errstate(over="ignore", invalid="ignore"):  # the sum of numbers near the largest
            mean = float(np.mean(y))
        return mean if np.isfinite(mean) else float(np.sum(y / len(y)))

    def held_value(self, name: str, value: Any) -> Any:
        """A reader's value for a column that is held constant."""
        column = next((c for c in self.data.columns if c.name == name), None)
        if column is None:
            raise InvalidParameterError(f"there is no column {name[:60]!r}; choose one of {', '.join(c.name for c in self.data.columns)}")
        if column.kind == "number":
            try:
                number = float(value)
            except (TypeError, ValueError, OverflowError):
                number = float("nan")
            if not np.isfinite(number):
                raise InvalidParameterError(f"{name[:60]!r} has numbers; {brief(value)} is not a number")
            return number
        if not isinstance(value, str | int | float | None):
            raise InvalidParameterError(f"{name[:60]!r} needs one value; {brief(value)} is not one")
        return value

    def grid(self, k: int) -> Floats:
        """Points of the picture in layer 1's encoding: k × k of the plane row by row from the top left, or k along one column."""
        low, high = self.spans[self.x]
        across = np.linspace(low, high, k)
        columns = {self.x: across}
        if self.y:
            up = np.linspace(*self.spans[self.y], k)[::-1]
            columns = {self.x: np.tile(across, k), self.y: np.repeat(up, k)}
        frame = held_rows(self.data, self.held, len(columns[self.x])).assign(**columns)
        return np.asarray(encode(self.training.encoding, self.data.inputs(frame), self.training.run.state.dtype))

    # --- the scene ----------------------------------------------------------------------------------------------------

    def scene(self) -> dict[str, Any]:
        """The part that stays constant during training."""
        data, training = self.data, self.training
        population, recipe = training.population, training.recipe
        n_h, n_x = population.parameters.W1.shape[1:]
        n_z = population.parameters.W2.shape[1]
        return {
            "title": data.title,
            "task": data.task,
            "target": data.target,
            "m": len(data.train),
            "m_test": len(data.test),
            "judged": len(training.on_train[0]),
            "places": [j + 1 for j in self.shown],
            "inputs": [data.names[j] for j in self.shown],
            "n_x": n_x,
            "n_h": n_h,
            "n_z": n_z,
            "networks": population.K,
            "parameters": n_h * n_x + n_h + n_z * n_h + n_z,
            "activation": recipe.activation,
            "output": tr(training.g2.unit.title),
            "loss": tr(training.g2.title),
            "formula": training.g2.loss_formula,
            "scaled": bool(training.targets.scale is not None and training.targets.scale.scale[0] != 1),
            "classes": [] if training.targets.classes is None else [str(label) for label in training.targets.classes],
            "outputs": self.output_names(),
            "batches": training.batches,
            "rate": float(np.max(training.recipe.learning_rate)),
            "choices": list(data.choices),
            "columns": columns_record(data.look),
            "axes": list(data.axes),
            "x": self.x,
            "y": self.y,
            "spans": self.spans,
            "center": self.center,
            "reference": self.reference,
            "points": self.points(),
            "holds": self.holds(),
        }

    def output_names(self) -> list[str]:
        """A name for each output unit that is drawn."""
        targets, unit = self.training.targets, self.training.g2.unit
        if unit.states_variance:
            return [tr("mean"), tr("ln variance")]
        return ["ŷ"] if targets.classes is None or unit.decides != "largest" else [str(label) for label in targets.classes][:SHOWN_OUTPUTS]

    def points(self) -> dict[str, Any]:
        """Training and held-out rows in the drawn columns: positions, and the class or the value of each."""
        data = self.data
        rows = np.concatenate([data.train, data.test])
        step = max(1, -(-len(rows) // MOST_POINTS))
        place, held = rows[::step], (np.arange(len(rows)) >= len(data.train))[::step]
        xs = data.numbers(self.x)[place]
        ys = data.numbers(self.y)[place] if self.y else np.zeros(len(place))
        known = np.isfinite(xs) & np.isfinite(ys)
        y = data.y[place][known]
        if data.task == "classification":
            assert self.training.targets.classes is not None
            y = places(self.training.targets.classes, y)
        return {"x": xs[known], "y": ys[known], "v": y, "test": held[known].astype(int)}

    def holds(self) -> list[dict[str, Any]]:
        """The columns that are held constant, with their possible values."""
        middle = typical(self.data)
        out = []
        for column in self.data.columns:
            if column.name in (self.x, self.y) or column.kind == "left out":
                continue
            value = self.held.get(column.name, middle[column.name])
            shown = value if isinstance(value, float) else str(value)
            limits = {"low": column.low, "high": column.high, "levels": list(column.levels[:30])}
            out.append({"name": column.name, "kind": column.kind, "value": shown, **limits})
        return out

    # --- frames -------------------------------------------------------------------------------------------------------

    def frame(self, k: int, warn: bool) -> dict[str, Any]:
        """The current state of the run, with its member k drawn."""
        training = self.training
        population, judged = training.population, training.kept[-1].judged
        k = min(k, population.K - 1)
        W1, b1, W2, b2 = member(population, k)
        answer = {
            "t": training.t,
            "epoch": training.epoch,
            "at": training.t % training.batches,
            "k": k,
            "event": last_epoch(training),
            "score": judged.score,
            "score_test": judged.score_test,
            "alive": bool(training.run.active.all()),
            "W1": W1[:, self.shown],
            "b1": b1[:, 0],
            "W2": W2[:SHOWN_OUTPUTS],
            "b2": b2[:SHOWN_OUTPUTS, 0],
            "tiles": self.tile_fields(population, k),
            "spot": bool(len(training.kept) > 1),
            **self.picture(training.network()),
        }
        if warn:
            answer["warnings"] = [described(f) for f in self.warnings(training, k)]
            answer["lowest"] = training.lowest_held_out()
        return answer

    def warnings(self, training: Training, k: int) -> tuple[Finding, ...]:
        """The library's findings about member k."""
        rate = float(np.max(training.recipe.learning_rate))
        kept = list(training.kept)
        judged = [place.judged for place in kept[:: max(1, len(kept) // CURVE)] + kept[-1:]]
        costs = [Costs(j.t, j.train, j.test) for j in judged if j.test is not None]
        return findings(training.network(), self.warned_X, loss=training.losses, learning_rate=rate, costs=costs, k=k)

    def tile_fields(self, population: Population, k: int) -> list[str]:
        """Each unit's output over the picture; along one column it is drawn as stripes."""
        g1 = ACTIVATIONS[self.training.recipe.activation]
        A1 = forward(member(population, k), self.tiles.T, g1, self.training.g2).A1
        if not self.plane:
            A1 = np.tile(A1, (1, TILE))
        return [packed(*row) for row in unit_rows(A1, g1)]

    def picture(self, network: Network) -> dict[str, Any]:
        """The prediction over the drawn columns: the shoal's, and the spread of its members."""
        Z2 = logits(network.population, self.outcome, network.activation)[self.training.counted]
        g2 = make_loss(network.output)
        together = in_units(network, g2(Z2.mean(axis=0).astype(np.float64)))
        several = np.stack([in_units(network, g2(z.astype(np.float64))) for z in Z2]) if len(Z2) > 1 else None
        return self.over_plane(Z2, together, several) if self.plane else self.along(together, several)

    def over_plane(self, Z2: Floats, together: Floats, several: Floats | None) -> dict[str, Any]:
        """Fields: `heat` is the prediction, `cut` is zero on the boundary, `spread` the members' standard deviation."""
        spread = {} if several is None else {"spread": packed(several.std(axis=0).max(axis=1), self.reference / 2)}
        if self.data.task == "regression":
            return {"heat": packed(together[:, 0] - self.center, self.reference), **spread}
        if together.shape[1] == 1:
            cuts = {} if several is None else {"cuts": [packed(z[0]) for z in Z2[:12]]}
            return {"heat": packed(2 * together[:, 0] - 1, 1.0), "cut": packed(Z2.mean(axis=0)[0]), **cuts, **spread}
        best = together.argmax(axis=1)
        ordered = np.sort(together, axis=1)
        return {"best": best, "heat": packed(ordered[:, -1] - ordered[:, -2], 1.0), **spread}

    def along(self, together: Floats, several: Floats | None) -> dict[str, Any]:
        """Curves over one column: the shoal's prediction, and the lowest and highest member."""
        curves: dict[str, Any] = {"curves": together.T}
        if several is not None:
            curves |= {"low": several.min(axis=0).T, "high": several.max(axis=0).T}
        return curves


def last_epoch(training: Training) -> dict[str, Any] | None:
    """The library's event for the last whole epoch."""
    event = training.event
    if event is None:
        return None
    return {"epoch": event.epoch, "loss": training.losses[-1], "rate": event.learning_rate[0], "seconds": event.seconds, "t": event.t}


def drawn_columns(data: Data, x: str, y: str) -> tuple[str, str]:
    """The columns to draw: the requested ones if they can be drawn, else the first two that can; y "none" draws one."""
    for name in (x, y):
        if name not in ("", "none") and name not in data.axes:
            raise InvalidParameterError(f"{name[:60]!r} cannot be drawn; columns of numbers are {', '.join(data.axes)}")
    first = x if x not in ("", "none") else next(name for name in data.axes if name != y)
    others = [name for name in data.axes if name != first]
    second = "" if y == "none" or not others else y or others[0]
    return first, "" if second == first else second


def shown_inputs(data: Data, x: str, y: str) -> list[int]:
    """Positions of the inputs that are drawn as circles: those on the axes first."""
    names = data.names
    first = [names.index(name) for name in (x, y) if name in names]
    return [*first, *(j for j in range(len(names)) if j not in first)][:SHOWN_INPUTS]


def span(values: Floats) -> tuple[float, float]:
    """The range of a column with a margin."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = MARGIN * (high - low)
    return low - margin, high + margin


def read_held(text: str) -> dict[str, Any]:
    """The held values of an address, a JSON object of column names."""
    held = json_object(text or "{}")
    if held is None:
        raise InvalidParameterError(f"held={text[:60]!r} is not a JSON object of columns and values")
    return held


def columns_record(look: Look | None) -> dict[str, list[Any]]:
    """The columns of the reader's table as `shoal look` prints them, and the notes of rows; nothing of the page's own sets."""
    if look is None:
        return {"header": [], "rows": [], "notes": []}
    frame = look.to_frame().reset_index()
    return {"header": list(frame.columns), "rows": frame.values.tolist(), "notes": [note.text for note in look.notes if not note.column]}
