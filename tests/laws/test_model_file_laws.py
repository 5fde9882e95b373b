"""Any single field of a model file changed: the file is refused by name, or the model answers what the changed file says.

What it says is found here anew, by the textbook's lines over the arrays of the file; the compiled path must agree, and read
nothing but its arrays.
"""

import copy
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from model_kinds import KINDS, X, answers, fitted, same_answers, table
from shoal.engine.predict import compiled_logits
from shoal.errors import ModelFileError, ShoalError
from shoal.network import predict, predict_logits
from shoal.persistence import load
from shoal.persistence.schema import ARRAYS
from shoal.persistence.stored import Stored
from shoal.persistence.storing import stored
from shoal.textbook import ACTIVATIONS
from shoal.textbook.losses import make_loss

FEW = (
    "table",
    "table of target means",
    "ramps",
    "outputs",
    "cv+",
    "gaussian",
    "multilabel",
    "temperature",
    "bayes",
    "threshold",
    "limits",
)  # of the fast lane

EVERY = 7  # of all changes, in the slow lane: a kind of model has some 3,000

# Fields that no prediction depends on: whatever they hold, a model that loads answers as it did.
SILENT = (
    "facts",
    "estimator.parameters",
    "estimator.attributes",
    "shoal",
    "history_",
    "final_losses",
    "importances",
    "evidence",
    "validation_",
)


@cache
def whole(kind: str) -> Stored:
    return stored(fitted(kind))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every field of a manifest; of a list its first and last entries'."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for i in sorted({0, len(value) - 1} & set(range(len(value)))):
            yield from leaves(value[i], (*path, i))


def other_values(value: Any) -> list[Any]:
    """What may stand in a field's place: other types, ranges, orders, sizes."""
    found: list[Any] = [None, True, False, 0, -1, 2**70, 1.5, np.nan, np.inf, "", "x", [], {}, [value], {"a": value}, str(value)]
    if isinstance(value, int | float):
        found += [-value, value + 1, value * 1.5, value * 1e300, float(value), int(value)]
    if isinstance(value, str):
        found += [value + "x", value[::-1], value.upper(), "\udc80", "quantile", "softmax", "tanh", "number", "category"]
    if isinstance(value, list):
        found += [value[::-1], value[1:], value + value, [*value, None], [*value, "x"], value[:-1]]
    if isinstance(value, dict):
        found += [{**value, "more": 1}, dict(list(value.items())[1:])]
    return found


def at_first(new: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        changed = array.copy()
        if changed.size:
            changed.flat[0] = new(changed.flat[0])
        return changed

    return change


ARRAY_CHANGES: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    *(lambda a, kind=kind: a.astype(kind) for kind in ("f4", "f8", "f2", "i8", "u1", "?", "c16", "U8", ">f8", ">i8", "O")),
    lambda a: a.ravel(),
    lambda a: a[None],
    lambda a: a[..., None],
    lambda a: a[:0],
    lambda a: a[:-1],
    lambda a: a[1:],
    lambda a: a[..., :-1],
    lambda a: a[..., 1:],
    lambda a: np.concatenate([a, a]),
    lambda a: np.concatenate([a, a], axis=-1),
    lambda a: a.T,
    lambda a: np.asfortranarray(a),
    lambda a: a[::-1],
    lambda a: a[..., ::-1],
    lambda a: np.zeros_like(a),
    lambda a: np.ones_like(a),
    lambda a: ~a if a.dtype.kind == "b" else -a,
    *(at_first(lambda v, new=new: new) for new in (0, 1, -1, 7, 2.5)),
    at_first(lambda v: np.nan if np.asarray(v).dtype.kind == "f" else v),
    at_first(lambda v: np.inf if np.asarray(v).dtype.kind == "f" else v),
    at_first(lambda v: -np.inf if np.asarray(v).dtype.kind == "f" else v),
    at_first(lambda v: 1e30 if np.asarray(v).dtype.kind == "f" else 2**40 if np.asarray(v).dtype.kind == "i" else v),
    at_first(lambda v: v if np.asarray(v).dtype.kind == "b" else -v),
)


