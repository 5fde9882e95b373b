"""Earlier files in skops' format, read as plain data: neither skops nor a fitted step of scikit-learn is built.

Such a file is a zip of `schema.json`, a tree of nodes, and one `.npy` per array. A node of a class becomes a record of its
attributes; the classes are names here, not code. The contents of the records go through the same checks as every model's.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.errors import ModelFileError
from shoal.persistence.container import array_of, header_of, manifest_of, members
from shoal.persistence.schema import ESTIMATORS
from shoal.persistence.stored import Stored
from shoal.persistence.storing import curves, estimator_record, facts_record, gathered, network_arrays, network_record, preparation_record
from shoal.table import Column, Learned, Preparation
from shoal.table.preparation import used_names
from shoal.table_models.fit import Facts
from shoal.textbook.propagation import Parameters

SCHEMA_NAME = "schema.json"
MOST_DEPTH = 50  # nodes inside nodes; a model needs about fifteen
KINDS = {"ShoalClassifier": "classifier", "ShoalRegressor": "regressor"}
RECORDS = frozenset(
    {
        *KINDS,
        *("Network", "Noise", "Calibration", "Encoding", "TargetScale", "Population", "Facts", "TypedTable", "Column"),
        *("Pipeline", "ColumnTransformer", "SimpleImputer", "MissingIndicator", "OneHotEncoder"),
    }
)
SCALARS = {"float64": float, "float32": float, "int64": int, "int32": int, "bool_": bool, "bool": bool, "str_": str}
KEYS: dict[str, Any] = {"str": str, "int": int, "float": float, **SCALARS}
KEYS |= dict.fromkeys(("bool", "bool_"), lambda key: key.casefold() == "true")


class OldRecord(SimpleNamespace):
    """The attributes of an object in a tree, and the name of its class."""

    class_name: str


@dataclass
class Tree:
    """A tree of nodes with its arrays."""

    archive: zipfile.ZipFile
    sizes: dict[str, int]
    files: set[str] = field(default_factory=set)

    def value(self, node: Any, depth: int = 0) -> Any:
        """The value of a node."""
        if depth > MOST_DEPTH:
            raise ModelFileError(f"it holds objects inside objects, more than {MOST_DEPTH} deep")
        if not isinstance(node, dict):
            raise ModelFileError(f"its tree holds {str(node)[:40]!r} where an object must be")
        loader, kind, content = node.get("__loader__"), str(node.get("__class__")), node.get("content")
        match loader:
            case "ObjectNode" if kind in RECORDS and isinstance(content, dict):
                found = OldRecord(**self.value(content, depth + 1))
                found.class_name = kind
                return found
            case "TupleNode" if kind == "tuple" and isinstance(content, list):
                return tuple(self.value(inner, depth + 1) for inner in content)
            case "TupleNode" if kind == "Parameters" and isinstance(content, list) and len(content) == 4:
                return Parameters(*(self.value(inner, depth + 1) for inner in content))
            case "ListNode" if kind == "list" and isinstance(content, list):
                return [self.value(inner, depth + 1) for inner in content]
            case "DictNode" if kind == "dict" and isinstance(content, dict):
                return self._mapping(content, node.get("key_types"), depth)
            case "JsonNode" if kind == "str" and isinstance(content, str) and content[:1] not in ("[", "{"):
                return _plain(content)
            case "NdArrayNode" if kind in ("ndarray", *SCALARS):
                return self._array(node, kind, depth)
            case "TypeNode" | "DTypeNode" | "SliceNode" if kind in (*KEYS, "dtype", "slice"):
                return self._ignored(content)
        raise ModelFileError(f"it holds {kind[:60]!r} ({str(loader)[:40]}), which is never loaded, or not as it must be")

    def _ignored(self, content: Any) -> None:
        """What no prediction needs: a type of numbers, a slice; the array that names a type is seen, so that none is left over."""
        if isinstance(content, dict) and isinstance(content.get("file"), str):
            self.files.add(content["file"])

    def _mapping(self, content: dict[str, Any], types: Any, depth: int) -> dict[Any, Any]:
        """A dict, each key as the type that the tree says: skops writes True as a text, which is true whatever it says."""
        inner = types.get("content") if isinstance(types, dict) and types.get("__loader__") == "ListNode" else None
        if not isinstance(inner, list) or len(inner) != len(content):
            raise ModelFileError("it holds a mapping without its keys' types")
        names = [str(kind.get("__class__")) if isinstance(kind, dict) else "" for kind in inner]
        if any(name not in KEYS for name in names):
            raise ModelFileError("it holds a mapping with keys of a type that is never loaded")
        return {KEYS[name](key): self.value(node, depth + 1) for name, (key, node) in zip(names, content.items(), strict=True)}

    def _array(self, node: dict[str, Any], kind: str, depth: int) -> Any:
        name, content = node.get("file"), node.get("content")
        if isinstance(content, list) and node.get("type") == "json":
            objects = np.empty(len(content), object)
            objects[:] = [self.value(inner, depth + 1) for inner in content]
            return objects
        if not isinstance(name, str) or name not in self.sizes or node.get("type") != "numpy":
            raise ModelFileError(f"it names an array {str(name)[:40]!r} that is not there")
        self.files.add(name)
        with self.archive.open(name) as stream:
            header = header_of(stream, name, self.sizes[name])
        found = array_of(self.archive.read(name), header)
        return found if kind == "ndarray" else SCALARS[kind](found.item())


def _plain(text: str) -> Any:
    """A text, number, truth value or nothing; skops writes NaN, which JSON does not know."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise ModelFileError(f"its tree holds {text[:40]!r} where a value in JSON must be") from error


