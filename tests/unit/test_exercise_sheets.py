"""Sheets of exercises: every result recomputed with plain NumPy from what the sheet prints, and the files that are written."""

import re
import subprocess
import sys
from html import unescape

import numpy as np
import pytest
from typer.testing import CliRunner

from shoal.cli import app
from shoal.errors import InvalidParameterError, OutputError
from shoal.web import write_exercises
from shoal.web.exercises.page import page
from shoal.web.exercises.parts import Part
from shoal.web.exercises.sheet import LAST_SEED, MOST, draw_sheet, draw_sheets
from shoal.web.exhibits.predict import shown

SEEDS = (0, 1, 2, 17, 500, LAST_SEED)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def by_numpy(sheet):
    """Slide → the results of its parts, from the printed numbers and formulas alone."""
    p, X, Y = sheet.network.parameters, sheet.network.X, sheet.network.Y
    W1, b1, W2, b2, x, y = p.W1, p.b1, p.W2, p.b2, X[:, :1], Y[:, :1]
    parts = {e.slide: e.parts for e in sheet.exercises}
    given = {slide: {k: v for part in found for k, v in part.given} for slide, found in parts.items()}
    asked = {slide: [numbers(part.asks) for part in found] for slide, found in parts.items()}
    z1 = W1 @ x + b1
    a1 = np.tanh(z1)
    z2 = W2 @ a1 + b2
    a2 = sigmoid(z2)
    dz2 = a2 - y
    dz1 = W2.T * dz2 * (1 - a1**2)
    w, b, own = (given[1][k] for k in ("w", "b", "x"))
    z = float(w[:, 0] @ own[:, 0] + b[0, 0])
    n_x, n_h, n_y = (int(v) for v in asked[2][0][:3])
    at, mirrored = asked[6][0][0], asked[6][1][0]
    slope_at, alpha, (inputs, units) = asked[8][0][0], asked[9][0][0], asked[12][1][:2]
    r, large = given[12]["r"], given[12]["x"]
    p9, Y9 = sigmoid(given[9]["Z2"]), given[9]["Y"]
    several, m = asked[4][1][1], int(asked[4][1][3])
    a, c = given[13]["a"][0], given[13]["b"][0]
    return {
        1: [{"z": z, "a": sigmoid(z), "class": "1" if z > 0 else "0"}, {"distance": -2 * b[0, 0] / np.sqrt((w**2).sum())}],
        2: [
            {
                "W1": f"({n_h}, {n_x})",
                "b1": f"({n_h}, 1)",
                "W2": f"({n_y}, {n_h})",
                "b2": f"({n_y}, 1)",
                "parameters": count(n_x, n_h, n_y),
            },
            {"parameters": count(n_x, n_h + 1, n_y)},
        ],
        3: [{"Z1": z1, "A1": a1}, {"Z2": z2, "A2": a2, "L": -np.log(a2 if y[0, 0] else 1 - a2).item()}],
        4: [
            {"Z1": np.column_stack([W1 @ X[:, i] + b1[:, 0] for i in range(3)])},
            {"X": f"(2, {m})"} | {k: f"({int(several)}, {m})" for k in ("Z1", "A1")} | dict.fromkeys(("Z2", "A2"), f"(1, {m})"),
        ],
        5: [{"changes": "only its second column"}, {"W1 x(2)": W1 @ given[5]["x(2)"]}, None],
        6: [
            {
                "sigmoid": np.array([[sigmoid(at), sigmoid(-at)]]),
                "tanh": np.array([[np.tanh(at), np.tanh(-at)]]),
                "ReLU": np.array([[at, 0.0]]),
                "leaky ReLU": np.array([[at, -0.01 * at]]),
            },
            {"σ(−z)": sigmoid(-mirrored)},
        ],
        7: [{"units": "identity"}, {"W": W2 @ W1, "b": W2 @ b1 + b2}],
        8: [
            {"tanh′(z)": 1 / np.cosh(slope_at) ** 2, "σ′(z)": np.exp(-slope_at) / (1 + np.exp(-slope_at)) ** 2},
            {"ReLU′": np.array([[1.0, 0.0]]), "leaky ReLU′": np.array([[1.0, 0.01]]), "identity′": np.array([[1.0, 1.0]])},
        ],
        9: [
            {"W1": W1 - alpha * given[9]["dW1"], "b1": b1 - alpha * given[9]["db1"]},
            {"J": float(-np.mean(Y9 * np.log(p9) + (1 - Y9) * np.log(1 - p9)))},
        ],
        10: [
            {"dZ2": dz2, "dW2": dz2 @ a1.T, "db2": dz2},
            {"dZ1": dz1, "dW1": dz1 @ x.T, "db1": dz1},
            {"np.sum(dZ1, axis=1)": "(2,)", "with keepdims=True": "(2, 1)", "b1 without": "(2, 2)", "b1 with": "(2, 1)"},
        ],
        11: [
            {"A1": np.zeros((2, 1)), "A2": 0.5, "dZ2": 0.5 - y, "dW2": np.zeros((1, 2)), "dW1": np.zeros((2, 2)), "db2": 0.5 - y},
            {"different rows": "one"},
        ],
        12: [
            {f"z (s = {s:g})": s * (r @ large).item() for s in (0.01, 10)}
            | {f"slope (s = {s:g})": 1 - np.tanh(s * (r @ large).item()) ** 2 for s in (0.01, 10)}
            | {"learns with": "s = 0.01"},
            {"He": np.sqrt(2 / inputs), "Xavier": np.sqrt(2 / (inputs + units))},
        ],
        13: [{"c": np.cumsum(a * c)[None], "np.dot(a, b)": float(a @ c)}, {"about": numbers(parts[13][1].asks)[0] / 4}],
    }


