"""The page answers whatever is sent with what was asked for, or with a sentence: never with a fault of its own."""

import gzip
import io
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("starlette")

from asgi import HOST, ask, error_of
from shoal.errors import TableError
from shoal.web.playground.routes import Playground
from shoal.web.playground.settings import KINDS
from shoal.web.playground.store import Tables, short_name
from shoal.web.playground.tables import MOST_CELLS, MOST_ROWS, parsed_apart
from shoal.web.questions import ALL
from shoal.web.server import app

ROWS = 40
N = np.arange(ROWS)
TOKEN = "a-token-of-this-test"
WRONG = [None, True, -1, 1.5, 1e308, float("nan"), float("inf"), 10**400, "", "x", "\ud800", "\0", "9" * 5000, [], [[1]], {}, {"a": 1}]
WRONG.append(json.loads("[" * 900 + "]" * 900))


@pytest.fixture(scope="module")
def page():
    return app(token=TOKEN)


@pytest.fixture(scope="module", autouse=True)
def nobody_waits():
    """Runs of this file make room at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shoal.web.playground.live.LEFT_ALONE", 0.0)
        yield


def post(page, path, given, query=b""):
    return ask(page, "POST", path, given if isinstance(given, bytes) else json.dumps(given).encode(), query=query)


def answered(answer):
    """The object of an answer with 200, or the sentence of a refusal."""
    return json.loads(answer[2]) if answer[0] == 200 else error_of(answer)


@pytest.fixture(scope="module")
def run(page):
    return answered(post(page, "/api/runs", {"data": "moons", "points": 40, "networks": 2}))["id"]


# --- what is sent as JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [500, 5000, 30_000])
def test_json_nested_thousands_deep_is_refused_in_a_sentence(page, run, depth):
    deep = "[" * depth + "]" * depth
    for path in ("/api/runs", f"/api/runs/{run}/view", f"/api/runs/{run}/step"):
        error_of(post(page, path, deep.encode()))
    error_of(post(page, "/api/runs", f'{{"units": {deep}}}'.encode()))
    error_of(post(page, f"/api/runs/{run}/view", f'{{"held": {deep}}}'.encode()))
    error_of(post(page, f"/api/runs/{run}/view", f'{{"held": {{"x1": {deep}}}, "x": "x2", "y": "none"}}'.encode()))
    error_of(post(page, "/api/runs", {"held": f'{{"x9": {deep}}}'}))


@pytest.mark.parametrize("name", KINDS)
def test_a_setting_of_any_type_is_taken_or_refused(page, name):
    for value in WRONG:
        found = answered(post(page, "/api/runs", {name: value}))
        if isinstance(found, dict):
            post(page, f"/api/runs/{found['id']}/stop", {})


@pytest.mark.parametrize("command", ["view", "play", "pause", "epoch", "back", "reset", "step", "fly", "..", "take"])
def test_a_command_with_values_of_any_type_is_obeyed_or_refused(page, run, command):
    names = {"view": ("x", "y", "held", "member"), "play": ("until",)}.get(command, ("n",))
    for name in names:
        for value in WRONG if command in ("view", "play", "step") else WRONG[:3]:
            answered(post(page, f"/api/runs/{run}/{command}", {name: value}))
    post(page, f"/api/runs/{run}/pause", {})


def test_a_column_is_held_at_a_value_of_any_type_or_refuses_it(page, run):
    for name in ("x1", "x2", "x9", "\ud800"):
        for value in WRONG:
            answered(post(page, f"/api/runs/{run}/view", {"x": "x1", "y": "none", "held": {name: value}}))


@pytest.mark.parametrize("name", [name for name, question in ALL.items() if not question.measured])
def test_a_question_with_any_value_is_answered_or_refused(page, name):
    for parameter in ALL[name].takes:
        for value in ("", "x", "-1", "99999999999999999999", "1e400", "nan", "-inf", "１", "\0", "9" * 4400):
            answered(ask(page, "GET", f"/api/ask/{name}", query=f"{quote(parameter)}={quote(value)}".encode()))


def test_numbers_that_are_not_there_are_named(page, run):
    for key in ("", "W1-0-0", "W1-99999999999999999999-1", "W1-²-1", "W9-1-1", "W1-1", "\0", "x" * 3000):
        error_of(ask(page, "GET", f"/api/runs/{run}/how", query=b"key=" + quote(key).encode()))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
def test_every_method_at_every_address_is_answered(page, run, method):
    for path in (
        "/",
        "/api/tables",
        "/api/runs",
        f"/api/runs/{run}/step",
        "/api/runs/x/events",
        "/api/ask/hand",
        "/x",
        "/api/runs//",
        "/%00",
        "/é",
    ):
        status, headers, body = ask(page, method, path)
        assert status < 500
        assert status < 400 or json.loads(body)["error"]
        assert headers["x-content-type-options"] == "nosniff"


# --- who may post -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 403),
        ((("origin", f"http://{HOST}"),), 200),
        ((("origin", "http://localhost:8137"),), 200),
        ((("origin", "null"),), 403),
        ((("origin", "https://127.0.0.1:8137"),), 403),
        ((("origin", "http://evil.example"), ("origin", f"http://{HOST}")), 403),
        ((("sec-fetch-site", "same-origin"),), 403),
        ((("sec-fetch-site", "cross-site"), ("origin", f"http://{HOST}")), 403),
        ((("x-shoal-token", TOKEN),), 200),
        ((("x-shoal-token", ""),), 403),
        ((("x-shoal-token", TOKEN + "x"),), 403),
        ((("x-shoal-token", "é\xff"),), 403),
        ((("x-shoal-token", TOKEN), ("origin", "http://evil.example")), 403),
    ],
    ids=str,
)
def test_a_post_needs_the_origin_of_the_page_or_the_token(page, headers, status):
    for path in ("/api/runs/gone/stop", "/api/runs/gone/pause", "/api/tables", "/api/runs"):
        got = ask(page, "POST", path, b"{}", headers)[0]
        assert (got == 403) == (status == 403), path


def test_a_server_without_a_token_takes_none():
    for token in ("", "x"):
        assert ask(app(), "POST", "/api/runs/gone/stop", b"{}", [("x-shoal-token", token)])[0] == 403


def test_lengths_that_are_no_numbers_are_refused(page):
    for length in ("²", "-1", "9" * 5000, "1e3", ""):
        error_of(ask(page, "POST", "/api/runs", b"{}", [("origin", f"http://{HOST}"), ("content-length", length)]))


# --- tables -----------------------------------------------------------------------------------------------------------

COLUMNS = {
    "whole numbers with a median of .5": N,
    "zeros and ones": N % 2,
    "up to zero": -N,
    "nearly too large": np.where(N % 2, 1e308, -1e308),
    "nearly zero": N * 1e-310,
    "gaps": np.where(N % 3, N / 7, np.nan),
    "truth": N % 2 == 0,
    "truth with gaps": ["" if i % 5 == 0 else str(i % 2 == 0) for i in N],
    "levels": [f"k{i % 4}" for i in N],
    "levels with gaps": ["" if i % 7 == 0 else f"k{i % 4}" for i in N],
    "one each": [f"id{i}" for i in N],
    "dates": pd.date_range("2020-01-01", periods=ROWS).astype(str),
    "dates with gaps": ["" if i % 6 == 0 else f"2020-02-{1 + i % 28:02d}" for i in N],
    "times": pd.date_range("2020-01-01", periods=ROWS, freq="7h").astype(str),
    "marks of nothing": ["NA" if i % 5 == 0 else str(i) for i in N],
    "nothing": [""] * ROWS,
    "past all integers": [str(10**25 + i) for i in range(ROWS)],
    "codes": [f"{i % 5:03d}" for i in N],
    "other alphabets": ["ö林🐟\u202e"[i % 4] for i in N],
    "infinity": ["inf", *["1"] * (ROWS - 1)],
}
HELD = ("zzz", 3, 1.5, None, True, "2020-05-05", "99999-01-01")


@pytest.mark.slow
@pytest.mark.parametrize("kind", COLUMNS)
def test_a_table_with_any_kind_of_column_is_learned_from_or_refused_whatever_the_target(page, kind):
    content = pd.DataFrame({kind: COLUMNS[kind], "x": N * 2, "y": ["a", "b"] * (ROWS // 2)}).to_csv(index=False).encode()
    sent = answered(post(page, "/api/tables", content, b"name=t.csv"))
    if isinstance(sent, str):
        assert "infinity" in sent
        return
    for target in [column["name"] for column in sent["columns"]]:
        tried(page, sent["table"], target)


@pytest.mark.slow
def test_a_table_with_every_kind_of_column_is_learned_from_or_refused_whatever_the_target(page):
    kinds = {kind: cells for kind, cells in COLUMNS.items() if kind not in ("infinity", "nearly too large")}
    sent = answered(post(page, "/api/tables", pd.DataFrame(kinds).to_csv(index=False).encode(), b"name=t.csv"))
    assert [tried(page, sent["table"], target) for target in ("up to zero", "codes")] == [True, True]
    assert not tried(page, sent["table"], "nothing")
    tried(page, sent["table"], "past all integers")


def tried(page, key, target):
    """Whether a network learns this target; then everything is asked of it that the page asks."""
    begun = answered(post(page, "/api/runs", {"data": "own", "table": key, "target": target}))
    if isinstance(begun, str):
        return False
    address = f"/api/runs/{begun['id']}"
    answered(post(page, f"{address}/step", {"n": 2}))
    for held in begun["scene"]["holds"]:
        for value in (held["value"], *HELD) if len(begun["scene"]["holds"]) < 4 else HELD[len(held["name"]) % len(HELD) :][:1]:
            answered(post(page, f"{address}/view", {"held": {held["name"]: value}}))
    for number in ("train", "test", "score", "score_test", "W1-1-1", "rate"):
        answered(ask(page, "GET", f"{address}/how", query=b"key=" + number.encode()))
    assert isinstance(answered(ask(page, "GET", f"{address}/take")), dict)
    post(page, f"{address}/stop", {})
    return True


def test_whole_numbers_whose_median_ends_in_a_half_are_drawn(page):
    content = b"a,b,c\n" + b"".join(b"%d,%d,x%d\n" % (i, i * i % 7, i % 3) for i in range(40))
    key = answered(post(page, "/api/tables", content))["table"]
    for target in "abc":
        begun = answered(post(page, "/api/runs", {"data": "own", "table": key, "target": target}))
        assert begun["scene"]["target"] == target
    assert set(begun["scene"]["axes"]) == {"a", "b"}


def test_a_column_that_ends_at_zero_is_an_axis(page):
    content = b"a,b\n" + b"".join(b"%d,%d\n" % (-i, i % 5) for i in range(40))
    key = answered(post(page, "/api/tables", content))["table"]
    begun = answered(post(page, "/api/runs", {"data": "own", "table": key, "target": "b"}))
    assert begun["scene"]["axes"] == ["a"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("..", "table.csv"),
        (".", "table.csv"),
        ("", "table.csv"),
        ("/", "table.csv"),
        ("..\\..\\x.csv", "x.csv"),
        ("a/../..", "table.csv"),
        ("\0", "table.csv"),
        ("a\nb.csv", "ab.csv"),
        ("-c", "-c"),
        ("林.csv", "林.csv"),
        ("\ud800.csv", "?.csv"),
        ("n" * 900, "n" * 80),
        ("CON", "CON"),
    ],
)
def test_a_table_called_anything_is_read(name, shown):
    assert short_name(name) == shown
    key = Tables().add(name, b"a,b\n1,2\n2,3\n")
    assert len(key) == 16
    with pytest.raises(TableError) as raised:
        Tables().add(name, b"a,b\n1\n")
    assert str(raised.value).startswith(shown)
    assert "/" not in str(raised.value), "the page's temporary file is nobody's business"


@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 5])
def test_few_rows_are_enough_or_named(page, n_rows):
    content = pd.DataFrame({"a": N[:n_rows], "b": N[:n_rows] / 3, "y": ["a", "b", "a", "b", "a"][:n_rows]}).to_csv(index=False).encode()
    sent = answered(post(page, "/api/tables", content))
    for target in "aby" if isinstance(sent, dict) else "":
        for hold_out in (0, 0.5):
            answered(post(page, "/api/runs", {"data": "own", "table": sent["table"], "target": target, "hold_out": hold_out}))


# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: gzip.compress(b"a,b\n" + b"1,2\n" * (MOST_ROWS + 2), 1), "has more than 1,000,000 rows"),
        (
            lambda: gzip.compress((b"a" + b"," * 399 + b"\n") * (MOST_CELLS // 400 + 1), 1),
            "column 2 of 400 has no name|has more than 10,000,000 cells",
        ),
        (lambda: gzip.compress(b"a,b\n" + b" " * 201_000_000, 1), "has more than 200,000,000 bytes, unpacked"),
        (lambda: b"\n" * (MOST_ROWS + 9), "has more than 1,000,000 rows"),
        (lambda: (",".join(f"c{i}" for i in range(401)) + "\n" + "1," * 400 + "1\n").encode(), "has 401 columns"),
        (lambda: (",".join(f"c{i}" for i in range(200_000)) + "\n").encode(), r"has 1\d{5} columns"),
    ],
    ids=["rows", "cells", "bytes", "lines", "columns", "many columns"],
)
def test_limits_hold_after_unpacking_and_take_little_memory(content, words):
    content = content()
    tracemalloc.start()
    try:
        with pytest.raises(TableError, match=words):
            Tables().add("bomb.csv.gz", content)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000  # 200,000 names as objects are the most
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_a_parquet_file_that_unpacks_to_a_huge_one_is_refused_before_it_takes_the_memory(tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    one = pyarrow.array(["x" * 4_000_000])
    texts = pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(2000, np.int32)), one)
    table = pyarrow.table({"text": texts, "a": np.arange(2000.0)})
    sink = io.BytesIO()
    parquet.write_table(table, sink, store_schema=False)
    assert len(sink.getvalue()) < 1_000_000, "eight gigabytes in less than a megabyte"
    (tmp_path / "t.parquet").write_bytes(sink.getvalue())
    with pytest.raises(TableError, match=r"t\.parquet"):
        parsed_apart("t.parquet", tmp_path / "t.parquet", (), memory=1 << 28)


def test_reading_is_stopped_when_asked_when_the_server_ends_and_after_its_time(tmp_path):
    content = b"a,b\n" + b"1,2\n" * 600_000
    for which in ("asked", "server"):
        tables, stop = Tables(), threading.Event()
        (stop.set if which == "asked" else tables.close)()
        with pytest.raises(TableError, match=r"Reading big\.csv was stopped"):
            tables.add("big.csv", content, stop)
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(TableError, match=r"more than 0\.1 seconds"):
        parsed_apart("t.csv", tmp_path / "t.csv", (), longest=0.1)


def test_large_tables_are_read_a_few_at_a_time():
    content = b"a,b\n" + b"1,2\n" * 300_000
    playground = Playground()
    playground.runs.tables = Tables(most_readings=0)
    refused = ask(app(playground=playground), "POST", "/api/tables", content, query=b"name=big.csv")
    assert refused[0] == 429
    assert "Send big.csv again" in error_of(refused)
    playground.runs.tables.add("small.csv", b"a,b\n1,2\n2,3\n")
    tables, stop = Tables(most_readings=1), threading.Event()
    stop.set()
    for _ in range(2):  # a reading that was stopped gives its place back
        with pytest.raises(TableError, match="was stopped"):
            tables.add("big.csv", content, stop)


def test_reading_stops_when_the_reader_leaves(page):
    content = b"a,b\n" + b"1,2\n" * 900_000
    left = ask(page, "POST", "/api/tables", content, query=b"name=big.csv", leaves=True)
    assert error_of(left) == "Reading big.csv was stopped."


def test_a_table_read_apart_is_the_one_read_here(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b,c\n1,2,x\n3,,y\n5,7,x\n")
    from shoal.web.playground.tables import parsed

    here, apart = parsed("t", tmp_path / "t.csv"), parsed_apart("t", tmp_path / "t.csv", ())
    pd.testing.assert_frame_equal(here.frame, apart.frame)
    assert here.columns == apart.columns


@pytest.mark.slow
def test_categories_and_weights_past_the_pages_memory_are_refused(page, monkeypatch):
    monkeypatch.setattr("shoal.web.playground.settings.MOST_NUMBERS", 1000)
    content = pd.DataFrame({"a": N, "k": [f"k{i % 8}" for i in N], "l": [f"l{i % 8}" for i in N], "y": N % 2}).to_csv(index=False).encode()
    key = answered(post(page, "/api/tables", content))["table"]
    begun = answered(post(page, "/api/runs", {"data": "own", "table": key, "target": "a"}))
    assert isinstance(begun, dict) or "becomes up to" in begun
    wide = (
        ",".join(f"c{i}" for i in range(390)) + "\n" + "\n".join(",".join(str(i * j % 7) for j in range(390)) for i in range(9))
    ).encode()
    monkeypatch.setattr("shoal.web.playground.settings.MOST_NUMBERS", 10**6)
    key = answered(post(page, "/api/tables", wide))["table"]
    refused = answered(post(page, "/api/runs", {"data": "own", "table": key, "units": 64, "networks": 32}))
    assert "Set fewer units or networks" in refused


# --- the end ----------------------------------------------------------------------------------------------------------


def test_closing_stops_what_is_trained():
    playground = Playground()
    begun = playground.runs.start({})
    begun.play()
    playground.close()
    begun._thread.join(30)
    assert not begun.playing


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("busy", ["idle", "training", "keep-alive", "upload", "reading", "computing"])
def test_ctrl_c_ends_the_server_whatever_it_is_doing(busy, tmp_path):
    import http.client
    import signal

    program = "from shoal.web.server import serve; serve(0, False)"
    if busy == "computing":  # what no signal interrupts: a thread in a question that lasts
        program = "import time\nfrom shoal.web import server\nserver.kept = lambda *_: time.sleep(60)\nserver.serve(0, False)"
    env = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as process:
        address = process.stdout.readline().decode().split()[5]
        port = int(address.rsplit(":", 1)[1].strip("/"))
        connection, own = http.client.HTTPConnection("127.0.0.1", port, timeout=60), {"Origin": address.rstrip("/")}

        def asked(method, path, body=None):
            connection.request(method, path, body, own)
            return connection.getresponse().read()

        asked("GET", "/main.js")
        if busy == "training":
            key = json.loads(asked("POST", "/api/runs", b"{}"))["id"]
            asked("POST", f"/api/runs/{key}/play", b"{}")
        if busy == "computing":
            connection.request("GET", "/api/ask/hand")
        if busy == "upload":
            connection.request("POST", "/api/tables?name=a.csv", b"a", own | {"Content-Length": "1000"})
        if busy == "reading":
            connection.request("POST", "/api/tables?name=a.csv", b"a,b\n" + b"1,2\n" * 990_000, own)
            while not any(tmp_path.glob("shoal-*/table.csv")):
                time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0  # two seconds where nothing else runs; what is stopped while it reads leaves a folder at most
        connection.close()
