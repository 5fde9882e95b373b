# Every target makes what it needs: the first call builds .venv, later calls start at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Where the surroundings forbid compiled files, every process that the tests start would compile all its modules anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test slow check bench table handout docs wheels release lowest latest clean

demo: $(VENV)/.installed  ## train on a real table, save the model, predict
	@$(BIN)/shoal demo

test: $(VENV)/.tested  ## the tests, under five minutes on two cores
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

slow: $(VENV)/.tested  ## the long tests: every solver through scikit-learn's own checks
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m slow

check: $(VENV)/.tested  ## style, types, and the floors of the house
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(VENV)/.tested  ## how long a fit takes beside scikit-learn's, each with its score
	@$(BIN)/python benchmarks/fit_times.py

table: $(VENV)/.tested  ## the defaults on 36 shared tables beside seven established tools (some minutes)
	@$(BIN)/python benchmarks/defaults_table.py

handout: $(VENV)/.tested  ## the live chapter on paper, every exhibit on a page: handout.pdf
	@$(BIN)/python docs/handout.py

docs: $(VENV)/.documented  ## the site of the documentation, into build/docs/index.html; warnings are errors
	@rm -rf docs/api docs/gallery docs/tutorials build/docs
	@$(BIN)/codespell docs examples README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md src
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --builder html docs build/docs
	@echo "open build/docs/index.html"

wheels: $(VENV)/.made  ## a wheel for this platform and Python with the machine code of all kernels, into build/wheels (minutes)
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build/wheels .
	@ls build/wheels/*.whl

release: $(VENV)/.documented  ## everything checked, the source and a wheel built into dist/ and checked; nothing is uploaded
	@$(BIN)/python packaging/release.py
	@$(MAKE) --no-print-directory test slow check docs
	@echo "installing what builds a release"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group release
	@$(BIN)/basedpyright --level error tests/typed_use.py
	@rm -rf dist
	@$(BIN)/python -m build --outdir dist
	@$(BIN)/python -m twine check --strict dist/*
	@echo "Nothing was uploaded. dist/ has the source and a wheel for this platform and Python; those for others are built by"
	@echo ".github/workflows/release.yml from the tag. To upload them: $(BIN)/python -m twine upload dist/*"

# The lanes: the tests with other versions than those of .venv. torch is left out: each version is gigabytes.
EXTRAS = $(shell $(BIN)/python -c 'import tomllib; print(*("--extra " + name for name in tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"] if name != "torch"))')
TESTS ?= tests

lowest: RESOLVE = --resolution lowest-direct
lowest: $(VENV)/.made  ## the tests with the lowest versions that pyproject.toml admits
latest: RESOLVE = --resolution highest --prerelease allow
latest: $(VENV)/.made  ## the tests with the newest versions, those before a release among them

lowest latest:
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --python $(BIN)/python $(RESOLVE) $(EXTRAS) --group dev --output-file $(VENV)/$@.txt pyproject.toml > /dev/null
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-$@
	@$(BIN)/uv pip install --quiet --python .venv-$@/bin/python --requirement $(VENV)/$@.txt
	@$(BIN)/uv pip install --quiet --python .venv-$@/bin/python --no-deps --editable .
	@.venv-$@/bin/python -m pytest -n 2 --dist worksteal --override-ini filterwarnings=default $(TESTS)

clean:  ## remove what the other targets made
	rm -rf $(VENV) .venv-* build docs/api docs/gallery docs/tutorials .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "shoal needs Python 3.11 or newer; this is %s. Call make PYTHON=path/to/python3.11" % sys.version.split()[0])'
	@echo "making $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# What compiles comes first: the rest is installed while the functions of a first fit are compiled. A fit compiles what is missing.
$(VENV)/.installed: $(VENV)/.made pyproject.toml
	@echo "installing shoal into $(VENV) and compiling its engine (once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check array-api-compat numba scipy threadpoolctl
	@PYTHONPATH=src $(BIN)/python -m shoal.engine.ahead --first & compiling=$$!; \
	  $(BIN)/pip install --quiet --disable-pip-version-check --editable '.[chapter]'; installed=$$?; \
	  wait $$compiling; exit $$installed
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@echo "installing what the tests need (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[parquet,excel,spss,chapter,onnx,report,dask]' --group dev
	@touch $@

$(VENV)/.documented: $(VENV)/.tested
	@echo "installing what the documentation needs (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@
