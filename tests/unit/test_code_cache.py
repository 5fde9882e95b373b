"""Compiled code is kept where nobody else can change it, and a damaged file is made again."""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sampling import sampled
from shoal.engine.jit import code_cache
from shoal.engine.jit.code_cache import DIGEST, MARK, Folder, load, made, roots, save
from shoal.engine.jit.compiler import MachineCode, inner, kernel

NAME, KEY = "kernels.train-0.nbc", b"what it stands for"
posix = pytest.mark.skipif(not code_cache.CHECKED, reason="owners and modes are POSIX's")
root_only = pytest.mark.skipif(not code_cache.CHECKED or os.geteuid() != 0, reason="only root can give files to others")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "shoal" / "kernels"
    path.mkdir(parents=True, mode=0o755)
    path.parent.chmod(0o755)
    return Folder(path)


def kept(folder, payload=b"machine code" * 99):
    save(folder, NAME, KEY, payload)
    return folder.path / NAME, payload


def damages():
    start = len(MARK) + DIGEST
    yield from (("empty", lambda b: b""), ("one byte", lambda b: b[:1]), ("no payload", lambda b: b[:start]))
    yield from ((f"cut to {share}", lambda b, share=share: b[: int(len(b) * share)]) for share in (0.1, 0.5, 0.999))
    for at in (0, len(MARK), start - 1, start, -1):
        yield f"flipped at {at}", lambda b, at=at: b[:at] + bytes([b[at] ^ 1]) + (b[at + 1 :] if at != -1 else b"")
    yield from (("longer", lambda b: b + b"x"), ("a pickle", lambda b: pickle.dumps({"no": "code"})), ("zeros", lambda b: bytes(len(b))))


@pytest.mark.parametrize("damage", [pytest.param(change, id=name) for name, change in damages()])
def test_a_damaged_file_is_removed_and_takes_its_place_again(folder, damage):
    path, payload = kept(folder)
    path.write_bytes(damage(path.read_bytes()))
    assert load(folder, NAME, KEY) is None
    assert not path.exists()
    kept(folder)
    assert load(folder, NAME, KEY) == payload


def test_a_file_under_another_files_name_is_not_taken_for_it(folder):
    path, _ = kept(folder)
    path.rename(folder.path / "other.nbc")
    assert load(folder, "other.nbc", b"another function") is None


