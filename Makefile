# Glueline. `make` lists the targets; `make run` and `make test` need nothing set up before.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
UV_VERSION := 0.13.9
UV_FILE := .local/tools/bin/uv
UV := $(CURDIR)/$(UV_FILE)
BIN := .venv/bin
GLUELINE := $(BIN)/glueline
PYTEST_ARGS ?=
ARGS ?=
BENCH ?=
# One process more than there are cores: tests of the embedded AWS wait for it.
WORKERS := $(BIN)/python -c "import os; print((os.cpu_count() or 1) + 1)"
# The processes take the tests of a group together, and groups in the order of `tests/conftest.py`.
GROUPS := --dist loadgroup --no-loadscope-reorder
# Lines that tests run in their own process: not the Lambdas and jobs of a running stack.
COVERAGE := --cov --cov-append --cov-report=
# Where tests of Spark may be (`tests/conftest.py`): importing the others takes each process seconds.
SPARK_TESTS := tests/expectations tests/faults tests/hostile tests/jobs tests/workflows/local tests/test_job_costs.py
# All that tests read.
SOURCES = $(shell find *.md *.toml uv.lock Makefile docs expectations jobs lambdas tests workflows -type f \
  -not -path '*/__pycache__/*' -not -path '*/.aws-sam/*')
# Without a terminal there is nobody to ask whether data may go.
UNASKED = $$([ -t 0 ] || echo --yes)
export UV
# Where it is set (images of containers do), each of hundreds of processes would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

##@ Use

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: setup ## Real baskets through every stage into the lake, checked against a model.
	@$(GLUELINE) run

.PHONY: up
up: setup ## Start the local stack (the whole template, on this machine), or deploy to it what has changed (ARGS=--as-aws).
	@$(GLUELINE) up $(ARGS)

.PHONY: down
down: ## End the local stack and everything it started.
	@if [ -x $(GLUELINE) ]; then $(GLUELINE) down $(UNASKED); else echo "Nothing is set up here, so nothing runs."; fi

.PHONY: status
status: setup ## What runs, where it listens, where its logs are.
	@$(GLUELINE) status

.PHONY: query
query: setup ## SQL="select …": ask the lake in Athena's dialect.
	@$(GLUELINE) query "$$SQL"

.PHONY: console
console: setup ## Web pages about the stack, on this machine (ARGS=--open opens them).
	@$(GLUELINE) console $(ARGS)

##@ Develop

.PHONY: setup
setup: .local/setup.stamp ## Find or fetch uv, CPython 3.13, a JDK, all packages and the jars (the others call it).

.PHONY: test
test: setup ## Unit, Spark, and end-to-end tests against a running stack (the longest apart: test-deep); coverage.
	@$(BIN)/coverage erase
	$(BIN)/pytest -n $$($(WORKERS)) $(GROUPS) -m "not spark and not e2e and not deep" $(COVERAGE) $(PYTEST_ARGS)
	$(BIN)/pytest -n 2 $(GROUPS) -m "spark and not e2e and not deep and not emulator" $(COVERAGE) $(PYTEST_ARGS) \
	  $(SPARK_TESTS)
	@$(BIN)/coverage report
	$(BIN)/pytest --tx popen --tx "popen//env:GLUELINE_LOCAL=$(CURDIR)/.local/second" --dist loadgroup \
	  -m "not deep" $(PYTEST_ARGS) tests/e2e

.PHONY: test-unit
test-unit: setup .local/unit.stamp ## The quick part, if anything has changed since it passed: no Spark, no stack.
	@echo "The unit tests pass. Next: make test."

.local/unit.stamp: $(if $(PYTEST_ARGS),FORCE) $(SOURCES)
	$(BIN)/pytest -n auto $(GROUPS) -m "not spark and not e2e and not deep and not emulator" $(PYTEST_ARGS)
	$(if $(PYTEST_ARGS),,@touch $@)

.PHONY: FORCE

.PHONY: test-deep
test-deep: setup ## The long tests: whole lives, and properties with many more examples (hours).
	$(BIN)/pytest -n auto -m "not spark and not e2e and not deep and not emulator" --hypothesis-profile=deep $(PYTEST_ARGS)
	$(BIN)/pytest -m "deep or (spark and not e2e)" --hypothesis-profile=deep $(PYTEST_ARGS)

