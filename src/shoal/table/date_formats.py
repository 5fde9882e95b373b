"""Dates, times of day and durations as people write them: month names of five languages, short years, AM and PM, in one plain form.

A format is a text such as `%d.%m.%Y %H:%M`. Every cell is first brought into its plain form (`plain_date`): month names become numbers,
times have 24 hours, weekdays and words between are left out. No locale of the machine has a say.
"""

import re
from collections.abc import Callable, Iterable

ISO = "ISO8601"
NAMED, MONTH_NAMED = "%d %b %Y", "%b %Y"  # month names, in any order of day, month and year
TIME_OF_DAY, DURATION = "%H:%M", "duration"
_OLD_DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y")
_DAYS = ("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%Y.%m.%d", "%m.%d.%Y", "%m.%d.%y", "%Y%m%d")
_TIMES = ("", " %H:%M", " %H:%M:%S")
MONTHS = ("%Y-%m", "%m/%Y", "%Y/%m", MONTH_NAMED)
# Day before month where both fit every cell and nobody decides it: most of the world writes so, and a note says it.
DATE_FORMATS = (
    ISO,
    *(day + time for day in _OLD_DAYS for time in _TIMES),
    *(day + " %H:%M:%S.%f" for day in _OLD_DAYS),
    *(day + time for day in _DAYS for time in (*_TIMES, " %H:%M:%S.%f")),
    NAMED,
    *MONTHS,
    TIME_OF_DAY,
    DURATION,
)

_NAMES = (
    "jan january januar jän jänner janvier janv ene enero gen gennaio",
    "feb february februar feber février févr fév febr febrero febbraio",
    "mar march märz mär mrz mars marzo",
    "apr april avril avr abr abril aprile",
    "may mai mayo mag maggio",
    "jun june juni juin junio giu giugno",
    "jul july juli juillet juil julio lug luglio",
    "aug august août aoû ago agosto",
    "sep sept september septembre septiembre setiembre set settembre",
    "oct october okt oktober octobre octubre ott ottobre",
    "nov november novembre noviembre",
    "dec december dez dezember décembre déc dic diciembre dicembre",
)
_MONTH_OF = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}
_BETWEEN = "de del of the den der dem le il el am um at on à a las alle ore uhr h utc gmt z"
_WEEKDAYS = (
    "mon monday mo montag lun lundi lunes lunedì tue tues tuesday di dienstag mardi martes mar martedì wed wednesday mi mittwoch mer "
    "mercredi mié miércoles mercoledì thu thur thurs thursday do donnerstag jeu jeudi jue jueves gio giovedì fri friday fr freitag ven "
    "vendredi vie viernes venerdì sat saturday sa samstag sonnabend sam samedi sáb sábado sab sabato sun sunday so sonntag dim dimanche "
    "dom domingo domenica"
)
_FILLERS = frozenset((*_BETWEEN.split(), *_WEEKDAYS.split()))
_WORD = re.compile(r"\d+|[^\W\d_]+")
_LETTERS = re.compile(r"[^\W\d_]+\.?")
_CLOCK = r"(?<![\d.:])(\d{1,2})"
_REST_OF_TIME = r":(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
_TIME = re.compile(rf"{_CLOCK}(?:{_REST_OF_TIME})?\s*([ap])\.?\s?m\b\.?|{_CLOCK}{_REST_OF_TIME}")
_FRENCH_TIME = re.compile(r"(\d{1,2})\s?h\s?(\d{2})\b")
_ORDINAL = re.compile(r"(\d)(?:st|nd|rd|th|er|[ºª°])\b|(\d)[ºª°]")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DURATION = re.compile(
    r"(?P<sign>[-−+]?)(?:(?P<days>\d+)\s*(?:days?|d|tage?|jours?|j|días?|giorni|giorno)\.?,?\s*)?"
    r"(?:(?P<hours>\d+):(?P<minutes>[0-5]\d)(?::(?P<seconds>[0-5]\d(?:[.,]\d+)?))?)?",
    re.IGNORECASE,
)
_ISO_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_NAMED_MONTH, _PLAIN_TIME = re.compile(r"=\d{4}-\d{2}"), re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?")
_SHORT_YEARS = 69  # from here on a year of two digits belongs to the last century, as in POSIX
_DIGITS = {"d": r"\d{1,2}", "m": r"\d{1,2}", "Y": r"\d{4}", "y": r"\d{2}", "H": r"\d{1,2}", "M": r"\d{2}", "S": r"\d{2}", "f": r"\d+"}


