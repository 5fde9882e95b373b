"""Words that the project does not use, each with what to write instead, and where they are looked for.

The words are those of a private dialect. A reader whose English is plain does not know them in these senses. The patterns
leave other senses alone: "piecewise-linear", "share=", "tells you", "random_parts with", a column that is called "rooms".
"""

import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

INSTEAD = {
    r"doors?\b(?!\.py)": "entry point, interface",
    r"(?:the|a|each|every|which|your|these|other) rooms?\b(?! for| in)": "package",
    r"stairs?|staircases?": "piecewise-linear ramps",
    r"ben(?:ds?|t|ding)": "curvature, second derivative, kink",
    r"pieces?": "block, chunk, part, call",
    r"lanes?": "span",
    r"shares (?:of|in|are|were|add)|(?:class|their|its|whose|own|the) shares": "weights, fractions, parts, frequencies",
    r"dealt|dealing|deals?(?! with)": "split, divided",
    r"told": "given, distinguished, reported",
    r"said": "stated, given, set",
    r"begun": "started, continued",
    r"who(?:m)?ever": "anyone who, the caller",
    r"st(?:and|ands|ood|anding) still": "converged, stopped",
    r"by heart": "memorized, overfitted",
    r"made sure": "checked",
    r"t(?:ak(?:e|es|en|ing)|ook) over(?! the)": "import, continue, copy",
    r"in the end": "finally, at last, in the refit",
    r"milliards?": "billion, 10⁹",
    r"anew": "again",
    r"as ever": "as usual",
    r"lots?(?! of)": "batch",
    r"the house": "the code, the architecture",
}
WORDS = {re.compile(rf"(?<![\w`])(?:{pattern})\b", re.IGNORECASE): instead for pattern, instead in INSTEAD.items()}
ANY = re.compile(
    rf"(?<![\w`])(?:{'|'.join(INSTEAD)})\b", re.IGNORECASE
)  # one look instead of one for each word: nearly all texts have none
NOT_IN_NAMES = re.compile(r"(?:^|_)(?:doors|stairs|bends?|bent|lanes?|dealt|told|said|begun|whoever|heart|milliard|anew)(?:_|$)")

IN_JAVASCRIPT = re.compile(r"//[^\n]*|/\*.*?\*/|`(?:\\.|[^`\\])*`|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def python_texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every comment and string."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING) or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield token.start[0], token.string


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of what people read in a file: all of it, but of programs the comments and strings alone."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from python_texts(source)
    elif path.suffix in (".js", ".css"):
        for found in IN_JAVASCRIPT.finditer(source):
            yield source.count("\n", 0, found.start()) + 1, found.group()
    else:
        yield 1, source


def words_in(path: Path) -> list[tuple[int, str, str]]:
    """(line, the word, what to write instead) of every word that is not to be used."""
    found = []
    for line, text in texts(path):
        if not ANY.search(text):
            continue
        for pattern, instead in WORDS.items():
            found += [(line + text.count("\n", 0, m.start()), " ".join(m.group().lower().split()), instead) for m in pattern.finditer(text)]
    return found


def names_in(path: Path) -> Counter[str]:
    """Names of Python or JavaScript with such a word in them."""
    if path.suffix != ".py":
        return Counter()
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    names = (token.string for token in tokens if token.type == tokenize.NAME)
    return Counter(name for name in names if NOT_IN_NAMES.search(re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()))
