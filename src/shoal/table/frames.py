"""The one place where something table-like becomes a frame: text as column names, cells of types that every later step knows.

pandas frames, mappings of columns, arrays, lists of records, Arrow tables, and every object that offers Arrow's stream, `to_pandas`
or the data-frame interchange are tables. `as_frame` takes any of them; whatever it cannot take gets a named error.
"""

import numbers
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, time
from os import PathLike
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from shoal.errors import TableError
from shoal.table.cells import brief, listed, row_number

# A frame, the path of a file, or anything else that `as_frame` takes: no type can say what offers one of four protocols.
Table = pd.DataFrame | str | PathLike[str] | Any

_EASY = (str, numbers.Number, date, time)  # types of cells that are written as text without fail


def is_path(table: Any) -> TypeGuard[str | PathLike[str]]:
    """Whether the table is named by its file's path."""
    return isinstance(table, str | PathLike)


def frame_or_path(table: Any) -> pd.DataFrame | str | PathLike[str]:
    """A table as a frame, or the path of its file as it is."""
    return table if is_path(table) else as_frame(table)


def as_frame(table: Any, used: Collection[str] | None = None) -> pd.DataFrame:
    """The table as a frame with text as column names and plain cells.

    Parameters
    ----------
    table : DataFrame, mapping of columns, structured or 2-D array, list of records, or an object with `__arrow_c_stream__`,
        `to_pandas` or `__dataframe__`
    used : names of the columns whose cells are looked at; all where None

    Returns
    -------
    DataFrame with the same rows and index. Columns are of NumPy's native types, pandas' nullable ones, text, dates or categories;
    an object column holds single values only. A frame that is so already is returned as it is, without a copy.

    Raises
    ------
    TableError
        For what is no table, names that are missing or stand twice, and cells that are no single value or no valid text.
    """
    frame = named_frame(table)
    changed = {}
    for name in frame.columns if used is None else used:
        column = frame[name]
        plain = _named_failure(name, plain_column, column)
        if plain is not column:
            changed[name] = plain
    if not changed:
        return frame
    return pd.DataFrame({name: changed.get(name, frame[name]) for name in frame.columns}, index=frame.index)


def named_frame(table: Any) -> pd.DataFrame:
    """The table as a frame with text as column names; cells stay as they are."""
    frame = table if isinstance(table, pd.DataFrame) else _converted(table)
    labels = list(frame.columns)
    names = [column_name(label) for label in labels]
    nameless = [i for i, (label, name) in enumerate(zip(labels, names, strict=True), 1) if _is_nothing(label) or not name.strip()]
    if nameless:
        raise TableError(f"Column {nameless[0]} of {len(names)} has no name. Name it, or remove it.")
    broken = next((name for name in names if not is_valid_text(name)), None)
    if broken is not None:
        raise TableError(f"The column name {brief(broken)} is no valid Unicode text. Rename the column.")
    if len(set(names)) < len(names):
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        raise TableError(
            f"Duplicate column names: {listed(twice)} ({len(twice)} of {len(set(names))} names). Give every column its own name."
        )
    if type(frame.columns) is pd.Index and all(type(label) is str for label in labels):
        return frame
    return frame.set_axis(pd.Index(names, dtype=object), axis=1)


def column_name(label: Any) -> str:
    """The text under which a column is known: 0 is "0", the pair ("a", 1) of a MultiIndex is "('a', 1)"."""
    try:
        return str(label)
    except Exception:  # a whole number of some thousand digits, or an object that cannot be written
        return brief(label)


def column_names(chosen: Any, role: str) -> tuple[str, ...]:
    """What a caller chose as a column, or as several in a list, set or other collection, as names.

    A text, a number or any other single label is one column, and so is a tuple where the table's columns are tuples (`one_of`).

    Raises
    ------
    TableError
        For no label, and for values where the name of their column must be.
    """
    if isinstance(chosen, pd.Series | pd.DataFrame) or getattr(chosen, "ndim", 0) > 1:
        raise TableError(f"{role} is a {type(chosen).__name__} of values; give the name of a column of the table.")
    is_one = isinstance(chosen, str | bytes) or not isinstance(chosen, Iterable) or getattr(chosen, "ndim", 1) == 0
    labels = [chosen] if is_one else list(chosen)
    if any(_is_nothing(label) for label in labels):
        raise TableError(f"{role}={brief(chosen)} names no column; give the name of a column of the table.")
    return tuple(column_name(label) for label in labels)


