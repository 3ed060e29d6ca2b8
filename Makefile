# Everything works on a machine that has Python 3.11 or newer and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# Tests start dozens of servers: where this is set, every one of them would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# uv takes seconds where pip takes minutes; where it cannot be had, pip does the same.
INSTALL = for pip in '$(BIN)/uv pip install --python $(BIN)/python' '$(BIN)/python -m pip install --disable-pip-version-check'; do $$pip --quiet -e '$(1)' && break; done

$(BIN)/.venv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ostiary needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: uv
	@touch $@

$(BIN)/.run: pyproject.toml | $(BIN)/.venv
	$(call INSTALL,.)
	@touch $@

$(BIN)/.dev: pyproject.toml | $(BIN)/.venv
	$(call INSTALL,.[dev])
	@touch $@ $(BIN)/.run

install: $(BIN)/.dev  ## Make the virtual environment with everything for development

demo: $(BIN)/.run  ## Watch a request call out, wait, be resumed and delivered
	$(BIN)/ostiary demo $(ARGS)

# They wait for disks and databases for half of their time: four processes keep two cores busy.
test: $(BIN)/.dev  ## Run the tests on SQLite and on a real PostgreSQL
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(BIN)/.dev  ## Check style, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(BIN)/.dev  ## Rewrite the code in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(BIN)/.bench: pyproject.toml $(BIN)/.dev
	$(call INSTALL,.[bench])
	@touch $@

bench: $(BIN)/.bench  ## Park and resume on both databases, beside a yardstick and rivals
	$(BIN)/python -m bench.park_resume $(ARGS)

bench-parked: $(BIN)/.dev  ## A million parked requests: bytes, memory, resumes, time-outs
	$(BIN)/python -m bench.parked $(ARGS)

bench-scale: $(BIN)/.dev  ## Parks and resumes with 1, 2 and 4 workers and a slow endpoint
	$(BIN)/python -m bench.scale $(ARGS)

bench-soak: $(BIN)/.dev  ## Ten minutes of full load: does memory stay flat
	$(BIN)/python -m bench.soak $(ARGS)

bench-lifecycle: $(BIN)/.dev  ## A leaver workflow over many people, on both databases
	$(BIN)/python -m bench.lifecycle $(ARGS)

simulate: $(BIN)/.dev  ## Run simulated histories with every kind of fault (SEEDS=1000)
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),1000) $(ARGS)

faults: $(BIN)/.dev  ## Kill nodes and PostgreSQL under load, and prove that nothing is lost (SECONDS=60 SEED=1 ARGS=--failover)
	$(BIN)/python -m tests.faults --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED)) $(ARGS)

clean:  ## Remove the virtual environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help install demo test lint format bench bench-parked bench-scale bench-soak bench-lifecycle simulate faults clean
