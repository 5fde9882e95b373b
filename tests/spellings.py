"""Numbers as people write them: each spelling a function from a number with two decimals to its text, and the number that the text says."""

from collections.abc import Callable

import numpy as np

N = 240
# Of every size from 0.01 to 9,999, of both signs where a spelling has them.
VALUES = np.round(10 ** np.random.default_rng(0).uniform(-2, 4, N), 2)
SIGNED = VALUES * np.where(np.arange(N) % 3 == 0, -1, 1)


def grouped(mark: str, decimal: str) -> Callable[[float], str]:
    return lambda x: f"{x:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", mark)


def comma(x: float) -> str:
    return f"{x:.2f}".replace(".", ",")


SPELLINGS: dict[str, Callable[[float], str]] = {
    "decimal comma": comma,
    "thousands by commas": grouped(",", "."),
    "thousands by points": grouped(".", ","),
    "thousands by spaces": grouped(" ", "."),
    "thousands by spaces that do not break": grouped("\u00a0", ","),
    "thousands by thin spaces": grouped("\u2009", ","),
    "thousands by narrow spaces": grouped("\u202f", ","),
    "thousands by apostrophes": grouped("'", "."),
    "thousands by curly apostrophes": grouped("’", "."),
    "thousands by underscores": grouped("_", "."),
    "percent": lambda x: f"{x:.2f}%",
    "percent with a comma": lambda x: f"{comma(x)} %",
    "dollars before": lambda x: ("-" if x < 0 else "") + f"${abs(x):,.2f}",
    "dollars in brackets": lambda x: f"(${-x:,.2f})" if x < 0 else f"${x:,.2f}",
    "euros behind": lambda x: f"{comma(x)} €",
    "a currency's code": lambda x: f"EUR {x:.2f}",
    "francs": lambda x: f"CHF {grouped(chr(39), '.')(x)}",
    "rupees": lambda x: f"Rs. {x:,.2f}",
    "brackets for negative": lambda x: f"({-x:.2f})" if x < 0 else f"{x:.2f}",
    "a trailing minus": lambda x: f"{-x:.2f}-" if x < 0 else f"{x:.2f}",
    "Unicode's minus": lambda x: f"{x:.2f}".replace("-", "−"),
    "a dash as minus": lambda x: f"{x:.2f}".replace("-", "–"),
    "a plus before": lambda x: f"{x:+.2f}",
    "kilometres an hour": lambda x: f"{x:.2f} km/h",
    "a unit without a blank": lambda x: f"{x:.2f}kg",
    "a unit with a digit": lambda x: f"{x:.2f} µg/m3",
    "a unit and a comma": lambda x: f"{comma(x)} mm",
    "degrees": lambda x: f"{x:.2f} °C",
    "kmpl": lambda x: f"{x:.2f} kmpl",
    "Fortran's exponent": lambda x: f"{x * 100:.0f}D-02",
    "a power of ten": lambda x: f"{x * 100:.0f} × 10^-2",
    "an exponent with a comma": lambda x: f"{comma(x)}E+00",
    "footnotes": lambda x: f"{x:.2f}" + ("*" if int(x * 100) % 7 == 0 else ""),
    "footnotes in brackets": lambda x: f"{x:.2f}" + (" [1]" if int(x * 100) % 7 == 0 else ""),
    "flags": lambda x: f"{x:.2f}" + (" e" if int(abs(x) * 100) % 9 == 0 else ""),
    "about": lambda x: f"~{x:.2f}",
    "an error behind": lambda x: f"{x:.2f} ± 0.05",
    "a spreadsheet's formula": lambda x: f'="{x:.2f}"',
    "a spreadsheet's apostrophe": lambda x: f"'{x:.2f}",
    "curly quotes": lambda x: f"“{x:.2f}”",
    "full-width digits": lambda x: f"{x:.2f}".translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)}),
    "Arabic digits": lambda x: f"{x:.2f}".translate({ord("."): "٫", **{ord(str(d)): chr(0x660 + d) for d in range(10)}}),
    "Indian groups": lambda x: f"{x:.2f}" if abs(x) < 1000 else f"{x:,.2f}",
    "blanks around": lambda x: f"  {comma(x)} ",
}
UNSIGNED = {"dollars before", "about", "rupees", "a spreadsheet's apostrophe"}  # signs are not written so


def values_of(name: str) -> np.ndarray:
    """The numbers of a spelling's column."""
    return VALUES if name in UNSIGNED else SIGNED


def texts_of(name: str) -> list[str]:
    """A column of numbers in this spelling."""
    return [SPELLINGS[name](x) for x in values_of(name)]
