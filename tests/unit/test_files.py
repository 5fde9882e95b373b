"""Files of people: named for what they are, written whole or not at all, and what killed processes leave is removed."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import shoal
from shoal.errors import OutputError, ShoalError
from shoal.files import input_file, refuse_unwritable, replacing, temporary_folder, write_folder
from shoal.fitting.checkpoint import read as read_checkpoint
from shoal.left_overs import beside, mark
from shoal.table import read, read_chunks
from shoal.table.reading import open_table

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes, links and process ids are POSIX's")

HOURS_AGO = time.time() - 2 * 3600
DIES = "import os, signal, sys\nfrom shoal.files import replacing, temporary_folder, write_folder\n"
READERS = {
    "read": read,
    "read_chunks": lambda path: list(read_chunks(path)),
    "open_table": open_table,
    "load": shoal.load,
    "from_json": shoal.from_json,
    "checkpoint": read_checkpoint,
}


def killed(program, *arguments):
    """Run a program that kills itself."""
    done = subprocess.run([sys.executable, "-c", DIES + program, *map(str, arguments)], timeout=60, capture_output=True)
    assert done.returncode == -9, done.stderr


def aged(folder, when=HOURS_AGO):
    for path in folder.iterdir():
        os.utime(path, (when, when), follow_symlinks=False)


@pytest.fixture
def odd(tmp_path):
    """What may stand where a file is meant."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop2")
    (tmp_path / "loop2").symlink_to(tmp_path / "loop")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "to_pipe").symlink_to(tmp_path / "pipe")
    here = Path.cwd()
    os.chdir(tmp_path)  # the name of a socket is bounded
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        os.chdir(here)
        yield tmp_path


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pipe", "is a pipe"),
        ("to_pipe", "is a pipe"),
        ("socket", "is a socket"),
        ("loop", "is a link that leads back to itself"),
        ("folder", "is a folder"),
        ("dangling", "is a link to .*nowhere, which is not there"),
        ("missing", "There is no .*missing"),
        ("pipe/below", "There is no .*pipe/below"),
        ("n" * 300, "File name too long"),
        ("a\0b", "no name of a file"),
        ("/dev/null", "is a device"),
    ],
    ids=lambda value: value[:12].replace("\0", "-"),
)
def test_every_reader_names_what_is_no_file_and_never_waits(odd, reader, name, words):
    with pytest.raises(ShoalError, match=words) as raised:
        READERS[reader](odd / name)
    assert name in str(raised.value) or "\\x00" in str(raised.value)


def test_a_missing_input_brings_the_nearest_names(tmp_path):
    (tmp_path / "Titanic.csv").write_text("a\n1\n")
    with pytest.raises(ShoalError, match=r"titanik.csv; the nearest names there are 'Titanic.csv'"):
        input_file(tmp_path / "titanik.csv", ShoalError)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pipe", "is a pipe that nobody reads"),
        ("to_pipe", "is a pipe that nobody reads"),
        ("socket", "is a socket"),
        ("loop", "is a link that leads back to itself"),
        ("folder", "is a folder"),
        ("no/such", "There is no folder .*no to write such into"),
        ("dangling/below", "There is no folder"),
        ("n" * 300, "File name too long"),
        ("a\0b", "no name of a file"),
    ],
    ids=lambda value: value[:12].replace("\0", "-"),
)
def test_every_output_that_is_no_file_is_named_before_and_while_writing(odd, name, words):
    before = sorted(path.name for path in odd.iterdir())
    for attempt in (refuse_unwritable, lambda path: replacing(path).__enter__()):
        with pytest.raises(OutputError, match=words) as raised:
            attempt(odd / name)
        assert ".part" not in str(raised.value)
    with pytest.raises(OutputError) as raised:
        write_folder(odd / name if name != "folder" else odd / "pipe", {"a": "b"})
    assert ".part" not in str(raised.value)
    assert sorted(path.name for path in odd.iterdir()) == before


@pytest.mark.parametrize("name", ["n" * 246, "n" * 251 + ".csv", "ö" * 123, "ö" * 127 + "n", "林" * 85, "a.b-1-2-00000000.part"])
def test_the_longest_names_that_a_folder_takes_are_written(tmp_path, name):
    for content in (b"one", b"two"):
        refuse_unwritable(tmp_path / name)
        with replacing(tmp_path / name) as out:
            out.write(content)
        assert [path.name for path in tmp_path.iterdir()] == [name]
        assert (tmp_path / name).read_bytes() == content
    write_folder(tmp_path / (name[:-1] + "x"), {"a": "1"})
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_to_a_long_name_is_followed(tmp_path):
    (tmp_path / "short").symlink_to(tmp_path / ("n" * 250))
    with replacing(tmp_path / "short") as out:
        out.write(b"x")
    assert (tmp_path / "short").is_symlink()
    assert (tmp_path / ("n" * 250)).read_bytes() == b"x"


