"""What `import shoal` promises, and what it costs."""

import os
import subprocess
import sys

import shoal


def test_every_public_name_is_there():
    assert [name for name in shoal.__all__ if getattr(shoal, name, None) is None] == []


def test_the_textbook_needs_no_import_of_its_own():
    assert shoal.textbook.ACTIVATIONS["tanh"].derivative == "1 − a²"


def test_importing_it_brings_no_compiler():
    # Numba comes with the first fit; scikit-learn and pandas with the first name that needs them
    heavy = "{'numba', 'sklearn', 'pandas', 'scipy'}"
    code = f"import sys, shoal; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_numba_keeps_its_own_cache_folder():
    # the kernels' folder is set around their import only: other users of Numba in the process keep theirs
    code = (
        "import numba; before = numba.config.CACHE_DIR\n"
        "from shoal.engine.kernels import train_module; train_module()\n"
        "assert numba.config.CACHE_DIR == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_number_of_threads_that_numba_refuses_is_named():
    code = (
        "import pytest, shoal\n"
        "for _ in range(2):\n"  # the second time Numba is half imported
        "    with pytest.raises(shoal.ShoalError, match=r\"refuses its settings: .* NUMBA_NUM_THREADS='0'. Set NUMBA_NUM_THREADS to 1\"):\n"
        "        shoal.ShoalClassifier().fit([[0.0], [1.0]] * 20, [0, 1] * 20)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "NUMBA_NUM_THREADS": "0"})
