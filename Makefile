# Everything a newcomer or a machine does here, one word each. `make` alone prints the list.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env canary test numbers test-services check format types imports docker-check bench bench-history crash soak soak-short lock clean

PYTHON_IN_VENV := .venv/bin/python
STAMP := .venv/.made-from-the-locks
PACKAGES := contracts quant runtime actors adapters bot
KILLS ?= 200
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP)  ## build .venv from the locks (done once, again when a lock changes)

$(STAMP): requirements/env.sh requirements/installer.lock requirements/dev.lock pyproject.toml
	@requirements/env.sh
	@touch $@

canary: env  ## run the canary: a simulated market, a mock broker, the real machine
	$(PYTHON_IN_VENV) -m bot run --profile canary

test: env  ## the whole default suite
	$(PYTHON_IN_VENV) -m pytest -q -n 2 --dist loadfile

numbers: env  ## figures on real data, oracles, and laws at full size: some minutes
	$(PYTHON_IN_VENV) -m pytest -q -n 2 --dist loadfile -m numbers

test-services: env  ## what needs real servers, which it starts itself: Kafka, Redis, PostgreSQL
	requirements/services.sh
	$(PYTHON_IN_VENV) -m pytest -q -n 2 --dist loadfile -m services tests/services

check: env format types imports docker-check  ## format, lint, types, imports, Dockerfile

format: env
	$(PYTHON_IN_VENV) -m ruff format --check .
	$(PYTHON_IN_VENV) -m ruff check --no-cache .  # a cached verdict forgets that a new package became our own

types: env
	$(PYTHON_IN_VENV) -m mypy

imports: env
	.venv/bin/lint-imports

docker-check: env
	if [ -x .venv/bin/hadolint ]; then .venv/bin/hadolint Dockerfile; else echo "no hadolint for this platform: skipped"; fi

bench: env  ## the figures of this machine
	$(PYTHON_IN_VENV) -m bench

bench-history: env  ## backtests beside the engines of others, and a year of the whole chain: half an hour and more
	requirements/peers.sh
	$(PYTHON_IN_VENV) -m bench.history

crash: env  ## kill -9 a canary KILLS times (200) and compare it with its broker's ledger
	$(PYTHON_IN_VENV) -m tests.soak.crash --kills $(KILLS)

soak: env  ## two virtual days under weather and a real-time soak
	$(PYTHON_IN_VENV) -m tests.soak

soak-short: env  ## the real-time soak alone, 60 seconds
	$(PYTHON_IN_VENV) -m tests.soak --real 60s

lock: env  ## resolve the dependencies anew and pin them with hashes
	.venv/bin/$(LOCK) pyproject.toml -o requirements/run.lock
	.venv/bin/$(LOCK) --extra kafka --extra redis --extra history pyproject.toml -o requirements/backbone.lock
	.venv/bin/$(LOCK) --all-extras --group dev pyproject.toml -o requirements/dev.lock
	echo uv | .venv/bin/$(LOCK) - -o requirements/installer.lock

clean:  ## remove .venv and every cache (never a run)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
