# make run and make test are the two to know. Each sets up what it needs: Python 3.11 or later and a package registry.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install run test check chaos bench clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tocsin needs Python 3.11 or later; set PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: install
	$(BIN)/tocsin run --demo

test: install
	$(BIN)/python -m pytest

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/tocsin rules test

# twenty faults of each kind on both databases, 5,000 deliveries each: 20 minutes; as root also a full disk
chaos: install
	$(BIN)/python -m tests.chaos

bench: install
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .bench
