"""The blocks of Python in the documentation run as they are printed: those of a page one after the other, in a folder of their own."""

import re
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="some pages draw")
DOCS = Path(__file__).parents[2] / "docs"
ELSEWHERE = {"cheat-sheet.md": "test_readme.py", "scale.md": "needs a cluster, an accelerator and a file larger than memory"}
MODEL = """
import numpy as np, pandas as pd, shoal
from shoal import ShoalRegressor
rng = np.random.default_rng(0)
table = pd.DataFrame({"age": rng.normal(40, 9, 90), "hours": rng.normal(38, 5, 90)})
table["income"] = np.where(table["age"] + rng.normal(0, 3, 90) > 40, ">50K", "<=50K")
table.to_csv("adult.csv.gz", index=False)
model = shoal.fit("adult.csv.gz", target="income", settings={"max_iter": 5})
X, y = table[["age", "hours"]].to_numpy(), table["age"].to_numpy()
"""
GIVEN = {  # what a page's text says the reader has
    "diagnosis.md": MODEL + "model = ShoalRegressor(init='zeros', activation='tanh', n_networks=1, max_iter=5).fit(X, y)",
    "report.md": MODEL + "estimator, X_test, y_test = ShoalRegressor(max_iter=5, random_state=0).fit(X, y), X, y\nX_train, y_train = X, y",
}


def blocks(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


PAGES = [page.name for page in sorted(DOCS.glob("*.md")) if blocks(page) and page.name not in ELSEWHERE]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names = {"__name__": "__main__"}
    exec(GIVEN.get(page, ""), names)
    for block in blocks(DOCS / page):
        exec(compile(block, page, "exec"), names)


def test_pages_whose_blocks_do_not_run_here_at_least_parse():
    for page in ELSEWHERE:
        for block in blocks(DOCS / page):
            compile(block, page, "exec")
