# Everything is set up from nothing but python3 and make.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  \033[36mmake %-11s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv sync --frozen --quiet
	@touch $@

ASSETS := app/web/console/static/vendor/.ready
$(ASSETS): $(READY) app/web/console/package-lock.json
	@command -v npm >/dev/null || $(BIN)/uv sync --frozen --quiet --group assets
	@$(BIN)/python -m scripts.assets
	@touch $@

assets: $(ASSETS) ## fetch what the console's pages load

setup: $(READY) $(ASSETS) ## install everything into .venv

run: setup ## start Shenyan with a sample bot and a platform emulator
	@$(BIN)/shenyan serve --sample

demo: setup ## play a scripted conversation and print what happened
	@$(BIN)/shenyan demo

CHROMIUM := command -v chromium >/dev/null || test -n "$$SHENYAN_CHROMIUM"
browser: ## Debian's Chromium for the console's tests, where it is missing and we may install it
	@$(CHROMIUM) || { test "$$(id -u)" = 0 && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; } \
		|| echo "no Chromium: apt-get install chromium fonts-noto-cjk, or set SHENYAN_CHROMIUM"

PROGRAMS := for one in promtool haproxy systemd-analyze ip unshare; do command -v $$one >/dev/null || exit 1; done
programs: ## promtool, haproxy and others that judge the deployment, where missing and we may install them
	@export PATH="$$PATH:/usr/sbin:/sbin"; ($(PROGRAMS)) \
		|| { test "$$(id -u)" = 0 && apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq \
			--no-install-recommends prometheus haproxy systemd iproute2 util-linux >/dev/null; } \
		|| echo "tests of the deployment skip: apt-get install --no-install-recommends prometheus haproxy systemd iproute2"

test: setup browser programs ## all tests
	@$(BIN)/pytest -n 2 --dist worksteal

fmt: $(READY)
	@$(BIN)/ruff format --quiet app tests scripts
	@$(BIN)/ruff check --quiet --fix app tests scripts || true

format: $(READY)
	@$(BIN)/ruff format --check app tests scripts

lint: $(READY)
	@$(BIN)/ruff check app tests scripts
	@$(BIN)/shenyan lint --quick

types: $(READY)
	@$(BIN)/mypy

imports: $(READY)
	@$(BIN)/lint-imports

containers: $(READY)
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.single.yml
	@$(BIN)/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml

dashboards: $(READY) ## draw Grafana's dashboard anew
	@$(BIN)/python -m scripts.dashboards

bundle: setup ## all that a machine without a network needs, in build/
	@$(BIN)/python -m scripts.bundle

image: $(READY) ## carry out the Dockerfile without Docker (as root)
	@$(BIN)/python -m scripts.dockerfile_steps

check: format lint types imports containers ## format, lint, strict types, import contracts, containers

bench: $(READY) ## speed against a bare relay, in ratios
	@$(BIN)/python -m scripts.bench

chaos: $(READY) ## kill, cut and fill everything while people talk; takes long, see docs/faults.md
	@$(BIN)/python -m tests.faults --guards 3 --store postgres $(CHAOS)

soak: $(READY) ## load to saturation and back, then ten minutes at half of it
	@$(BIN)/python -m scripts.bench.soak

bench-year: $(READY) ## what is asked of a year of records, in ms
	@$(BIN)/python -m scripts.bench.year

scales: $(READY) ## learn the scales of wording anew from the development corpus
	@$(BIN)/uv run --quiet --frozen --group training python -m scripts.commonness
	@$(BIN)/uv run --quiet --frozen --group training python -m scripts.scales

.PHONY: help assets browser programs dashboards bundle image screenshots setup run demo test fmt format lint types imports containers check bench bench-year scales chaos soak

screenshots: setup browser ## pictures of every page of the console, in build/screenshots
	@$(BIN)/python -m tests.console.screenshots
