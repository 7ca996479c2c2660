# Everything runs in .venv; `make` prints the targets. Paths are relative: spaces in them are fine.
PYTHON ?= python3
PORT ?= 8300
DATA ?= data
PY := .venv/bin/python
# A module's tests share its fixtures, so they stay together, in the order they are found. One more
# process than the two cores this is measured on: tests of the whole office mostly wait for it.
TESTERS ?= 3
SPREAD := -n $(TESTERS) --dist loadscope --no-loadscope-reorder
ROOMS := approvals audit bot core graphs llm memory sandbox tools

.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-all faults check fmt bench bench-checkpoint screenshots lock clean

help: ## print the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

.venv/.ready: requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" sh scripts/setup.sh

setup: .venv/.ready ## install everything into .venv

demo: .venv/.ready ## try Signoff here: a practice workspace in your browser
	@$(PY) -m bot demo --port $(PORT) --data "$(DATA)"

up: .venv/.ready ## run for a real workspace (tokens in .env)
	@$(PY) -m bot up --port $(PORT) --data "$(DATA)"

test: .venv/.ready ## check our claims
	@$(PY) -m pytest -q $(SPREAD)

test-all: .venv/.ready ## the same, with many more examples per property
	@HYPOTHESIS_PROFILE=many $(PY) -m pytest -q $(SPREAD)

faults: .venv/.ready ## kill it at every commit and call, count what happened outside
	@$(PY) -m tests.faults

check: .venv/.ready ## style, types, layers, spelling, structure
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) -m codespell_lib $(ROOMS) tests benchmarks docs config scripts README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md
	@$(PY) scripts/check_structure.py

fmt: .venv/.ready ## format
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix -q .

bench: .venv/.ready ## measure: ratios in one run, medians, method beside each figure
	@$(PY) -m benchmarks

bench-checkpoint: .venv/.ready ## measure the checkpointer against its peers
	@$(PY) -m benchmarks checkpoint

screenshots: .venv/.ready ## take docs/img anew (needs Chromium)
	@SIGNOFF_SCREENSHOTS=docs/img $(PY) -m pytest -q tests/e2e -m browser

lock: .venv/.ready ## resolve requirements.lock anew
	@$(PY) -m uv pip compile -q --universal --generate-hashes --no-emit-index-url --all-extras \
	  --python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean: ## remove .venv and everything kept in data/
	@rm -rf .venv data
