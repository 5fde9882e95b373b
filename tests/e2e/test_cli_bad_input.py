"""Bad input on the command line: one line that says what was seen, where, and what to do; exit code 2; nothing written or lost."""

import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from e2e_shell import answer, command, own_process, refusal

from shoal.persistence import save
from shoal.table_models.fit import fit

QUICK = ("--set", "n_networks=1", "--set", "max_iter=2")


def ship(n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"age": rng.uniform(0, 80, n).round(1), "port": rng.choice(["a", "b"], n), "survived": rng.choice(["yes", "no"], n)}
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a table and a model."""
    folder = tmp_path_factory.mktemp("ship")
    ship().to_csv(folder / "ship.csv", index=False)
    save(fit(folder / "ship.csv", "survived", settings={"n_networks": 1, "max_iter": 2}), folder / "ship.shoal")
    return folder


def with_cell(row: int, column: str, cell: str) -> str:
    frame = ship().astype(object)
    frame.loc[row - 1, column] = cell
    return frame.to_csv(index=False)


TABLES = {
    "empty": ("", "survived", ["bad.csv is empty (0 bytes)"]),
    "header only": ("age,port,survived\n", "survived", ["no rows"]),
    "no such target": (ship().to_csv(index=False), "Surviving", ["no column 'Surviving'", "nearest names are 'survived'"]),
    "one class": (ship().assign(survived="yes").to_csv(index=False), "survived", ["one class only: 'yes' in all 80 rows"]),
    "target all missing": (ship().assign(survived=None).to_csv(index=False), "survived", ["no value in any of 80 rows"]),
    "text among numbers": (with_cell(7, "age", "old"), "survived", ["'age'", "'old' in row 7", "numbers"]),
    "text in a measured target": (with_cell(7, "age", "old"), "age", ["'age'", "'old' in row 7", "numbers"]),
    "infinity": (with_cell(7, "age", "inf"), "survived", ["'age'", "infinity in row 7"]),
    "duplicate columns": ("age,age,survived\n1,2,yes\n3,4,no\n", "survived", ["duplicate column names 'age'"]),
    "rows of unequal length": ("age,survived\n1,yes\n2,no,3\n", "survived", ["row 2 (line 3) has 3 cells"]),
    "a picture": ("\0\1\2\3", "survived", ["not a table of text"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_cannot_be_learned_from(tmp_path, name):
    text, target, words = TABLES[name]
    (tmp_path / "bad.csv").write_text(text)
    line = refusal(command("fit", "bad.csv", "--target", target, *QUICK, cwd=tmp_path))
    assert [word for word in words if word not in line] == []
    assert [p.name for p in tmp_path.iterdir()] == ["bad.csv"]


SETTINGS = {
    "a second hidden layer": (["hidden_layer_sizes=(10,10)"], ["hidden_layer_sizes", "(10, 10)", "one hidden layer"]),
    "an unknown parameter": (["hidden_layers=10"], ["no parameter 'hidden_layers'", "nearest names are 'hidden_layer_sizes'"]),
    "an unknown solver": (["solver=newton"], ["solver", "'newton'", "adam"]),
    "no value": (["solver"], ["PARAMETER=VALUE"]),
    "twice": (["max_iter=3", "max_iter=4"], ["max_iter is given twice"]),
    "diverging": (["solver=sgd", "learning_rate_init=1e6"], ["in epoch ", "learning rate (learning_rate_init=1e+06)"]),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_training_cannot_use(place, tmp_path, name):
    settings, words = SETTINGS[name]
    line = refusal(command("fit", place / "ship.csv", "--target", "survived", "--set", *settings, cwd=tmp_path), looked=name == "diverging")
    assert [word for word in words if word not in line] == []
    assert list(tmp_path.iterdir()) == []


PREDICTED = {
    "a lacking column": (ship().drop(columns="age"), ["lacks 1 column", "'age'"]),
    "an added column": (ship().assign(deck=1), ["was not trained on: 'deck'"]),
    "text among numbers": (ship().assign(age="old"), ["'age'", "'old' in row 1 (and 79 more"]),
    "no rows": (ship().head(0), ["no rows"]),
}


@pytest.mark.parametrize("name", PREDICTED)
def test_tables_that_cannot_be_predicted_leave_the_old_predictions(place, tmp_path, name):
    frame, words = PREDICTED[name]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "out.csv").write_text("old")
    line = refusal(command("predict", place / "ship.shoal", "rows.csv", "-o", "out.csv", cwd=tmp_path))
    assert [word for word in words if word not in line] == []
    assert (tmp_path / "out.csv").read_text() == "old"
    assert {p.name for p in tmp_path.iterdir()} == {"rows.csv", "out.csv"}


class Runs:
    """Whoever unpickles it makes a file."""

    def __reduce__(self):
        return (os.mkdir, ("fooled",))


MODELS = {
    "truncated": (lambda whole: whole[: len(whole) // 2], "cut short"),
    "foreign": (lambda whole: b"age,port\n1,a\n", "does not begin as a model file does"),
    "code-running": (lambda whole: pickle.dumps(Runs()), "pickle, which could run any code"),
    "empty": (lambda whole: b"", "empty (0 bytes)"),
}


@pytest.mark.parametrize("name", MODELS)
def test_files_that_are_no_models(place, tmp_path, name):
    change, word = MODELS[name]
    (tmp_path / "m.shoal").write_bytes(change((place / "ship.shoal").read_bytes()))
    assert word in refusal(command("predict", "m.shoal", place / "ship.csv", "-o", "out.csv", cwd=tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["m.shoal"]


def test_other_commands_name_them_too(place, tmp_path):
    assert "no model file" in refusal(command("show", "none.shoal", cwd=tmp_path))
    assert "does not begin as a model file does" in refusal(command("evaluate", place / "ship.csv", place / "ship.csv", cwd=tmp_path))
    ship().drop(columns="survived").to_csv(tmp_path / "unknown.csv", index=False)
    assert "no column 'survived'" in refusal(command("evaluate", place / "ship.shoal", "unknown.csv", cwd=tmp_path))


def unwritable(tmp_path: Path) -> Path:
    """A folder that refuses new files, of the superuser too."""
    if os.geteuid() == 0:
        return Path("/sys/kernel")
    (tmp_path / "locked").mkdir(mode=0o500)
    return tmp_path / "locked"


def test_places_that_cannot_be_written_to(place, tmp_path):
    quick = ("fit", place / "ship.csv", "--target", "survived", *QUICK)
    assert "There is no folder" in refusal(command(*quick, "-o", "none/m.shoal", cwd=tmp_path))
    assert "is a folder" in refusal(command(*quick, "-o", ".", cwd=tmp_path))
    assert "ermission denied" in refusal(command(*quick, "-o", unwritable(tmp_path) / "m.shoal", cwd=tmp_path))
    line = refusal(command("predict", place / "ship.shoal", place / "ship.csv", "-o", place / "ship.csv", cwd=tmp_path))
    assert "is the table or the model itself" in line
    assert "is the table itself" in refusal(command(*quick, "-o", place / "ship.csv", cwd=tmp_path))
    assert (place / "ship.csv").read_text() == ship().to_csv(index=False)


@pytest.mark.slow  # a disk of its own is filled
def test_a_full_disk_leaves_what_was_there(place, tmp_path):
    def small_files():  # a disk with room for 8 kB
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    (tmp_path / "m.shoal").write_text("old")
    done = own_process("fit", place / "ship.csv", "--target", "survived", *QUICK, "-o", "m.shoal", cwd=tmp_path, preexec_fn=small_files)
    assert "could not be written: File too large" in refusal(done, looked=True)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("m.shoal", "old")]
    assert "No space left" in refusal(command("predict", place / "ship.shoal", place / "ship.csv", "-o", "/dev/full", cwd=tmp_path))


def test_usage_errors_say_how_it_is_called(tmp_path):
    done = command("fit", "ship.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "--target" in done.stderr
    assert "fit" in answer(command("--help", cwd=tmp_path))


def test_a_process_of_its_own_ends_in_the_same_way(place, tmp_path):
    """`predict`; `fit` has one where the disk is full."""
    (tmp_path / "m.shoal").write_bytes(pickle.dumps(Runs()))
    assert "could run any code" in refusal(own_process("predict", "m.shoal", place / "ship.csv", "-o", "out.csv", cwd=tmp_path))
