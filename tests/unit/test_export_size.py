"""What the C export says of its size is what the compilers of two kinds of small machines make of it."""

import re
import shutil
import subprocess

import numpy as np
import pytest

import shoal
from export_problems import bare_cases, fitted_table, table
from shoal.export import c99, portable, size_of
from shoal.export.c99.machines import AVR, CORTEX_M

COMPILERS = {
    CORTEX_M: ("arm-none-eabi-", ("-mcpu=cortex-m4", "-mthumb", "-std=c99"), "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    AVR: ("avr-", ("-mmcu=atmega2560", "-std=gnu99"), "apt-get install gcc-avr avr-libc"),
}
STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic")
SMALL = {"hidden_layer_sizes": 4}
ONE = {"n_networks": 1, "ramps": False, "hidden_layer_sizes": 5}
MODELS = {
    "classes of a table": lambda: fitted_table("survived", **SMALL),
    "targets of a table": lambda: fitted_table(("paid", "owed"), **SMALL),
    "labels of a table": lambda: fitted_table(("survived", "insured"), **SMALL),
    "one network": lambda: fitted_table("class", **ONE),
    **{f"bare {i}": (lambda i=i: bare_cases()[i]) for i in range(14)},
}


def tools(machine):
    """The compiler with its options, and its `nm` and `size`; a skip where they are not."""
    prefix, options, install = COMPILERS[machine]
    if shutil.which(f"{prefix}gcc") is None:
        pytest.skip(f"there is no {prefix}gcc: {install}")
    return (f"{prefix}gcc", *options, *STRICT), f"{prefix}nm", f"{prefix}size"


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[:2000]
    return done.stdout


def written(model, folder, precision):
    for name, text in c99(model, "m", precision).items():
        (folder / name).write_text(text, encoding="utf-8")


def symbols(text):
    """Sizes by name, in bytes."""
    found = re.findall(r"^[0-9a-f]+ ([0-9a-f]+) \w (\S+)$", text, re.MULTILINE)
    return {name: int(size, 16) for size, name in found}


@pytest.mark.parametrize("precision", ["float", "double"])
@pytest.mark.parametrize("machine", COMPILERS, ids=lambda machine: machine.name)
@pytest.mark.parametrize("name", MODELS)
def test_tables_code_and_memory_are_those_of_the_object_file(name, machine, precision, tmp_path):
    model = portable(MODELS[name](), "C")
    compiler, nm, size = tools(machine)
    written(model, tmp_path, precision)
    said = size_of(model, precision, machine)
    run(tmp_path, *compiler, "-O0", "-c", "m.c", "-o", "plain.o")  # no table is folded into the code
    of_numbers = re.compile(r"(?!LEVELS|VARIANTS_\d)[A-Z][A-Z0-9_]*\Z")
    tables = {symbol: n for symbol, n in symbols(run(tmp_path, nm, "-S", "plain.o")).items() if of_numbers.match(symbol)}
    assert sum(tables.values()) == said.tables
    assert max(n for symbol, n in tables.items() if symbol in ("W1", "W2", "HEIGHT")) == said.largest_table

    run(tmp_path, *compiler, "-Os", "-fstack-usage", "-c", "m.c", "-o", "m.o")
    text, data, bss = (int(n) for n in run(tmp_path, size, "m.o").splitlines()[-1].split()[:3])
    assert bss == 0, "nothing is kept between calls"
    assert 200 < text + data - said.flash < machine.code
    if machine is AVR:
        assert sum(n for symbol, n in symbols(run(tmp_path, nm, "-S", "m.o")).items() if symbol.startswith(("LEVELS", "m_outputs"))) < 300

    frames = [int(line.split("\t")[1]) for line in next(tmp_path.glob("m*.su")).read_text().splitlines()]
    outside = len(model.output_names) * machine.double  # the caller's answers and row
    outside += sum(machine.double if field.kind != "category" else min(machine.double, 4) for field in model.fields)
    assert -outside <= sum(frames) - said.stack <= 200  # registers, addresses, loops


@pytest.mark.parametrize("name", MODELS)
def test_multiplications_are_those_of_the_loops(name):
    """Counted from the shapes in the C itself: what each loop runs over."""
    model = portable(MODELS[name](), "C")
    source = c99(model, "m", "float")["m.c"]
    n = {key: int(value) for key, value in re.findall(r"(N_\w+) = (\d+)", source)}
    per_input = n["N_H"] + (n["N_Z"] if "skip(x, z2)" in source else 0)
    passes = 2 if "skip(x, z2)" in source else 1
    expected = per_input * (n["N_X"] + 2 * n.get("N_RAMPED", 0)) + passes * (n["N_X"] + n.get("N_RAMPED", 0)) + n["N_H"] * n["N_Z"]
    extra = size_of(model, "float").multiplications - expected
    assert extra == (len(model.output_names) if model.network.target is not None else 0)


def test_a_table_that_a_machine_does_not_take_is_said():
    model = portable(fitted_table("survived"), "C")  # of the default width, with ramps
    assert not size_of(model, "float", AVR).fits
    assert "AVR: too large, with a table of" in str(size_of(model, "float", AVR))
    assert size_of(model, "float", CORTEX_M).fits
    compiler, *_ = tools(AVR)
    assert size_of(portable(fitted_table("survived", **ONE), "C"), "float", AVR).fits
    assert compiler


UART = """#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdio.h>
static int put(char c, FILE *file)
{
    (void)file;
    while (!(UCSR0A & (1 << UDRE0)))
        ;
    UDR0 = (unsigned char)c;
    return 0;
}
static FILE out = FDEV_SETUP_STREAM(put, NULL, _FDEV_SETUP_WRITE);
void __attribute__((constructor)) begin(void) { UCSR0B = 1 << TXEN0; stdout = &out; }
void __attribute__((destructor)) end(void) { cli(); sleep_mode(); }
"""
ON_AVR = {  # the vectors of the test program lie in flash too; all numbers are of single precision there
    "static const m_row ROWS": "static const __flash m_row ROWS",
    "static const double WANTED": "static const __flash double WANTED",
    "m_predict(&ROWS[i], out)": "{ const m_row row = ROWS[i]; m_predict(&row, out); }",
    "TOLERANCE = 1e-05": "TOLERANCE = {}",
}


@pytest.mark.parametrize("name", MODELS)
def test_a_simulated_avr_gives_the_answers(name, tmp_path):
    if shutil.which("simavr") is None:
        pytest.skip("there is no simavr: apt-get install simavr")
    compiler, *_ = tools(AVR)
    written(portable(MODELS[name](), "C"), tmp_path, "float")
    program = (tmp_path / "m_test.c").read_text()
    for old, new in ON_AVR.items():
        assert program.count(old) == 1
        # seconds since 1970 are rounded to 128 of them, so that the hour of a date may be the next
        program = program.replace(old, new.replace("{}", "1e-2" if "table" in name else "1e-3"))
    (tmp_path / "m_test.c").write_text(program)
    (tmp_path / "uart.c").write_text(UART)
    lenient = (*(option for option in compiler if option not in STRICT), "-w")  # denormals of double in the vectors are 0 there
    printing = ("-Wl,-u,vfprintf", "-lprintf_flt", "-lm")
    run(tmp_path, *lenient, "-Os", "m.c", "m_test.c", "uart.c", "-o", "run.elf", *printing)
    simulated = ["simavr", "-m", "atmega2560", "-f", "16000000", "run.elf"]
    done = subprocess.run(simulated, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    found = re.search(r"(\d+) of (\d+) answers agree", done.stdout + done.stderr)
    assert found, done.stdout[-500:] + done.stderr[-500:]
    assert found[1] == found[2] != "0", (done.stdout + done.stderr)[-1500:]


def test_tables_are_in_flash_on_avr(tmp_path):
    """Not one of them in the section of constants, which AVR copies to memory; the names of outputs and levels are there alone."""
    model = portable(fitted_table("survived", **ONE), "C")
    compiler, *_ = tools(AVR)
    written(model, tmp_path, "float")
    run(tmp_path, *compiler, "-Os", "-c", "m.c", "-o", "m.o")
    sections = dict(re.findall(r"\d+ (\.\S+) +([0-9a-f]+)", run(tmp_path, "avr-objdump", "-h", "m.o")))
    said = size_of(model, "float", AVR)
    copied = sum(int(n, 16) for section, n in sections.items() if section.startswith((".rodata", ".data")))
    assert 0 < copied <= said.texts
    assert said.memory == said.stack + said.texts


def test_small_models_are_small():
    """The shoal of a table and a network of five units: a hundredth of the flash and of the multiplications."""
    large, small = (size_of(portable(fitted_table("survived", **given), "C"), "float") for given in ({}, ONE))
    assert small.flash < large.flash / 20
    assert small.multiplications < large.multiplications / 20
    assert small.memory < large.memory


def test_what_a_row_holds_counts():
    """Categories, dates and limits: each adds its own bytes."""
    frame, settings = table()[["age", "paid"]], {**ONE, "max_iter": 2}
    models = [shoal.fit(data, "paid", settings=settings) for data in (frame, frame.assign(b=frame["age"] ** 2))]
    sizes = [size_of(portable(model, "C"), "float") for model in models]
    assert sizes[1].tables - sizes[0].tables == 5 * 4 + 2 * 8 + (5 * 4 + 2 * 8)  # W1's rows, center and scale, of the number and its gaps
    assert sizes[1].stack - sizes[0].stack == 2 * 8 + 8
    assert np.isfinite(sizes[0].multiplications)