.PHONY: bench
bench: setup ## BENCH="PART …": measure beside what one would use instead (lambdas load freshness query merge small jobs costs; else all).
	"$(UV)" sync --frozen --quiet --group bench
	$(BIN)/python -m tests.bench $(BENCH)

.PHONY: lint
lint: setup .local/template.stamp ## ruff (flake8-bandit's rules too), strict mypy, contracts, cfn-lint, sam validate, checkov.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(GLUELINE) contract check
	@echo "Nothing to report. Next: make test."

# The template is checked when it, a contract or a tool has changed: cfn-lint and checkov take half a minute.
.local/template.stamp: .local/scan.stamp workflows/template.yaml workflows/quicksight.yaml workflows/samconfig.toml $(wildcard expectations/*.yaml) \
  tests/workflows/plain_template.py tests/workflows/expanded_template.py
	$(BIN)/cfn-lint workflows/template.yaml workflows/quicksight.yaml
	$(BIN)/python -m tests.workflows.plain_template > .local/plain.json
	$(BIN)/cfn-lint --ignore-checks W2001 W7001 W8001 W8003 -- .local/plain.json # which parameters and conditions left
	cd workflows && ../$(BIN)/sam validate --lint --template template.yaml
	$(BIN)/python -m tests.workflows.expanded_template > .local/template.json
	.local/scan-env/bin/checkov --framework cloudformation --skip-download --compact --quiet --file .local/template.json
	@touch $@

.PHONY: format
format: setup ## Let ruff write what it can.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: clean
clean: ## Remove what setup and runs left (ends a running stack first).
	@if [ -x $(GLUELINE) ]; then $(GLUELINE) down $(UNASKED); fi
	rm -rf .venv .local .aws-sam workflows/.aws-sam dist

.PHONY: check
check: lint test ## All that CI runs.

##@ Deploy

.PHONY: deploy
deploy: .local/packages.stamp ## ARGS="--set AlertEmail=…": plan, check, ask, and deploy to the AWS account of your credentials.
	@$(GLUELINE) deploy $(ARGS)

# uv comes from the package registry into .local/tools, whatever Python is here: nothing is installed for the user.
$(UV_FILE):
	@command -v $(PYTHON) >/dev/null || { echo "Glueline needs a Python with pip to start from; '$(PYTHON)' is not here. Name another: make PYTHON=…"; exit 1; }
	@echo "Fetching uv $(UV_VERSION) …"
	@PIP_ROOT_USER_ACTION=ignore $(PYTHON) -m pip install --quiet --disable-pip-version-check --target .local/tools "uv==$(UV_VERSION)"

# All that the command line needs to deploy and to act on a stack on AWS.
.local/packages.stamp: pyproject.toml uv.lock .python-version | $(UV_FILE)
	@echo "Setting up CPython 3.13 and the packages (a minute or two the first time) …"
	@"$(UV)" sync --frozen --quiet || { \
	  echo "If it is CPython 3.13 that is missing and uv could not fetch one: install it (Debian/Ubuntu: apt install python3.13; Fedora: dnf install python3.13; macOS: brew install python@3.13; pyenv: pyenv install 3.13) and run this again."; exit 1; }
	@touch $@

# For the local stack, too: an environment for the embedded AWS (whose Lambdas must not lean on ours), JDK, jars, classes.
.local/setup.stamp: .local/packages.stamp
	@UV_PROJECT_ENVIRONMENT=.local/emulator-env "$(UV)" sync --frozen --quiet --only-group emulator --no-install-project
	@$(BIN)/python -m workflows.local.base.java
	@$(BIN)/python -m workflows.local.base.jars
	@echo "Archiving the classes of Spark, which then starts in half the time …"
	@$(BIN)/python -m workflows.local.lifecycle.archiving
	@touch $@

# checkov pins what others need in other versions, so it has an environment of its own too. It needs no network.
.local/scan.stamp: pyproject.toml uv.lock | .local/setup.stamp
	@UV_PROJECT_ENVIRONMENT=.local/scan-env "$(UV)" sync --frozen --quiet --only-group scan --no-install-project
	@touch $@
