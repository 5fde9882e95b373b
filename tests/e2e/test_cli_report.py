"""`shoal diagnose` and `shoal report`: what a person gets, and that a failure leaves nothing and loses nothing."""

import numpy as np
import pandas as pd
import pytest
from e2e_shell import answer, answer_json, command, refusal

import shoal

QUICK = {"n_networks": 2, "max_iter": 20}


def people(n=240):
    """Rows with a column that is made of the target."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"age": rng.uniform(18, 80, n).round(), "town": rng.choice(["Ulm", "Jena", "Bonn"], n), "height": rng.normal(170, 9, n)}
    )
    frame["bought"] = np.where(frame["age"] + 12 * rng.standard_normal(n) > 50, "yes", "no")
    frame["refund"] = np.where(frame["bought"] == "yes", rng.uniform(5, 9, n), 0.0)
    return frame


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two tables and their models."""
    folder = tmp_path_factory.mktemp("models")
    frame = people()
    frame.to_csv(folder / "leak.csv", index=False)
    frame.drop(columns="refund").to_csv(folder / "people.csv", index=False)
    shoal.save(shoal.fit(folder / "leak.csv", "bought", settings=QUICK), folder / "leak.shoal")
    shoal.save(shoal.fit(folder / "people.csv", "bought", settings=QUICK), folder / "people.shoal")
    return folder


def test_diagnose_names_the_column_that_gives_the_answer_away(place):
    found = answer_json(command("diagnose", "leak.shoal", "leak.csv", "--json", cwd=place))
    # Twenty epochs end early, which is found too.
    assert [(f["kind"], f["columns"]) for f in found["findings"]] == [("ended early", []), ("leakage", ["refund"])]
    said = answer(command("diagnose", "leak.shoal", "leak.csv", cwd=place))
    assert "a column that determines the target" in said
    assert "'refund' alone removes" in said


def test_diagnose_leaves_a_healthy_model_in_peace(place):
    assert answer(command("diagnose", "people.shoal", "people.csv", cwd=place)) == "No findings on 240 rows of people.csv.\n"


def test_diagnose_refuses_a_table_without_the_target(place, tmp_path):
    people().drop(columns=["refund", "bought"]).to_csv(tmp_path / "new.csv", index=False)
    assert "bought" in refusal(command("diagnose", place / "people.shoal", "new.csv", cwd=tmp_path))


def test_a_report_is_one_file_that_a_browser_shows_without_a_word(place, tmp_path, browser):
    pytest.importorskip("matplotlib")
    said = answer(command("report", place / "people.shoal", place / "people.csv", "-o", "r.html", cwd=tmp_path))
    assert said == "report written to r.html\n"
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    assert (tmp_path / "r.html").stat().st_size < 3_000_000
    heard, asked = [], []
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
        page.on("console", lambda message: heard.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{tmp_path / 'r.html'}")
        ink = page.evaluate("getComputedStyle(document.querySelector('svg text')).fill")
        assert ink == {"light": "rgb(29, 33, 40)", "dark": "rgb(230, 232, 236)"}[scheme], "figures follow the page"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing reaches beyond a telephone's screen"
        page.close()
    assert heard == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}


def test_fit_writes_the_report_beside_the_model(place, tmp_path):
    pytest.importorskip("matplotlib")
    quick = [w for name, value in QUICK.items() for w in ("--set", f"{name}={value}")]
    said = answer(command("fit", place / "people.csv", "--target", "bought", *quick, "-o", "m.shoal", "--report", "r.html", cwd=tmp_path))
    assert "report written to r.html" in said
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "shoal fit people.csv --target bought --task classification" in page
    assert "histogram boosting" in page


REFUSED = {
    "no folder": (("report", "MODEL", "TABLE", "-o", "none/r.html"), "There is no folder"),
    "the model itself": (("report", "MODEL", "TABLE", "-o", "MODEL"), "the same file"),
    "the table itself": (("report", "MODEL", "TABLE", "-o", "TABLE"), "the same file"),
    "a table that does not fit": (("report", "MODEL", "other.csv", "-o", "kept"), "bought"),
    "a report in the place of the table": (("fit", "TABLE", "--target", "bought", "-o", "m.shoal", "--report", "TABLE"), "the same file"),
    "a report in the place of the model": (("fit", "TABLE", "--target", "bought", "-o", "kept", "--report", "kept"), "the same file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_leave_nothing_and_lose_nothing(place, tmp_path, name):
    arguments, words = REFUSED[name]
    (tmp_path / "kept").write_text("old")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    files = {"MODEL": place / "people.shoal", "TABLE": place / "people.csv"}
    before = {path: path.read_bytes() for path in files.values()}
    assert words in refusal(command(*(files.get(word, word) for word in arguments), cwd=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "other.csv"]
    assert (tmp_path / "kept").read_text() == "old"
    assert {path: path.read_bytes() for path in files.values()} == before