def count(n_x, n_h, n_y):
    return n_h * n_x + n_h + n_y * n_h + n_y


def numbers(text):
    """The numbers of a question, in its order: those that do not belong to a name such as W1 or b2."""
    return [float(v.replace(",", "").replace("−", "-")) for v in re.findall(r"(?<![\w(.])−?\d[\d,]*(?:\.\d+)?", text)]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_result_is_that_of_plain_numpy(seed):
    sheet = draw_sheet(seed)
    expected = by_numpy(sheet)
    assert [e.slide for e in sheet.exercises] == list(expected) == list(range(1, 14)), "an exercise for every slide"
    for exercise in sheet.exercises:
        for part, wanted in zip(exercise.parts, expected[exercise.slide], strict=True):
            if wanted is None:
                continue  # NumPy's own broadcasting, below
            assert set(part.result) == set(wanted), exercise.slide
            for name, value in wanted.items():
                if isinstance(value, str):
                    assert part.result[name] == value, (exercise.slide, name)
                else:  # the same sums in another order, and a slope that cancels at tanh near 1
                    np.testing.assert_allclose(part.result[name], value, rtol=1e-9, atol=1e-15, err_msg=f"{exercise.slide} {name}")


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_to_compute_with_are_short_and_steps_end_in_the_result(seed):
    sheet = draw_sheet(seed)
    inputs = [*sheet.network.parameters, sheet.network.X, sheet.network.Y]
    inputs += [v for e in sheet.exercises for part in e.parts for name, v in part.given if name != "A2"]
    assert all(np.array_equal(values, np.round(values, 2)) and np.all(np.abs(values) <= 2) for values in inputs)
    for exercise in sheet.exercises:
        for part in exercise.parts:
            steps = " ".join(part.steps)
            assert part.asks
            assert part.steps
            for name, value in part.result.items():
                if isinstance(value, np.ndarray) and exercise.slide in (3, 4, 7, 9, 10):
                    assert all(shown(v) in steps for v in value.flat) or f"{name} = dZ" in steps, (exercise.slide, name)


def test_shapes_of_sums_are_numpys():
    for name, text in draw_sheet(3).exercises[4].parts[2].result.items():
        shapes = [tuple(int(n) for n in re.findall(r"\d+", part)) for part in name.split(" + ")]
        try:
            assert text == str(np.broadcast_shapes(*shapes))
        except ValueError:
            assert text == "an error"


@pytest.mark.slow
def test_a_seed_gives_the_same_bytes_in_another_process_and_another_seed_other_numbers(tmp_path):
    here, _ = write_exercises(tmp_path / "here.html", seed=7)
    lines = f"from shoal.web import write_exercises; write_exercises({str(tmp_path / 'there.html')!r}, seed=7)"
    subprocess.run([sys.executable, "-c", lines], check=True)
    assert here.read_bytes() == (tmp_path / "there.html").read_bytes()
    assert (tmp_path / "here-solutions.html").read_bytes() == (tmp_path / "there-solutions.html").read_bytes()
    sheets = draw_sheets(0, 60)
    assert len({sheet.code for sheet in sheets}) == 60
    assert len({sheet.network.parameters.W1.tobytes() for sheet in sheets}) == 60


