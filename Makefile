# Everything runs from a fresh clone with Python 3.11+ and make only.
# `make` keeps its environment in .venv; the locks in requirements/ pin every hash.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP     = $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
WORKERS ?= 2

.PHONY: help serve demo test check fix lock bench spec mutation clean
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "make: Ostiary needs Python 3.11 or newer; set PYTHON=python3.x" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Two environments in one folder: what the server needs, then what developers need.
$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) (a minute, once)"
	$(PIP) install --require-hashes -r requirements/build.txt
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "adding the tools for tests"
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
# The peers that `make bench` compares with; nothing else imports them. Without npm the
# one that runs in node is left out.
$(VENV)/.bench: requirements/bench.txt requirements/bench-node/package-lock.json $(VENV)/.dev
	@echo "adding the peers for the benchmarks"
	$(PIP) install --require-hashes -r requirements/bench.txt
	@mkdir -p $(VENV)/bench-node && cp requirements/bench-node/*.json $(VENV)/bench-node
	@if command -v npm >/dev/null; \
	  then npm ci --silent --no-audit --no-fund --prefix $(VENV)/bench-node; \
	  else echo "no npm here: cedar-wasm is left out"; fi
	@touch $@

# The SDK for JavaScript, which tests/e2e/test_javascript.py uses; without npm that test
# is skipped with a word, but not in CI.
$(VENV)/.node: requirements/e2e-node/package-lock.json $(VENV)/.dev
	@mkdir -p $(VENV)/e2e-node && cp requirements/e2e-node/*.json $(VENV)/e2e-node
	@if command -v npm >/dev/null; \
	  then npm ci --silent --no-audit --no-fund --prefix $(VENV)/e2e-node && touch $@ \
	    || echo "npm has failed: the SDK for JavaScript is left out"; \
	  else echo "no npm here: the SDK for JavaScript is left out"; fi

# The tool of `make mutation`; only tests/mutation imports it.
$(VENV)/.mutation: requirements/mutation.txt $(VENV)/.dev
	@echo "adding the tool for mutation testing"
	$(PIP) install --require-hashes -r requirements/mutation.txt
	@touch $@

## make serve   set up, then serve the API on :4566 and the console on :4580
serve: $(VENV)/.run
	$(BIN)/ostiary serve
## make demo    set up, then run the three scenarios of the guide, narrated
demo: $(VENV)/.run
	$(BIN)/ostiary demo
## make test    set up, then run every test
test: $(VENV)/.dev $(VENV)/.node
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)
## make check   formatting, lint, types, floors, spelling, docs in step
check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python scripts/rules.py --strict
## make fix     let the tools repair what they can
fix: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
## make bench   ours beside the peers, as ratios; writes bench/results
bench: $(VENV)/.bench
	$(BIN)/python -m bench
## make spec    the long differential and fuzz runs
spec: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) -m "long or not long" tests/differential tests/property $(ARGS)
## make mutation  mutate the policy engine, ask its tests; writes tests/mutation/report.md
mutation: $(VENV)/.mutation
	$(BIN)/python -m tests.mutation $(ARGS)
## make lock    compile the locks anew (needs uv)
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --group dev --extra sandbox pyproject.toml -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra sandbox -c requirements/dev.txt pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements/dev.txt --group bench -o requirements/bench.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements/dev.txt --group mutation -o requirements/mutation.txt
	printf 'hatchling\neditables\n' | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements/dev.txt - -o requirements/build.txt
clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
