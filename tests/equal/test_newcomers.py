"""What an activation and a loss take: their definition and their kernel. All else follows (`tests/newcomers.py` has both)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skips import missing

TESTS = Path(__file__).parents[1]
CHECKS = ("gradient and kernels", "training", "files", "python", "c", "onnx", "texts", "torch", "diagnosis", "page")


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(TESTS / "newcomers.py"), str(tmp_path_factory.mktemp("newcomers"))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout.splitlines()


@pytest.mark.slow  # each compiles its own kernels
@pytest.mark.parametrize("check", CHECKS)
def test_an_activation_and_a_loss_of_ones_own_have_all_that_the_others_have(said, check):
    needed = [line for line in said if line.startswith(f"{check} needs ")]
    if check == "torch" and needed:
        pytest.skip(needed[0])  # PyTorch is an extra that no machine of the tests need have
    if needed:
        missing(needed[0])
    assert check in said
