"""Model files: a fitted model as skops writes it, in one fixed form that is checked whole before anything is built.

A file is a zip of uncompressed members: `schema.json`, a tree of nodes, and one `.npy` an array. `load` walks that tree
first: every node must be of a kind and a class on the lists below, every array exactly as long as it says. Nothing is
imported, called or allocated on the word of the file until then, so that loading cannot run code or fill the memory. The
same model always makes the same bytes.
"""

import copy
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from shoal.encoding import Encoding, TargetScale
from shoal.errors import ModelFileError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.raw import Facts
from shoal.estimators.regressor import ShoalRegressor
from shoal.files import read_input, replacing
from shoal.network import Calibration, Network, Noise
from shoal.population import Population
from shoal.table import Column, Learned, Preparation, PreparedTable, TypedTable
from shoal.textbook import ACTIVATIONS, Parameters

ESTIMATORS = (ShoalClassifier, ShoalRegressor)
TABLE = (TypedTable, PreparedTable, Preparation, Learned, Column)
OURS: tuple[type, ...] = (*ESTIMATORS, Network, Noise, Calibration, Encoding, TargetScale, Population, Parameters, Facts, *TABLE)
STEPS = (Pipeline, ColumnTransformer, SimpleImputer, MissingIndicator, OneHotEncoder)

# What only a running program needs, to go on with training: the events, the update rule's memory.
RUNNING = ("_continuation",)
MOST_SCHEMA_BYTES = 1 << 26  # a tree of 300,000 nodes; the tables of the world's widest models need a tenth
MOST_DEPTH = 50  # nodes inside nodes; a model needs about fifteen


def _name(kind: Any) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


_SCALARS = frozenset(_name(kind) for kind in (np.float64, np.float32, np.int64, np.int32, np.bool_, np.str_))
_CLASSES = tuple(kind for kind in (*OURS, *STEPS) if not issubclass(kind, tuple))
_TUPLES = tuple(kind for kind in OURS if issubclass(kind, tuple))
# What a node may be: its kind in skops's words, and the classes that it may make.
_ALLOWED: dict[str, frozenset[str]] = {
    "ObjectNode": frozenset(map(_name, _CLASSES)),
    "TupleNode": frozenset(map(_name, (tuple, *_TUPLES))),
    "ListNode": frozenset({"builtins.list"}),
    "DictNode": frozenset({"builtins.dict"}),
    "JsonNode": frozenset({"builtins.str"}),
    "SliceNode": frozenset({"builtins.slice"}),
    "TypeNode": frozenset({"builtins.str", "builtins.int", "builtins.float", "builtins.bool"}) | _SCALARS,
    "DTypeNode": frozenset({"numpy.dtype"}),
    "NdArrayNode": frozenset({"numpy.ndarray"}) | _SCALARS,
}
_TRUSTED = [*map(_name, (*OURS, *STEPS)), "numpy.dtype"]


