"""The page's book face: served whole, and in a copy reduced to its letters."""

import base64
import json
import re
import sys
from io import BytesIO

import pytest

pytest.importorskip("starlette")
pytest.importorskip("fontpkg")
from fontTools.ttLib import TTFont

from shoal.web import fonts, server
from shoal.web.chapter import chapters
from shoal.web.server import files
from shoal.web.static_copy import STATIC, exhibit_page, inlined

LETTERS = "cost 0123456789"
SERIF = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in ("index.html", "words/fr.json"))


def faces(page):
    found = re.findall(r'"shoal serif"; src: url\(data:font/woff;base64,([^)]+)\)', page)
    return [TTFont(BytesIO(base64.b64decode(each))) for each in found]


def test_both_styles_are_files_of_the_page():
    style = (STATIC / "style/fonts.css").read_text(encoding="utf-8")
    wanted = re.findall(r"url\(\.\.(/[^)]+)\)", style)
    assert sorted(wanted) == sorted(fonts.files())
    for address in wanted:
        with TTFont(files()[address]) as font:
            weights = next(axis for axis in font["fvar"].axes if axis.axisTag == "wght")
        assert weights.minValue <= 400 < 700 <= weights.maxValue, "what the style declares"


def test_the_face_has_the_letters_of_both_languages():
    for path in fonts.files().values():
        with TTFont(path) as font:
            letters = font.getBestCmap()
        missing = {each for each in SERIF if each.isalpha() and ord(each) not in letters}
        assert missing <= {"ȳ", "ᵀ", "ₜ"}, "signs of formulas, which the next face of the list has"


def test_a_copy_has_its_own_letters_alone_under_our_name():
    page = inlined({"page": {"grid": {}, "answers": {"": {"says": "Ψ"}}}}, {})
    assert "fonts/upright.ttf" not in page
    assert "preload" not in page
    upright, italic = faces(page)
    for font in (upright, italic):
        letters = font.getBestCmap()
        assert all(ord(each) in letters for each in "aZ09" + "Ψ")
        assert ord("Ж") not in letters
        names = {name.nameID: str(name) for name in font["name"].names}
        assert names[fonts.FAMILY] == fonts.OURS
        assert "Open Font License" in names[13]
        assert not any("Source" in name for number, name in names.items() if number not in (0, 13, 14)), "a reserved name"
    assert len(json.dumps(page)) < 2_000_000


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cache folder of its own, and as many faces as were made, not read."""
    made = []
    make = fonts._made
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(fonts, "_made", lambda *given: made.append(given) or make(*given))
    new_process()
    yield tmp_path / "shoal" / "faces", made
    new_process()


def new_process():
    """Forget what one process remembers."""
    fonts._folder.cache_clear()
    fonts.reduced.cache_clear()


def test_the_next_process_reads_the_reduced_face(kept):
    folder, made = kept
    first = fonts.reduced("/fonts/upright.ttf", LETTERS)
    new_process()
    assert fonts.reduced("/fonts/upright.ttf", LETTERS) == first
    assert len(made) == 1
    assert [file.suffix for file in folder.iterdir()] == [".woff"], "nothing half-written"
    fonts.reduced("/fonts/upright.ttf", LETTERS + "Ψ")
    fonts.reduced("/fonts/italic.ttf", LETTERS)
    assert len(made) == len(list(folder.iterdir())) == 3, "other letters, another font: another face"


DAMAGES = lambda face: b"", lambda face: face[:-100], lambda face: face[:-1] + bytes([face[-1] ^ 1])


@pytest.mark.parametrize("damage", [DAMAGES[2], *(pytest.param(damage, marks=pytest.mark.slow) for damage in DAMAGES[:2])])
def test_a_damaged_face_is_made_again(kept, damage):
    folder, made = kept
    fonts.reduced("/fonts/upright.ttf", LETTERS)
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    for _ in range(2):
        new_process()
        face = fonts.reduced("/fonts/upright.ttf", LETTERS)
    assert len(made) == 2, "once for the damaged file, which then is whole"
    with TTFont(BytesIO(base64.b64decode(face.partition(",")[2]))) as font:
        assert ord("c") in font.getBestCmap()


def test_where_nothing_can_be_kept_the_face_is_made(kept, monkeypatch):
    _, made = kept
    monkeypatch.setattr(fonts, "roots", lambda: [("user's", fonts.Path(__file__))])
    for count in (1, 2):
        new_process()
        assert fonts.reduced("/fonts/upright.ttf", LETTERS).startswith("data:font/woff;base64,")
        assert len(made) == count


def test_without_the_packages_a_notebook_has_its_exhibit_and_the_page_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(fonts, "find_spec", lambda name: None)
    page = exhibit_page(chapters(), 8)
    assert "@font-face" not in page
    assert "fonts/" not in page
    fonts.files.cache_clear()
    monkeypatch.setitem(sys.modules, "fontpkg", None)
    server.files.cache_clear()
    with pytest.raises(ModuleNotFoundError) as missing:
        server.app()
    assert missing.value.name == "fontpkg", "which the command puts into its message"
    monkeypatch.undo()
    assert "/fonts/upright.ttf" in server.files()