def _shape(form: str) -> Callable[[str], object]:
    pattern = re.sub(r"%([a-zA-Z])", lambda found: _DIGITS[found[1]], re.sub(r"(?<!%)[.]", r"\\.", form))
    return re.compile(pattern).fullmatch


_SHAPE_OF = {form: _shape(form) for form in DATE_FORMATS if "%b" not in form and form not in (ISO, TIME_OF_DAY, DURATION)}


def plain_date(cell: str) -> str:
    """A date in its plain form: numbers alone, the time behind it with 24 hours; of a named month the date as ISO 8601 has it.

    A cell that is no date comes back in some form that is none either.

    Examples
    --------
    >>> from shoal.table.date_formats import plain_date
    >>> plain_date("9/29/22, 7:12 PM"), plain_date("Donnerstag, 29. September 2022")
    ('9/29/22 19:12', '=2022-09-29')
    """
    text = " ".join(cell.casefold().replace(",", " ").split()) if not _TIME.search(cell) else " ".join(cell.casefold().split())
    text = _ORDINAL.sub(lambda found: found[1] or found[2], text)
    text = _FRENCH_TIME.sub(r"\1:\2", text)
    found = _TIME.search(text)
    time = "" if found is None else _plain_time(*found.groups())
    rest = text if found is None else f"{text[: found.start()]} {text[found.end() :]}"
    words = _WORD.findall(rest)
    if all(word.isdigit() or (found is not None and word in _FILLERS and not _month(word)) for word in words):
        rest = _LETTERS.sub("", rest)
        day = re.sub(r"\s*([./-])\s*", r"\1", rest.strip(" ,;t"))
        return f"{day} {time}".strip()
    day = _named_day(words)
    return f"={day} {time}".strip() if day else text


def _plain_time(*parts: str | None) -> str:
    """The parts of a time as HH:MM, with seconds where there are some."""
    hour, minute, second, fraction, half, *plain = parts
    if half is None:
        hour, minute, second, fraction = plain
    elif not 1 <= int(hour or 0) <= 12:
        return "99:99"  # no time
    else:
        hour = str(int(hour or 0) % 12 + 12 * (half == "p"))
    return f"{int(hour or 0):02d}:{minute or '00'}" + (f":{second}" if second else "") + (f".{fraction}" if fraction else "")


def _named_day(words: list[str]) -> str:
    """A date of words and numbers as ISO 8601, a month without a day as 2022-09; empty for what is none."""
    numbers = [word for word in words if word.isdigit()]
    named = [word for word in words if not word.isdigit() and not _is_weekday(words, word)]
    months = [month for month in map(_month, named) if month]
    if len(months) != 1 or not all(word in _FILLERS or _month(word) for word in named):
        return ""
    if len(numbers) == 1 and len(numbers[0]) == 4:
        return f"{numbers[0]}-{months[0]:02d}"
    if len(numbers) != 2:
        return ""
    day, year = numbers if len(numbers[0]) <= 2 else numbers[::-1]
    if len(day) > 2 or len(year) not in (2, 4):
        return ""
    if len(year) == 2:
        year = str((1900 if int(year) >= _SHORT_YEARS else 2000) + int(year))
    return f"{year}-{months[0]:02d}-{int(day):02d}"


def _month(word: str) -> int:
    """The number of the month that a word names, or begins to name with three letters or more; 0 for none."""
    if word in _MONTH_OF or len(word) < 3:
        return _MONTH_OF.get(word, 0)
    named = {number for name, number in _MONTH_OF.items() if name.startswith(word)}
    return named.pop() if len(named) == 1 else 0


def _is_weekday(words: list[str], word: str) -> bool:
    """Whether `mar` is the French, Italian or Spanish Tuesday here and not March: the name of a month stands behind it."""
    return word in _FILLERS and words[0] == word and any(map(_month, words[1:]))


