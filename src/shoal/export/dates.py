"""The parts of a date in C and Python, from its days, day of year, weekday and hour."""

from collections.abc import Iterable

from shoal.table import Feature
from shoal.table.dates import A_DAY, A_WEEK, PARTS, TURN

WAVES_OF_C = """/* Sine or cosine of a whole place in a period; angles with one sine are one angle first, as in training. */
static double wave(double place, double period, int is_sine)
{
    const double folded = 2.0 * place <= period ? place : period - place, rest = period / 2.0 - folded;
    if (!is_sine)
        return cos(folded * (TURN / period));
    return (2.0 * place <= period ? 1.0 : -1.0) * sin((folded < rest ? folded : rest) * (TURN / period));
}
""".replace("TURN", repr(TURN))
WAVES_OF_PYTHON = '''def wave(place, period, is_sine):
    """Sine or cosine of a whole place in a period; angles with one sine are one angle first, as in training."""
    folded = place if 2 * place <= period else period - place
    if not is_sine:
        return math.cos(folded * (TURN / period))
    return (1.0 if 2 * place <= period else -1.0) * math.sin(min(folded, period / 2 - folded) * (TURN / period))
'''.replace("TURN", repr(TURN))


def has_waves(features: Iterable[Feature]) -> bool:
    """Whether a prepared column is a sine or cosine of a date."""
    return any(feature.part in PARTS[4:] for feature in features)


def date_part(part: str, cell: str, second: str) -> str:
    """The expression of a part of a date.

    Parameters
    ----------
    part : as `Feature.part` has it
    cell : of days, day of year, weekday and hour, with braces for the place among these
    second : how the language writes the second of a day, with braces for the days

    Examples
    --------
    >>> from shoal.export.dates import date_part
    >>> date_part("weekday", "part_0[{}]", "second({})"), date_part("time sine", "part_0[{}]", "second({})")
    ('part_0[2]', 'wave(second(part_0[0]), 86400.0, 1)')
    """
    plain = list(PARTS[:4])
    if part in plain:
        return cell.replace("{}", str(plain.index(part)))
    name, _, kind = part.partition(" ")
    place, period = (cell.replace("{}", "2"), A_WEEK) if name == "weekday" else (second.replace("{}", cell.replace("{}", "0")), A_DAY)
    return f"wave({place}, {period!r}, {int(kind == 'sine')})"
