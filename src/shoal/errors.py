"""Named errors: each message says what was found, what was expected, and what to do.

Every error derives from `ShoalError`. An error that replaces a `ValueError` of scikit-learn is a `ValueError` too, so that
code written for scikit-learn catches it. The command line prints the message on one line and exits with code 2.
"""


class ShoalError(Exception):
    """Base class of every error that shoal raises deliberately."""


class InvalidParameterError(ShoalError, ValueError):
    """A parameter has a value that training cannot use; the message names it, its value and the choices."""


class DataError(ShoalError, ValueError):
    """Rows that cannot be used as they are; the message names the column or row, what was found and what to do."""


class DataTypeError(DataError, TypeError):
    """Rows, targets or weights of a type that cannot be used; a TypeError too, as in scikit-learn."""


class LargeColumnError(DataError):
    """A column has numbers whose squares are not finite; `column` is its index, from 0, and `what` is X or y."""

    column, what = 0, "X"


class TableError(DataError):
    """A table that cannot be read or prepared: empty, duplicate columns, a missing target, text among numbers."""


class SeveralTargetsError(TableError):
    """Targets that no one network learns: numbers beside classes, more than two classes each, or no row that has all of them."""


class ColumnsError(TableError):
    """A table whose columns differ from those that the model was trained on."""


class LayoutError(ShoalError, ValueError):
    """The engine received rows, weights or networks whose sizes do not fit together; it has computed nothing."""


class TooLargeError(ShoalError, MemoryError):
    """Sizes that do not fit in memory; the message states the bytes needed and a smaller setting that fits."""


class DivergedError(ShoalError, ValueError, ArithmeticError):
    """The weights of every network became infinite or NaN in training; the message names the epoch and the likely cause."""


class ModelFileError(ShoalError):
    """A file that is not a shoal model: truncated, of another kind, or with types that are never loaded."""


class OwnFunctionsError(ModelFileError):
    """A model file whose own activation or loss was not given to `load`, or not as it was in training; the message names it."""


class ExportError(ShoalError):
    """A model, or a step of one, that a format cannot express; the message names it and the nearest alternative."""


class OutputError(ShoalError, OSError):
    """A file that could not be written; an earlier file of that name is unchanged."""


class DeviceError(ShoalError, RuntimeError):
    """A requested device that does not exist; the message lists the devices that PyTorch finds, or says what to install."""


class ClusterError(ShoalError, ConnectionError):
    """A cluster that cannot be used or was lost; the message says what remains, and where the checkpoint is."""


class CheckpointError(ShoalError):
    """A checkpoint that is damaged, or belongs to another fit; the message says what differs."""


class ShoalWarning(UserWarning):
    """Base class of shoal's warnings."""


class MemberDivergedWarning(ShoalWarning):
    """The weights of some networks of a population became infinite or NaN; those networks are left out, the others finished."""


class InterruptedWarning(ShoalWarning):
    """Training was interrupted (Ctrl-C); the best weights so far are kept."""


class UncalibratedWarning(ShoalWarning):
    """An interval or standard deviation without held-out rows for calibration: its coverage is not known."""


class CacheWarning(ShoalWarning):
    """Compiled code cannot be kept in the usual folder; the message says why, what is used instead, and what to set."""


class OtherScaleWarning(ShoalWarning):
    """Validation rows have another scale than the training rows, for example because a pipeline's scaler did not transform them."""


class TableWarning(ShoalWarning):
    """What `shoal.fit` made of some columns: how their numbers are spelled, marks that stand for no value, numbers that may be none,
    columns and rows that are no measurement."""


class OutsideWarning(ShoalWarning):
    """Rows with an input outside the range of the training rows; predictions there are guesses."""


class UnseenWarning(ShoalWarning):
    """Rows to predict with levels of a category that no training row had, a column without any value that training rows filled, or
    columns that the model was not trained on and ignores."""


class SlowFitWarning(ShoalWarning):
    """A fit whose steps cost the cube of the parameters may take minutes; the message says how many, and what takes less."""