def duration_days(cell: str) -> float | None:
    """A duration such as `2 days 03:00:00`, `27:15` or `PT1H30M` in days; None for what is none.

    Examples
    --------
    >>> from shoal.table.date_formats import duration_days
    >>> duration_days("1 day 12:00"), duration_days("PT6H"), duration_days("12")
    (1.5, 0.25, None)
    """
    found = _DURATION.fullmatch(cell.strip()) or _ISO_DURATION.fullmatch(cell.strip())
    if found is None or (found["days"] is None and found["hours"] is None and found["minutes"] is None and found["seconds"] is None):
        return None
    parts = {name: float((found[name] or "0").replace(",", ".")) for name in ("days", "hours", "minutes", "seconds")}
    seconds = ((parts["days"] * 24 + parts["hours"]) * 60 + parts["minutes"]) * 60 + parts["seconds"]
    return (-seconds if found["sign"] in ("-", "−") else seconds) / 86_400


def readable(cell: str, form: str) -> str | None:
    """A cell as pandas reads it with `read_with(form)`; None for one that has not the shape of the format.

    Examples
    --------
    >>> from shoal.table.date_formats import NAMED, readable
    >>> readable("29-Sep-22 07:12", NAMED)
    '2022-09-29 07:12'
    """
    if form == ISO:
        text = plain_date(cell) if cell[-1:] in "mM." else cell
        return text if _ISO_DAY.match(text) else None
    return _shaped(plain_date(cell), form)


def all_readable(cells: Iterable[str], form: str) -> list[str | None]:
    """`readable`, of many cells."""
    if form != ISO:
        return [readable(cell, form) for cell in cells]
    is_day = _ISO_DAY.match  # nearly all cells of a column in ISO 8601 begin with one, and end with a digit
    return [cell if cell[-1:].isdigit() and is_day(cell) else readable(cell, form) for cell in cells]


def _shaped(plain: str, form: str) -> str | None:
    """A date in its plain form as the format has it."""
    if form == NAMED:
        return plain[1:] if plain.startswith("=") and _ISO_DAY.match(plain[1:]) else None
    if form == MONTH_NAMED:
        return plain[1:] if _NAMED_MONTH.fullmatch(plain) else None
    if form == TIME_OF_DAY:
        return f"1970-01-01 {plain}" if _PLAIN_TIME.fullmatch(plain) else None
    return plain if _SHAPE_OF[form](plain) else None


def read_with(form: str) -> str:
    """What pandas calls the format of what `readable` gives."""
    return {NAMED: ISO, TIME_OF_DAY: ISO, MONTH_NAMED: "%Y-%m"}.get(form, form)


def shaped_formats(cells: Iterable[str]) -> list[str]:
    """The formats that most of some cells have the shape of, in the order of `DATE_FORMATS`.

    Examples
    --------
    >>> from shoal.table.date_formats import shaped_formats
    >>> shaped_formats(["09/29/2022 07:12 AM", "1/2/2022 11:05 pm"])
    ['%d/%m/%Y %H:%M', '%m/%d/%Y %H:%M']
    """
    texts = list(dict.fromkeys(cells))
    dated = [text for text in texts if any(letter.isdigit() for letter in text)]
    if len(dated) <= len(texts) // 2:
        return []
    found = []
    plain = [plain_date(text) for text in dated]
    for form in DATE_FORMATS:
        if form == ISO:
            count = sum(readable(text, ISO) is not None for text in dated)
        elif form == DURATION:
            count = sum(duration_days(text) is not None for text in dated)
        else:
            count = sum(_shaped(text, form) is not None for text in plain)
        if count > len(texts) // 2:
            found.append(form)
    return found


def swapped(form: str) -> str:
    """The format with day and month the other way round; empty where they cannot be taken for each other."""
    other = form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    return other if other != form and other in DATE_FORMATS and "%b" not in form else ""


def is_day_first(form: str) -> bool:
    """Whether the day stands before the month."""
    return 0 <= form.find("%d") < form.find("%m")