def written(found: Stored) -> bytes:
    """The file, whatever it holds."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("manifest.json", json.dumps(found.manifest))
        for name, array in found.arrays.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=True)
            archive.writestr(f"{name}.npy", member.getvalue())
    return out.getvalue()


def with_field(found: Stored, path: tuple[Any, ...], value: Any) -> Stored:
    manifest = copy.deepcopy(found.manifest)
    inner: Any = manifest
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return Stored(manifest, found.arrays)


def with_array(found: Stored, name: str, array: np.ndarray) -> Stored:
    return Stored(found.manifest, {**found.arrays, name: array})


def said(found: Stored, rows: np.ndarray) -> np.ndarray:
    """The answers `(m, n_y)` that a file's arrays mean, by the textbook's lines."""
    a, network = found.arrays, found.manifest["network"]
    if "limited_inputs" in a:
        rows = rows.copy()
        rows[:, a["limited_inputs"]] = np.clip(rows[:, a["limited_inputs"]], a["lower_limits"], a["upper_limits"])
    parts = [(rows - a["center"]) / a["scale"]]
    ends = np.cumsum(a["edge_counts"])[:-1]
    ramps = [
        np.clip((rows[:, [j]] - edges[:-1]) / np.diff(edges), 0, 1) for j, edges in enumerate(np.split(a["edges"], ends)) if len(edges)
    ]
    if ramps:
        parts.append((np.hstack(ramps) - a["ramp_center"]) * network["ramp_scale"])
    A0 = np.hstack(parts).T
    W1, b1, W2, b2 = (a[name].astype(np.float64) for name in ("W1", "b1", "W2", "b2"))
    A1 = ACTIVATIONS[network["activation"]](W1 @ A0 + b1)
    used = np.arange(W1.shape[1]) < a["widths"][:, None]
    Z2 = (W2 * used[:, None]) @ A1 + b2
    if "W3" in a:
        Z2 = Z2 + a["W3"].astype(np.float64) @ A0
    Z2 = np.einsum("k,kzm->zm", a["shares"], Z2)
    A2 = make_loss(network["output"], delta=network["delta"], q=network["q"])(Z2)
    A2 = A2[: len(A2) // 2] if network["output"] == "gaussian" else A2
    return A2.T if "target_scale" not in a else A2.T * a["target_scale"] + a["target_center"]


def check(kind: str, found: Stored, field: str, path: Path) -> None:
    """Refused by name at load, or as the file says: by few rows, by many, and how sure."""
    path.write_bytes(written(found))
    try:
        model = load(path)
    except ModelFileError:
        return
    last = model[-1] if isinstance(model, Pipeline) else model
    try:
        found_answers = answers(model)
        rows = np.asarray(model[0].transform(table()[0]) if isinstance(model, Pipeline) else X)
    except ShoalError:  # another column, or no scores for an interval: named
        return
    with np.errstate(all="ignore"):
        expected, network = said(found, rows), last.network_
        near = {"rtol": 1e-6, "atol": 1e-9 * float(np.abs(expected).max(initial=1))}
        np.testing.assert_allclose(predict(network, rows), expected, **near)
        many = np.tile(rows, (40, 1))
        Z2 = predict_logits(network, many)
        compiled = compiled_logits(network.merged, network.encoding, many, network.activation)
        np.testing.assert_allclose(compiled, Z2, rtol=1e-6, atol=1e-9 * float(np.abs(Z2).max(initial=1)))
    if np.isfinite(expected).all():
        for values in found_answers.values():
            assert values.dtype.kind != "f" or np.isfinite(values).all()
    if field.startswith(SILENT):
        same_answers(found_answers, answers(fitted(kind)))


def changes(kind: str) -> Iterator[tuple[str, Callable[[], Stored]]]:
    """Every change of every field of a kind's file, made when it is asked for."""
    found = whole(kind)
    for path in leaves(found.manifest):
        inner: Any = found.manifest
        for step in path:
            inner = inner[step]
        name = ".".join(map(str, path))
        for value in other_values(inner):
            yield name, lambda path=path, value=value: with_field(found, path, value)
    for name, array in found.arrays.items():
        for change in ARRAY_CHANGES:
            yield name, lambda name=name, array=array, change=change: with_array(found, name, change(array))
        yield name, lambda name=name: Stored(found.manifest, {n: a for n, a in found.arrays.items() if n != name})
    for name in sorted(set(ARRAYS) - set(found.arrays)):
        yield name, lambda name=name: with_array(found, name, np.ones(1))


@cache
def all_changes(kind: str) -> list[tuple[str, Callable[[], Stored]]]:
    return list(changes(kind))


def made(change: Callable[[], Stored]) -> Stored | None:
    """The changed file; None for a change that NumPy itself refuses."""
    try:
        with np.errstate(all="ignore"):
            return change()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(kind=st.sampled_from(FEW), share=st.floats(0, 1, exclude_max=True))
def test_any_single_change_is_refused_or_is_what_the_file_says(tmp_path_factory, kind, share):
    every = all_changes(kind)
    field, change = every[int(share * len(every))]
    found = made(change)
    if found is not None:
        check(kind, found, field, tmp_path_factory.getbasetemp() / "m.shoal")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_changes_of_every_field_of_every_kind(tmp_path, kind):
    for field, change in all_changes(kind)[list(KINDS).index(kind) % EVERY :: EVERY]:
        found = made(change)
        if found is not None:
            try:
                check(kind, found, field, tmp_path / "m.shoal")
            except Exception as failed:
                raise AssertionError(f"{kind}: {field}: {type(failed).__name__}: {failed}") from failed
