"""The page's tables of words: every key has an entry, no entry is left over, and both sides have the same places."""

import base64
import gzip
import json
import re

import numpy as np
import pytest

import page_words

pytest.importorskip("starlette")

from asgi import OWN, ask
from shoal.errors import InvalidParameterError
from shoal.inspection import Costs
from shoal.inspection.findings import dead, diverging, overfitting, saturated, twin, unscaled_inputs
from shoal.web import static_copy
from shoal.web.languages import decimal, grouped, languages, preferred, speaking, table, tr
from shoal.web.playground.finding_words import described
from shoal.web.questions import ALL
from shoal.web.server import app, serve

KEYS = page_words.keys()
OTHERS = [name for name in languages() if name != "en"]
MARKUP = re.compile(r"<(?!/?kbd)[^>]*>")  # the keys of a keyboard have names of their own in each language


@pytest.mark.parametrize("name", OTHERS)
def test_every_key_of_the_page_has_an_entry_and_none_is_left_over(name):
    entries = set(table(name)) - {""}
    assert {key: sorted(KEYS[key]) for key in KEYS.keys() - entries} == {}
    assert entries - KEYS.keys() == set()


@pytest.mark.parametrize("name", OTHERS)
def test_both_sides_have_the_same_places_and_the_same_elements(name):
    pairs = {key: words for key, words in table(name).items() if key}
    assert {k: w for k, w in pairs.items() if sorted(page_words.PLACE.findall(k)) != sorted(page_words.PLACE.findall(w))} == {}
    assert {k: w for k, w in pairs.items() if sorted(MARKUP.findall(k)) != sorted(MARKUP.findall(w))} == {}
    assert {k: w for k, w in pairs.items() if k[:1].isspace() or k[-1:].isspace() or not w.strip()} == {}, "words, not the gaps around them"


def test_french_has_the_spaces_that_its_marks_need():
    """A plain space before a mark lets the line break there; none at all is English."""
    alone = r"<(c-eq|code|kbd)>.*?</\1>|<[^>]*>|&lt;|«\u00a0.*?\u00a0»"  # a title in quotation marks stays as it is
    texts = [re.sub(alone, "", words) for key, words in table("fr").items() if key]
    faults = [t for t in texts if re.search(r" [;:!?%»](?!=)|« |[\w)][;!?](?!\w)|\w:(?= )|\d%|'", t)]
    assert faults == []


def test_the_page_offers_the_languages_that_have_a_table():
    source = (page_words.STATIC / "lib" / "words.js").read_text(encoding="utf-8")
    offered = re.search(r"LANGUAGES = \{(.*?)\}", source)
    assert offered
    assert tuple(re.findall(r"(\w+):", offered[1])) == languages()


def test_python_words_and_numbers_follow_the_language():
    with speaking("fr"):
        assert tr("step {0}", **{"0": 7}) == "itération 7"
        assert (decimal("1.25"), grouped(1234567)) == ("1,25", "1\u202f234\u202f567")
        assert tr("words without an entry") == "words without an entry"
    assert (tr("cost"), decimal("1.25"), grouped(1234567)) == ("cost", "1.25", "1,234,567")


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("fr", "fr"),
        ("fr-DZ,fr;q=0.9,en;q=0.5", "fr"),
        ("en-US,en;q=0.9,fr;q=0.8", "en"),
        ("de,fr;q=0.3,en;q=0.2", "fr"),
        ("en;q=0.1,fr;q=0.9", "fr"),
        ("de", "en"),
        ("", "en"),
        ("*;q=, ;;", "en"),
    ],
)
def test_a_request_gets_the_first_of_its_languages_that_the_page_has(accepted, chosen):
    assert preferred(accepted) == chosen


def test_answers_are_kept_for_each_language_apart():
    one = app()
    titles = [
        json.loads(ask(one, "GET", "/api/ask/page", headers=[*OWN, ("accept-language", name)])[2])["manifest"]["slides"][1]["title"]
        for name in ("fr", "en", "fr")
    ]
    assert titles == ["Une unité", "A unit", "Une unité"]


def test_a_language_that_the_page_has_not_is_named_before_anything_opens():
    with pytest.raises(InvalidParameterError, match=r"lang='xx' is not a language of the page; choose one of en, fr"):
        serve(lang="xx")


def found_by_the_library():
    """A finding of every kind that the playground shows, with every wording that it has."""
    for group in ([2], [0, 1, 3], list(range(9))):
        units = np.array(group)
        yield saturated(units, np.full(9, 0.955), "tanh")
        yield dead(units, 320, "relu")
        yield from (twin(units, exact) for exact in (True, False))
    for last in (2.5, float("inf")):
        yield from diverging([0.7, 0.5, last], 3.0)
    held = [0.7, 0.5, 0.4, *np.linspace(0.42, 0.9, 40)]
    yield from overfitting([Costs(t, 0.7 / (t + 1), cost) for t, cost in enumerate(held)])
    rng = np.random.default_rng(0)
    yield from unscaled_inputs(rng.normal(size=(200, 2)) * [1, 2000], ["x1", "x2"])
    yield from unscaled_inputs(rng.normal([0, 2000], size=(200, 2)), ["x1", "x2"])


def test_every_finding_of_the_playground_is_known_whatever_its_numbers():
    every = list(found_by_the_library())
    assert {f.kind for f in every} == {"saturated", "dead", "identical", "diverging", "overfitting", "unscaled"}
    with speaking("fr"):
        both = [(f, described(f)) for f in every]
    same = [text for f, shown in both for text in (f.evidence, f.advice) if text in (shown["evidence"], shown["advice"])]
    assert same == []
    shown = both[0][1]
    assert shown["evidence"] == "Unité 3\u00a0: pente sous 0,01 sur au moins 96\u202f% des lignes\u202f; tanh y est près de sa limite."
    assert described(every[0])["evidence"] == every[0].evidence, "English is the library's own"


def test_the_copy_in_french_carries_french_answers_and_its_table(tmp_path, monkeypatch):
    kept = ("page", "predict_4", "hand")
    monkeypatch.setattr(static_copy, "ALL", {name: ALL[name] for name in kept})
    monkeypatch.setattr(static_copy, "recordings", lambda most: {})
    page = static_copy.export_static(tmp_path, most=1, lang="fr").read_text(encoding="utf-8")

    def carried(name):
        return json.loads(gzip.decompress(base64.b64decode(re.search(rf'id="{name}">([^<]*)<', page)[1])))

    assert '<html lang="fr">' in page
    assert carried("words") == table("fr")
    answers = carried("recorded")
    assert next(iter(answers["page"]["answers"].values()))["manifest"]["slides"][0]["title"] in table("fr").values()
    assert next(iter(answers["predict_4"]["answers"].values()))["asks"].startswith("X est (2, 400)")