@pytest.mark.parametrize("name", ["model.shoal", "n" * 250])
def test_what_a_killed_write_left_is_removed_by_the_next_an_hour_later(tmp_path, name):
    killed("with replacing(sys.argv[1]) as out:\n    out.write(b'half'); out.flush(); os.kill(os.getpid(), 9)", tmp_path / name)
    (left,) = tmp_path.iterdir()
    with replacing(tmp_path / "other") as out:
        out.write(b"x")
    with replacing(tmp_path / name) as out:
        out.write(b"whole")
    assert left.exists(), "a moment ago it was still written to"
    aged(tmp_path)
    with replacing(tmp_path / "other") as out:
        out.write(b"x")
    assert left.exists(), "it belongs to another target"
    with replacing(tmp_path / name) as out:
        out.write(b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "other"])


def test_what_a_killed_export_left_is_removed_with_its_folder(tmp_path):
    class_of_files = "class Dies(str):\n    def __str__(self): os.kill(os.getpid(), 9)\n"
    program = class_of_files + (
        "import shoal.files as files\nfiles.os.fsync = lambda n: os.kill(os.getpid(), 9)\nwrite_folder(sys.argv[1], {'m.c': 'int x;'})"
    )
    killed(program, tmp_path / "out")
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    aged(tmp_path)
    write_folder(tmp_path / "out", {"m.c": "int x;"})
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_write_whose_process_is_there_is_left_alone_however_old(tmp_path):
    with replacing(tmp_path / "model") as first:
        first.write(b"first")
        aged(tmp_path, 0)
        with replacing(tmp_path / "model") as second:
            second.write(b"second")
    assert (tmp_path / "model").read_bytes() == b"first"


@pytest.mark.skipif(sys.platform != "linux", reason="when a process started is known on Linux")
def test_a_process_that_got_the_number_of_another_does_not_protect_what_that_left(tmp_path):
    machine, pid, start = mark().split("-")
    left = tmp_path / f".model.{machine}-{pid}-{int(start) - 1}-00000000.part"
    left.touch()
    aged(tmp_path)
    with replacing(tmp_path / "model") as out:
        out.write(b"x")
    assert not left.exists()


@pytest.mark.parametrize(("days", "stays"), [(0.5, True), (2, False)])
def test_left_overs_of_other_machines_and_of_old_names_go_after_a_day(tmp_path, days, stays):
    for name in (".model.0000-1-1-00000000.part" if mark()[:4] != "0000" else ".model.1111-1-1-00000000.part", ".model.0a1b2c3d.part"):
        (tmp_path / name).touch()
    aged(tmp_path, time.time() - days * 86400)
    (tmp_path / ".model.notes.part").touch()
    aged_own = tmp_path / ".model.notes.part"
    os.utime(aged_own, (0, 0))
    with replacing(tmp_path / "model") as out:
        out.write(b"x")
    assert len(list(tmp_path.iterdir())) == (4 if stays else 2), "and what is not ours stays in any case"
    assert aged_own.exists()


def test_temporary_folders_of_killed_runs_are_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    killed("with temporary_folder() as folder:\n    (folder / 'block-0').write_bytes(b'rows'); os.kill(os.getpid(), 9)")
    (left,) = tmp_path.iterdir()
    with temporary_folder():
        assert left.exists()
    aged(tmp_path)
    (tmp_path / "shoal-and-fish").mkdir()
    os.utime(tmp_path / "shoal-and-fish", (0, 0))
    with temporary_folder() as folder:
        assert folder.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["shoal-and-fish"]
    monkeypatch.setattr("tempfile.tempdir", None)


def test_a_pipe_that_is_read_an_open_file_and_a_device_are_written_to_as_they_are(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with replacing(tmp_path / "pipe") as out:
        out.write(b"through the pipe")
    assert os.read(reader, 100) == b"through the pipe"
    os.close(reader)
    with replacing(os.devnull) as out:
        out.write(b"x")
    program = (
        "from shoal.files import replacing\nprint('first')\nwith replacing('/dev/stdout') as out: out.write(b'second\\n')\nprint('third')"
    )
    piped = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert piped.stdout == b"first\nsecond\nthird\n"
    with (tmp_path / "log").open("wb") as log:
        subprocess.run([sys.executable, "-c", program], stdout=log, check=True)
    assert (tmp_path / "log").read_bytes() == b"first\nsecond\nthird\n"


def test_an_open_file_is_read_as_a_table_by_its_number_and_an_open_pipe_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with (tmp_path / "a.csv").open("rb") as table:
        assert len(read(f"/dev/fd/{table.fileno()}")) == 1
    for end in os.pipe():
        with os.fdopen(end), pytest.raises(ShoalError, match=f"/dev/fd/{end} is a pipe"):
            read(f"/dev/fd/{end}")


def test_the_name_beside_fits_and_differs_each_time(tmp_path):
    names = {beside(tmp_path / ("n" * 255)).name for _ in range(20)}
    assert len(names) == 20
    assert max(len(os.fsencode(name)) for name in names) <= 255


def test_no_error_of_a_full_disk_names_a_temporary(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no device is always full here")
    with pytest.raises(OutputError, match="/dev/full could not be written: No space left"), replacing("/dev/full") as out:
        np.save(out, np.zeros(100_000))
