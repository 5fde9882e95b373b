"""Sheets as one HTML page that prints: without scripts, without anything from elsewhere. Every text is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from shoal.errors import OutputError
from shoal.files import refuse_unwritable, replacing
from shoal.web.exercises.parts import Array, Exercise, Part, Value
from shoal.web.exercises.sheet import ExerciseSheet, draw_sheets
from shoal.web.exhibits.predict import shown
from shoal.web.languages import ENGLISH, checked_language, language, speaking, tr

STYLE = Path(__file__).with_name("sheet.css")
LETTERS = "abcdefgh"


def write_sheets(file: Path, seed: int, count: int, lang: str = "en") -> tuple[Path, Path]:
    """Write the sheets, and their solutions beside them; returns both files.

    Raises
    ------
    OutputError
        One of the two cannot be written.
    InvalidParameterError
        A seed or a number of sheets that there is not.
    """
    if file.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{file} does not end in .html; give the name of an HTML file. The solutions are written beside it.")
    solutions = file.with_name(f"{file.stem}-solutions{file.suffix}")
    with speaking(checked_language(lang) or ENGLISH):
        sheets = draw_sheets(seed, count)
        pages = {solutions: page(sheets, True), file: page(sheets, False)}
    for target in (file, solutions):
        refuse_unwritable(target)
    for target, text in pages.items():
        with replacing(target) as out:
            out.write(text.encode("utf-8"))
    return file, solutions


def page(sheets: Sequence[ExerciseSheet], solved: bool) -> str:
    """The page of these sheets, each from a new page of paper on."""
    title = tr("Shallow neural networks: solutions") if solved else tr("Shallow neural networks: exercises")
    return (
        f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n"
        f'<body class="{"solved" if solved else "open"}">\n{"".join(sheet_html(s, solved) for s in sheets)}</body>\n</html>\n'
    )


def sheet_html(sheet: ExerciseSheet, solved: bool) -> str:
    """One sheet: its head, its network, its exercises."""
    title = tr("Solutions") if solved else tr("Exercises")
    name = "" if solved else f'<p class="name">{tr("Name")} <i></i></p>'
    intro = (
        tr("Computed by shoal’s textbook when this page was written. Each step shows four digits; the next was computed with all.")
        if solved
        else tr("All numbers are short: a pocket calculator is enough. Round at the end. Rows are units, columns are examples.")
    )
    given = [*sheet.network.parameters.named().items(), ("X", sheet.network.X), ("Y", sheet.network.Y)]
    return (
        f"<article>\n<header><h1>{tr('Shallow neural networks')} <span>{title}</span></h1>{name}"
        f'<p class="sheet">{tr("Sheet")} <b>{sheet.seed}</b> · code <b>{sheet.code}</b></p></header>\n<p class="intro">{intro}</p>\n'
        f'<section class="network"><h2>{tr("The network")}</h2>'
        f"<p>{tr('Two inputs, two tanh units, one sigmoid output; three examples.')}</p>"
        f"{values(given)}</section>\n"
        f"{''.join(exercise_html(e, solved) for e in sheet.exercises)}"
        f"<footer>{tr('shoal, after Aissa Boulmerka, Deep learning, chapter 2, “Shallow neural networks” (2023–2024).')} "
        f"{tr('Sheet')} {sheet.seed}, code {sheet.code}.</footer>\n</article>\n"
    )


def exercise_html(exercise: Exercise, solved: bool) -> str:
    """One exercise with its parts, lettered if there are several."""
    letters = [f"<b>({letter})</b> " if len(exercise.parts) > 1 else "" for letter in LETTERS]
    parts = "".join(part_html(part, letter, solved) for part, letter in zip(exercise.parts, letters, strict=False))
    head = f"<span>{exercise.slide}</span>{escape(tr(exercise.title))}<small>{escape(exercise.source)}</small>"
    return f"<section><h2>{head}</h2>{parts}</section>\n"


def part_html(part: Part, letter: str, solved: bool) -> str:
    """One question, with its solution or with room for it."""
    choices = "".join(f"<li>{escape(choice)}</li>" for choice in part.choices)
    asked = f"<p>{letter}{escape(part.asks)}</p>{values(part.given)}" + (f'<ul class="choices">{choices}</ul>' if choices else "")
    if solved:
        steps = "".join(f"<li>{escape(step)}</li>" for step in part.steps)
        below = f'<ol class="steps">{steps}</ol><div class="result">{values(part.result)}</div>'
    else:
        below = f'<div class="room">{"<i></i>" * part.room}</div>'
    return f'<div class="part">{asked}{below}</div>'


def values(named: Mapping[str, Value] | Iterable[tuple[str, Value]]) -> str:
    """Names with their values, side by side."""
    pairs = named.items() if isinstance(named, Mapping) else named
    written = "".join(f'<span class="value"><span>{escape(name)} =</span>{value_html(value)}</span>' for name, value in pairs)
    return f'<div class="values">{written}</div>' if written else ""


def value_html(value: Value) -> str:
    """A matrix in brackets; a number or words as they are. A matrix with one number is that number."""
    if isinstance(value, np.ndarray) and value.size > 1:
        return matrix(value)
    return f"<span>{escape(value if isinstance(value, str) else shown(np.ravel(value)[0]))}</span>"


def matrix(values: Array) -> str:
    """The rows of a matrix."""
    rows = "".join("<tr>" + "".join(f"<td>{escape(shown(v))}</td>" for v in row) + "</tr>" for row in values)
    return f"<table>{rows}</table>"