@posix
@pytest.mark.parametrize("what", ["folder", "above", "file"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_what_others_may_write_to_is_not_read(folder, what, mode):
    path, payload = kept(folder)
    assert load(folder, NAME, KEY) == payload
    place = {"folder": folder.path, "above": folder.path.parent, "file": path}[what]
    place.chmod(place.stat().st_mode | mode)
    assert load(folder, NAME, KEY) is None
    if what != "file":
        with pytest.raises(OSError, match="chmod go-w"):
            folder.write("another", b"")


@root_only
@pytest.mark.parametrize("what", ["folder", "above", "file"])
def test_what_belongs_to_somebody_else_is_not_read(folder, what):
    path, _ = kept(folder)
    os.chown({"folder": folder.path, "above": folder.path.parent, "file": path}[what], 12345, 12345)
    assert load(folder, NAME, KEY) is None


@posix
def test_a_link_to_the_folder_is_looked_through_and_a_link_in_it_is_not(folder, tmp_path):
    path, payload = kept(folder)
    (tmp_path / "link").symlink_to(folder.path)
    assert load(Folder(tmp_path / "link"), NAME, KEY) == payload
    elsewhere = path.rename(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    assert load(folder, NAME, KEY) is None
    kept(folder)
    assert not path.is_symlink()
    folder.path.parent.chmod(0o777)
    assert load(Folder(tmp_path / "link"), NAME, KEY) is None, "the folder above the link's end counts"


@posix
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_name_that_is_no_file_stops_nobody(folder, make):
    make(folder.path / NAME)
    assert load(folder, NAME, KEY) is None
    save(folder, NAME, KEY, b"")


def test_of_many_writers_at_once_readers_see_a_whole_file_or_none(folder):
    payloads = [bytes([n]) * 50_000 for n in range(4)]

    def work(n):
        for _ in range(20):
            save(folder, NAME, KEY, payloads[n])
            assert load(folder, NAME, KEY) in payloads

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert [path.name for path in folder.path.iterdir()] == [NAME]


def test_parts_of_killed_processes_are_swept_when_they_are_old(folder):
    old, young = folder.path / ".a.nbc.1234.part", folder.path / ".b.nbc.1234.part"
    for part in (old, young):
        part.touch()
    os.utime(old, (0, 0))
    kept(folder)
    assert (old.exists(), young.exists()) == (False, True)


# --- where it lies ---------------------------------------------------------------------------------------------------


def test_folders_that_are_tried(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert next(roots()) == ("user's", tmp_path / "x")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert next(roots()) == ("user's", tmp_path / ".cache"), "the XDG rules: as if it were not given"
    monkeypatch.delenv("XDG_CACHE_HOME")
    for home in ("relative", str(tmp_path / "not there")):
        monkeypatch.setenv("HOME", home)
        assert next(roots())[0] == "temporary"


def test_a_folder_is_made_for_its_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        path = made(tmp_path / "cache", "kernels", temporary=False)
    finally:
        os.umask(before)
    assert [p.stat().st_mode & 0o022 for p in (path, path.parent)] == [0, 0]


@posix
def test_a_folder_among_temporary_files_that_is_there_already_must_be_ours(tmp_path):
    (tmp_path / "cache-of-user-0").mkdir()
    (tmp_path / "cache-of-user-0").chmod(0o777)
    with pytest.raises(OSError, match="others may write"):
        made(tmp_path / "cache-of-user-0", "kernels", temporary=True)


WHERE = """
import warnings
warnings.simplefilter("always")
from shoal.engine.jit.code_cache import cache_folder
cache_folder()
print(cache_folder())
"""


@pytest.mark.parametrize("blocked", sampled(["a file", "no temporary folder either"], ["/dev/null", "shoal is a file"]))
def test_a_blocked_folder_costs_one_warning(tmp_path, blocked):
    cache, temporary = tmp_path / "cache", tmp_path / "tmp"
    temporary.mkdir()
    if blocked == "shoal is a file":
        cache.mkdir()
        (cache / "shoal").touch()
    elif blocked == "/dev/null":
        cache = Path("/dev/null")
    else:
        cache.touch()
    if blocked == "no temporary folder either":
        (temporary / f"cache-of-user-{os.geteuid()}").touch()
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "TMPDIR": str(temporary)}
    ran = subprocess.run([sys.executable, "-c", WHERE], env=environment, capture_output=True, text=True, check=True)
    assert ran.stderr.count("CacheWarning") == 1
    assert "XDG_CACHE_HOME" in ran.stderr
    expected = "None" if blocked == "no temporary folder either" else str(temporary)
    assert ran.stdout.startswith(expected)


# --- compiled functions ---------------------------------------------------------------------------------------------


@inner
def twice(x):
    return x + x


def summed(x):
    """Compiled in a tenth of a second."""
    total = 0.0
    for i in range(x.size):
        total += twice(x[i])
    return total


def compiled(folder):
    function = kernel("f1")(summed)
    function._cache = MachineCode(summed, lambda: folder.path)
    assert function(np.arange(4.0)) == 12.0
    return function


def test_a_kernel_is_found_again_and_made_again_where_what_is_found_cannot_be_loaded(folder):
    assert not sum(compiled(folder).stats.cache_hits.values())
    assert sum(compiled(folder).stats.cache_hits.values())
    (entry,) = folder.path.glob("*.nbc")
    signature = next(iter(compiled(folder).overloads))
    name, key = MachineCode(summed).entry(signature, compiled(folder).targetctx)
    assert name == entry.name
    for payload in (b"", b"no pickle", pickle.dumps({"no": "code"}), pickle.dumps((1, 2, 3)), pickle.dumps(tuple(range(9)))):
        save(folder, name, key, payload)  # whole, but from a version that keeps something else
        assert not sum(compiled(folder).stats.cache_hits.values())
        assert sum(compiled(folder).stats.cache_hits.values()), "kept again"


def summed_by(packaged, folder):
    """The kernel, where the package brings a folder; whether its code was found."""
    function = kernel("f1")(summed)
    function._cache = MachineCode(summed, lambda: folder.path)
    function._cache.packaged = lambda: packaged
    assert function(np.arange(4.0)) == 12.0
    return bool(sum(function.stats.cache_hits.values()))


@posix
def test_the_packages_code_is_taken_first_and_a_damaged_file_of_it_is_left_and_made_up_for(folder, tmp_path):
    packaged = Folder(tmp_path / "shoal" / "package", packaged=True)
    packaged.path.mkdir(mode=0o755)
    compiled(packaged)
    (entry,) = packaged.path.glob("*.nbc")
    assert summed_by(packaged, folder)
    assert not list(folder.path.iterdir()), "nothing is written where the package has it"
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-1])
    assert not summed_by(packaged, folder)
    assert entry.read_bytes() == whole[:-1], "what was installed stays as it is"
    assert [path.name for path in folder.path.iterdir()] == [entry.name]
    assert summed_by(packaged, folder)


@posix
@pytest.mark.parametrize("what", ["folder", "above", "file"])
@pytest.mark.parametrize("mode", [0o020, 0o002, 0o022])
@pytest.mark.parametrize("sources", [0o700, 0o755, 0o775, 0o777])
def test_the_packages_folder_may_be_as_open_as_its_sources(folder, tmp_path, monkeypatch, what, mode, sources):
    path, payload = kept(folder)
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine").chmod(sources)
    monkeypatch.setattr(code_cache, "SOURCES", tmp_path / "engine")
    place = {"folder": folder.path, "above": folder.path.parent, "file": path}[what]
    place.chmod(place.stat().st_mode | mode)
    assert load(folder, NAME, KEY) is None, "the user's own folder may not"
    found = load(Folder(folder.path, packaged=True), NAME, KEY)
    assert found == (payload if mode & ~sources == 0 else None)


@root_only
@pytest.mark.parametrize("owner", [0, 12345])
def test_a_package_that_another_user_installed_runs_as_its_sources_do(folder, tmp_path, monkeypatch, owner):
    path, payload = kept(folder)
    for place in (folder.path.parent, folder.path, path):
        os.chown(place, 12345, 12345)
    (tmp_path / "engine").mkdir()
    os.chown(tmp_path / "engine", owner, owner)
    monkeypatch.setattr(code_cache, "SOURCES", tmp_path / "engine")
    assert load(Folder(folder.path, packaged=True), NAME, KEY) == (payload if owner == 12345 else None)


def test_without_a_folder_it_compiles():
    function = kernel("f1")(summed)
    function._cache = MachineCode(summed, lambda: None)
    assert function(np.arange(4.0)) == 12.0
