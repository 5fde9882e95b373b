"""The playground's runs: what fit would do, step by step; a bounded number of them; and what they refuse."""

import http.client
import json
import threading
from collections import deque

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("starlette")

import shoal
from shoal.engine.predict import logits
from shoal.errors import InvalidParameterError, TableError
from shoal.table import describe_columns
from shoal.web.guard import LARGEST_BODY
from shoal.web.playground.live import MOST_RUNS, Runs, TooManyRunsError
from shoal.web.playground.settings import RULES, STARTS, of_table
from shoal.web.playground.tables import Table
from shoal.web.playground.views import columns_record
from shoal.web.samples import SAMPLES, sample


def begun(**settings):
    return Runs().start({k: str(v) for k, v in settings.items()})


def until_it_ends(run):
    """Wait for the last frame of a run that plays: it says so itself, after the thread has decided to stop."""
    over = threading.Event()
    run.watchers.append(lambda: None if run.latest["playing"] else over.set())
    if not run.latest["playing"]:
        over.set()
    assert over.wait(30), "a run that should have ended plays on"


def by_the_lines(run):
    """The estimator that the run's own lines of Python make."""
    made = {}
    exec(run.take()["python"], made)
    return made["model"]


@pytest.mark.parametrize(
    "settings",
    [
        *({"solver": rule, "batch": 64, "rate": 0.01, "l2": 0.1} for rule in RULES),
        {"data": "blobs", "networks": 3, "init": "auto", "batch": 32, "standardize": "yes", "activation": "relu"},
        {"data": "surface", "loss": "huber", "init": "nguyen_widrow", "standardize": "yes", "hold_out": 0},
        {"data": "curve", "loss": "gaussian", "networks": 2, "init": "xavier", "rate": 0.02, "solver": "adam"},
    ],
    ids=str,
)
def test_steps_and_epochs_end_where_fit_ends(settings):
    run = begun(**settings)
    run.step(2)
    run.finish_epoch()
    run.finish_epoch()
    run.play(until=5 * run.training.batches)
    until_it_ends(run)
    model = by_the_lines(run)
    assert model.n_iter_ == run.training.epoch == 5
    for ours, theirs in zip(run.training.population.parameters, model.network_.population.parameters, strict=True):
        assert np.array_equal(ours, theirs)
    assert run.training.losses == pytest.approx(model.loss_curve_, rel=1e-12)


def test_back_is_where_it_was_and_forward_again_is_the_same():
    run = begun(solver="adam", rate=0.02, batch=32)
    seen = []
    for _ in range(15):  # past the end of an epoch of ten updates
        seen.append((run.training.t, run.training.judge()))
        run.step()
    for t, judged in reversed(seen[5:]):
        run.back()
        assert (run.training.t, run.training.judge()) == (t, judged)
    for t, judged in seen[5:]:
        assert (run.training.t, run.training.judge()) == (t, judged)
        run.step()
    for _ in range(20):
        run.back()
    assert run.training.t == 0, "before the beginning there is nothing"


def test_a_run_that_leaves_the_finite_numbers_says_so_and_stops():
    run = begun(data="surface", activation="identity", rate=100)
    run.play()
    until_it_ends(run)
    assert not run.playing
    assert not run.latest["alive"]
    assert run.latest["warnings"][0]["kind"] == "diverging"
    assert run.whole()
    run.back()


def test_what_diverged_is_shown_as_it_was_and_not_as_zeros():
    """The engine keeps zeros for networks that it no longer trains: nothing may be read from them."""
    run = begun(data="curve", rate=1.2)
    run.play()
    until_it_ends(run)
    training = run.training
    assert not training.run.active.any()
    assert all(np.any(w) for w in training.population.parameters)
    assert training.kept[-1].judged.train > 1e3
    assert "identical" not in {found["kind"] for found in run.latest["warnings"]}
    assert run.take()["diverged"]
    assert not run.take()["python"], "fit would raise, so no lines give this network"
    run.back()
    assert training.run.active.all()


def test_the_shoal_goes_on_without_a_member_that_diverged():
    """As in fit, the shoal's prediction is the mean of the others."""
    training = begun(data="curve", networks=2, rate=0.05, solver="adam", init="auto").training
    training.advance(20)
    alone = logits(training.population, training.on_train[0], "tanh")[1]
    training.diverged = training.population
    training.run.retire(np.array([True, False]))
    np.testing.assert_array_equal(training.answers(training.on_train[0]), alone)
    assert training.network().shares.tolist() == [0, 1]


@pytest.mark.parametrize("name", SAMPLES)
def test_each_set_starts_with_a_rule_that_works_for_it(name):
    """With the settings that a click on it gives, the cost falls below nine tenths of the first one in 600 updates, and stays finite."""
    run = begun(data=name, **STARTS[name])
    first = run.training.judge().train
    while run.training.t < 600:
        assert run.training.advance(64)
    assert run.training.judge().train < 0.9 * first


