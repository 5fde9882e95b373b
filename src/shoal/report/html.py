"""HTML fragments made of untrusted text: any name in a table stays text."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from shoal.export.portable import printable

# No external script, font or picture: no name in a table can make a page load one either.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, parts: Iterable[str], links: str = "") -> str:
    """A whole page of these parts under a title, in one file that needs nothing else; `links` lead to its sections."""
    style = files("shoal.report").joinpath("page.css").read_text("utf-8")
    lines = (
        "<!DOCTYPE html>",
        '<html lang="en">',
        '<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>",
        f"<body>\n<main>\n<h1>{text(title)}</h1>{links}",
        *parts,
        "</main>\n</body>\n</html>\n",
    )
    return "\n".join(lines)


def text(value: object) -> str:
    """Any text without mark-up; control characters and characters that change the reading direction are escaped."""
    return escape(printable(str(value)))


def paragraph(content: object, kind: str = "") -> str:
    """A paragraph; empty text gives nothing."""
    if not str(content):
        return ""
    return f"<p{of_kind(kind)}>{text(content)}</p>"


def of_kind(kind: str) -> str:
    """The attribute of a kind; empty for none."""
    return f' class="{kind}"' if kind else ""


def table(header: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str = "", numbers: Sequence[int] = ()) -> str:
    """A table whose first column names its lines; a cell of `Best` is set in bold."""
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in header)
    body = "".join("<tr>" + "".join(cell(value, place, place in numbers) for place, value in enumerate(row)) + "</tr>" for row in rows)
    content = f"<caption>{text(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table>{content}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


class Best(str):
    """A cell that is the best of its line."""


def cell(value: object, place: int, number: bool) -> str:
    """One cell of a table."""
    if place == 0:
        return f'<th scope="row">{text(value)}</th>'
    kinds = " ".join(name for name, wanted in (("number", number), ("best", isinstance(value, Best))) if wanted)
    return f"<td{of_kind(kinds)}>{text(value)}</td>"


def section(name: str, title: str, *parts: str) -> str:
    """A section of the page; the list at the top links to it."""
    return f'<section id="{name}"><h2>{text(title)}</h2>{"".join(parts)}</section>'


def number(value: float) -> str:
    """Four significant digits; from ten thousand to 10⁹ as integers, which are easier to read than powers of ten."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
