"""The steps of `shoal.table.preparation` as ONNX nodes: medians and indicators, levels, parts of dates."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from shoal.export.onnx_graph.nodes import Graph
from shoal.export.portable import Portable
from shoal.table import Feature, Field

SECONDS_A_DAY = 86_400.0


def prepare(graph: Graph, model: Portable, inputs: Sequence[str]) -> str:
    """From the cells, one input `(m, 1)` a field, to the prepared columns `(m, n)` in double."""
    dates = {j: date_parts(graph, inputs[j]) for j, field in enumerate(model.fields) if field.kind == "date"}
    blocks = []
    for (kind, j), run in groupby(model.features, key=lambda feature: block_of(model, feature)):
        features = list(run)
        if kind == "level":
            blocks.append(levels(graph, model.fields[j], inputs[j]))
            continue
        cells = [dates[f.field]["days" if f.part == "missing" else f.part] if f.field in dates else inputs[f.field] for f in features]
        wide = cells[0] if len(cells) == 1 else graph("Concat", *cells, axis=1)
        missing = graph("IsNaN", wide)
        if kind == "missing":
            blocks.append(graph.cast(missing, np.float64))
        else:
            blocks.append(graph("Where", missing, np.array([[f.fill for f in features]]), wide))
    return blocks[0] if len(blocks) == 1 else graph("Concat", *blocks, axis=1)


def block_of(model: Portable, feature: Feature) -> tuple[str, int]:
    """Neighbours of one kind are made at once; the levels of each category are a block of their own."""
    if feature.part in ("level", "missing"):
        return feature.part, feature.field if feature.part == "level" else -1
    return "value", -1


def levels(graph: Graph, field: Field, cell: str) -> str:
    """0 and 1 for every level: a text's place is looked up, and compared with each column's."""
    rest = len(field.levels) if field.has_other else -1
    empty = field.missing if field.missing < len(field.levels) else rest
    texts = {text: place for place, text in enumerate(field.levels)}
    texts.setdefault("", empty)
    place = graph(
        "LabelEncoder",
        cell,
        domain="ai.onnx.ml",
        keys_strings=[text.encode("utf-8", "surrogatepass") for text in texts],
        values_int64s=list(texts.values()),
        default_int64=rest,
    )
    n = len(field.levels) + field.has_other
    return graph.cast(graph("Equal", place, np.arange(n, dtype=np.int64)[None, :]), np.float64)


def date_parts(graph: Graph, seconds: str) -> dict[str, str]:
    """Days, day of year, weekday and hour from seconds since 1970, by the Gregorian calendar in cycles of 400 years from March."""

    def number(value: float) -> np.ndarray:
        return np.array(value)

    def floored(value: str, by: float) -> str:
        return graph("Floor", graph("Div", value, number(by)))

    def rest(value: str, by: float) -> str:
        return graph("Sub", value, graph("Mul", floored(value, by), number(by)))

    days = graph("Div", seconds, number(SECONDS_A_DAY))
    midnight = graph("Floor", days)
    day = rest(graph("Add", midnight, number(719468.0)), 146097.0)
    leaps = graph("Sub", graph("Sub", floored(day, 1460.0), floored(day, 36524.0)), graph("Neg", floored(day, 146096.0)))
    year = floored(graph("Sub", day, leaps), 365.0)
    begun = graph("Sub", graph("Add", graph("Mul", year, number(365.0)), floored(year, 4.0)), floored(year, 100.0))
    since_march = graph("Sub", day, begun)
    by_4, by_100 = (graph("Equal", rest(year, by), number(0.0)) for by in (4.0, 100.0))
    leap = graph("And", by_4, graph("Or", graph("Not", by_100), graph("Equal", year, number(0.0))))
    late = graph("Add", graph("Add", since_march, number(60.0)), graph.cast(leap, np.float64))
    early = graph("Sub", since_march, number(305.0))
    is_early = graph("Not", graph("Less", since_march, number(306.0)))
    return {
        "days": days,
        "day of year": graph("Where", is_early, early, graph("Where", graph("IsNaN", days), days, late)),
        "weekday": rest(graph("Add", midnight, number(3.0)), 7.0),
        "hour": floored(rest(seconds, SECONDS_A_DAY), 3600.0),
    }
