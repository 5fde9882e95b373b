"""A search on a cluster: the groups of candidates that train together are the tasks, and the table travels once."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sklearn.base import clone

from shoal.beyond.workers import connected, over_table
from shoal.errors import ShoalError
from shoal.estimators.fold import Outcome, last_step, prefix_of, settings_or_error, tried
from shoal.fitting.candidates import by_preparation
from shoal.fitting.plan import FULL_BATCH, width
from shoal.fitting.settings import settings_of


def folds_on(
    client: Any,
    estimator: Any,
    candidates: Sequence[dict[str, Any]],
    data: tuple[Any, Any, Any, Any],
    settings: dict[str, Any],
    heard: Callable[[float], None] | None = None,
) -> list[list[Outcome]]:
    """`fold.tried`, its groups on the workers of a cluster: the same numbers, bit for bit.

    `data` is X, y, the weights and the splits; `settings` are the other arguments of `tried`. A group is done whole by one
    worker, for its networks share products; the largest go first.
    """
    X, y, weights, splits = data
    pieces = [(fold, some) for fold, (train, _) in enumerate(splits) for some in groups_of(estimator, candidates, len(train))]
    pieces.sort(key=lambda piece: -len(piece[1]))
    done = None if heard is None else lambda i: heard(len(pieces[i][1]))
    with connected(client) as cluster:
        found = over_table(cluster, partial(one_group, estimator, candidates, settings), (X, y, weights, splits), pieces, done)
    folds: list[dict[int, Outcome]] = [{} for _ in splits]
    for (fold, some), outcomes in zip(pieces, found, strict=True):
        folds[fold].update(zip(some, outcomes, strict=True))
    return [[fold[i] for i in range(len(candidates))] for fold in folds]


def one_group(
    estimator: Any, candidates: Sequence[dict[str, Any]], settings: dict[str, Any], data: Any, piece: tuple[int, list[int]]
) -> list[Outcome]:
    """Some candidates on one fold."""
    X, y, weights, splits = data
    fold, some = piece
    return tried(estimator, [candidates[i] for i in some], X, y, weights, [splits[fold]], **settings)[0]


def groups_of(estimator: Any, candidates: Sequence[dict[str, Any]], m: int) -> list[list[int]]:
    """Places of candidates that may train together on m rows: prepared alike and of one width, as `fitting.candidates` groups them.

    A solver that steps over all rows, or one of which nothing is known, trains each candidate alone.
    """
    final, cut = last_step(estimator), len(prefix_of(estimator))
    shoals = [clone(final).set_params(**{name[cut:]: clone(value, safe=False) for name, value in c.items()}) for c in candidates]
    groups: dict[Any, list[int]] = {}
    for alike, places in enumerate(by_preparation([settings_or_error(shoal) for shoal in shoals])):
        for i in places:
            alone = i if str(shoals[i].solver) in FULL_BATCH else None
            groups.setdefault((alike, alone, width_of(shoals[i], m)), []).append(i)
    return list(groups.values())


def width_of(shoal: Any, m: int) -> Any:
    """The hidden units, or what was given where these make no sense: `fit` says so."""
    try:
        return width(settings_of(shoal), m)
    except ShoalError:
        return id(shoal)