def test_the_lowest_held_out_cost_is_of_all_updates_those_no_longer_kept_too():
    run = begun(data="moons", points=60, noise=0.4, units=16, solver="adam", rate=0.1, init="auto", hold_out=0.5)
    run.training.kept = deque(run.training.kept, maxlen=5)
    costs = [run.training.judge().test]
    for _ in range(60):
        run.step(1)
        costs.append(run.training.kept[-1].judged.test)
    assert run.latest["lowest"] == (int(np.argmin(costs)), min(costs))
    assert run.latest["lowest"][0] < 55


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_seeded_and_have_their_columns(name):
    X, y = sample(name, 60, 0.1, 3)
    again, _ = sample(name, 60, 0.1, 3)
    assert np.array_equal(X, again)
    assert X.shape == (60, len(SAMPLES[name].columns))
    assert len(y) == 60


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"units": 65}, InvalidParameterError, "units=65 is outside 1 to 64"),
        ({"rate": "nan"}, InvalidParameterError, "rate=nan is outside"),
        ({"solver": "magic"}, InvalidParameterError, "choose one of descent"),
        ({"colour": "red"}, InvalidParameterError, "has no 'colour'"),
        ({"x": "x9"}, InvalidParameterError, "'x9' cannot be drawn"),
        ({"held": "[1]"}, InvalidParameterError, "not a JSON object"),
        ({"data": "own", "table": "gone"}, TableError, "Drop the file again"),
    ],
)
def test_settings_that_mean_nothing_are_refused_by_name(settings, error, words):
    with pytest.raises(error, match=words.replace("[", r"\[")):
        begun(**settings)


def test_a_thousand_runs_asked_for_are_a_few_and_a_refusal(monkeypatch):
    monkeypatch.setattr("shoal.web.playground.live.LEFT_ALONE", 1e9)  # however long a thousand take on a busy machine
    runs, refused = Runs(), 0
    for _ in range(1000):
        try:
            runs.start({})
        except TooManyRunsError as full:
            refused += "Close another tab" in str(full)
    assert len(runs) == MOST_RUNS
    assert refused == 1000 - MOST_RUNS


def test_a_run_nobody_watches_stops_by_itself(monkeypatch):
    monkeypatch.setattr("shoal.web.playground.live.UNWATCHED", 0.05)
    run = begun()
    run.play()
    run._thread.join(30)  # no watcher to tell of its end: that is the point
    assert not run.playing


def ask(port, path, method="POST", body=b"{}", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, {"Origin": f"http://127.0.0.1:{port}"} | (headers or {}))
    answer = connection.getresponse()
    got = answer.status, answer.read()
    connection.close()
    return got


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "words"),
    [
        ("/api/runs", b"{}", {"Origin": "http://evil.example"}, 403, "are refused"),
        ("/api/runs", b"{}", {"Host": "evil.example"}, 421, "accepts only the host"),
        ("/api/runs", b"[1]", {}, 400, "one JSON object"),
        ("/api/runs", b"{" * 70_000, {}, 400, "longer than"),
        ("/api/runs/nothing/step", b"{}", {}, 404, "no longer live"),
        ("/api/tables?name=a.csv", b"\x89PNG\0", {}, 400, "a.csv is an image (PNG), not a table"),
        ("/api/tables?name=../../a.csv", b"a\n1\n", {}, 400, "a.csv has only one column"),
        ("/api/tables?name=a.csv", b"", {}, 400, "empty"),
    ],
)
def test_nonsense_is_answered_in_words(port, path, body, headers, status, words):
    got, answer = ask(port, path, body=body, headers=headers)
    assert got == status
    assert words in json.loads(answer)["error"]
    assert ask(port, "/api/runs", "GET")[0] == 200


def test_commands_are_obeyed_and_unknown_ones_named(port):
    key = json.loads(ask(port, "/api/runs")[1])["id"]
    assert json.loads(ask(port, f"/api/runs/{key}/step", body=b'{"n": 3}')[1])["t"] == 3
    for name, body, words in (
        ("fly", b"{}", "there is no command"),
        ("step", b'{"n": "x"}', "whole number"),
        ("view", b'{"held": 3}', "not an object"),
        ("view", b'{"held": {"x9": 1}}', "there is no column"),
    ):
        status, answer = ask(port, f"/api/runs/{key}/{name}", body=body)
        assert status == 400
        assert words in json.loads(answer)["error"]
    assert ask(port, f"/api/runs/{key}/stop")[0] == 200
    assert ask(port, f"/api/runs/{key}/step")[0] == 404


def test_a_body_streamed_without_a_length_is_cut_off(port):
    piece = b"1,2\n" * (256 * 1024)

    def pieces():
        for _ in range(LARGEST_BODY // len(piece) + 8):
            yield piece

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            "POST",
            "/api/tables?name=big.csv",
            pieces(),
            encode_chunked=True,
            headers={"Transfer-Encoding": "chunked", "Origin": f"http://127.0.0.1:{port}"},
        )
        answer = connection.getresponse()
        assert answer.status == 413
        assert b"larger than 50 MB" in answer.read()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server may close before all of it is sent
    finally:
        connection.close()
    assert ask(port, "/api/runs", "GET")[0] == 200


def test_the_columns_of_a_readers_table_are_those_that_look_shows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"row": np.arange(1, 81), "x": rng.normal(size=80), "empty": [None] * 80, "k": list("ab") * 40})
    frame = frame.assign(x=frame["x"].mask(frame.index % 9 == 0), y=rng.normal(size=80))
    seen = columns_record(of_table(Table("t.csv", frame, describe_columns(frame)), "y", 0.25, 0).look)
    found = shoal.look(frame, "y").to_frame().reset_index()
    assert seen["header"] == list(found.columns)
    assert seen["rows"] == found.to_numpy().tolist()
    assert any("numbers the rows" in row[-1] for row in seen["rows"])
    assert columns_record(None)["rows"] == []  # of the page's own sets
