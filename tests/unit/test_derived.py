"""A derived property is computed once an instance, and a fork while another thread computes one leaves nothing locked."""

import os
import re
import select
import signal
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest

import shoal
from shoal.derived import cached_property

WAIT = 60  # seconds, for what takes a fraction of one


@dataclass(frozen=True)
class Slow:
    """A value that another thread may be computing."""

    begun: Event | None = None
    may_end: Event | None = None

    @cached_property
    def value(self):
        """A new list, so that two computations differ."""
        if self.begun is not None:
            self.begun.set()
            assert self.may_end.wait(WAIT)
        return []


def test_it_is_computed_once_an_instance():
    first, second = Slow(), Slow()
    assert first.value is first.value
    assert first.value is not second.value
    assert isinstance(Slow.__dict__["value"].__doc__, str)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_while_a_thread_computes_it_computes_its_own():
    begun, may_end = Event(), Event()
    thread = Thread(target=lambda: Slow(begun, may_end).value)
    thread.start()
    assert begun.wait(WAIT)
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(into, repr(Slow().value).encode())
        os._exit(0)
    answered = bool(select.select([out], [], [], WAIT)[0])
    if not answered:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    may_end.set()
    thread.join(WAIT)
    assert answered, "the child waits for the lock of a thread that it does not have"
    assert os.read(out, 9) == b"[]"
    os.close(out)
    os.close(into)


def test_no_module_of_the_package_imports_the_one_with_a_lock():
    home = Path(shoal.__file__).parent
    sources = {path.relative_to(home).as_posix(): path.read_text(encoding="utf-8") for path in home.rglob("*.py")}
    assert [path for path, text in sources.items() if re.search(r"functools.*cached_property", text)] == ["derived.py"]
    assert sum("from shoal.derived import cached_property" in text for text in sources.values()) > 9