def save(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write a fitted model to a file, beside what stood there, and then in its place.

    Parameters
    ----------
    model : fitted Pipeline made by `shoal.fit`, or a fitted `ShoalClassifier` or `ShoalRegressor`
    path : where to; ".skops" is the usual ending

    Returns
    -------
    Path of the file

    Raises
    ------
    ModelFileError
        For a model that is not fitted, or holds what a model file may not hold.
    OutputError
        For a folder that cannot be written to, or a full disk; what stood there before is untouched.

    Notes
    -----
    Callbacks are not saved, nor is a random generator: the seed that was drawn from it takes its place.
    """
    data = _packed(_plain_copy(model))
    try:
        _check(data)
    except ModelFileError as refused:
        raise ModelFileError(f"The model cannot be saved: {refused}. Take that step or setting out.") from refused
    with replacing(path) as out:
        out.write(data)
    return Path(path)


def load(path: str | os.PathLike[str]) -> Any:
    """Read a model that `save` wrote. Never runs code from the file.

    Parameters
    ----------
    path : the file

    Returns
    -------
    fitted Pipeline, ShoalClassifier or ShoalRegressor

    Raises
    ------
    ModelFileError
        For no file, a truncated or foreign one, or one that holds anything else than a model.
    """
    file = Path(path)
    data = read_input(file, ModelFileError, "model file", "name a model file in it")
    try:
        _check(data)
        import skops.io  # half a second: it imports every estimator of scikit-learn's

        model = skops.io.loads(data, trusted=_TRUSTED)
        _check_model(model)
    except ModelFileError as refused:
        raise ModelFileError(
            f"{file} is not a whole shoal model: {refused}. Give a file that `shoal fit` or shoal.save wrote."
        ) from refused
    except Exception as error:  # whatever a damaged tree makes a constructor say
        raise ModelFileError(f"{file} is a damaged model: {_first_line(error)}. Copy or train it again.") from error
    return model


def _plain_copy(model: Any) -> Any:
    """The model without what belongs to the running program: callbacks, a random generator."""
    kept: Any = copy.copy(model)
    if isinstance(kept, Pipeline) and kept.steps:
        name, last = kept.steps[-1]
        kept.steps = [*kept.steps[:-1], (name, _plain_copy(last))]
        return kept
    if not isinstance(kept, ESTIMATORS):
        raise ModelFileError(f"A {type(kept).__name__} is no model of shoal's. Save what shoal.fit returned, or a fitted estimator.")
    if not hasattr(kept, "network_"):
        raise ModelFileError(f"The {type(kept).__name__} is not fitted, so there is nothing to save. Call fit first.")
    for name in RUNNING:
        kept.__dict__.pop(name, None)
    kept.callbacks = None
    if not isinstance(kept.random_state, int | np.integer | None):
        kept.random_state = int(kept.seed_)
    return kept


def _packed(model: Any) -> bytes:
    """The model as skops writes it, but without memory addresses, the time of day and blanks."""
    import skops.io

    try:
        written = skops.io.dumps(model)
    except Exception as error:
        raise ModelFileError(f"The model cannot be saved: {_first_line(error)}. Take that step or setting out.") from error
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as source, zipfile.ZipFile(packed, "w") as target:
        arrays = _Arrays(source)
        schema = arrays.renamed(json.loads(source.read("schema.json")))
        for name, old in arrays.kept.items():
            target.writestr(zipfile.ZipInfo(name), source.read(old))
        target.writestr(zipfile.ZipInfo("schema.json"), json.dumps(schema, separators=(",", ":")))
    return packed.getvalue()


class _Arrays:
    """The arrays of a file numbered by what they hold: `kept` has each new name's old one, arrays of one content once."""

    def __init__(self, source: zipfile.ZipFile) -> None:
        self.source = source
        self.kept: dict[str, str] = {}
        self.numbers: dict[bytes, str] = {}

    def name(self, old: str) -> str:
        """The new name of an array."""
        digest = hashlib.sha256(self.source.read(old)).digest()
        name = self.numbers.setdefault(digest, f"{len(self.numbers)}.npy")
        self.kept.setdefault(name, old)
        return name

    def renamed(self, part: Any) -> Any:
        """The tree without `__id__` (by which nodes could refer to each other) and with its arrays numbered."""
        if isinstance(part, list):
            return [self.renamed(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "__loader__" not in part:
            return {key: self.renamed(value) for key, value in part.items()}
        node = {key: self.renamed(value) for key, value in part.items() if key != "__id__"}
        if part["__loader__"] == "NdArrayNode" and "file" in part:
            node["file"] = self.name(part["file"])
        return node


def _check(data: bytes) -> None:
    """Refuse whatever `save` does not write."""
    if not data.startswith(b"PK\x03\x04"):
        raise ModelFileError(_foreign(data))
    from skops.io._protocol import PROTOCOL

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            sizes = _sizes(archive, len(data))
            tree = json.loads(archive.read("schema.json"))
            protocol = tree.pop("protocol", None) if isinstance(tree, dict) else None
            if type(protocol) is not int or not 1 <= protocol <= PROTOCOL:  # skops goes on reading its older ones
                raise ModelFileError(f"it is not written in a protocol of skops's from 1 to {PROTOCOL}, but {str(protocol)[:20]}")
            tree.pop("_skops_version", None)
            files = _check_tree(tree)
            if files | {"schema.json"} != set(sizes):
                raise ModelFileError(f"it has {len(sizes) - 1} arrays, of which its tree names {len(files)}")
            for name in sorted(files):
                _check_array(name, archive.read(name))
    except ModelFileError:
        raise
    except zipfile.BadZipFile as error:
        raise ModelFileError(f"it is cut short or damaged ({_first_line(error)})") from error
    except Exception as error:  # a hostile file can make any parser say anything, RecursionError and MemoryError included
        raise ModelFileError(f"it is damaged ({_first_line(error)})") from error


def _foreign(data: bytes) -> str:
    if not data:
        return "it is empty (0 bytes)"
    if data[:1] == b"\x80":
        return "it is a pickle, which could run any code; it was not opened"
    return f"it does not begin as a model file does, but with {data[:8]!r}"


def _sizes(archive: zipfile.ZipFile, n_bytes: int) -> dict[str, int]:
    """Name → size of every member. What is stored uncompressed cannot be longer than the file: no bomb fits."""
    members = archive.infolist()
    sizes = {member.filename: member.file_size for member in members}
    packed = [m.filename for m in members if m.compress_type != zipfile.ZIP_STORED or m.compress_size != m.file_size or m.flag_bits & 1]
    if packed:
        raise ModelFileError(f"its part {packed[0]!r} is compressed or encrypted")
    if len(sizes) < len(members) or sum(sizes.values()) > n_bytes:
        raise ModelFileError(f"its {len(members)} parts overlap: {sum(sizes.values())} bytes in a file of {n_bytes}")
    if sizes.get("schema.json", 0) > MOST_SCHEMA_BYTES:
        raise ModelFileError(f"its schema.json has {sizes['schema.json']} bytes; at most {MOST_SCHEMA_BYTES} are read")
    return sizes


def _check_tree(tree: dict[str, Any]) -> set[str]:
    """Walk all nodes; returns the names of the arrays."""
    files: set[str] = set()
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise ModelFileError(f"it holds objects inside objects, more than {MOST_DEPTH} deep")
        waiting.extend((child, depth + 1) for child in _children(node, files))
    return files


def _children(node: Any, files: set[str]) -> list[Any]:
    """The nodes inside this one, after it was seen to be what its kind may be."""
    if not isinstance(node, dict):
        raise ModelFileError(f"its tree holds {str(node)[:40]!r} where an object must be")
    loader, kind = node.get("__loader__"), f"{node.get('__module__')}.{node.get('__class__')}"
    if not isinstance(loader, str) or loader not in _ALLOWED or kind not in _ALLOWED[loader]:
        raise ModelFileError(f"it holds {kind!r} ({str(loader)[:40]}), which is never loaded")
    shape = tuple(sorted(key for key in node if key not in ("__class__", "__module__", "__loader__", "is_json")))
    content = node.get("content")
    match loader, shape:
        case ("ObjectNode", ("content",)) if isinstance(content, dict) and content.get("__loader__") == "DictNode":
            return [content]
        case ("TupleNode" | "ListNode", ("content",)) if isinstance(content, list):
            return content
        case ("DictNode", ("content", "key_types")) if isinstance(content, dict):
            return [*content.values(), node["key_types"]]
        case ("JsonNode", ("content",)) if isinstance(content, str) and not isinstance(json.loads(content), list | dict):
            return []
        case ("SliceNode", ("content",)) if _is_slice(content):
            return []
        case ("TypeNode", ()):
            return []
        case ("DTypeNode", ("content",)) if isinstance(content, dict) and content.get("__loader__") == "NdArrayNode":
            return [content]
        case ("NdArrayNode", ("file", "type")) if isinstance(node["file"], str) and node["type"] == "numpy":
            files.add(node["file"])
            return []
        case ("NdArrayNode", ("content", "shape", "type")) if isinstance(content, list) and node["type"] == "json":
            return [*content, node["shape"]]
    raise ModelFileError(f"its {loader} of {kind!r} holds {', '.join(shape)[:80] or 'nothing'}, not what it must hold")


def _is_slice(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and set(content) == {"start", "stop", "step"}
        and all(v is None or type(v) is int for v in content.values())
    )


def _check_array(name: str, data: bytes) -> None:
    """An array of plain numbers or text that is exactly as long as its header says."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(stream)
    n_bytes = (
        int(np.prod([*shape, dtype.itemsize], dtype=object))
        if dtype.itemsize and dtype.kind in "biufU" and min(shape, default=0) >= 0
        else -1
    )
    if stream.tell() + n_bytes != len(data):
        raise ModelFileError(f"its array {name!r} says it is {shape} of {dtype}, in {len(data)} bytes")


def _check_model(model: Any) -> None:
    """Refuse what is no network, or one whose arrays do not fit each other."""
    last = model.steps[-1][1] if isinstance(model, Pipeline) and model.steps else model
    if not isinstance(last, ESTIMATORS):
        raise ModelFileError(f"it holds a {type(last).__name__}, not a network")
    network = last.network_
    W1, b1, W2, b2 = network.population.parameters
    K, n_h, n_x = W1.shape
    n_z = W2.shape[1]
    sizes = [W1.shape, b1.shape, W2.shape, b2.shape, network.population.widths.shape, network.population.inputs.shape, network.shares.shape]
    wanted = [(K, n_h, n_x), (K, n_h, 1), (K, n_z, n_h), (K, n_z, 1), (K,), (K, n_x), (K,)]
    encoded = network.encoding.n_inputs + network.encoding.n_ramps
    # Compiled code trusts these sizes; a file must not be able to send it past the end of an array.
    if sizes != wanted or encoded != n_x or network.activation not in ACTIVATIONS or not network.g2.name:
        raise ModelFileError(f"the parts of its network do not fit each other: {sizes}, {encoded} inputs, {str(network.activation)[:40]!r}")


def _first_line(error: BaseException) -> str:
    text = (str(error).splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
