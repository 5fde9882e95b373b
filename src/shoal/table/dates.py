"""Dates of any year and unit as numbers, by whole-number arithmetic: pandas' own parts end at the years 1 and 9999, or 1677 and 2262."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.table.date_formats import DURATION, ISO, MONTH_NAMED, MONTHS, NAMED, TIME_OF_DAY, is_day_first, swapped
from shoal.table.notes import ColumnNote

Floats = NDArray[np.float64]

Part = Literal["days", "day of year", "weekday", "hour", "weekday sine", "weekday cosine", "time sine", "time cosine"]
PARTS: tuple[Part, ...] = ("days", "day of year", "weekday", "hour", "weekday sine", "weekday cosine", "time sine", "time cosine")
A_WEEK, A_DAY = 7.0, 86_400.0  # days, and seconds
TURN = 2 * np.pi

_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}  # in the units that pandas has
_THURSDAY = 3  # 1 January 1970, Monday being 0
_SAFE_MICROSECONDS = 2**62
# Years that nanoseconds do not reach; before pandas 3 a text of one is read as no date.
_FAR_YEAR = re.compile(r"(?<!\d)(0\d{3}|1[0-5]\d\d|16[0-7]\d|22[6-9]\d|2[3-9]\d\d|[3-9]\d{3})(?!\d)")


def days_since_1970(values: pd.Series) -> Floats:
    """Dates without a time zone as days and their fractions, `(m,)`; NaN where one is missing."""
    moments, a_day, missing = _whole_units(values)
    return np.where(missing, np.nan, moments / a_day)


def since_1970(days: pd.Series) -> pd.Series:
    """Days as the dates so long after the beginning of 1970, to the microsecond; NaT where one is missing."""
    known = days.notna().to_numpy()
    moments = np.full(len(days), np.datetime64("NaT", "us"))
    moments[known] = np.round(days.to_numpy()[known] * _A_DAY["us"]).astype(np.int64).astype("datetime64[us]")
    return pd.Series(moments, index=days.index)


def parts_of_dates(values: pd.Series) -> tuple[Floats, Floats, Floats]:
    """Day of the year from 1 on, day of the week from Monday, 0, on, and the hour, each `(m,)`; NaN where a date is missing."""
    moments, a_day, missing = _whole_units(values)
    day = moments // a_day
    dates = day.astype("datetime64[D]")
    first = dates.astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    hour = (moments - day * a_day) // (a_day // 24)
    found = (day - first + 1, (day + _THURSDAY) % 7, hour)
    of_year, of_week, of_day = (np.where(missing, np.nan, part) for part in found)
    return of_year, of_week, of_day


def parts_of(date_format: str, has_times: bool, cyclic: bool) -> tuple[Part, ...]:
    """The parts that a column of dates becomes: without `cyclic` those of models of earlier versions."""
    if not cyclic:
        return PARTS[: 4 if has_times else 3]
    if date_format == DURATION:
        return ("days",)
    if date_format == TIME_OF_DAY:
        return ("days", "time sine", "time cosine")
    if date_format in MONTHS:
        return ("days", "day of year")
    return PARTS if has_times else PARTS[:3]  # ramps make a value of its own of each weekday: a circle beside them adds noise


def date_columns(values: pd.Series, parts: Sequence[Part]) -> list[Floats]:
    """Dates as numbers, one column `(m,)` for each part: a week and a day are circles, whose ends meet."""
    days = days_since_1970(values)
    of_year, of_week, of_day = parts_of_dates(values)
    second = np.floor((days - np.floor(days)) * A_DAY + 0.5)
    waves = (wave(place, period, of) for place, period in ((of_week, A_WEEK), (second, A_DAY)) for of in (np.sin, np.cos))
    found = dict(zip(PARTS, (days, of_year, of_week, of_day, *waves), strict=True))
    return [found[part] for part in parts]


def wave(place: Floats, period: float, of: np.ufunc) -> Floats:
    """The sine or cosine of whole places in a period.

    Angles that have one sine are made one angle first. Else values that differ in the last digit alone would be two values to ramps, and
    exports, whose sines may round otherwise, would answer otherwise.
    """
    folded = np.minimum(place, period - place)
    if of is np.cos:
        return np.asarray(np.cos(folded * (TURN / period)))
    return np.asarray(np.where(2 * place <= period, 1.0, -1.0) * np.sin(np.minimum(folded, period / 2 - folded) * (TURN / period)))


def are_whole_days(values: pd.Series) -> bool:
    """Whether no date has a time of day but midnight."""
    moments, a_day, missing = _whole_units(values)
    return bool((moments[~missing] % a_day == 0).all())


def microseconds(values: pd.Series) -> NDArray[np.int64] | Floats:
    """Dates as numbers that sort, in microseconds since 1970; floating-point ones where a date is too far away for whole ones."""
    moments, a_day, _ = _whole_units(values)
    a_second = a_day // 86_400
    if a_second > 1_000_000:
        return moments // (a_second // 1_000_000)
    factor = 1_000_000 // a_second
    if len(moments) and float(np.abs(moments.astype(np.float64)).max()) * factor > _SAFE_MICROSECONDS:
        return moments.astype(np.float64) * factor
    return moments * factor


def written_day(days: float) -> str:
    """Days since 1970 as a date such as 2024-01-31."""
    return str(np.datetime64(int(np.floor(days)), "D"))


def about_dates(date_format: str, low: float, high: float) -> str:
    """In words: dates from the first to the last, how they are written, times of day, or durations; `low` and `high` in days since 1970."""
    if date_format == DURATION:
        return f"durations from {low:.6g} to {high:.6g} days"
    if date_format == TIME_OF_DAY:
        first, last = (str(np.datetime64(round(days * 1440), "m"))[-5:] for days in (low, high))
        return f"times of day, {first} to {last}"
    how = {ISO: "dates", NAMED: "dates with names of months", MONTH_NAMED: "months by name"}.get(
        date_format, f"dates written {date_format}"
    )
    return f"{how}, {written_day(low)} to {written_day(high)}"


def order_note(name: str, date_format: str) -> ColumnNote:
    """The note of a column of dates that can be read with the day first and with the month first."""
    other = f"--{'month' if is_day_first(date_format) else 'day'}-first reads them the other way round"
    text = f"dates that are read as {date_format}, and could be read as {swapped(date_format)} too"
    return ColumnNote(name, "ambiguous", text, f"{other}; dates such as 2022-09-29 leave no doubt")


def far_date(cell: str, date_format: str) -> np.datetime64:
    """A text of a year that nanoseconds do not reach as a date, NaT where it is none; `date_format` as pandas has it."""
    if not _FAR_YEAR.search(cell):
        return np.datetime64("NaT", "us")
    try:
        found = datetime.fromisoformat(cell) if date_format == "ISO8601" else datetime.strptime(cell, date_format)
        return np.datetime64(found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found, "us")
    except (ValueError, OverflowError):
        return np.datetime64("NaT", "us")


def _whole_units(values: pd.Series) -> tuple[NDArray[np.int64], int, NDArray[np.bool_]]:
    """Dates in their own unit since 1970, units of a day, and which are missing (0 in the first)."""
    dates = values.to_numpy()
    missing = np.isnat(dates)
    a_day = _A_DAY[np.datetime_data(dates.dtype)[0]]
    return np.where(missing, 0, dates.astype(np.int64)), a_day, missing
