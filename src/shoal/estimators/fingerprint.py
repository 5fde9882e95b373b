"""Which table a model was made of: its name, and a hash that another table does not have."""

import hashlib
from pathlib import Path

import pandas as pd

from shoal.table.frames import Table, as_frame, is_path


def fingerprint(table: Table) -> str:
    """SHA-256 of a table's file, or of a frame's names and cells; empty for cells that cannot be hashed."""
    if is_path(table):
        with Path(table).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    frame = as_frame(table)
    try:
        cells = pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
    except (TypeError, ValueError, NotImplementedError):  # cells of a type that pandas cannot hash
        return ""
    return hashlib.sha256(repr(list(frame.columns)).encode() + cells).hexdigest()


def name_of(table: Table) -> str:
    """What to call a table."""
    return Path(table).name if is_path(table) else "a frame"
