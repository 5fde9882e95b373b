"""How sure, from a raw table on: intervals beside the answers, what they cover, and rows that are unlike the others."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, mean_pinball_loss

from shoal.cli.output import print_sureness
from shoal.cli.predict import predict_table
from shoal.errors import InvalidParameterError, UncalibratedWarning
from shoal.persistence import load, save
from shoal.report.contents import intervals_of
from shoal.table_models.fit import evaluate, fit
from shoal.table_models.predict import predictions

QUICK = {"n_networks": 4, "hidden_layer_sizes": 8, "max_iter": 20}


def houses(m=300, seed=0):
    rng = np.random.default_rng(seed)
    area, kind = rng.uniform(20, 200, m), rng.choice(["flat", "house"], m)
    price = 3 * area + 100 * (kind == "house") + 20 * rng.standard_normal(m)
    return pd.DataFrame({"area": area, "kind": kind, "price": price})


def dear(m=300, seed=0):
    """The same with a class in place of the price."""
    frame = houses(m, seed)
    return frame.assign(dear=frame.pop("price") > 400)


@pytest.fixture(scope="module")
def priced():
    return fit(houses(), "price", settings={**QUICK, "calibration": "cv+"})


def test_intervals_stand_beside_the_answers(priced, tmp_path):
    frame = houses(seed=1)
    answers = predictions(priced, frame, interval=0.8)
    assert list(answers) == ["price", "price_lower", "price_upper"]
    assert np.all(answers["price_lower"] < answers["price"])
    assert np.all(answers["price"] < answers["price_upper"])
    inside = (answers["price_lower"] <= frame["price"]) & (frame["price"] <= answers["price_upper"])
    assert abs(inside.mean() - 0.8) < 3 * np.sqrt(0.16 / 240 + 0.16 / 300)  # 240 rows to calibrate on, 300 to look at
    frame.to_csv(tmp_path / "new.csv", index=False)
    predict_table(priced, tmp_path / "new.csv", tmp_path / "out.csv", 0.8)
    np.testing.assert_allclose(pd.read_csv(tmp_path / "out.csv"), answers, rtol=1e-9)


def test_every_target_has_its_ends():
    frame = houses().assign(rent=lambda f: f["price"] / 100)
    model = fit(frame, ["price", "rent"], settings={**QUICK, "calibration": "split"})
    wanted = ["price", "price_lower", "price_upper", "rent", "rent_lower", "rent_upper"]
    assert list(predictions(model, frame, interval=0.9)) == wanted


def test_coverage_and_reliability_are_said(priced, tmp_path, capsys):
    frame = houses(500, seed=2)
    found = evaluate(priced, frame)
    ends = predictions(priced, frame, interval=0.9)
    inside = (ends["price_lower"] <= frame["price"]) & (frame["price"] <= ends["price_upper"])
    assert found.sureness["coverage_90"] == pytest.approx(inside.mean(), abs=1e-12)
    assert found.sureness["width_90"] == pytest.approx((ends["price_upper"] - ends["price_lower"]).mean(), rel=1e-9)
    levels = (np.arange(10) + 0.5) / 10
    losses = [
        mean_pinball_loss(frame["price"], each, alpha=q) for q, each in zip(levels, priced.predict_quantiles(frame, levels).T, strict=True)
    ]
    assert found.sureness["crps"] == pytest.approx(2 * np.mean(losses), rel=1e-9)
    pinball = [mean_pinball_loss(frame["price"], ends[name], alpha=q) for name, q in (("price_lower", 0.05), ("price_upper", 0.95))]
    assert found.sureness["interval_score_90"] == pytest.approx(2 / 0.1 * sum(pinball), rel=1e-9)  # Gneiting and Raftery, section 6.2
    assert set(priced.facts_.sureness) == {"coverage_90", "width_90", "interval_score_90", "crps"}
    assert load(save(priced, tmp_path / "m.shoal")).facts_ == priced.facts_
    print_sureness(found.sureness)
    assert f"90 % intervals cover {inside.mean():.1%} of these rows" in capsys.readouterr().out


@pytest.mark.parametrize("calibration", ["split", "cv+"])
@pytest.mark.parametrize("m", [10, 12, 20, 23, 24, 30, 60, 90, 100, 130])
def test_few_calibration_rows_are_scored_as_far_as_they_reach(m, calibration):
    """A 90 % interval needs nine of them, the quantile 0.05 nineteen: without those, the score is left out and nothing fails."""
    model = fit(houses(m), "price", settings={**QUICK, "n_networks": 2, "max_iter": 2, "calibration": calibration})
    n = len(model.network_.calibration.scores)
    wanted = ["coverage_90", "width_90", "interval_score_90"] if n >= 9 else []
    wanted += ["crps"] if n >= 19 else []
    assert list(model.facts_.sureness) == wanted
    assert list(evaluate(model, houses(5, seed=3)).sureness) == wanted


def test_without_calibration_no_coverage_is_claimed(capsys):
    model = fit(houses(), "price", settings=QUICK)
    assert evaluate(model, houses()).sureness == {}
    print_sureness({})
    assert capsys.readouterr().out == ""
    with pytest.warns(UncalibratedWarning):
        predictions(model, houses(), interval=0.9)


def test_intervals_of_few_rows_are_refused_and_nothing_is_written(tmp_path):
    frame = houses(30)
    model = fit(frame, "price", settings=QUICK)
    frame.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(InvalidParameterError, match=r"fit with calibration='cv\+', or to more rows"):
        predict_table(model, tmp_path / "new.csv", tmp_path / "out.csv", 0.9)
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]
    assert intervals_of(model["estimator"], model["prepare"].transform(frame)).note.startswith("There are no intervals: intervals were")


def test_classes_say_how_often_they_are_right(capsys):
    frame = dear()
    model = fit(frame, "dear", settings={**QUICK, "calibration": "temperature"})
    found = evaluate(model, frame).sureness
    p = predictions(model, frame)["P(dear=True)"]
    assert found["brier_score_loss"] == pytest.approx(brier_score_loss(frame["dear"], p), rel=1e-9)
    assert 0 <= found["calibration_error"] < 0.5
    print_sureness(found)
    assert "expected calibration error" in capsys.readouterr().out
    with pytest.raises(InvalidParameterError, match="dear is a class: use its probabilities"):
        predictions(model, frame, interval=0.9)


def test_several_labels_have_the_mean_of_their_scores():
    frame = dear().assign(large=lambda f: f["area"] > 100)
    model = fit(frame, ["dear", "large"], settings=QUICK)
    found = evaluate(model, frame).sureness
    shares = predictions(model, frame)
    scores = [brier_score_loss(frame[name], shares[f"P({name}=True)"]) for name in ("dear", "large")]
    assert found["brier_score_loss"] == pytest.approx(np.mean(scores), rel=1e-9)


def test_rows_unlike_the_others_are_counted_over_all_chunks(priced, tmp_path, monkeypatch):
    monkeypatch.setattr("shoal.cli.predict.CHUNK_ROWS", 40)
    frame = houses(120, seed=3)
    frame["area"] = frame["area"].clip(30, 180)  # well inside
    frame.loc[[5, 50, 100], "area"] = [1000.0, 1.0, 300.0]
    frame.to_csv(tmp_path / "new.csv", index=False)
    n_rows, (about,) = predict_table(priced, tmp_path / "new.csv", tmp_path / "out.csv")
    assert n_rows == 120
    assert str(about).startswith("3 of 120 rows are outside the range of the training rows, most (3) in 'area' (2")
    frame.drop(index=[5, 50, 100]).to_csv(tmp_path / "new.csv", index=False)
    assert predict_table(priced, tmp_path / "new.csv", tmp_path / "out.csv") == (117, [])