def one_of(columns: Collection[str], chosen: Any, role: str) -> tuple[str, ...]:
    """`column_names` for a table with these columns.

    A tuple that is the label of one of them is one column, and 1 and 1.0 are one label, as they are to pandas.
    """
    if isinstance(chosen, tuple) and column_name(chosen) in columns:
        return (column_name(chosen),)
    equal = [name for name in _spellings(chosen) if name in columns]
    return tuple(equal[:1]) or column_names(chosen, role)


def _spellings(label: Any) -> tuple[str, ...]:
    """A small whole number as pandas may write the label that equals it; none of another label."""
    if not isinstance(label, int | float | np.integer | np.floating):
        return ()
    number = float(label) if -(2**53) < label < 2**53 else 0.5
    return (column_name(label), str(int(number)), str(number)) if number.is_integer() else ()


def is_valid_text(text: str) -> bool:
    """Whether a text can be written as UTF-8: half of a surrogate pair cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def arrow_frame(table: Any) -> pd.DataFrame:
    """An Arrow table as a frame, from its values alone.

    pandas' own notes in the schema are left aside: they say nothing that a table needs, and in a damaged file they may say anything.
    Integers of 64 bits with gaps stay integers: as floating-point numbers two large ones could become one.
    """
    import pyarrow

    bare = table.replace_schema_metadata()
    frame: pd.DataFrame = bare.to_pandas(ignore_metadata=True, date_as_object=False)
    integers = {pyarrow.int64(): pd.Int64Dtype(), pyarrow.uint64(): pd.UInt64Dtype()}
    for position, column in enumerate(bare.columns):
        if column.type in integers and column.null_count:
            frame.isetitem(position, column.to_pandas(types_mapper=integers.get).set_axis(frame.index))
    return frame


def plain_column(column: pd.Series) -> pd.Series:
    """The column with cells of a type that every later step knows; the same object where it has one."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        if dtype.kind == "O":
            check_cells(str(column.name), column)
        elif dtype.kind in "fc" and dtype not in (np.float32, np.float64, np.complex64, np.complex128):  # half, and longer than double
            return column.astype(np.float64 if dtype.kind == "f" else np.complex128)
        elif not dtype.isnative:
            return pd.Series(column.to_numpy().astype(dtype.newbyteorder("=")), index=column.index, name=column.name)
        return column
    if isinstance(dtype, pd.ArrowDtype):
        import pyarrow

        frame = arrow_frame(pyarrow.table([pyarrow.array(column)], names=[str(column.name)]))
        return plain_column(frame[str(column.name)].set_axis(column.index))
    if isinstance(dtype, pd.SparseDtype):
        return plain_column(pd.Series(np.asarray(column.array), index=column.index, name=column.name))
    if isinstance(dtype, pd.CategoricalDtype):
        levels = pd.Series(dtype.categories, name=column.name)
        if levels.dtype != object and not isinstance(levels.dtype, pd.StringDtype):
            return column
        check_cells(str(column.name), levels, cells_are="levels")
    elif isinstance(dtype, pd.StringDtype) and dtype.storage == "python":
        _check_text(str(column.name), column, "cells")
    return column


def check_cells(name: str, column: pd.Series, cells_are: str = "cells") -> None:
    """Refuse cells of an object column that are no single value, or text that is none.

    Raises
    ------
    TableError
    """
    if pd.api.types.infer_dtype(column, skipna=True) != "string":
        for kind in {type(cell) for cell in column}:
            fault = _fault(kind)
            if fault:
                first = next(i for i, cell in enumerate(column) if type(cell) is kind)
                raise _refused(name, column, first, cells_are, f"holds {fault}", "A cell is a number, a text, a truth value or a date.")
        for i, cell in enumerate(column):
            if not isinstance(cell, _EASY) and not _is_written(cell):
                raise _refused(name, column, i, cells_are, "holds what cannot be written as text", "Decode or convert the column first.")
        column.isna()  # fails for cells that cannot be compared, such as signalling NaN
    _check_text(name, column, cells_are)


def _fault(kind: type) -> str:
    """What is wrong with a type of cells; empty for a type of single values."""
    if issubclass(kind, str | bytes):
        return ""
    if hasattr(kind, "__len__") or issubclass(kind, np.void):
        return f"several values in one cell, a {kind.__name__},"
    if issubclass(kind, complex | np.complexfloating):
        return "complex numbers"
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        return f"objects of the type {kind.__name__}, which say nothing of their value,"
    return ""