def test_a_sheet_has_no_answers_and_its_solutions_have_all():
    sheet = draw_sheet(4)
    open_page, solved = page([sheet], solved=False), page([sheet], solved=True)
    assert sheet.code in open_page
    assert sheet.code in solved
    assert 'class="result"' not in open_page
    assert 'class="steps"' not in open_page
    parts = [part for e in sheet.exercises for part in e.parts]
    assert solved.count('class="result"') == len(parts) == open_page.count('class="room"')
    for text in (open_page, solved):
        assert not re.search(r"<script|(?:src|href)=|url\(|@import", text), "nothing is fetched, nothing runs"


def test_texts_are_escaped():
    from shoal.web.exercises.page import part_html

    part = Part("<u>a & b?", {"<i>": "<script>"}, ("<b>",), (("<s>", "<em>"),), ("<q>",))
    assert re.findall(r"<(?!/)(\w+)", part_html(part, "", solved=True)) == [
        "div",
        "p",
        "div",
        "span",
        "span",
        "span",
        "ul",
        "li",
        "ol",
        "li",
        "div",
        "div",
        "span",
        "span",
        "span",
    ]


@pytest.mark.parametrize(
    "arguments", [{"seed": -1}, {"seed": LAST_SEED + 1}, {"sheets": 0}, {"sheets": MOST + 1}, {"seed": LAST_SEED, "sheets": 2}]
)
def test_seeds_and_numbers_of_sheets_that_there_are_not(tmp_path, arguments):
    with pytest.raises(InvalidParameterError, match="outside"):
        write_exercises(tmp_path / "sheet.html", **arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["sheet", "sheet.pdf", "missing/sheet.html"])
def test_places_that_cannot_be_written(tmp_path, name):
    with pytest.raises(OutputError):
        write_exercises(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_solutions_that_cannot_be_written_leave_no_sheet_without_them(tmp_path):
    (tmp_path / "sheet-solutions.html").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_exercises(tmp_path / "sheet.html")
    assert not (tmp_path / "sheet.html").exists()


def test_the_command_writes_both_files_and_refuses_what_does_not_belong_together(tmp_path):
    run = CliRunner().invoke
    done = run(app, ["chapter", "--exercises", str(tmp_path / "week3.html"), "--seed", "5", "--sheets", "3"])
    assert done.exit_code == 0
    assert "week3-solutions.html" in done.output
    assert (tmp_path / "week3.html").read_text().count("<article>") == 3
    assert re.findall(r"Sheet <b>(\d+)<", (tmp_path / "week3-solutions.html").read_text()) == ["5", "6", "7"]
    assert isinstance(run(app, ["chapter", "--seed", "5"]).exception, InvalidParameterError)
    both = ["chapter", "--exercises", str(tmp_path / "a.html"), "--export", str(tmp_path / "copy")]
    assert isinstance(run(app, both).exception, InvalidParameterError)


def spoken(html):
    """The texts of a page, without the slides' own titles and the lecture's, which are English in every language."""
    body = re.sub(r"<style>.*?</style>|<small>.*?</small>|<footer>.*?</footer>", "", html, flags=re.DOTALL)
    return [unescape(text).strip() for text in re.findall(r">([^<]+)<", body) if text.strip()]


@pytest.mark.parametrize("seed", [1, 2, 17])
def test_a_french_sheet_has_the_same_numbers_and_no_english(seed, tmp_path):
    files = {lang: write_exercises(tmp_path / f"{lang}.html", seed, lang=lang) for lang in ("en", "fr")}
    english, french = ([file.read_text(encoding="utf-8") for file in files[lang]] for lang in ("en", "fr"))
    for in_english, in_french in zip(english, french, strict=True):
        assert '<html lang="fr">' in in_french
        texts = spoken(in_french)
        both = {text for text in set(texts) & set(spoken(in_english)) if re.search(r"[a-z]{3}", text)}
        same = re.compile(r"np\.\w+\(.*\)|axis=1|tanh|max|leaky|ReLU|Xavier|code|Solutions|distance|identit")
        assert {text for text in both if re.search(r"[a-z]{3}", same.sub("", text))} == set(), "what no table has"
        words = set(re.findall(r"[a-z]+", " ".join(texts).lower()))
        assert words & {"the", "of", "and", "with", "which", "is", "are", "by", "units", "examples", "compute", "without", "after"} == set()
        assert not re.search(r"\d\.\d", " ".join(texts)), "a decimal point"
        cells = [re.findall(r"<td>([^<]+)</td>", page) for page in (in_english, in_french)]
        assert [cell.replace(".", ",") for cell in cells[0]] == cells[1]


def test_a_sheet_in_a_language_that_there_is_not(tmp_path):
    with pytest.raises(InvalidParameterError, match="lang='xx' is not a language of the page; choose one of en, fr"):
        write_exercises(tmp_path / "a.html", lang="xx")
    assert list(tmp_path.iterdir()) == []
