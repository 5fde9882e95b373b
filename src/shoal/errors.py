"""Named errors: what was seen, what was expected, what to do.

Every error derives from `ShoalError`; those that replace a `ValueError` of scikit-learn's are one too, so that
code written for scikit-learn catches them. The command line prints the message in one line and exits with 2.
"""


class ShoalError(Exception):
    """Base of every error that shoal raises on purpose."""


class InvalidParameterError(ShoalError, ValueError):
    """A parameter has a value that training cannot use; the message names it, its value and the choices."""


class DataError(ShoalError, ValueError):
    """Rows that cannot be used as they are; the message names the column or row, what was seen and what to do."""


class DataTypeError(DataError, TypeError):
    """Rows, targets or weights of a type that cannot be used; a TypeError too, as scikit-learn raises for them."""


class LargeColumnError(DataError):
    """A column holds numbers whose squares are not finite; `column` is its place, from 0, and `what` where it stands: X or y."""

    column, what = 0, "X"


class TableError(DataError):
    """A table that cannot be read or prepared: empty, duplicate columns, a missing target, text among numbers."""


class ColumnsError(TableError):
    """A table whose columns are not those the model was trained on."""


class LayoutError(ShoalError, ValueError):
    """Arrays that do not fit one another reached the engine, which then computes nothing: rows, weights or networks of other sizes."""


class TooLargeError(ShoalError, MemoryError):
    """Sizes that do not fit in memory; the message has the bytes needed and a smaller setting that fits."""


class DivergedError(ShoalError, ValueError, ArithmeticError):
    """Training left the finite numbers in every network; the message names the epoch and the likely cause."""


class ModelFileError(ShoalError):
    """A file that is not a shoal model: truncated, foreign, or holding types that are never loaded."""


class ExportError(ShoalError):
    """A model, or a step of one, that a format cannot express; the message names it and the nearest that works."""


class OutputError(ShoalError, OSError):
    """A file that could not be written; what stood there before is untouched."""


class DeviceError(ShoalError, RuntimeError):
    """A device that was asked for and is not there; the message says what PyTorch sees, or what to install."""


class ClusterError(ShoalError, ConnectionError):
    """A cluster that cannot be used, or went away; the message says what is left, and where its checkpoint lies."""


class CheckpointError(ShoalError):
    """A checkpoint that is damaged, or belongs to another fit; the message says what differs."""


class ShoalWarning(UserWarning):
    """Base of shoal's own warnings."""


class MemberDivergedWarning(ShoalWarning):
    """Some networks of a population left the finite numbers and were left out; the others finished."""


class InterruptedWarning(ShoalWarning):
    """Training was interrupted (Ctrl-C); the best weights so far were kept."""


class UncalibratedWarning(ShoalWarning):
    """An interval or standard deviation that no rows were kept back for, so that nothing holds it to what it says."""


class CacheWarning(ShoalWarning):
    """Compiled code cannot be kept in the usual folder; the message says why, what happens instead, and what to set."""


class OtherScaleWarning(ShoalWarning):
    """Validation rows of another scale than the training rows, as those are that did not pass a pipeline's scaler."""


class OutsideWarning(ShoalWarning):
    """Rows with an input outside the range of the rows that were learned from; predictions there are guesses."""
