# Kasparro's front door. `make up` and `make test` are all that a newcomer needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
.DEFAULT_GOAL := help

.PHONY: help install up demo down logs etl smoke test lint otel bench clean lock

help: ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

install: $(VENV)/.runtime ## make .venv from the hash-pinned lock

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@echo "installing into $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python 3.11 or newer is needed. Set PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "installing the test tools …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

up: install ## start the ledger in the background, ingest what can be reached, serve it
	@$(BIN)/kasparro up --background

demo: install ## the same with a simulated market, in a home of its own; needs no network
	@$(BIN)/kasparro up --background --demo

down: install ## end what `make up` and `make demo` started
	@$(BIN)/kasparro down
	@$(BIN)/kasparro down --demo

logs: install ## follow what `make up` started has to say
	@$(BIN)/kasparro logs -f

etl: install ## ingest once more
	@$(BIN)/kasparro ingest

smoke: install ## try all of it once, end to end, in a home of its own that is gone afterwards (half a minute)
	@$(BIN)/python -m tests.smoke

test: $(VENV)/.dev ## run all tests
	@$(BIN)/python -m pytest -n 4 --dist worksteal -rs

lint: $(VENV)/.dev ## style, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

.PHONY: image containers-test
image: ## build the container image; mirrors of the package index are taken from PIP_INDEX_URL
	docker build --build-arg PIP_INDEX_URL --build-arg PIP_EXTRA_INDEX_URL --build-arg VERSION="$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' src/kasparro/__init__.py)" --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null)" --tag kasparro .

containers-test: $(VENV)/.dev ## test image and compose files with a Docker engine; skipped where there is none
	@CONTAINER_TESTS=1 $(BIN)/python -m pytest -p no:xdist -rsP --durations=5 tests/containers

.PHONY: coverage deploy-check
coverage: $(VENV)/.dev ## all tests again, with a report of the lines they reach in htmlcov/
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n 4 --dist worksteal $(TESTS); result=$$?; \
		$(BIN)/coverage combine --quiet && $(BIN)/coverage html --quiet && $(BIN)/coverage report --format=total; exit $$result

.venv-deploy/.done: deploy/requirements-check.txt
	@$(PYTHON) -m venv .venv-deploy
	@.venv-deploy/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

deploy-check: $(VENV)/.dev .venv-deploy/.done ## look closely at what is shipped for clouds and workflows
	@DEPLOY_CHECK=1 $(BIN)/python -m pytest -rs -p no:xdist tests/deploy

otel: $(VENV)/.runtime ## add what OTEL_EXPORTER_OTLP_ENDPOINT needs, from the lock as well
	@$(PIP) install --require-hashes -r requirements/otel.txt

bench: $(VENV)/.dev ## measure; every figure is a ratio inside one run or our own CPU time
	@$(BIN)/python -m bench

lock: $(VENV)/.dev ## pin the dependencies anew (needs uv on the PATH)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements/runtime.txt
	uv pip compile pyproject.toml --extra otel --constraints requirements/runtime.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements/otel.txt
	uv pip compile pyproject.toml --extra otel --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements/dev.txt
	printf '%s\n' awscli boto3 cfn-lint check-jsonschema kubernetes-validate 'moto[server]' pip-audit zizmor | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file deploy/requirements-check.txt

clean: ## remove what `make` made here; the ledger stays
	rm -rf $(VENV) .venv-deploy htmlcov .coverage .pytest_cache .mypy_cache .ruff_cache
