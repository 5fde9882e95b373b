"""Dates as people write them: read as the days they are, or not taken for dates."""

import datetime as dt
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from shoal import from_json, load, save
from shoal.errors import InvalidParameterError, TableError
from shoal.export import c99, model_json, portable, python_text, write_folder
from shoal.export.onnx_graph import check_onnx, model_onnx
from shoal.export.sample_rows import frame_of, sample_rows
from shoal.table import coerce, describe_columns, read
from shoal.table.date_formats import DATE_FORMATS, duration_days, plain_date, shaped_formats
from shoal.table.reading import open_table
from shoal.table_models.cut import Cut
from shoal.table_models.fit import evaluate, fit
from shoal.table_models.inspect import sides_again
from shoal.table_models.survey import survey

N = 200
EPOCH = dt.datetime(1970, 1, 1)
RNG = np.random.default_rng(0)
WHEN = pd.DatetimeIndex(pd.Timestamp("2020-01-03") + pd.to_timedelta(RNG.integers(0, 900 * 1440, N), unit="m"))
MONTHS = {
    "English": "January February March April May June July August September October November December",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
}
SHORT = {
    "English": "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",
    "German": "Jan. Feb. Mär. Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "French": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "Spanish": "ene feb mar abr may jun jul ago sept oct nov dic",
    "Italian": "gen feb mar apr mag giu lug ago set ott nov dic",
}
WEEKDAYS = {
    "German": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "French": "lun. mar. mer. jeu. ven. sam. dim.",
    "Spanish": "lunes martes miércoles jueves viernes sábado domingo",
}
FORMS = (
    *("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %I:%M %p"),
    *("%d.%m.%Y", "%d.%m.%y", "%d.%m.%y %H:%M", "%d.%m.%Y, %H:%M:%S", "%d.%m.%Y %H:%M Uhr", "%d. %m. %Y", "%d.%m.%Y %H:%M:%S.%f"),
    *("%d/%m/%Y", "%m/%d/%Y", "%m/%d/%y", "%d/%m/%y %H:%M", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%y %I:%M%p"),
    *("%Y/%m/%d", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y"),
    *("%d-%b-%Y", "%d-%b-%y", "%d-%b-%Y %H:%M:%S", "%d %b %Y %H:%M", "%b %d, %Y", "%B %d, %Y", "%d %B %Y", "%d%b%Y", "%Y-%b-%d"),
    *("%a, %d %b %Y", "%a %b %d %H:%M:%S %Y", "%B %d, %Y at %I:%M %p", "%d%b%Y %H:%M"),
)


def ordinal(day: int) -> str:
    """As in 2nd and 12th."""
    return f"{day}{'th' if 10 < day < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def ways():
    """Every way to write a day, by name."""
    found = {form: lambda t, form=form: t.strftime(form) for form in FORMS}
    for language in MONTHS:
        full, short = MONTHS[language].split(), SHORT[language].split()
        found[f"{language} name"] = lambda t, names=full: f"{t.day}. {names[t.month - 1]} {t.year}"
        found[f"{language} short name"] = lambda t, names=short: f"{t.day:02d} {names[t.month - 1]} {t.year} {t:%H:%M}"
        found[f"{language} short name and year"] = lambda t, names=short: f"{t.day:02d}-{names[t.month - 1].upper()}-{t:%y}"
        days = WEEKDAYS.get(language, "").split()
        if days:
            found[f"{language} weekday"] = lambda t, a=days, b=full: f"{a[t.weekday()]} {t.day} {b[t.month - 1]} {t.year}"
    found["ordinals"] = lambda t: f"{MONTHS['English'].split()[t.month - 1]} {ordinal(t.day)}, {t.year}"
    found["Spanish words"] = lambda t: f"{t.day} de {MONTHS['Spanish'].split()[t.month - 1]} de {t.year}"
    found["French hours"] = lambda t: f"{t.day:02d}/{t.month:02d}/{t.year} {t.hour}h{t.minute:02d}"
    return found


WAYS = ways()


@pytest.mark.parametrize("way", WAYS)
def test_a_column_of_dates_is_read_as_the_days_that_they_are(way):
    frame = pd.DataFrame({"d": [WAYS[way](t) for t in WHEN]})
    (column,) = describe_columns(frame)
    assert (column.kind, column.n_missing) == ("date", 0), column.reason
    days = coerce(frame, (column,)).iloc[:, 0].to_numpy()
    exact = np.array([(t - pd.Timestamp(0)) / pd.Timedelta(days=1) for t in WHEN])
    if column.has_times:
        np.testing.assert_allclose(days, exact, rtol=0, atol=1e-9)  # a float's last digits: a day is 1.8e4 of them
    else:
        np.testing.assert_array_equal(days, np.floor(exact))


@pytest.mark.parametrize("form", ["%b %Y", "%B %Y", "%Y-%m", "%m/%Y", "%Y/%m"])  # 09.2022 is a number
def test_months_are_their_first_days(form):
    frame = pd.DataFrame({"d": [t.strftime(form) for t in WHEN]})
    (column,) = describe_columns(frame)
    days = coerce(frame, (column,)).iloc[:, 0].to_numpy()
    first = np.array([(t.replace(day=1).normalize() - pd.Timestamp(0)).days for t in WHEN])
    np.testing.assert_array_equal(days, first)


@pytest.mark.parametrize(("form", "says"), [("%H:%M", "times of day"), ("%H:%M:%S", "times of day"), ("%I:%M %p", "times of day")])
def test_times_of_day_are_fractions_of_a_day(form, says):
    frame = pd.DataFrame({"d": [t.strftime(form) for t in WHEN]})
    (column,) = describe_columns(frame)
    assert column.reason.startswith(says)
    np.testing.assert_allclose(coerce(frame, (column,)).iloc[:, 0], [(60 * t.hour + t.minute) / 1440 for t in WHEN], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["27:15", "1:00", "100:30:00"], [27.25 / 24, 1 / 24, 100.5 / 24]),
        (["2 days 03:00:00", "0 days 12:00:00", "1 days 00:00:00"], [2.125, 0.5, 1.0]),
        (["PT1H30M", "P1DT6H", "PT45M"], [1.5 / 24, 1.25, 0.75 / 24]),
        (["-1 days 06:00", "-30:00", "26:00"], [-1.25, -1.25, 26 / 24]),
    ],
)
def test_durations_are_days(cells, days):
    frame = pd.DataFrame({"d": cells * 10})
    (column,) = describe_columns(frame)
    assert column.reason.startswith("durations")
    np.testing.assert_allclose(coerce(frame, (column,)).iloc[:, 0], days * 10, rtol=0, atol=1e-11)  # kept to the microsecond
    assert [duration_days(cell) for cell in cells] == pytest.approx(days)


