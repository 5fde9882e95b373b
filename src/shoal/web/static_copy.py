"""The chapter without a server: one page with its style, its script and every recorded answer inside.

Browsers refuse module scripts from a file, so the modules become one plain script, each in a function that returns its exports. Answers
are computed for the same questions as on the live page, for each question's recorded values; a slider of the copy moves between them.
"""

import base64
import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path

from shoal.files import made_folder, refuse_unwritable, replacing
from shoal.web import fonts
from shoal.web.in_hand import NetworkInHand, within
from shoal.web.languages import ENGLISH, checked_language, language, speaking
from shoal.web.languages import table as words_of
from shoal.web.playground.recording import MOMENTS, recordings
from shoal.web.question import Answer, Question, plain
from shoal.web.questions import ALL, NUMBERS, SLIDES

STATIC = Path(__file__).parent / "static"
IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
FACE = '<link rel="stylesheet" href="style/fonts.css">\n'
FONT = re.compile(r"url\(\.\.(/fonts/\w+\.ttf)\)")
PRELOADED = re.compile(r'^<link rel="preload" .*>\n', re.MULTILINE)
STYLE = re.compile(r'^<link rel="stylesheet" href="([^"]+)">$', re.MULTILINE)


def export_static(folder: Path, most: int | None = None, lang: str = ENGLISH) -> Path:
    """Write `folder/index.html`; `most` limits the values of each parameter and the frames of each run. Returns the file."""
    checked_language(lang)
    target = made_folder(folder) / "index.html"
    refuse_unwritable(target)  # before the minutes of recording
    with speaking(lang):
        page = inlined(recorded(most), recordings(MOMENTS if most is None else 2 + most))
    with replacing(target) as out:
        out.write(page.encode("utf-8"))
    return target


def recorded(most: int | None) -> dict[str, Answer]:
    """Question → its grid of recorded values, and the answer for every combination of them."""
    return {name: table(question, most) for name, question in ALL.items()}


def table(question: Question, most: int | None, fixed: Mapping[str, list[str]] | None = None) -> Answer:
    """One question's recordings; keys are the values in the grid's order, joined by `&`, as in `ask.js`. `fixed` comes first."""
    grid = {}
    for name, kind in question.takes.items():
        values = list(dict.fromkeys([kind.default, *kind.recorded])) if most else list(kind.recorded)
        grid[name] = values[:most]
    grid |= fixed or {}
    answers = {"&".join(texts.values()): plain(question(texts)) for texts in question.combinations(grid)}
    return {"grid": grid, "answers": answers}


def exhibit_page(network: NetworkInHand, number: int) -> str:
    """One exhibit alone, about this network at its first step and first example, as one file that needs no server."""
    module = SLIDES[NUMBERS.index(number)]
    names = ["page", "hand", "how", *(question.name for question in module.QUESTIONS)]
    fixed = {"step": str(network.step), "ex": str(network.example)}
    with within(network):
        answers = {name: table(ALL[name], None, {k: [v] for k, v in fixed.items() if k in ALL[name].takes}) for name in names}
    return inlined(answers, {}, fonts.installed()).replace("<html ", f'<html data-only="slide-{number}" ', 1)


def inlined(answers: dict[str, Answer], runs: Answer, faced: bool = True) -> str:
    """The page as one file; the runs are separate from the answers, because they are unpacked only when the playground is shown.

    `faced`: with the page's book face; without it, the reader's own faces are used.
    """
    contents = {"recorded": answers, "recorded-runs": plain(runs), "words": words_of(language())}
    script = one_script(STATIC / "main.js")
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    page = PRELOADED.sub("", page if faced else page.replace(FACE, ""))
    page = STYLE.sub(lambda link: f"<style>\n{(STATIC / link[1]).read_text(encoding='utf-8')}</style>", page)
    if faced:
        page = with_face(page, script, contents)
    icon = base64.b64encode((STATIC / "icon.svg").read_bytes()).decode()
    page = page.replace('<html lang="en">', f'<html lang="{language()}">')
    page = page.replace('href="icon.svg"', f'href="data:image/svg+xml;base64,{icon}"')
    page = page.replace('<script type="module" src="main.js"></script>\n', "")
    carried = "".join(packed(name, content) for name, content in contents.items())
    return page.replace("</body>", f"{carried}<script>\n{script}</script>\n</body>")


def with_face(page: str, script: str, contents: Mapping[str, Answer]) -> str:
    """The page with its book face inside, of the letters that it, its script and its contents use."""
    letters = "".join(sorted(set().union(page, script, json.dumps(contents, ensure_ascii=False))))
    return FONT.sub(lambda font: f"url({fonts.reduced(font[1], letters)})", page)


def packed(name: str, content: Answer) -> str:
    """A script element that contains data only: mostly digits, compressed to a tenth, unpacked by the browser itself."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    return f'<script type="text/plain" id="{name}">{base64.b64encode(gzip.compress(text, 6, mtime=0)).decode()}</script>\n'


def one_script(entry: Path) -> str:
    """The module and its imports, in the order of their dependencies, as one plain script; a module may wait for what it loads."""
    names: dict[Path, str] = {}
    parts: list[str] = []

    def lay(path: Path) -> str:
        if path in names:
            return names[path]
        source = path.read_text(encoding="utf-8")

        def bind(found: re.Match[str]) -> str:
            other = lay((path.parent / found[2]).resolve())
            return f"const {{{found[1].replace(' as ', ': ')}}} = {other};"

        body = IMPORT.sub(bind, source)
        exported = EXPORT.findall(body)
        names[path] = f"module{len(names)}"
        parts.append(f"const {names[path]} = await (async () => {{\n{EXPORT.sub('', body)}\nreturn {{ {', '.join(exported)} }};\n}})();\n")
        return names[path]

    lay(entry.resolve())
    script = "".join(parts)
    if "</script" in script or re.search(r"^(import|export) ", script, re.MULTILINE):
        raise AssertionError("a module uses a form of import or export that the copy cannot lay into one script")
    return f'"use strict";\n(async () => {{\n{script}}})();\n'
