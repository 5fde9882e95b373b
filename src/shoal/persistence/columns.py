"""What a model file holds of one column of a table: its record in plain values, checked, and back."""

from dataclasses import asdict
from typing import Any

from shoal.persistence.checks import Flag, Items, Maybe, Real, Record, Text, Whole
from shoal.table import Column, ColumnNote, Learned
from shoal.table.columns import MOST_LEVELS
from shoal.table.date_formats import DATE_FORMATS
from shoal.table.levels import MOST_RARE, Variant, level_key
from shoal.table.marks import Mark
from shoal.table.number_format import MARK_NAMES, PLAIN, NumberFormat
from shoal.table.target_means import MOST_MEANS, MOST_OWN, TargetMeans

NUMBER_FORMAT = Record(
    {
        "decimal": Text((".", ",")),
        "thousands": Text(characters="".join(MARK_NAMES)),
        "affixes": Items(Text(empty=False), apart=True),
        "styles": Items(Text(empty=False), apart=True),
    }
)
MARK = Record(
    {
        "text": Text(empty=False),
        "kind": Text(("gap", "below", "above")),
        "n_rows": Whole(),
        "indicator": Flag(),
        "label": Text(empty=False),
    }
)
NOTE = Record({"column": Text(), "kind": Text(), "text": Text(), "advice": Text()})
VARIANT = Record({"text": Text(empty=False), "level": Text(empty=False)})
COLUMN = Record(
    {
        "name": Text(empty=False),
        "kind": Text(("number", "boolean", "category", "date", "left out")),
        "reason": Text(),
        "n_rows": Whole(1),
        "n_missing": Whole(),
        "levels": Items(Text(), apart=True),
        "low": Maybe(Real()),
        "high": Maybe(Real()),
        "date_format": Text(("", *DATE_FORMATS)),
        "has_times": Flag(),
        "cyclic": Flag(),
        "number_format": NUMBER_FORMAT,
        "marks": Items(MARK),
        "notes": Items(NOTE),
        "rare_levels": Maybe(Items(Text(), apart=True)),
        "variants": Items(VARIANT),
        "target_means": Flag(),
    },
    # which files of earlier shoals lack
    optional=frozenset({"cyclic", "number_format", "marks", "notes", "rare_levels", "variants", "target_means"}),
)
MEANS = Record({"outputs": Items(Text(empty=False)), "overall": Items(Real()), "means": Items(Items(Real())), "own": Items(Whole())})
LEARNED = Record(
    {
        "fills": Items(Real()),
        "indicator": Flag(),
        "levels": Items(Text(), apart=True, rising=True),
        "has_other": Flag(),
        "means": Maybe(MEANS),
    },
    optional=frozenset({"means"}),  # which files of earlier shoals lack
)


def marks_fit(content: dict[str, Any]) -> bool:
    """Whether the marks of a column's record fit: each once, in no more rows than there are, in numbers only with an input of its own."""
    marks = content.get("marks", ())
    apart = len({mark["text"] for mark in marks}) == len(marks) and all(mark["n_rows"] <= content["n_rows"] for mark in marks)
    return apart and (content["kind"] == "number" or not any(mark["indicator"] or mark["kind"] != "gap" for mark in marks))


def rare_levels_fit(content: dict[str, Any]) -> bool:
    """Whether the rare levels of a column's record fit: of categories alone, not too many, none of them frequent too."""
    rare = content.get("rare_levels")
    if rare is None:
        return True
    return content["kind"] == "category" and len(rare) <= MOST_RARE and set(rare).isdisjoint(content["levels"])


def variants_fit(content: dict[str, Any]) -> bool:
    """Whether the variants of a column's record fit: of categories alone, each once, none of them a level, each spelled as its level is."""
    found = content.get("variants", ())
    texts = {each["text"] for each in found}
    levels = {*content["levels"], *(content.get("rare_levels") or ()), *(each["level"] for each in found)}
    alike = all(level_key(each["text"]) == level_key(each["level"]) for each in found)
    return alike and len(texts) == len(found) and texts.isdisjoint(levels) and (content["kind"] == "category" or not found)


def means_fit(content: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether target means fit the column's record: there if it says so, one of each output for each level, each own column once."""
    found = known.get("means")
    if found is None:
        return not content.get("target_means", False) and len(known["levels"]) <= MOST_LEVELS
    n, n_levels = len(found["outputs"]), len(known["levels"])
    sizes = n >= 1 and len(found["overall"]) == len(found["means"]) == n and all(len(each) == n_levels for each in found["means"])
    own = found["own"]
    places = own == sorted(set(own)) and all(place < n_levels for place in own) and len(own) <= MOST_LEVELS
    return sizes and places and content.get("target_means", False) and not known["has_other"] and n_levels <= MOST_MEANS + MOST_OWN + 1


def learned_from(known: dict[str, Any]) -> Learned:
    """What was learned of a column, from its checked record."""
    found = known.get("means")
    means = None
    if found is not None:
        by_output = tuple(map(tuple, found["means"]))
        means = TargetMeans(tuple(found["outputs"]), tuple(found["overall"]), by_output, tuple(found["own"]))
    return Learned(tuple(known["fills"]), known["indicator"], tuple(known["levels"]), known["has_other"], means)


def learned_record(known: Learned) -> dict[str, Any]:
    """What was learned of a column in plain values."""
    made: dict[str, Any] = _listed(asdict(known))
    return made


def column_from(content: dict[str, Any]) -> Column:
    """The column that a checked record describes."""
    spelled, rare = content.get("number_format"), content.get("rare_levels")
    return Column(
        **{
            **content,
            "levels": tuple(content["levels"]),
            "number_format": PLAIN if spelled is None else NumberFormat(**{name: _frozen(value) for name, value in spelled.items()}),
            "marks": tuple(Mark(**mark) for mark in content.get("marks", ())),
            "notes": tuple(ColumnNote(**note) for note in content.get("notes", ())),
            "rare_levels": None if rare is None else tuple(rare),
            "variants": tuple(Variant(**each) for each in content.get("variants", ())),
        }
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def column_record(column: Column) -> dict[str, Any]:
    """A column in plain values; lists for tuples, at any depth."""
    made: dict[str, Any] = _listed(asdict(column))
    return made


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _listed(inner) for name, inner in value.items()}
    return [_listed(inner) for inner in value] if isinstance(value, list | tuple) else value
