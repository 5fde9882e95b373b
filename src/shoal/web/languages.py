"""The words of the page in other languages, as gettext has it: the English words are the keys of one table for each language.

`static/words/fr.json` serves the page's JavaScript (`lib/words.js`) and the answers computed here. Each answer is in the language that its
request names (`Accept-Language`); a thread that goes on after a request keeps the language by a copy of the context.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from shoal.errors import InvalidParameterError

TABLES = Path(__file__).parent / "static" / "words"
ENGLISH = "en"
PLACE = re.compile(r"\{(\w+)\}")

_language: ContextVar[str] = ContextVar("the language of the answer", default=ENGLISH)


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The languages that the page has, English first."""
    return (ENGLISH, *sorted(path.stem for path in TABLES.glob("*.json")))


@lru_cache(maxsize=8)
def table(language: str) -> dict[str, Any]:
    """English words → those of the language. The entry without a key holds the decimal mark and the direction of the script."""
    if language == ENGLISH:
        return {"": {"decimal": ".", "dir": "ltr"}}
    found: dict[str, Any] = json.loads((TABLES / f"{language}.json").read_text(encoding="utf-8"))
    return found


def checked_language(name: str | None) -> str | None:
    """The name, if the page has this language or none is named."""
    if name is not None and name not in languages():
        raise InvalidParameterError(f"lang={name[:40]!r} is not a language of the page; choose one of {', '.join(languages())}")
    return name


def language() -> str:
    """The language of the answer that is computed now."""
    return _language.get()


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Within it, answers are in this language."""
    before = _language.set(name)
    try:
        yield
    finally:
        _language.reset(before)


def tr(words: str, **values: object) -> str:
    """The words in the language of the answer, with the values in the places of their names, `{unit}`."""
    found = str(table(language()).get(words, words))
    return PLACE.sub(lambda place: str(values[place[1]]), found) if values else found


def decimal(text: str) -> str:
    """A number's text with the language's decimal mark."""
    return text.replace(".", table(language())[""]["decimal"])


def grouped(value: int) -> str:
    """A whole number in groups of three digits: with commas in English, else with thin spaces."""
    return f"{value:,}" if language() == ENGLISH else f"{value:,}".replace(",", "\u202f")


def preferred(accepted: str) -> str:
    """The first of the languages in an `Accept-Language` header that the page has, by their weights; English if it has none."""
    weighed = []
    for part in accepted.split(","):
        name, _, weight = part.partition(";q=")
        try:
            weighed.append((-float(weight or 1), name.strip().lower().split("-")[0]))
        except ValueError:
            continue  # a header that is not one
    ordered = [name for _, name in sorted(weighed, key=lambda each: each[0])]
    return next((name for name in ordered if name in languages()), ENGLISH)
