# What there is to do with a checkout. `make` alone lists the targets.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
PIP = .venv/bin/python -m pip --disable-pip-version-check --no-input --quiet
RUN = .venv/bin/citrine-py
# With their extras: pip else looks for `coverage[toml]` beyond the lock once there is a newer release.
COMPILE = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-strip-extras --no-header -q --extra build

.DEFAULT_GOAL := help
.PHONY: help up down reset info demo venv test soak conformance foreign bench lint fmt lock

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

# The kernel tells `up` if make itself is killed, so that nothing is left behind.
up: export CITRINE_STACK_STOP_WITH_PARENT = true
up: .venv/stack  ## Postgres, Directus and the service on this machine, until Ctrl-C
	@$(RUN) up

down: .venv/stack  ## stop what `make up` started
	@$(RUN) down

reset: .venv/stack  ## drop all data and secrets of `make up`, after asking
	@$(RUN) reset

info: .venv/stack  ## addresses and logins of the running system
	@$(RUN) info

demo: .venv/stack  ## a simulated charger boots with a full report, and stays; now and then a car charges
	@$(RUN) simulate --demo

venv: .venv/dev  ## .venv with all locked dependencies, those of development too

test: .venv/dev  ## all tests; those over the whole stack start one of their own, on free ports
	@CITRINE_TEST_CHROMIUM="$$(.ci/chromium)" .venv/bin/python -m pytest $(ARGS)

soak: .venv/dev  ## what must survive faults, at length (ARGS: names, --seed), with a report
	@.venv/bin/python -m tests.soak $(ARGS)

conformance: .venv/dev  ## the official test cases, as a table
	@.venv/bin/python -m pytest tests/conformance -q

foreign: .venv/dev  ## a charger program of others in a whole session (CHARGER, ARGS: --help)
	@.venv/bin/python -m tests.foreign $(ARGS) "$$CHARGER"

bench: .venv/dev  ## the benchmarks, as the table of bench/README.md (some minutes)
	@.venv/bin/python -m bench

lint: .venv/dev  ## ruff, mypy --strict, import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

fmt: .venv/dev  ## put the code into its usual form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock:  ## compile the lock files anew from pyproject.toml (needs uv)
	$(COMPILE) -o requirements.txt
	$(COMPILE) --extra stack -o requirements-stack.txt
	$(COMPILE) --extra stack --extra dev -o requirements-dev.txt

# The two pip lines are those of the Dockerfile. Dots show that it goes on: the first time takes
# half a minute or more. They end with the shell that prints them, whatever ends it.
.venv/stack .venv/dev: .venv/%: requirements-%.txt pyproject.toml | .venv/bin/pip
	@printf 'installing the locked Python packages '; \
	shell=$$$$; (while sleep 2 && kill -0 $$shell; do printf .; done) 2>/dev/null & dots=$$!; \
	trap "kill $$dots 2>/dev/null" EXIT; trap 'exit 130' INT TERM; \
	$(PIP) install --require-hashes -r requirements-$*.txt && \
	$(PIP) install --no-deps --no-build-isolation -e . && \
	printf ' done\n'
	@touch $@

.venv/bin/pip:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "citrine-py needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a .venv (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv
