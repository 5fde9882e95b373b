"""What a reader is asked before an exhibit moves: a question about the network at hand, with the answer, a hint and how it comes about.

Each exhibit has one, `predict_N`. A numeric answer is right if it rounds to the asked digits: from `low` to `high`.
"""

import math
import re
from collections.abc import Sequence

from shoal.web.languages import decimal, tr
from shoal.web.question import Answer


def shown(value: float) -> str:
    """A number as the page writes it: four significant digits, a minus sign, the language's mark, and exponents as in 2.757e−5."""
    return decimal(re.sub(r"e([+-])0*", lambda sign: "e" + sign[1].strip("+"), f"{value:.4g}").replace("-", "−"))


def number(asks: str, answer: float, digits: int | None, hint: str, because: Answer) -> Answer:
    """A question for a number, to so many significant digits; None asks for a whole number. `because` is the card of the answer."""
    value = float(answer)
    if digits is None or not math.isfinite(value):
        apart = 0.0
    else:
        size = math.floor(math.log10(abs(value))) if value else 0
        apart = 0.5 * 10.0 ** (size - digits + 1)
    wanted = tr("a whole number") if digits is None else tr("to {digits} digits", digits=digits)
    # The least more than half a digit, because half a digit itself is often not a double.
    return {
        "asks": asks,
        "wanted": wanted,
        "low": value - apart * 1.000001,
        "high": value + apart * 1.000001,
        "hint": hint,
        "card": because,
    }


def choice(asks: str, choices: Sequence[str], right: int, hint: str, because: str) -> Answer:
    """A question with a few answers, of which the one at `right` (from 0) is true, and the reason in words."""
    return {"asks": asks, "choices": list(choices), "right": right, "hint": hint, "because": because}