@pytest.mark.parametrize(
    "cells",
    [
        *([f"{i % 3}.{i % 12}.{i % 7}" for i in range(N)], [f"10.0.{i % 12}.{i % 7}" for i in range(N)]),  # versions, addresses
        *([f"030-{i % 12:02d}-{i + 1000}" for i in range(N)], [f"{i % 3}:{i % 2}" for i in range(N)]),  # telephones, results
        *(["may", "mar", "jun"] * 60, ["so 12", "mar 3"] * 60, ["12 monkeys", "7 samurai"] * 60, ["A4", "B5"] * 60),
        *(["99:99", "12:61"] * 60, ["32.13.2020", "40.40.2020"] * 60, ["31 Feb 2020", "30 Feb 2021"] * 60, ["13:00 PM", "14:00 PM"] * 60),
    ],
    ids=lambda cells: cells[0],
)
def test_what_is_no_date_is_taken_for_none(cells):
    (column,) = describe_columns(pd.DataFrame({"d": cells}))
    assert column.kind in ("category", "left out"), column.reason


def test_day_and_month_are_decided_over_the_whole_column():
    early = [f"{1 + i % 12:02d}/{1 + i % 11:02d}/2021" for i in range(N - 1)]
    for last, form in (("12/25/2021", "%m/%d/%Y"), ("25/12/2021", "%d/%m/%Y")):
        (column,) = describe_columns(pd.DataFrame({"d": [*early, last]}))
        assert column.date_format == form
        assert not column.notes
    (column,) = describe_columns(pd.DataFrame({"d": early}))
    assert column.date_format == "%d/%m/%Y"
    assert [(note.kind, note.advice[:13]) for note in column.notes] == [("ambiguous", "--month-first")]


