# `make` lists what there is. Everything runs in .venv, built once from the lock file.
.DEFAULT_GOAL := help
.PHONY: help setup demo test nightly promises seeded samples check format accept bench lock

# Every command of tieout starts in half the time where Python may keep its bytecode, and tieout its table of the grammar.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
BIN := .venv/bin
SAMPLES := ../shared/design/sample
READY := .venv/.ready
READY_BENCH := .venv/.ready-bench

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## install tieout and its tools into .venv, once

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tieout needs Python 3.11 or newer: make setup PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_BENCH): requirements-bench.lock $(READY)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-bench.lock
	@touch $@

demo: $(READY) ## close four months of a generated client and show what was found
	$(BIN)/tieout demo

test: $(READY) ## run every test and feature
	$(BIN)/python -m pytest -n 2 --dist worksteal

nightly: $(READY) ## run every test with as many trials as a night affords
	TIEOUT_TRIALS=nightly $(BIN)/python -m pytest -n 2 --dist worksteal

promises: $(READY) ## prove the promises and rewrite docs/promises.md: TRIALS=release, ONLY="P5 P6" for some
	$(BIN)/python -m tests.promises.report --trials $(or $(TRIALS),nightly) $(ONLY)

seeded: $(READY) ## plant every seeded bug and run the test that must catch it
	$(BIN)/python -m tests.seeded.report

samples: $(READY) ## run every example of the designs' sample rulesets, which lie in ../shared
	$(BIN)/tieout test $(SAMPLES)/standard.tieout
	$(BIN)/tieout test $(SAMPLES)/client.tieout

check: $(READY) ## lint, formatting, types, import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## rewrite the code in its canonical form
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

accept: $(READY) ## rewrite golden files from what the code does now; review with git diff
	$(BIN)/python -m pytest -n 2 --dist worksteal --accept

bench: $(READY_BENCH) ## measure closes against hand-written SQL, polars and Beancount, and with every mechanism on
	$(BIN)/python -m benchmarks.bench
	$(BIN)/python -m benchmarks.every_mechanism

lock: $(READY) ## choose new versions: rewrites both lock files
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile $(LOCK) --extra dev --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra dev --extra bench --constraint requirements.lock --output-file requirements-bench.lock pyproject.toml

LOCK := --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options
