"""Kernels are compiled for levels of processors, which the environment can replace."""

import os
import subprocess
import sys

import pytest
from llvmlite import binding
from numba import config

from shoal.engine.jit import processor
from shoal.engine.jit.processor import FEATURES, LEVELS, V2, V3, V4

BEYOND = {"avx512vnni", "sha", "amx-tile", "sse4a"}  # what some processors have besides


@pytest.fixture
def machine(monkeypatch):
    """Sets the kind of processor and its features."""

    def become(kind, has, avx=1):
        monkeypatch.setattr(binding, "get_process_triple", lambda: f"{kind}-unknown-linux-gnu")
        monkeypatch.setattr(binding, "get_host_cpu_features", lambda: dict.fromkeys(V4 | BEYOND, False) | dict.fromkeys(has, True))
        monkeypatch.setattr(config, "CPU_NAME", None)
        monkeypatch.setattr(config, "CPU_FEATURES", None)
        monkeypatch.setattr(config, "ENABLE_AVX", avx)
        processor.level.cache_clear()
        return processor.level()

    yield become
    processor.level.cache_clear()


@pytest.mark.parametrize(
    ("has", "name"), [(V4 | BEYOND, "x86-64-v4"), (V4, "x86-64-v4"), (V3 | BEYOND, "x86-64-v3"), (V3, "x86-64-v3"), (V2, "x86-64-v2")]
)
def test_a_processor_has_the_highest_level_whose_features_it_has_all(machine, has, name):
    assert machine("x86_64", has) == name
    names = list(LEVELS["x86_64"])
    lower = (*names[names.index(name) + 1 :], None)[0]
    for missing in LEVELS["x86_64"][name]:
        assert machine("x86_64", has - {missing}) in (*names[names.index(name) + 1 :], None), missing
    own = LEVELS["x86_64"][name] - (LEVELS["x86_64"][lower] if lower else set())
    assert {machine("x86_64", has - {missing}) for missing in own} == {lower}


def test_a_processor_told_to_do_without_avx_has_the_level_below(machine):
    assert machine("x86_64", V4, avx=0) == "x86-64-v2"


@pytest.mark.parametrize("kind", ["aarch64", "arm64"])
def test_arm64_has_one_level(machine, kind):
    assert machine(kind, {"neon"}) == "generic"


@pytest.mark.parametrize("kind", ["ppc64le", "riscv64", "i686"])
def test_other_processors_get_what_numba_compiles(machine, kind):
    assert machine(kind, V4) is None


def test_a_processor_that_cannot_be_asked_has_no_level(machine, monkeypatch):
    def unknown():
        raise RuntimeError

    machine("x86_64", V4)
    monkeypatch.setattr(binding, "get_host_cpu_features", unknown)
    processor.level.cache_clear()
    assert processor.level() is None


NAMED = """
from numba.core.registry import cpu_target
from shoal.engine.jit.processor import codegen, level
print(level(), *codegen(cpu_target.target_context).magic_tuple()[1:], sep=",")
"""


@pytest.mark.parametrize("name", [*LEVELS["x86_64"], "generic"])
def test_a_processor_that_the_environment_names_is_compiled_for_under_the_same_key_as_its_level(name):
    if binding.get_process_triple().partition("-")[0] != "x86_64":
        pytest.skip("these are names of x86-64's")
    features = FEATURES.get(name, "")
    environment = os.environ | {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features}
    ran = subprocess.run([sys.executable, "-c", NAMED], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == f"None,{name},{features}\n"


def test_this_machines_own_level_is_what_its_code_is_kept_under():
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_CPU")}
    ran = subprocess.run([sys.executable, "-c", NAMED], env=environment, capture_output=True, text=True, check=True)
    level, name, features = ran.stdout.strip().split(",", 2)
    assert (level == name and features == FEATURES.get(level, "")) or level == "None"