def _is_written(cell: Any) -> bool:
    """Whether there is a text for a cell of any type."""
    try:
        return isinstance(cell.decode("utf-8") if isinstance(cell, bytes) else str(cell), str)
    except Exception:
        return False


def _check_text(name: str, column: pd.Series, cells_are: str) -> None:
    if is_valid_text("".join({cell for cell in column if isinstance(cell, str)})):
        return
    first = next(i for i, cell in enumerate(column) if isinstance(cell, str) and not is_valid_text(cell))
    advice = "Read the table again with its right encoding, or remove the character."
    raise _refused(name, column, first, cells_are, "holds text that is no valid Unicode", advice)


def _refused(name: str, column: pd.Series, position: int, cells_are: str, what: str, advice: str) -> TableError:
    where = f"in row {row_number(column.index, position)}" if cells_are == "cells" else "in one of its levels"
    return TableError(f"Column {brief(name)} {what} {where}: {brief(column.iloc[position])}. {advice}")


def _is_nothing(label: Any) -> bool:
    return label is None or label is pd.NA or label is pd.NaT or (isinstance(label, float) and label != label)


def _named_failure(name: str, convert: Callable[[pd.Series], pd.Series], column: pd.Series) -> pd.Series:
    """The converted column; whatever a library says of cells that it cannot convert becomes a named error."""
    try:
        return convert(column)
    except (TableError, MemoryError):
        raise
    except Exception as error:
        raise TableError(
            f"Column {brief(name)} of type {brief(str(column.dtype))} cannot be read: {first_line(error)}. "
            "Turn it into numbers, text, truth values or dates."
        ) from error


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its name."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def _converted(table: Any) -> pd.DataFrame:
    """A frame of what is none."""
    kind = type(table).__name__
    if hasattr(table, "__dask_graph__"):
        raise TableError("The table is a Dask collection: train on it with shoal.dask.fit_table, predict with shoal.dask.predict.")
    if is_path(table) or isinstance(table, bytes):
        raise TableError(f"The table is the {kind} {brief(table)}, where rows must be. Read the file first, with pandas.read_csv for one.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas warns of the interchange protocol, which is all that some tables offer
            frame = _by_protocol(table)
    except (TableError, MemoryError):
        raise
    except Exception as error:
        raise TableError(f"The {kind} cannot be turned into a frame: {first_line(error)}. Give a pandas.DataFrame.") from error
    if not isinstance(frame, pd.DataFrame):
        raise TableError(
            "A table is a pandas DataFrame, the path of a file, or what can be turned into a frame (a mapping of columns, an array of "
            f"two dimensions, an Arrow table, a polars frame); this is {kind}. Wrap it in pandas.DataFrame."
        )
    return frame


def _by_protocol(table: Any) -> Any:
    """The first way that works; None where there is none."""
    if isinstance(table, pd.Series):
        return table.to_frame()
    if isinstance(table, np.ndarray):
        return _of_array(table)
    if isinstance(table, Mapping):
        return pd.DataFrame(dict(table))
    if isinstance(table, type):
        return None  # a class has the methods of its objects
    if hasattr(table, "__arrow_c_stream__") or hasattr(table, "__arrow_c_array__"):
        try:
            import pyarrow
        except ImportError:
            pass
        else:
            return arrow_frame(pyarrow.table(table))
    if callable(getattr(table, "to_pandas", None)):
        frame = table.to_pandas()
        return frame.to_frame() if isinstance(frame, pd.Series) else frame
    if hasattr(table, "__dataframe__"):
        return pd.api.interchange.from_dataframe(table)
    if isinstance(table, list | tuple) and len(table) and all(_is_record(row) for row in table):
        return pd.DataFrame(list(table))
    return None


def _is_record(row: Any) -> bool:
    return isinstance(row, Mapping | list | tuple | pd.Series) or (isinstance(row, np.ndarray) and row.ndim == 1)


def _of_array(table: np.ndarray) -> pd.DataFrame:
    if table.dtype.names and table.ndim == 1:
        return pd.DataFrame({name: table[name] for name in table.dtype.names})
    if table.ndim != 2:
        raise TableError(f"The table is an array of the shape {table.shape}; a table has two dimensions, rows and columns.")
    return pd.DataFrame(table)
