# Each target is enough by itself on a fresh machine with Python 3.11 or later and make; a second run is quick.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
# These wait for real servers and emulated environments more than they compute: two at a time, a file each. They have a
# run of their own, so that no server of theirs is up beside the library's tests.
WITH_SERVERS := tests/tools tests/examples tests/on_the_emulator tests/servers
# Of these the ones that take the machine for themselves: shares of the CPU, and whole runs of the demo.
ONE_BY_ONE := $(addprefix tests/tools/emulator/test_emulator_,cpu.py cgroups.py freezing.py fleet.py) tests/examples/test_demo.py
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The first Python of at least 3.11 that starts; 3.11 itself first, since it is the oldest that is supported.
FIND_PYTHON := for python in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14 python; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$python"; exit; fi; \
	done; echo "meantime: no Python 3.11 or later is to be found; install one, or say which: make PYTHON=/path/to/python" >&2; exit 1

.PHONY: help demo test check lint types contract mistakes rules unit versions bench mutants adaptive docs numbers format clean system-packages

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

demo: $(VENV)/.installed $(VENV)/.aws-server ## Run the examples in emulated Lambda environments and compare them: build/demo/index.html
	@$(BIN)/python examples/demo.py $(DEMO)

test: check unit versions ## Everything that must pass: format, lint, types, import contract, tests, also on other Pythons

check: lint types contract mistakes

lint: $(VENV)/.installed
	@echo "== format and lint"
	@$(BIN)/ruff format --check --quiet . || { echo "meantime: the format is off; run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .

types: $(VENV)/.installed
	@echo "== types"
	@$(BIN)/mypy

contract: $(VENV)/.installed
	@echo "== import contract"
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

mistakes: $(VENV)/.installed
	@echo "== meantime check, on itself and on the examples"
	@$(BIN)/meantime check

rules: $(VENV)/.installed ## Write the table of all rules of meantime check into docs/check.md
	@$(BIN)/python docs/update_rules.py

# A machine that stands still for a second fails what is right. So what fails is run once more, by itself; both are shown.
define tested
@$(BIN)/python -m pytest -q $(1) $(2) || { [ $$? = 1 ] && echo "== once more, by itself: what failed above" && \
	$(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none $(2); }
endef

unit: $(VENV)/.installed $(VENV)/.aws-server $(VENV)/.aiobotocore system-packages
	@echo "== tests"
	$(call tested,-n2 --dist=loadfile,$(addprefix --ignore=,$(WITH_SERVERS)))
	$(call tested,-n2 --dist=loadfile,$(addprefix --ignore=,$(ONE_BY_ONE)) $(WITH_SERVERS))
	$(call tested,,$(ONE_BY_ONE))

versions: $(VENV)/.installed ## The library's own tests on every other Python that is here
	@echo "== the library on the other Pythons"
	@$(BIN)/python noxfile.py

bench: $(VENV)/.installed $(VENV)/.aws-server $(VENV)/.aiobotocore $(VENV)/.check-peers system-packages ## Ratios against the standard library and peers, measured in one run; BENCH="limiters retries" for some
	@$(BIN)/python benchmarks/run.py $(BENCH)

mutants: $(VENV)/.installed ## Which mistakes in the rules of meantime check no test notices; RULES="MT101 MT201" for some
	@$(BIN)/python benchmarks/mutants.py $(RULES)

adaptive: $(VENV)/.installed ## What an adaptive limiter learns in 20 s from a downstream that throttles: docs/adaptive.svg
	@$(BIN)/python benchmarks/adaptive.py

docs: $(VENV)/.installed ## The pages of docs/ as a site: build/docs/index.html
	@$(BIN)/mkdocs build --strict --quiet
	@echo "open build/docs/index.html in a browser"

numbers: $(VENV)/.installed ## Write the numbers of the last make demo into the README and the examples' pages
	@$(BIN)/python docs/update_numbers.py

format: $(VENV)/.installed ## Put the source into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove what the other targets made
	rm -rf $(VENV) .nox build dist

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "== installing Meantime and what its tools and tests need into $(VENV)"
	@python=$$($(FIND_PYTHON)) && "$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[tools,dev]'
	@touch $@

# ministack pins a botocore of its own, so it lives in an environment of its own.
$(VENV)/.aws-server: $(VENV)/.installed aws-server-constraints.txt
	@echo "== installing the local server for S3, DynamoDB and SQS into $(VENV)/aws-server"
	@$(BIN)/python -m venv $(VENV)/aws-server
	@$(VENV)/aws-server/bin/python -m pip install --quiet --constraint aws-server-constraints.txt ministack hypercorn
	@touch $@

# So does aiobotocore, which the wait clock knows.
$(VENV)/.aiobotocore: $(VENV)/.installed aiobotocore-constraints.txt
	@echo "== installing aiobotocore into $(VENV)/aiobotocore"
	@$(BIN)/python -m venv $(VENV)/aiobotocore
	@$(VENV)/aiobotocore/bin/python -m pip install --quiet --constraint aiobotocore-constraints.txt aiobotocore
	@touch $@

# The checkers that ours is measured beside have dependencies of their own.
$(VENV)/.check-peers: $(VENV)/.installed check-peers-constraints.txt
	@echo "== installing flake8-async and pylint into $(VENV)/check-peers"
	@$(BIN)/python -m venv $(VENV)/check-peers
	@$(VENV)/check-peers/bin/python -m pip install --quiet --constraint check-peers-constraints.txt flake8-async pylint
	@touch $@

# Only what Debian's own packages can bring, and only where this may install them; else the tests that need it say so.
# Debian must not start its own PostgreSQL and Redis: the tests start theirs, so a policy forbids it meanwhile.
system-packages:
	@missing=; \
	command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing="$$missing chromium"; \
	compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing="$$missing postgresql"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v patch >/dev/null || missing="$$missing patch"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "meantime: missing, and not to be installed from here:$$missing; the tests that need them will be skipped" >&2; \
		exit 0; \
	fi; \
	echo "== installing for the tests:$$missing"; \
	policy=/usr/sbin/policy-rc.d; \
	if [ ! -e $$policy ]; then \
		trap "rm -f $$policy" EXIT; \
		printf '#!/bin/sh\nexit 101\n' >$$policy; \
		chmod 755 $$policy; \
	fi; \
	apt-get update -qq >/dev/null || true; \
	for package in $$missing; do \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$package >/dev/null 2>&1 \
			|| echo "meantime: $$package could not be installed; the tests that need it will be skipped" >&2; \
	done
