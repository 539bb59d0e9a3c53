# make search   installs into .venv and runs the quick search
# make test     installs what the tests need and runs them, lint, types and import contracts included
# make test-slow  the tests that take minutes

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install install-dev search lint test test-slow clean

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

# torchvision without its dependencies: timm imports it, and its usual build would replace the CPU build of torch.
$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-deps torchvision
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

search: install
	$(BIN)/evonas search --preset quick

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint
	$(BIN)/python -m pytest -m "not slow"

test-slow: install-dev
	$(BIN)/python -m pytest -m slow

clean:
	rm -rf $(VENV) build dist *.egg-info
