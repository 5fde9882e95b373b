"""The page's book face, from the package that ships it: the same on every machine, so that text that fits here fits there.

The server sends the package's own files. A copy of the page has only the letters that it uses, under a name of its own, as the licence of
the face (SIL OFL 1.1) asks of a changed font. Such a face takes a second, so it is kept for the next process in the user's cache folder,
beside the compiled code and by the same rules: a whole file or none, checked before it is used.
"""

import base64
import hashlib
from contextlib import suppress
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from shoal.engine.jit.code_cache import Folder, load, made, roots, save

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


@lru_cache(maxsize=8)  # a second each, if it is not on disk
def reduced(address: str, letters: str) -> str:
    """The font of this address with these letters alone and the page's weights, as a `data:` address (WOFF)."""
    whole = files()[address].read_bytes()
    key = hashlib.sha256(_recipe() + letters.encode() + b"\0" + whole).digest()
    folder, name = _folder(), f"{key.hex()[:32]}.woff"
    face = load(folder, name, key) if folder else None
    if face is None:
        face = _made(whole, letters)
        if folder:
            save(folder, name, key, face)
    return f"data:font/woff;base64,{base64.b64encode(face).decode()}"


def _recipe() -> bytes:
    """What else a reduced face depends on: the lines of this module, and the package that reduces."""
    return hashlib.sha256(Path(__file__).read_bytes() + version("fonttools").encode()).digest()


@cache
def _folder() -> Folder | None:
    """Where reduced faces are kept, in the user's cache folder or beside it; None where they cannot be kept."""
    for place, root in roots():
        with suppress(OSError):
            return Folder(made(root, "faces", temporary=place == "temporary"))
    return None


def _made(whole: bytes, letters: str) -> bytes:
    """A font file with these letters alone and the page's weights, as WOFF."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    with TTFont(BytesIO(whole)) as font:
        wanted = subset.Subsetter(subset.Options(name_IDs=NAMES, layout_features=["kern"]))
        wanted.populate(text=letters)
        wanted.subset(font)
        instantiateVariableFont(font, KEPT, inplace=True)
        font["name"].setName(OURS, FAMILY, *WINDOWS)
        font.flavor = "woff"
        font.save(out := BytesIO())
    return out.getvalue()
