# Every target makes what it needs: the first call builds .venv, later calls start at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test slow check bench table clean

demo: $(VENV)/.installed  ## train on a real table, save the model, predict
	@$(BIN)/shoal demo

test: $(VENV)/.tested  ## the tests, under five minutes on two cores
	@$(BIN)/python -m pytest -n 2 --dist worksteal

slow: $(VENV)/.tested  ## the long tests: every solver through scikit-learn's own checks
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m slow

check: $(VENV)/.tested  ## style, types, and the floors of the house
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(VENV)/.tested  ## how long a fit takes beside scikit-learn's, each with its score
	@$(BIN)/python benchmarks/fit_times.py

table: $(VENV)/.tested  ## the defaults on 36 shared tables beside seven established tools (some minutes)
	@$(BIN)/python benchmarks/defaults_table.py

clean:  ## remove what the other targets made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "shoal needs Python 3.11 or newer; this is %s. Call make PYTHON=path/to/python3.11" % sys.version.split()[0])'
	@echo "making $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	@echo "installing shoal into $(VENV) (once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[chapter]'
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@echo "installing what the tests need (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[parquet,chapter,onnx,report,dask]' --group dev
	@touch $@