def from_skops(archive: zipfile.ZipFile, n_bytes: int) -> Stored:
    """What a file of skops's holds, as a `.shoal` file would; unchecked."""
    tree = Tree(archive, members(archive, n_bytes, SCHEMA_NAME))
    schema = manifest_of(archive, SCHEMA_NAME)
    schema.pop("protocol", None)
    schema.pop("_skops_version", None)
    model = tree.value(schema)
    if tree.files | {SCHEMA_NAME} != set(tree.sizes):
        raise ModelFileError(f"it has {len(tree.sizes) - 1} arrays, of which its tree names {len(tree.files)}")
    kind = getattr(model, "class_name", type(model).__name__)
    steps = model.steps if kind == "Pipeline" else None
    last = model if steps is None else steps[-1][1]
    if last.class_name not in KINDS:
        raise ModelFileError(f"it holds a {last.class_name}, not a network")
    before = steps[:-1] if steps else []
    prepare = _preparation(before[0][1]) if before else None
    if len(before) > 1:
        raise ModelFileError(f"its step {before[1][0]!r} is none of shoal's")
    known = ESTIMATORS[KINDS[last.class_name]]().get_params(deep=False)
    parameters = {name: getattr(last, name) for name in known if name != "callbacks" and hasattr(last, name)}
    facts = getattr(model, "facts_", None)
    manifest = gathered(
        KINDS[last.class_name],
        steps=None if steps is None else [name for name, _ in steps],
        network=network_record(last.network_),
        estimator=estimator_record(last, parameters),
        preparation=None if prepare is None else preparation_record(*prepare),
        facts=None if facts is None else facts_record(Facts(**_attributes(facts))),
    )
    return Stored(manifest, {**network_arrays(last.network_), **curves(last)})


def _attributes(found: OldRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(found).items() if name != "class_name"}


def _preparation(steps: OldRecord) -> tuple[Preparation, Sequence[str]]:
    """The preparation that scikit-learn's fitted steps meant: medians, indicators and levels."""
    (_, typed), (_, transformer) = steps.steps
    columns = tuple(Column(**_attributes(column)) for column in typed.columns)
    fitted = {name: step for name, step, _ in transformer.transformers_}
    fills = [float(fill) for fill in fitted["numbers"].statistics_] if "numbers" in fitted else []
    parts = [float(fill) for fill in fitted["parts"].statistics_] if "parts" in fitted else []
    indicator = fitted["numbers"].indicator_ if "numbers" in fitted else None
    with_gaps = set() if indicator is None else set(indicator.features_.tolist())
    levels = _levels(fitted["categories"].steps[-1][1]) if "categories" in fitted else []
    learned, numbers = [], 0
    for column, names in used_names(columns):
        if column.kind == "category":
            learned.append(levels.pop(0))
            continue
        further = [parts.pop(0) for _ in names[1:]]
        learned.append(Learned((fills[numbers], *further), numbers in with_gaps))
        numbers += 1
    return Preparation(columns, tuple(learned)), typed.allowed_extra


def _levels(encoder: OldRecord) -> list[Learned]:
    """Of each category the levels with a column of their own, and whether others share one."""
    made = []
    for known, rare in zip(encoder.categories_, encoder._infrequent_indices, strict=True):
        few: NDArray[Any] = np.empty(0, int) if rare is None else rare
        own = [str(level) for i, level in enumerate(known) if i not in set(few.tolist())]
        made.append(Learned(levels=tuple(own), has_other=len(few) > 0))
    return made
