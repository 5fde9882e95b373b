"""The rows of a fit once more: what was learned from, and what was held out."""

import pandas as pd
from sklearn.pipeline import Pipeline

from shoal.estimators.fingerprint import fingerprint
from shoal.estimators.raw import facts_of
from shoal.estimators.splitting import Side, Split, Table, frame_of, sides


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
    facts = facts_of(model)
    if not facts.sha256 or fingerprint(table) != facts.sha256 or (test is None) != (not facts.test_table):
        return None
    if facts.max_memory:
        from shoal.estimators.larger.raw import sides_within

        return None if isinstance(table, pd.DataFrame) else sides_within(facts, table, test)
    split = Split(facts.task, test, facts.test_fraction, facts.groups or None, facts.time or None, facts.seed)
    train, held, _, _ = sides(frame_of(table), facts.targets, split)
    return train, held
