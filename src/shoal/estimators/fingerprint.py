"""Which table a model was made of: its name, and a hash that another table does not have."""

import hashlib
from os import PathLike
from pathlib import Path

import pandas as pd

Table = pd.DataFrame | str | PathLike[str]


def fingerprint(table: Table) -> str:
    """SHA-256 of a table's file, or of a frame's names and cells; empty for cells that cannot be hashed."""
    if not isinstance(table, pd.DataFrame):
        with Path(table).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    try:
        cells = pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes()
    except TypeError:  # a cell that holds a list
        return ""
    return hashlib.sha256(repr(list(table.columns)).encode() + cells).hexdigest()


def name_of(table: Table) -> str:
    """What to call a table."""
    return "a frame" if isinstance(table, pd.DataFrame) else Path(table).name
