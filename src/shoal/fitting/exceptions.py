"""What not every way to fit can do: one table of what, why, and what to do instead. All else, all ways can."""

from typing import NamedTuple, NoReturn

from shoal.errors import InvalidParameterError


class Exceptional(NamedTuple):
    """Something asked for that a way to fit cannot do."""

    what: str
    why: str
    instead: str


EXCEPTIONS = {
    "cv+ with time": Exceptional(
        "calibration is 'cv+' and time is given",
        "'cv+' judges rows by networks that learned from later ones, and says nothing of times to come",
        "choose calibration='split', which keeps the last fifth of the rows in time, or leave time out",
    ),
    "warm_start on disk": Exceptional(
        "warm_start is True, and the table is larger than max_memory",
        "training on disk begins anew",
        "leave warm_start out",
    ),
    "several 0/1 columns with class_weight on disk": Exceptional(
        "class_weight is given for several columns of 0 and 1, and the table is larger than max_memory",
        "the weight of a row is then a product over its columns, which no count of classes holds",
        "leave class_weight out, or give as much memory as the table needs",
    ),
    "warm_start on Dask": Exceptional(
        "warm_start is True, on Dask",
        "it goes on with networks and rows in memory",
        "choose warm_start=False, and checkpoint= to go on",
    ),
    "calibration by sums on Dask": Exceptional(
        "calibration is set, with a full-batch solver on Dask",
        "the rows that judge networks stay on their workers",
        "choose calibration=None, or a solver such as 'adamw'",
    ),
    "calibration with shares": Exceptional(
        "calibration is set with share='own'",
        "no network has seen the rows of other shares, so that rows judge some networks only",
        "choose share='whole'",
    ),
    "groups with shares": Exceptional(
        "groups or time is given with share='own'",
        "each network learns from partitions of its own, which groups and times may cross",
        "choose share='whole'",
    ),
}


def refuse(which: str) -> NoReturn:
    """Raise the error of an entry.

    Raises
    ------
    InvalidParameterError
    """
    found = EXCEPTIONS[which]
    raise InvalidParameterError(f"{found.what}, and {found.why}; {found.instead}")
