"""The page's book face, from the package that ships it: the same on every machine, so that text that fits here fits there.

The server sends the package's own files. A copy of the page has only the letters that it uses, under a name of its own, as the licence of
the face (SIL OFL 1.1) asks of a changed font.
"""

import base64
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

FACE = "Source Serif 4"
STYLES = {"upright": "normal", "italic": "italic"}
OURS = "shoal serif"  # the family's name in `style/fonts.css`
KEPT = {"wght": (400, 700), "opsz": 14}  # what the page uses; one optical size, that of text, for a third of the bytes
FAMILY, NAMES = 1, [0, 1, 13, 14]  # in a font: copyright, family, licence, where to read it
WINDOWS = (3, 1, 0x409)  # the platform, encoding and language whose names browsers read


def installed() -> bool:
    """Whether the packages of `shoal[chapter]` that this module needs are there."""
    return all(find_spec(name) for name in ("fontpkg", "fontpkg_source_serif_4", "fontTools"))


@lru_cache(maxsize=1)
def files() -> dict[str, Path]:
    """The address of each style → its file."""
    import fontpkg

    return {f"/fonts/{name}.ttf": fontpkg.path(FACE, style=style) for name, style in STYLES.items()}


@lru_cache(maxsize=8)  # seconds each
def reduced(address: str, letters: str) -> str:
    """The font of this address with these letters alone and the page's weights, as a `data:` address (WOFF)."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    with TTFont(files()[address]) as font:
        wanted = subset.Subsetter(subset.Options(name_IDs=NAMES, layout_features=["kern"]))
        wanted.populate(text=letters)
        wanted.subset(font)
        instantiateVariableFont(font, KEPT, inplace=True)
        font["name"].setName(OURS, FAMILY, *WINDOWS)
        font.flavor = "woff"
        font.save(out := BytesIO())
    return f"data:font/woff;base64,{base64.b64encode(out.getvalue()).decode()}"