OPEN = pd.DataFrame({"d": [f"{1 + i % 12:02d}/{1 + i * 5 % 11:02d}/2021" for i in range(N)], "y": np.sin(np.arange(N) / 9.0)})
FEW = {"n_networks": 1, "hidden_layer_sizes": 3, "max_iter": 2}


@pytest.mark.parametrize("day_first", [True, False])
def test_the_order_of_day_and_month_is_asked_for_and_kept(day_first, tmp_path):
    form = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    (column,) = describe_columns(OPEN[["d"]], day_first=day_first)
    assert (column.date_format, column.notes) == (form, ())
    days = coerce(OPEN[["d"]], (column,)).iloc[:, 0]
    np.testing.assert_array_equal(days, (pd.to_datetime(OPEN["d"], format=form) - EPOCH).dt.days)
    model = fit(OPEN, "y", time="d", day_first=day_first, settings=FEW)
    save(model, tmp_path / "m.shoal")
    again = load(tmp_path / "m.shoal")
    assert again["prepare"]["typed"].columns[0].date_format == form
    assert again.facts_.day_first is day_first
    np.testing.assert_array_equal(again.predict(OPEN.head(3)), model.predict(OPEN.head(3)))  # three rows alone decide nothing
    moment = pd.to_datetime(OPEN["d"], format=form)
    _, held = sides_again(again, OPEN)
    assert moment[held.inputs.index - 1].min() >= moment.sort_values().iloc[int(0.7 * N)]  # the last rows in that order are held out
    OPEN.to_csv(tmp_path / "t.csv", index=False)
    given = {"categories": [], "piece_rows": 50, "sample_rows": 1000, "progressed": lambda n: None}
    found = survey(open_table(tmp_path / "t.csv"), ("y",), None, Cut(0, 0.2, all_learn=True), **given, day_first=day_first)
    assert found.columns == (column,)


def test_an_order_that_is_asked_for_is_kept_if_nearly_all_cells_have_it_and_not_against_them():
    slip = OPEN[["d"]].assign(d=OPEN["d"].where(OPEN.index != 7, "25/12/2021"))
    with pytest.raises(TableError, match="'25/12/2021' in row 8"):
        describe_columns(slip, day_first=False)
    late = pd.DataFrame({"d": [f"{13 + i % 12}/0{1 + i % 9}/2021" for i in range(N)]})
    assert describe_columns(late, day_first=False)[0].date_format == "%d/%m/%Y"
    with pytest.raises(InvalidParameterError, match="day_first='yes'"):
        fit(OPEN, "y", day_first="yes")


def test_the_language_of_the_machine_has_no_say():
    import locale

    before = locale.setlocale(locale.LC_TIME)
    for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C"):
        try:
            locale.setlocale(locale.LC_TIME, name)
        except locale.Error:
            continue
        assert plain_date("29-Sep-2022 7:12 pm") == "=2022-09-29 19:12"
    locale.setlocale(locale.LC_TIME, before)


def test_every_format_is_found_by_the_shape_of_its_own_dates():
    for form in DATE_FORMATS:
        if form not in ("ISO8601", "duration"):
            assert form in shaped_formats([dt.datetime(2022, 9, 29, 7, 12, 30, 250000).strftime(form)]), form


@pytest.mark.filterwarnings("ignore::shoal.TableWarning")  # dates without times repeat whole rows, and are noted
@pytest.mark.parametrize("way", ["%d.%m.%y %H:%M", "%m/%d/%Y %I:%M %p", "%d-%b-%Y", "Spanish words", "%Y-%m-%d"])
def test_files_frames_and_pieces_agree(way, tmp_path):
    y = np.array([(t - pd.Timestamp("2020-01-01")).days for t in WHEN]) / 100.0
    frame = pd.DataFrame({"d": [WAYS[way](t) for t in WHEN], "y": y})
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    model = fit(frame, "y", settings={"n_networks": 1, "hidden_layer_sizes": 4, "max_iter": 30})
    answers = model.predict(frame)
    for other in (path, tmp_path / "t.parquet"):
        np.testing.assert_array_equal(model.predict(read(other)), answers)
        prepared = [model["prepare"].transform(piece) for piece in open_table(other).pieces(17)]
        np.testing.assert_array_equal(np.concatenate(prepared), model["prepare"].transform(frame))
        assert evaluate(model, other) == evaluate(model, frame)


