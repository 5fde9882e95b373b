"""Numbers as people write them: `1.234,56 €`, `(12.5)`, `23 km/h`, `1D+02`, `<0.1`, `~3`, `12.5*`.

A text's *shape* is the text with every digit written as 0. Texts of a column share few shapes, however many there are; a shape is
taken apart once, into a `Spelling`, and its texts become numbers by cutting at the same places.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# One character for one, so that places stay: digits of other scripts, blanks, apostrophes, minus signs.
_ALIKE = {
    **{chr(start + digit): str(digit) for start in (0xFF10, 0x660, 0x6F0, 0x966) for digit in range(10)},
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "),
    **dict.fromkeys("’‘ʼ′´`", "'"),
    **dict.fromkeys("−–—‐‑‒﹣－", "-"),
    **dict.fromkeys("“”„«»", '"'),
    "٫": ".",
    "٬": ",",
    "．": ".",
    "，": ",",
    "％": "%",
    "\r": "\x00",
}
_SHAPE = str.maketrans("123456789", "000000000")
_ZERO_FIRST = re.compile(r"(?<![0-9.,])0(?=[.,][0-9]{3}(?![0-9.,]))")  # 0,123: no group of thousands begins so
_SQUARED = re.compile(r"(?<=[A-Za-zµμ])[23](?=[\s/)]|$)", re.MULTILINE)  # m2, m3: a unit's, no digit of the number
_LETTER = re.compile(r"[A-Za-z]")

_CORE = (
    r"(?:(?P<grouped>0{1,3}(?P<mark>[ ,.'_])0{3}(?:(?P=mark)0{3})*)(?:(?P<point>[.,])0*)?(?![0Z]|[.,'_]0)"
    r"|(?P<lakh>0{1,2}(?:,0{2})+,0{3})(?:\.0*)?(?![0Z]|[.,']0)"
    r"|Z(?P<zero>[.,])0{3}|(?:0+)(?:(?P<plain>[.,])0*)?|(?<![A-Za-z])(?P<bare>[.,])0+)"
)
_TEXT = re.compile(rf"\s*(?P<lead>[^0Z]*?)(?P<core>{_CORE})(?P<tail>.*)")
_LEAD = re.compile(r"""(?P<quote>=?["']|=)?\s*(?P<limit><=|>=|[<>≤≥])?=?\s*(?P<rest>.*)""")
_EXPONENT = re.compile(
    r"\s?(?:[eEdD]\s?(?P<sign>[+-]?)(?P<power>[0Z]+)|[x×*·]\s?00\s?(?:\^|\*\*)\s?\(?(?P<sign2>[+-]?)(?P<power2>[0Z]+)\)?)(?![0A-Za-z])"
)
_ERROR = re.compile(r"\s*(?:±|\+/-|\+-)\s*[0Z][0Z.,]*")
_FOOTNOTE = re.compile(r"\s*(?:\[[0a-zA-Z]{1,3}\]|\(0{1,2}\)|\([a-z]\)|[*†‡§#¹²³⁴⁵⁶⁷⁸⁹⁰ᵃᵇᶜ]+)\s*(?=$|\D)")
_ABOUT = re.compile(r"(?:~|≈|≃|ca?\.?|approx\.?|about|about\.?|etwa|circa|env\.)(?![A-Za-z])\s*", re.IGNORECASE)
_ORDINAL = frozenset({"st", "nd", "rd", "th", "er", "ère", "ème", "º", "ª", "."})
_FACTORS = {
    **dict.fromkeys(("k", "K", "Tsd", "tsd", "thousand", "T€"), 1e3),
    **dict.fromkeys(("M", "Mio", "mio", "MM", "Mn", "mn", "mln", "million", "millions", "Millionen"), 1e6),
    **dict.fromkeys(("B", "bn", "Bn", "bln", "Mrd", "mrd", "billion", "billions", "Milliarden"), 1e9),
    **dict.fromkeys(("tn", "trillion"), 1e12),
    **dict.fromkeys(("lakh", "lakhs"), 1e5),
    **dict.fromkeys(("crore", "crores"), 1e7),
}
_FACTOR = re.compile(rf"\s*({'|'.join(sorted(_FACTORS, key=len, reverse=True))})\.?(?![A-Za-zµ/²³°])\s*")
_SMALL_FACTORS = {"m": 1e6, "b": 1e9}  # of money; m alone is a metre
_CODES = """
USD EUR GBP CHF JPY CNY RMB INR Rs Rs. kr kr. Kr zł Kč Ft lei AUD CAD NZD SEK NOK DKK PLN CZK HUF RUB TRY BRL MXN ZAR KRW SGD
R$ US$ A$ C$ HK$ Euro EURO euro Dollar
"""
CURRENCIES = frozenset({*"$€£¥₹₽₩₺₪₫฿¢", *_CODES.split()})
MOST_SHAPES = 5_000  # different shapes of a column beyond which it is text; numbers of 30 digits have some hundred


@dataclass(frozen=True)
class Form:
    """How a number is spelled, apart from its digits.

    Attributes
    ----------
    marks : str
        Its decimal and thousands marks: "" for digits alone, "4" for four or more; "." or "," for a decimal mark; ".3" or ",3" for one
        mark before the last three digits, which may be either; else the thousands mark (",", ".", " ", "'" or "_") twice, or followed
        by the decimal mark.
    lead, tail : str
        Currency, percent sign or unit before and behind it.
    limit : str
        "<" or ">" where the number is a limit.
    styles : tuple of str
        What else is special: "(…)", "…-", "K", "*", "±", "~", "e".
    """

    marks: str
    lead: str = ""
    tail: str = ""
    limit: str = ""
    styles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spelling:
    """A shape taken apart: its form, and where its texts must be cut."""

    form: Form
    core: tuple[int, int]
    power: tuple[int, int] | None = None
    negative: bool = False
    negative_power: bool = False
    factor: float = 1.0

    def digits(self, texts: Sequence[str], decimal: str) -> list[str]:
        """The texts as Python writes numbers, `decimal` being the decimal mark where the form leaves it open."""
        start, stop = self.core
        marks = self.form.marks
        point = marks[-1] if marks in (".", ",") or (len(marks) == 2 and marks[0] != marks[1] and marks[1] in ".,") else ""
        if marks in (".3", ",3"):
            point = marks[0] if marks[0] == decimal else ""
        table = str.maketrans({mark: "." if mark == point else "" for mark in " ,.'_"})
        cores = "\n".join([text[start:stop] for text in texts]).translate(table).split("\n")
        sign = "-" if self.negative else ""
        if self.power is None:
            return [sign + core for core in cores]
        first, last = self.power
        power_sign = "-" if self.negative_power else ""
        return [f"{sign}{core}e{power_sign}{text[first:last]}" for core, text in zip(cores, texts, strict=True)]

    def numbers(self, texts: Sequence[str], decimal: str) -> NDArray[np.float64]:
        """What the texts of this shape say, `(m,)`."""
        read = pd.to_numeric(pd.Series(self.digits(texts, decimal), dtype=object), errors="coerce").to_numpy(np.float64)
        return read * self.factor if self.factor != 1.0 else read


@dataclass(frozen=True)
class Spelled:
    """Texts by their shapes: `normal` texts, the place of each one's shape, and the spellings of the shapes, None for no number."""

    normal: list[str]
    places: NDArray[np.int64]
    spellings: list[Spelling | None]


def spelled(texts: Sequence[str]) -> Spelled | None:
    """Take texts apart; None where they have so many shapes that they are no numbers."""
    if not len(texts):
        return Spelled([], np.empty(0, np.int64), [])
    joined = "\n".join([text if "\n" not in text else text.replace("\n", "\x00") for text in texts])
    for character in set(joined) & _ALIKE.keys():
        joined = joined.replace(character, _ALIKE[character])
    marked = _ZERO_FIRST.sub("Z", joined)
    if _LETTER.search(joined):
        marked = _SQUARED.sub(lambda found: "²" if found[0] == "2" else "³", marked)
    places, shapes = pd.factorize(np.array(marked.translate(_SHAPE).split("\n"), dtype=object))
    if len(shapes) > MOST_SHAPES:
        return None
    return Spelled(joined.split("\n"), places, [spelling(shape) for shape in shapes])


@lru_cache(maxsize=20_000)
def spelling(shape: str) -> Spelling | None:
    """A shape taken apart; None where it is no number."""
    found = _TEXT.fullmatch(shape) if len(shape) <= 60 else None
    lead = _LEAD.fullmatch(found["lead"]) if found else None
    if found is None or lead is None or "\x00" in shape:
        return None
    before, tail, styles = lead["rest"], found["tail"], []
    if lead["quote"]:
        tail = tail.rstrip().removesuffix('"').removesuffix("'")
        styles.append("=")
    power = _EXPONENT.match(tail)
    at, tail = found.end("core"), tail[power.end() :] if power else tail
    negative = before.count("-") == 1
    if before.count("-") > 1 or before.count("+") > 1:
        return None
    before = before.replace("-", "").replace("+", "").strip()
    if "(" in before or ")" in tail:
        both = before.count("(") == 1 and tail.count(")") == 1 and "(" not in tail
        if not both or negative:
            return None
        before, tail, negative = before.replace("(", ""), tail.replace(")", ""), True
        styles.append("(…)")
    tail, negative = _without(tail, styles, negative)
    about = _ABOUT.match(before)
    if about:
        before = before[about.end() :]
        styles.append("~")
    if before.strip() not in CURRENCIES and before.strip():
        return None
    tail, factor = _factor(tail, before.strip(), styles)
    unit = tail.strip().rstrip('"')
    if not _is_unit(unit):
        return None
    first = "power" if power and power["power"] else "power2"
    cut = None if power is None else (at + power.start(first), at + power.end(first))
    if power is not None and not re.match(r"\s?[eE][+-]?[0Z]", power[0]):
        styles.append("e")
    limit = {"≤": "<", "≥": ">"}.get((lead["limit"] or "")[:1], (lead["limit"] or "")[:1])
    form = Form(_marks(found), before.strip(), unit, limit, tuple(styles))
    below = power is not None and "-" in (power["sign"] or power["sign2"] or "")
    return Spelling(form, found.span("core"), cut, negative, below, factor)


def _marks(found: re.Match[str]) -> str:
    """The marks of a core, as `Form` has them."""
    if found["lakh"]:
        return ",." if "." in found["core"] else ",,"
    if found["grouped"]:
        mark, point = found["mark"], found["point"]
        if point:
            return mark + point
        several = found["grouped"].count(mark) > 1 or mark not in ",."
        return mark * 2 if several else mark + "3"
    return found["zero"] or found["plain"] or found["bare"] or ("4" if len(found["core"]) > 3 else "")


def _without(tail: str, styles: list[str], negative: bool) -> tuple[str, bool]:
    """What stands behind a number without its error, its footnotes and its minus sign."""
    error = _ERROR.match(tail)
    if error:
        tail = tail[error.end() :]
        styles.append("±")
    note = _FOOTNOTE.match(tail)
    if note:
        tail = tail[note.end() :]
        styles.append("*")
    if tail[:1] == "-" and not negative:
        styles.append("…-")
        return tail[1:], True
    return tail, negative


def _factor(tail: str, lead: str, styles: list[str]) -> tuple[str, float]:
    """What stands behind a number without K, M and the like, and what these multiply it by."""
    found = _FACTOR.match(tail)
    if found:
        styles.append("K")
        return tail[found.end() :], _FACTORS[found[1]]
    if lead and tail.strip() in _SMALL_FACTORS:
        styles.append("K")
        return "", _SMALL_FACTORS[tail.strip()]
    if tail.strip() == "+":
        styles.append("…+")
        return "", 1.0
    return tail, 1.0


def _is_unit(unit: str) -> bool:
    """Whether a text can be a unit, a currency or a percent sign behind a number."""
    if not unit or unit in CURRENCIES:
        return True
    return (
        len(unit) <= 20
        and unit.count(" ") <= 2
        and bool(re.fullmatch(r"[%‰A-Za-zÀ-ÿ°µμΩ℃℉Åº\"'/][A-Za-zÀ-ÿ°µμΩÅ·./^*²³⁻¹% -]*", unit))
        and unit.casefold() not in _ORDINAL
        and unit.casefold() not in ("more", "plus", "and more", "or more", "up")
    )
