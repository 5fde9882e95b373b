"""The English words of the page that have an entry in every table of `web/static/words`, found in its sources."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import shoal.web
from shoal.textbook import ACTIVATIONS
from shoal.textbook.losses import LOSSES
from shoal.web.playground.cards import RULE
from shoal.web.playground.finding_words import CONCERNED, SENTENCES

WEB = Path(shoal.web.__file__).parent
STATIC = WEB / "static"
PLACE = re.compile(r"\{[a-zA-Z0-9_]*\}")
WORD = re.compile(r"[^\W\d_]{2}")
# What is the same in every language: symbols of the chapter, names of people and of functions, units.
SAME = re.compile(
    r"e[ᶻ⁻]+|tanh|(leaky )?(ReLU|relu)|leaky_relu|logistic|ELU|SiLU|softplus|softmax|max|exp|shoal|np|dot|[µmM]?s|ln|randn|reshape|EN|"
    r"English|d?[zawbxWXZAJnmyŷkL]{1,2}[\d₁-₄²]*|Xavier|He|LeCun|Nguyen|Widrow|Nesterov|RMSprop|AdamW?|NumPy|Python|JSON|RandomState|"
    r"Geoffrey Hinton|Kevin P. Murphy|(− )?a²"
)
TITLES = ("TITLE",)  # constants of the exhibits that are translated where they are sent


def in_javascript(source: str) -> Iterator[str]:
    """The keys of tr`…` and of every text within tr(…)."""
    for found in re.finditer(r"\btr(`|\(\")", source):
        if found[1] == "`":
            yield template(source, found.end())
        else:
            text = re.compile(r'"((?:\\.|[^"\\])*)"').match(source, found.end() - 1)
            assert text, source[found.start() : found.start() + 60]
            yield re.sub(r"\\(.)", r"\1", text[1])


def template(source: str, at: int) -> str:
    """The key of the template that begins at `at`: its values as {0}, {1}, …"""
    key, values = "", 0
    while source[at] != "`":
        if source.startswith("${", at):
            key += f"{{{values}}}"
            values += 1
            at = past_value(source, at + 2)
        elif source[at] == "\\":
            key += source[at + 1]
            at += 2
        else:
            key += source[at]
            at += 1
    return key


def past_value(source: str, at: int) -> int:
    """The place after the value of a template that begins at `at`; it may hold texts and templates."""
    depth = 1
    while depth:
        c = source[at]
        if c == "`":
            at = past_template(source, at + 1)
            continue
        if c == '"':
            at = source.index('"', at + 1)
        depth += (c == "{") - (c == "}")
        at += 1
    return at


def past_template(source: str, at: int) -> int:
    """The place after the template that begins at `at`."""
    while source[at] != "`":
        at = past_value(source, at + 2) if source.startswith("${", at) else at + 1
    return at + 1


def in_python(source: str) -> Iterator[str]:
    """The keys of every tr("…"), and titles of exhibits."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr" and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in TITLES and isinstance(node.value, ast.Constant):
            yield node.value.value


class Words(HTMLParser):
    """The keys of `index.html`, as `translatePage` finds them: outermost elements with words of their own, and attributes."""

    VOID = frozenset({"meta", "link", "br", "input", "img"})
    ALONE = frozenset({"script", "style", "code", "c-eq", "svg", "noscript"})

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self.keys: list[str] = []
        self.open: list[tuple[str, int, bool]] = []  # tag, where its content begins, whether it or what it is in has no words
        self.worded: list[tuple[int, int]] = []
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.source = source
        self.texts: list[bool] = []
        self.feed(source)
        spans = sorted(self.worded)
        outermost = [s for s in spans if not any(o[0] <= s[0] and s[1] <= o[1] and o != s for o in spans)]
        self.keys += [" ".join(source[a:b].split()) for a, b in outermost]

    def here(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        for name in ("aria-label", "title", "content"):
            words = given.get(name) or ""
            if WORD.search(words) and given.get("name") != "viewport":
                self.keys.append(words)
        if tag not in self.VOID:
            alone = tag in self.ALONE or given.get("translate") == "no" or bool(self.open and self.open[-1][2])
            text = self.get_starttag_text() or ""
            if not text.endswith("/>"):
                self.open.append((tag, self.here() + len(text), alone))
                self.texts.append(False)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        pass  # drawings

    def handle_data(self, data: str) -> None:
        if self.texts and WORD.search(data):
            self.texts[-1] = True

    def handle_endtag(self, tag: str) -> None:
        opened, start, alone = self.open.pop()
        assert opened == tag, (opened, tag, self.getpos())
        if self.texts.pop() and not alone:
            self.worded.append((start, self.here()))


def of_the_library() -> set[str]:
    """What the library says and the page translates as it comes: titles and formulas with words, rules, findings."""
    formulas = {text for g in ACTIVATIONS.values() for text in (g.title, g.formula, g.derivative)}
    losses = {text for g2 in LOSSES.values() for text in (g2.title, g2.unit.title)}
    return {text for text in (*formulas, *losses, *RULE.values(), *CONCERNED, *SENTENCES) if WORD.search(SAME.sub("", text))}


def keys() -> dict[str, set[str]]:
    """Key → the files that have it."""
    found = {key: {"the library"} for key in of_the_library()}
    readers = ((STATIC.rglob("*.js"), in_javascript), (WEB.rglob("*.py"), in_python), (STATIC.glob("*.html"), lambda s: Words(s).keys))
    for paths, read in readers:
        for path in paths:
            for key in read(path.read_text(encoding="utf-8")):
                found.setdefault(key, set()).add(path.relative_to(WEB).as_posix())
    return found