PARTS = {
    "%d.%m.%y %H:%M": 8,
    "%d-%b-%Y": 3,
    "%H:%M": 3,
    "%b %Y": 2,
}


@pytest.mark.parametrize("form", PARTS)
def test_a_date_becomes_the_parts_that_it_has(form):
    frame = pd.DataFrame({"d": [t.strftime(form) for t in WHEN]})
    (column,) = describe_columns(frame)
    assert len(column.date_parts) == PARTS[form] == coerce(frame, (column,)).shape[1]


def test_the_ends_of_a_day_and_a_week_meet():
    minutes = pd.date_range("2024-01-01", periods=7 * 1440, freq="min")
    frame = pd.DataFrame({"d": minutes.strftime("%d.%m.%Y %H:%M")})
    typed = coerce(frame, describe_columns(frame))
    for part, at, step in (("time", slice(0, 1440), 1), ("weekday", slice(0, None, 1440), 1)):
        sine, cosine = (typed[f"d, {part} {wave}"].to_numpy()[at] for wave in ("sine", "cosine"))
        np.testing.assert_allclose(sine**2 + cosine**2, 1, rtol=1e-15)
        gaps = np.hypot(sine - np.roll(sine, step), cosine - np.roll(cosine, step))
        np.testing.assert_allclose(gaps, gaps[1], rtol=1e-9)  # all steps alike, the one over midnight too
    assert typed["d, time cosine"].nunique() == 721  # angles with one cosine have one to the last digit: ramps count values
    assert typed["d, weekday cosine"].nunique() == 4


@pytest.fixture(scope="module")
def timed():
    """A model of every kind of date, with gaps."""
    ways = {"when": "%d.%m.%y %H:%M", "day": "%d-%b-%Y", "clock": "%I:%M %p", "month": "%b %Y"}
    frame = pd.DataFrame({name: [t.strftime(form) for t in WHEN] for name, form in ways.items()})
    frame["lap"] = [f"{i}:{i % 60:02d}" for i in range(N)]
    frame.loc[::17, ["when", "clock"]] = None
    frame["y"] = [np.sin(2 * np.pi * t.hour / 24) + 0.3 * t.day_of_week for t in WHEN]
    return fit(frame, "y", settings={"n_networks": 1, "hidden_layer_sizes": 8, "max_iter": 40}), frame


def test_exports_agree_on_cyclic_parts(timed, tmp_path):
    model, frame = timed
    parts = portable(model, "ONNX")
    assert check_onnx(model_onnx(parts, "double"), parts, "double") < 1e-12  # that of ONNX in double (docs/export.md)
    (tmp_path / "m.json").write_text(model_json(parts))
    save(model, tmp_path / "m.shoal")
    for again in (load(tmp_path / "m.shoal"), from_json(tmp_path / "m.json")):
        assert again["prepare"]["typed"].columns == model["prepare"]["typed"].columns
        np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    space = {}
    exec(python_text(parts), space)
    rows = sample_rows(parts)
    made = [space["prepare"]([None if np.isnan(cell) else EPOCH + dt.timedelta(seconds=cell) for cell in row]) for row in rows]
    np.testing.assert_allclose(made, timed[0]["prepare"].transform(frame_of(parts, rows)), rtol=1e-14, atol=1e-15)  # sines of two libraries


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_c_agrees_on_cyclic_parts(timed, tmp_path):
    write_folder(tmp_path / "c", c99(portable(timed[0], "C"), "m", "double"))
    command = "cc -O2 -std=c99 -Wall -Wextra -Werror m.c m_test.c -o t -lm && ./t"
    done = subprocess.run(command, shell=True, cwd=tmp_path / "c", capture_output=True, text=True, check=True)
    assert "answers agree" in done.stdout
