"""The rows of a fit once more: what was learned from, and what was held out."""

from sklearn.pipeline import Pipeline

from shoal.estimators.fingerprint import fingerprint
from shoal.estimators.raw import facts_of
from shoal.estimators.splitting import Side, Split, frame_of, sides
from shoal.table.frames import Table, frame_or_path, is_path


def sides_again(model: Pipeline, table: Table, test: Table | None = None) -> tuple[Side, Side] | None:
    """The rows that a model learned from and those that it was scored on, cut from the table as `fit` cut it.

    Parameters
    ----------
    model : fitted Pipeline made by `fit`
    table, test : what `fit` was given

    Returns
    -------
    Two `Side`, or None where this is not the table that the model was made of.
    """
    facts, table = facts_of(model), frame_or_path(table)
    if not facts.sha256 or fingerprint(table) != facts.sha256 or (test is None) != (not facts.test_table):
        return None
    if facts.max_memory:
        from shoal.estimators.larger.raw import sides_within

        return sides_within(facts, table, test) if is_path(table) else None
    split = Split(facts.task, test, facts.test_fraction, facts.groups or None, facts.time or None, facts.seed, facts.categories)
    frame = frame_of(table, texts=facts.categories, codes=[*facts.targets, *split.coded])
    train, held, _, _ = sides(frame, facts.targets, split)
    return train, held
