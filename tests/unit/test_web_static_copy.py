"""The copy without a server: one file that carries all it needs."""

import base64
import gzip
import json
import re

import pytest

pytest.importorskip("starlette")

from shoal.errors import OutputError
from shoal.web import static_copy
from shoal.web.playground import recording
from shoal.web.question import plain
from shoal.web.questions import ALL
from shoal.web.static_copy import export_static, one_script


# Answers that last seconds each are recorded among the slow tests.
@pytest.mark.parametrize("left_out", [{"race", "small", "compare"}, pytest.param(set(), marks=pytest.mark.slow)], ids=["quick", "whole"])
def test_the_copy_asks_nothing_of_anyone_and_its_answers_are_the_live_ones(tmp_path, monkeypatch, left_out):
    asked = {name: question for name, question in ALL.items() if name not in left_out}
    monkeypatch.setattr(static_copy, "ALL", asked)
    if left_out:
        monkeypatch.setattr(recording, "RUNS", {name: (settings, 60) for name, (settings, _) in recording.RUNS.items()})
    page = export_static(tmp_path / "copy", most=1).read_text()
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    assert "import {" not in page
    packed = re.search(r'id="recorded">([^<]*)<', page)[1]
    answers = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert set(answers) == set(asked)
    assert list(answers["hand"]["answers"].values()) == [json.loads(json.dumps(plain(ALL["hand"]({}))))]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        export_static(tmp_path / "file", most=1)


def test_modules_become_one_script_in_the_order_in_which_they_need_each_other(tmp_path):
    (tmp_path / "b.js").write_text("export const two = 2;\nexport async function f() {}\n")
    (tmp_path / "a.js").write_text('import { two as zwei } from "./b.js";\nconsole.log(zwei);\n')
    script = one_script(tmp_path / "a.js")
    assert script.index("const two = 2;") < script.index("const { two: zwei } = module0;")
    assert "return { two, f };" in script
