"""Which known names one that is not known may have been meant to be: what error messages suggest."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3
LIKENESS = 0.5  # twice the characters that match over those of both names
LONG = 200  # characters; comparing longer names takes the square of their length


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of these names that are most like one, whatever their case, the most alike first.

    Examples
    --------
    >>> nearest("Weights", ["weight", "height", "price"])
    ['weight', 'height']
    """
    if len(name) > LONG:
        return []
    by_folded = {other.casefold(): other for other in names if len(other) <= LONG}
    return [by_folded[match] for match in get_close_matches(name.casefold(), by_folded, n=MOST, cutoff=LIKENESS)]
